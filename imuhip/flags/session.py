"""What one session says about each motion: the numbers that rules compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from imuhip.flags.motion import Motion, motion_of
from imuhip.flags.pain import Pain, pains_of
from imuhip.records import record

TRIALS = 3
"""Trials of a measurement: a fixed number, because the best of more is higher by itself (by 1.16 SD of five)."""

Controls = Mapping[str, tuple[str, str | None]]
"""Exercise -> name and position of the test whose range it controls."""


@record
class MotionRow:
    """One motion in one session, degrees; None where it was not measured.

    Attributes:
        range_deg: R: median of three active trials, before anything was mobilised.
        repeat_deg: R measured a second time in the same session, before anything was mobilised.
        uncertainty_deg: Half-width of R's 95 % interval.
        after_deg: The last active measurement after mobilising.
        passive_deg: P: passive end range before mobilising.
        passive_after_deg: The last passive end range after mobilising.
        controlled_deg: C: third-highest peak among the session's good reps.
        fresh_peaks_deg: Peaks of the good reps that were done after mobilising, highest first.
        trials_missing: Whether an active test had fewer than three trials.
    """

    range_deg: float | None = None
    repeat_deg: float | None = None
    uncertainty_deg: float | None = None
    after_deg: float | None = None
    passive_deg: float | None = None
    passive_after_deg: float | None = None
    controlled_deg: float | None = None
    fresh_peaks_deg: tuple[float, ...] = ()
    trials_missing: bool = False


@record
class SessionRow:
    """One session as the rules see it.

    Attributes:
        started_s: Its start, seconds since 1970 UTC; None where it is not known.
        motions: What was measured of each motion.
        pains: Pain and symptoms that were marked.
        mobilised_until_s: End of the last mobilising, seconds from the start; None without any.
    """

    started_s: float | None
    motions: Mapping[Motion, MotionRow] = field(default_factory=dict)
    pains: tuple[Pain, ...] = ()
    mobilised_until_s: float | None = None


def observe(results: Mapping[str, Any], controls: Controls, *, started_s: float | None = None) -> SessionRow:
    """Take from a session's results what the rules compare.

    Args:
        results: The machine-readable results.
        controls: What each exercise controls.
        started_s: When it was, seconds since 1970 UTC; only comparisons with other sessions need it.

    Returns:
        The session; values after mobilising stand apart from those before.
    """
    tests, sets = results["tests"], results["sets"]
    roles = [sensor["role"] for sensor in results["recording"]["sensors"]]
    since_s = _mobilised_s(results)
    by_motion: dict[Motion, list[Mapping[str, Any]]] = {}
    for test in tests:
        by_motion.setdefault(motion_of(test, roles), []).append(test)
    for motion in _trained_only(sets, controls, by_motion, roles):
        by_motion[motion] = []
    rows = {motion: _row(motion, own, sets, controls, since_s) for motion, own in by_motion.items()}
    mobilised = [entry["end_s"] for entry in results.get("mobilise", ()) if entry["end_s"] is not None]
    return SessionRow(
        started_s=started_s,
        motions={motion: row for motion, row in rows.items() if row != MotionRow()},
        pains=pains_of(results),
        mobilised_until_s=max(mobilised, default=since_s),
    )


def _row(
    motion: Motion,
    tests: Iterable[Mapping[str, Any]],
    sets: Sequence[Mapping[str, Any]],
    controls: Controls,
    since_s: float | None,
) -> MotionRow:
    active = sorted((t for t in tests if t["mode"] != "passive"), key=_start)
    passive = sorted((t for t in tests if t["mode"] == "passive" and t["peak_deg"] is not None), key=_start)
    cold = [t for t in active if t["phase"] == "pre"]
    before = [value for t in cold for value in measurements(t["trials_deg"])]
    after = [value for t in active if t["phase"] == "post" for value in measurements(t["trials_deg"])]
    own = [one for one in sets if _is_controlled_by(motion, one, controls)]
    peaks = _good_peaks(own)
    fresh = [] if since_s is None else _good_peaks([one for one in own if one["start_s"] >= since_s])
    return MotionRow(
        range_deg=before[0] if before else None,
        repeat_deg=before[1] if len(before) > 1 else None,
        uncertainty_deg=cold[0]["uncertainty_deg"] if before else None,
        after_deg=after[-1] if after else None,
        passive_deg=next((t["peak_deg"] for t in passive if t["phase"] == "pre"), None),
        passive_after_deg=next((t["peak_deg"] for t in reversed(passive) if t["phase"] == "post"), None),
        controlled_deg=controlled(peaks),
        fresh_peaks_deg=tuple(fresh),
        trials_missing=any(len(t["trials_deg"]) < TRIALS for t in active),
    )


def measurements(trials_deg: Sequence[float]) -> list[float]:
    """Medians of each three trials in a row; what is left over measures nothing."""
    full = len(trials_deg) // TRIALS * TRIALS
    return [sorted(trials_deg[i : i + TRIALS])[TRIALS // 2] for i in range(0, full, TRIALS)]


def controlled(peaks_deg: Sequence[float]) -> float | None:
    """Controlled range: the third-highest peak among good reps; it needs three."""
    return sorted(peaks_deg, reverse=True)[2] if len(peaks_deg) >= 3 else None


def _good_peaks(sets: Iterable[Mapping[str, Any]]) -> list[float]:
    # The direction of the test need not be that of the exercise: what a rep says about the test is told apart.
    peaks = [rep.get("control_deg", rep["peak_deg"]) for one in sets for rep in one["reps"] if rep["good"]]
    return sorted((peak for peak in peaks if peak is not None), reverse=True)


def _is_controlled_by(motion: Motion, one: Mapping[str, Any], controls: Controls) -> bool:
    if controls.get(one["exercise"]) != (motion.name, motion.position):
        return False
    against_gravity = one.get("reference") == "gravity"
    sides = ("left", "right", None) if one["side"] in ("both", None) else (one["side"],)
    return motion.side in sides and against_gravity == (motion.reference == "gravity")


def _trained_only(
    sets: Iterable[Mapping[str, Any]], controls: Controls, tested: Mapping[Motion, object], roles: Sequence[str]
) -> list[Motion]:
    """Motions that were trained but not tested today: their controlled range counts all the same."""
    found: dict[Motion, None] = {}
    for one in sets:
        target = controls.get(one["exercise"])
        if target is None or any(_is_controlled_by(motion, one, controls) for motion in tested):
            continue
        reference = "gravity" if one.get("reference") == "gravity" else "pelvis"
        worn = [side for side in ("left", "right") if {f"thigh_{side}", f"shank_{side}"} & set(roles)]
        for side in worn if one["side"] in ("both", None) else [one["side"]]:
            found[Motion(*target, side, reference)] = None
    return list(found)


def _mobilised_s(results: Mapping[str, Any]) -> float | None:
    """When mobilising began; the first test after it says so where the marks are not in the results."""
    begun = [entry["start_s"] for entry in results.get("mobilise", ())]
    begun = begun or [test["start_s"] for test in results["tests"] if test["phase"] == "post"]
    return min(begun, default=None)


def _start(test: Mapping[str, Any]) -> float:
    return float(test["start_s"])
