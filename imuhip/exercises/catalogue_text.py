"""Catalogue texts to a :class:`Catalogue`: merged, checked, every mistake with its file, entry and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any

from imuhip.errors import CatalogueError
from imuhip.exercises.catalogue import (
    AXES,
    CYCLES,
    LEGS,
    MEASURED,
    PITCH_MEASURES,
    ROTATIONS,
    SEGMENT_AXES,
    SEGMENTS,
    Breath,
    Catalogue,
    Dose,
    ExerciseEntry,
    Limits,
    MobiliseEntry,
    Tempo,
    TestEntry,
)
from imuhip.exercises.catalogue_entry import MAX_DEG, MAX_S, Entry, Table
from imuhip.marks import MODES, POSITIONS

FORMAT = 1
KINDS = ("test", "exercise", "mobilise")


def read_catalogue(texts: Sequence[tuple[str, str]]) -> Catalogue:
    """Read catalogue texts, each adding to those before it.

    An entry with a known name changes what it states of it and keeps the rest.

    Args:
        texts: Name and text of each, to be named in errors; the first is complete.

    Raises:
        CatalogueError: A text is no TOML, or says what cannot be: file, entry and what to do about it.
    """
    limits: Table = {}
    entries: dict[tuple[str, ...], tuple[str, Table]] = {}
    last = ""
    for file, text in texts:
        last = file
        for kind, table in _tables(file, text):
            if kind == "limits":
                limits |= table
                continue
            key = _key(file, kind, table)
            known = entries.get(key, ("", {}))[1]
            entries[key] = (file, _merged(known, table))
    common = _limits(Entry(last, "limits", dict(limits)), None)
    tests, exercises, mobilise = {}, {}, {}
    for (kind, *_), (file, table) in entries.items():
        name = str(table["name"])
        entry = Entry(file, f"{kind} {name}", dict(table))
        if kind == "test":
            test = _test(entry)
            tests[test.name, test.position] = test
        elif kind == "exercise":
            exercises[name] = _exercise(entry, limits)
        else:
            mobilise[name] = _mobilise(entry)
    for (kind, name, *_), (file, _) in entries.items():
        if kind == "exercise":
            exercises[name] = _controlling(exercises[name], tests, Entry(file, f"exercise {name}", {}))
    return Catalogue(common, tests, exercises, mobilise)


def _tables(file: str, text: str) -> Iterable[tuple[str, Table]]:
    try:
        top = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(
            f"is not TOML: {error}", path=file, remedy="Mend the line, or compare with the examples in the manual"
        ) from error
    found = top.pop("format", FORMAT)
    if found != FORMAT:
        raise CatalogueError(f"has format {found}", path=file, remedy=f"This version reads format {FORMAT}")
    for kind, value in top.items():
        if kind == "limits" and isinstance(value, dict):
            yield kind, value
        elif kind in KINDS and isinstance(value, list) and all(isinstance(each, dict) for each in value):
            for each in value:
                yield kind, each
        else:
            raise CatalogueError(
                f"has a part {kind!r} that is not known",
                path=file,
                remedy="Write [limits], [[test]], [[exercise]] or [[mobilise]]",
            )


def _key(file: str, kind: str, table: Table) -> tuple[str, ...]:
    name = table.get("name")
    if not isinstance(name, str) or not name.replace("_", "").isalnum() or not name.islower():
        raise CatalogueError(
            f"has no usable name: {name!r}",
            path=file,
            place=f"a [[{kind}]]",
            remedy="Name it in lower case with underscores, as in side_lunge",
        )
    return (kind, name, str(table.get("position"))) if kind == "test" else (kind, name)


def _merged(known: Table, table: Table) -> Table:
    out = dict(known)
    for key, value in table.items():
        old = out.get(key)
        out[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def _limits(entry: Entry, common: Mapping[str, Any] | None) -> Limits:
    own = Entry(entry.file, entry.place, {**(common or {}), **entry.table})
    values = {}
    for each in fields(Limits):
        if each.name in own.table:
            values[each.name] = own.number(each.name)
        elif each.default is MISSING:
            raise own.fail(f"{each.name} is missing", "Give it as a number")
    own.finish()
    return Limits(**values)


def _test(entry: Entry) -> TestEntry:
    test = TestEntry(
        name=entry.text("name"),
        position=entry.choice("position", POSITIONS),
        modes=entry.texts("modes", MODES) or ("active",),
        axis=entry.choice("axis", AXES),
        rotation=entry.choice("rotation", ROTATIONS, "euler"),
        measured=entry.choice("measured", MEASURED, "gravity"),
        range_deg=entry.range("range_deg", low=-MAX_DEG),
        start_pose=entry.text("start_pose"),
        cues=entry.texts("cues"),
        not_visible=entry.texts("not_visible"),
    )
    entry.finish()
    return test


def _exercise(entry: Entry, common: Mapping[str, Any]) -> ExerciseEntry:
    cycle = entry.texts("cycle")
    if cycle not in CYCLES:
        possible = "; ".join(", ".join(each) for each in CYCLES)
        raise entry.fail(f"the cycle {', '.join(cycle) or 'without parts'} cannot occur", f"Choose one of: {possible}")
    words = entry.texts("words") or ("lifted", "lowered")
    if len(words) != 2:
        raise entry.fail(f"words has {len(words)} entries", "Give two: what lift and lower are called")
    exercise = ExerciseEntry(
        name=entry.text("name"),
        also=entry.texts("also"),
        position=entry.choice("position", POSITIONS),
        legs=entry.choice("legs", LEGS, "one"),
        mode=entry.choice("mode", MODES, "active"),
        axis=entry.choice("axis", (*AXES, *SEGMENT_AXES)),
        rotation=entry.choice("rotation", ROTATIONS, "euler"),
        gravity=entry.choice("gravity", SEGMENTS, "thigh"),
        hangs=entry.flag("hangs"),
        companions=entry.texts("companions", AXES),
        start_flexion_deg=entry.range("start_flexion_deg", (0.0, 0.0)),
        range_deg=entry.range("range_deg"),
        cycle=cycle,
        tempo=_tempo(entry.part("tempo"), cycle),
        words=(words[0], words[1]),
        limits=_limits(entry.part("limits"), common),
        pelvis_pitch=entry.choice("pelvis_pitch", PITCH_MEASURES, "change"),
        breath=_breath(entry.part("breath")) if "breath" in entry.table else None,
        dose=_dose(entry.part("dose")),
        controls=_controls(entry.part("controls")) if "controls" in entry.table else None,
        control_axis=None,
        start_pose=entry.text("start_pose"),
        cues=entry.texts("cues"),
        not_visible=entry.texts("not_visible"),
    )
    entry.finish()
    return exercise


def _tempo(entry: Entry, cycle: tuple[str, ...]) -> Tempo:
    tempo = Tempo(**{f"{part}_s": entry.number(f"{part}_s") for part in cycle})
    entry.finish()
    return tempo


def _breath(entry: Entry) -> Breath:
    breath = Breath(
        entry.range("inhale_s", high=MAX_S), entry.range("exhale_s", high=MAX_S), int(entry.number("breaths", high=100))
    )
    entry.finish()
    return breath


def _dose(entry: Entry) -> Dose:
    hold = entry.range("hold_s", high=MAX_S) if "hold_s" in entry.table else None
    dose = Dose(entry.range("sets", (1.0, 3.0)), entry.range("repetitions", (8.0, 12.0)), hold)
    entry.finish()
    return dose


def _controls(entry: Entry) -> tuple[str, str]:
    controls = entry.text("test"), entry.choice("position", POSITIONS)
    entry.finish()
    return controls


def _controlling(exercise: ExerciseEntry, tests: Mapping[tuple[str, str], TestEntry], entry: Entry) -> ExerciseEntry:
    """The exercise with the direction of the test that it controls."""
    if exercise.controls is None:
        return exercise
    if (test := tests.get(exercise.controls)) is None:
        name, position = exercise.controls
        raise entry.fail(
            f"controls the test {name} in position {position}, which the catalogue does not have",
            "Name a test of the catalogue, or add it as [[test]]",
        )
    return replace(exercise, control_axis=test.axis)


def _mobilise(entry: Entry) -> MobiliseEntry:
    work = MobiliseEntry(
        name=entry.text("name"),
        minutes=entry.range("minutes", high=60.0),
        cap_minutes=entry.number("cap_minutes", high=60.0),
        retest=entry.texts("retest"),
        cues=entry.texts("cues"),
        caution=entry.text("caution"),
    )
    if work.cap_minutes < work.minutes[1]:
        raise entry.fail("cap_minutes is below the usual time", "Raise the cap or shorten minutes")
    entry.finish()
    return work
