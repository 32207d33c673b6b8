"""All rules on one session, and pain above all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imuhip.flags.between import between_sessions
from imuhip.flags.flag import Flag, capital
from imuhip.flags.pain import STOP_AT, Pain
from imuhip.flags.session import Controls, SessionRow, observe
from imuhip.flags.within import carried_over_today, session_gains

if TYPE_CHECKING:
    from imuhip.exercises.catalogue import Catalogue

_WHEN_TO_ASK = (
    "If it is sharp or pinching, comes with catching, locking, giving way or numbness, or is worse next morning, "
    "ask a clinician."
)


def controls_of(catalogue: Catalogue) -> Controls:
    """What each exercise of a catalogue controls: name and position of a test."""
    return {name: entry.controls for name, entry in catalogue.exercises.items() if entry.controls is not None}


def judge(
    results: Mapping[str, Any],
    controls: Controls,
    *,
    earlier: Sequence[SessionRow] | None = None,
    started_s: float | None = None,
) -> list[dict[str, Any]]:
    """Judge one session.

    Args:
        results: Its machine-readable results.
        controls: What each exercise controls.
        earlier: The wearer's sessions before it, in the order of their dates; None to judge the session by itself.
        started_s: When it was, seconds since 1970 UTC; needed with ``earlier``.

    Returns:
        Its flags as entries of the results, pain first, then by level.
    """
    today = observe(results, controls, started_s=started_s)
    flags = within_session(today, controls)
    if earlier is not None:
        flags += between_sessions([*earlier, today], controls, since=len(earlier))[0]
    return [flag.to_json() for flag in settled(flags, today.pains)]


def within_session(today: SessionRow, controls: Controls) -> list[Flag]:
    """What a session says without any other: pain, gains after mobilising, carry-over.

    Args:
        today: The session.
        controls: What each exercise controls.
    """
    return [*_pain_flags(today.pains), *session_gains(today, controls), *carried_over_today(today)]


def settled(flags: Iterable[Flag], pains: Iterable[Pain]) -> list[Flag]:
    """Let pain overrule what numbers say, and put what matters most first.

    Args:
        flags: What the rules say.
        pains: The session's pain.

    Returns:
        The flags; with pain that stops, none is green, and none asks for more work today.
    """
    stopping = [pain for pain in pains if pain.stops and pain.felt]
    if stopping:
        flags = [flag if flag.rule == "pain" else _overruled(flag, stopping) for flag in flags]
    order = ("red", "amber", "green")
    return sorted(flags, key=lambda flag: (flag.rule != "pain", order.index(flag.level)))


def _overruled(flag: Flag, pains: Sequence[Pain]) -> Flag:
    told = ", ".join(pain.spoken for pain in pains)
    evidence = {**flag.evidence, "overruled_by_pain": True, "level_without_pain": flag.level}
    if flag.level == "green":
        return replace(flag, level="amber", message=f"Pain comes first ({told}). {flag.message}", evidence=evidence)
    message = f"Not today, pain comes first ({told}). Once it has settled: {flag.message}"
    return replace(flag, message=message, evidence=evidence)


def _pain_flags(pains: Iterable[Pain]) -> list[Flag]:
    flags = []
    for pain in pains:
        if not pain.felt:
            continue
        evidence = {"site": pain.site, "value": pain.value, "stop_at": STOP_AT, "test": pain.test}
        where = f" in the {pain.test.replace('_', ' ')} test" if pain.test else ""
        said = f"{capital(pain.spoken)}{where}."
        if pain.stops:
            rated = pain.value is not None and 0 <= pain.value <= 10
            number = "" if rated else " Say next time how strong it is, from 0 to 10."
            message = f"{said} Stop here for today, whatever the numbers below say. {_WHEN_TO_ASK}{number}"
            flags.append(Flag("pain", "red", None, message, evidence, pain.side))
        else:
            message = f"{said} Stay within what is comfortable, and stop at {STOP_AT:.0f}. {_WHEN_TO_ASK}"
            flags.append(Flag("pain", "amber", None, message, evidence, pain.side))
    return flags
