"""A flag: what a rule says about a motion, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from imuhip.flags.control_gap import Level
from imuhip.flags.motion import Motion
from imuhip.flags.session import Controls
from imuhip.records import record


@record
class Flag:
    """What a rule says.

    Attributes:
        rule: ``A``, ``B``, ``C``, ``slope``, ``carry_over`` or ``pain``.
        level: ``green``, ``amber`` or ``red``.
        motion: The motion it is about; None for pain.
        message: A coaching sentence or two, with the uncertainty of its numbers.
        evidence: The numbers behind it.
        side: Side of the body where there is no motion.
    """

    rule: str
    level: Level
    motion: Motion | None
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    side: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The flag as an entry of the results; numbers to a hundredth."""
        motion = self.motion
        against = {} if motion is None or motion.reference == "pelvis" else {"reference": motion.reference}
        return {
            "rule": self.rule,
            "level": self.level,
            "motion": None if motion is None else motion.name,
            "side": self.side if motion is None else motion.side,
            "position": None if motion is None else motion.position,
            "message": self.message,
            "evidence": {name: _rounded(value) for name, value in self.evidence.items()} | against,
        }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    return [_rounded(v) for v in value] if isinstance(value, list) else value


def degrees(value: float, half_width: float) -> str:
    """A number with its uncertainty as a coach says it: ``9 ± 6 degrees``."""
    return f"{value:.0f} \u00b1 {half_width:.0f} degrees"


def change(value: float, half_width: float) -> str:
    """A change with its uncertainty: ``+9 ± 6 degrees``."""
    return f"{round(value):+d} \u00b1 {half_width:.0f} degrees".replace("-", "\u2212").replace("+0 ", "0 ")


def capital(text: str) -> str:
    """The text as the begin of a sentence."""
    return text[:1].upper() + text[1:]


def slow_reps(motion: Motion, controls: Controls) -> str:
    """What to do about a motion: ``slow reps (bridge)``, with the exercises that control it."""
    names = [name.replace("_", " ") for name, test in controls.items() if test == (motion.name, motion.position)]
    return f"slow reps ({_listed(names[:3])})" if names else "slow, controlled reps"


def _listed(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
