"""Flags and changes as text: what to act on in full, what is fine in a line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDTH = 110
_UNKNOWN = ("not_enough_sessions", "no_controlled_range")
TELLING = ("repeat_due", "not_confirmed")
"""Verdicts that are green and worth a line all the same."""

Flag = Mapping[str, Any]


def coaching_lines(flags: Sequence[Flag]) -> list[str]:
    """The flags of a session for its wearer.

    Args:
        flags: As in the results.

    Returns:
        A heading and its lines; nothing without flags.
    """
    acted = [flag for flag in flags if flag["level"] != "green" and not overruled(flag)]
    rest = [flag for flag in flags if flag["level"] == "green" or overruled(flag)]
    told = [flag for flag in rest if flag["rule"] == "carry_over" or flag["evidence"].get("verdict") in TELLING]
    unknown = [flag for flag in rest if flag["evidence"].get("verdict") in _UNKNOWN]
    fine = [flag for flag in rest if flag not in told and flag not in unknown]
    lines = [line for flag in acted for line in _wrapped(f"{flag['level']}: {flag['message']}")]
    lines += [line for flag in told for line in _wrapped(f"note: {flag['message']}")]
    open_ones = _motions([*acted, *told])
    if steady := [motion for motion in _motions(fine) if motion not in open_ones]:
        hurt = any(overruled(flag) for flag in fine)
        lines += _wrapped(f"{'not green today, because of the pain' if hurt else 'green'}: {', '.join(steady)}")
    if unknown:
        names = ", ".join(_motions(unknown))
        lines += _wrapped(f"range against control not judged yet, too little to compare with: {names}")
    return ["Coaching", *lines] if lines else []


def change_lines(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Before against after mobilising.

    Args:
        changes: As in the results.

    Returns:
        A heading and its lines; nothing without changes.
    """
    if not changes:
        return []
    lines = [line for change in changes for line in _wrapped(change["message"])]
    return ["Before and after mobilising", *lines, "  MDC: the least change that is more than chance, degrees"]


def overruled(flag: Flag) -> bool:
    """Whether a flag is green but for pain.

    Args:
        flag: As in the results.
    """
    return bool(flag["evidence"].get("level_without_pain") == "green")


def _motions(flags: Iterable[Flag]) -> list[str]:
    from imuhip.flags.motion import Motion

    told = [flag for flag in flags if flag["motion"]]
    references = [flag["evidence"].get("reference", "pelvis") for flag in told]
    motions = [Motion(f["motion"], f["position"], f["side"], r) for f, r in zip(told, references, strict=True)]
    return list(dict.fromkeys(motion.spoken for motion in motions))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
