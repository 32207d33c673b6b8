"""The command that shows what imuhip knows of tests, exercises and mobilising work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imuhip.cli import options
from imuhip.cli.output import say
from imuhip.cli.wording import columns, words, wrapped
from imuhip.errors import InputError

if TYPE_CHECKING:
    from imuhip.exercises.catalogue import Catalogue, ExerciseEntry, MobiliseEntry, TestEntry

MADE_UP = "Ranges and limits without a study behind them are coaching defaults, not norms."


@click.command(epilog="Example: imuhip catalogue bridge")
@click.argument("name", metavar="[NAME]", required=False, help="A test, an exercise or mobilising work.")
@options.catalogue
def catalogue(name: str | None, catalogue: Sequence[Path]) -> None:
    """Show the tests and exercises that imuhip knows, or how one is done and judged.

    With --catalogue it checks a file of your own, too: a mistake is told with its entry and what to do.
    """
    from imuhip.catalogue_files import load_catalogue

    known = load_catalogue(catalogue)
    lines = _overview(known) if name is None else _details(known, name)
    say("\n".join(lines) + "\n")


def _overview(known: Catalogue) -> list[str]:
    exercises = [("Exercises", "position", "controls the range of")]
    exercises += [
        (f"  {e.name}", words(e.position), f"{words(e.controls[0])}, {words(e.controls[1])}" if e.controls else "-")
        for e in known.exercises.values()
    ]
    positions = {n: [words(p) for name, p in known.tests if name == n] for n, _ in known.tests}
    tests = [("Range tests", "positions"), *((f"  {n}", ", ".join(where)) for n, where in positions.items())]
    work = [("Mobilising work", "minutes"), *((f"  {m.name}", _range(m.minutes)) for m in known.mobilise.values())]
    return [*columns(tests), "", *columns(exercises), "", *columns(work)]


def _details(known: Catalogue, name: str) -> list[str]:
    tests = [entry for (own, _), entry in known.tests.items() if own == name]
    parts = [_test(entry) for entry in tests]
    if (exercise := known.exercise(name)) is not None:
        parts.append(_exercise(exercise))
    if (work := known.mobilise.get(name)) is not None:
        parts.append(_work(work))
    if not parts:
        raise InputError(f"{name!r} is not in the catalogue", remedy="See `imuhip catalogue` for what is")
    return [line for part in parts for line in [*part, ""]] + [MADE_UP]


def _test(entry: TestEntry) -> list[str]:
    lines = [f"{words(entry.name)}, {words(entry.position)} (range test, {' or '.join(entry.modes)})"]
    lines += _told(entry.start_pose, entry.cues)
    lines.append(f"  usually {_range(entry.range_deg)} deg")
    lines += _rotation(entry.rotation)
    if entry.measured == "heading":
        lines.append("  gravity does not show it in this position")
    return [*lines, *_unseen(entry.not_visible)]


def _exercise(entry: ExerciseEntry) -> list[str]:
    lines = [f"{words(entry.name)}, {words(entry.position)} (exercise)", *_told(entry.start_pose, entry.cues)]
    tempo = entry.tempo
    aims = [f"{part} {aim:g} s" for part in entry.cycle if (aim := getattr(tempo, f"{part}_s")) is not None]
    lines.append(f"  aim for {', '.join(aims)}; {_range(entry.dose.sets)} sets of {_range(entry.dose.repetitions)}")
    lines += _breath(entry)
    start = (
        "" if not any(entry.start_flexion_deg) else f"; it starts at {_range(entry.start_flexion_deg)} deg of flexion"
    )
    lines.append(f"  follows {words(entry.axis)}, usually {_range(entry.range_deg)} deg from the start pose{start}")
    lines += _rotation(entry.rotation)
    lines.append(f"  {_STAND_INS[entry.gravity]}")
    if entry.controls is not None:
        lines.append(f"  controls the range of {words(entry.controls[0])}, {words(entry.controls[1])}")
    limits = [
        f"{each.name} {value:g}"
        for each in fields(entry.limits)
        if each.name in _judged(entry) and math.isfinite(value := getattr(entry.limits, each.name))
    ]
    if limits:
        lines += wrapped(f"limits, by their keys in a catalogue file: {', '.join(limits)}")
    return [*lines, *_unseen(entry.not_visible)]


def _judged(entry: ExerciseEntry) -> set[str]:
    """The limits that an exercise is judged by."""
    if entry.cycle == ("hold",):
        return {"hold_s", "hold_drift_deg"}
    if entry.axis == "breath":
        return set()
    names = {each.name for each in fields(entry.limits)} - {"hold_drift_deg"}
    return names if entry.has_hold else {name for name in names if not name.startswith("hold_")}


def _work(entry: MobiliseEntry) -> list[str]:
    lines = [f"{words(entry.name)} (mobilising work)", *_told("", entry.cues)]
    lines.append(f"  {_range(entry.minutes)} minutes, at most {entry.cap_minutes:g}; then test again:")
    return [*lines, f"    {', '.join(words(test) for test in entry.retest)}", *wrapped(entry.caution)]


def _rotation(how: str) -> list[str]:
    """How rotation is measured."""
    if how == "swing_twist":
        return ["  rotation: the turn about the thigh's long axis, from the start pose"]
    return [] if how == "none" else ["  rotation: of the hip, from the upright stance"]


def _breath(entry: ExerciseEntry) -> list[str]:
    if entry.breath is None:
        return []
    breath = entry.breath
    pace = f"in for {_range(breath.inhale_s)} s, out for {_range(breath.exhale_s)} s"
    return [f"  breathe {pace}; {breath.breaths} breaths"]


_STAND_INS = {
    "thigh": "without a pelvis sensor: the thigh's angle against gravity",
    "shank": "seen on the shank: its angle against gravity",
    "leg": "without a pelvis sensor: the angle against gravity of the segment that wears a sensor",
    "abdomen": "seen by a sensor on the navel only; else the pace is given, not measured",
}


def _told(start_pose: str, cues: Sequence[str]) -> list[str]:
    return [line for text in (start_pose, *cues) if text for line in wrapped(text)]


def _unseen(texts: Sequence[str]) -> list[str]:
    return wrapped(f"what the sensors cannot see: {' '.join(texts)}") if texts else []


def _range(pair: tuple[float, float]) -> str:
    low, high = pair
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
