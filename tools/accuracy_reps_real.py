"""Real repetitions: counted, found where they were marked by hand, told apart by tempo and by range."""

from __future__ import annotations

import csv
import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_real import missing
from accuracy_table import Figure, Section

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.catalogue import Limits
from imuhip.recording import import_folder
from imuhip.session import analyze

SUBJECTS, EXERCISES = ("s1", "s2"), ("e1", "e3", "e4", "e5")
BLOCKS, BLOCK_REPS = 3, 10
"""Ten repetitions each: done well, fast, and with a low amplitude."""
UNCOUNTED = "e5"
"""Its low-amplitude block moves 2-3.5 degrees, which is not to be told from a fidget."""
COUNTS_OFF = 2
OVERLAP = 0.7
FAST_SHARE, SHORT_SHARE, RANGE_SHARE = 0.95, 0.9, 0.8
JUDGED_RANGE = ("e1", "e3", "e4")
CUT_SHORT = {"uci_s1_e3": (214.2, 217.6)}
"""This mark ends in the middle of the hold, four seconds before the leg goes down: the repetition overlaps by 0.43."""
MARK_FIELDS = ("start_s", "end_s", "kind", "name", "side", "mode", "position", "value", "note")

Rep = Mapping[str, Any]
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Count:
    """Repetitions found in one recording, and how many there are."""

    recording: str
    marked: bool
    found: int
    true: int


def reps_real(folder: Path, *, required: bool) -> Section:
    """Measure the recordings of repetitions.

    Args:
        folder: Where they are.
        required: Whether missing data is a failure.
    """
    title = "Real repetitions"
    if not (folder / "uci_s1_e1").is_dir():
        return missing(title, folder, required=required)
    figures = [*_counts(folder), *_by_hand(folder), *_told(folder)]
    notes = (
        "uci: sensors on thigh and shank of the moving leg, none on the pelvis, 25 Hz, two subjects; seated knee",
        "extension, straight leg raise, side-lying hip abduction, prone hip extension; 10 each well, fast and low.",
        "The marks of single repetitions are withheld from the program and only compared with. Fast is told by a whole",
        "repetition shorter than the least times of lift, hold and lower together; low by a range below 0.8 of the",
        "set's usual one. Left out: a mark of e3 that ends in the middle of its hold, and the low block of e5,",
        "which moves 2-3.5 degrees. cmu: pelvis and both thighs, every repetition marked by itself.",
    )
    return Section(title, notes, tuple(figures))


def found_in(folder: Path, *, kinds: Sequence[str]) -> list[Mapping[str, Any]]:
    """The sets that are found in a folder when only marks of some kinds are known.

    Args:
        folder: In the import layout.
        kinds: Of marks that the program is told of.
    """
    rows = [row for row in marks_of(folder) if row["kind"] in kinds]
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / folder.name
        copy.mkdir()
        for file in folder.glob("*.csv"):
            if file.name != "marks.csv":
                (copy / file.name).symlink_to(file)
        if rows:
            _write_marks(copy / "marks.csv", rows)
        path = Path(temporary) / "imported.mcap"
        import_folder(copy, path)
        results = analyze(path).results
    offset_s = results["recording"]["time_offset_s"] or 0.0
    for one in results["sets"]:
        for rep in one["reps"]:
            for key in ("start_s", "top_s", "end_s"):
                rep[key] += offset_s
    sets: list[Mapping[str, Any]] = results["sets"]
    return sets


def marks_of(folder: Path) -> list[Mapping[str, str]]:
    """Rows of a folder's marks."""
    with (folder / "marks.csv").open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _write_marks(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, MARK_FIELDS, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _counts(folder: Path) -> Iterator[Figure]:
    counts = []
    for subject, exercise, marked in itertools.product(SUBJECTS, EXERCISES, (True, False)):
        name = f"uci_{subject}_{exercise}"
        sets = found_in(folder / name, kinds=("exercise",) if marked else ())
        reps = sorted((rep for one in sets for rep in one["reps"]), key=lambda rep: rep["start_s"])
        blocks = BLOCKS
        if exercise == UNCOUNTED:
            blocks, reps = BLOCKS - 1, _without_last_block(reps)
        counts.append(Count(name, marked, len(reps), blocks * BLOCK_REPS))
    for each in counts:
        condition = f"{each.recording}, {'set marked' if each.marked else 'nothing marked'}"
        passed = abs(each.found - each.true) <= 1
        yield Figure("repetitions", condition, f"{each.true} +-1", f"{each.found}", passed)
    off = sum(each.found != each.true for each in counts)
    yield Figure("counts that are off", f"of {len(counts)}", f"<= {COUNTS_OFF}", f"{off}", off <= COUNTS_OFF)


def _without_last_block(reps: Sequence[Rep]) -> list[Rep]:
    """Repetitions up to the second long pause: the low-amplitude block comes after it."""
    pauses = [b["start_s"] - a["end_s"] for a, b in itertools.pairwise(reps)]
    longest = sorted(range(len(pauses)), key=lambda i: -pauses[i])[: BLOCKS - 1]
    if not longest or len(longest) < BLOCKS - 1 or pauses[longest[-1]] < 10.0:
        return list(reps)
    return list(reps[: max(longest) + 1])


def _by_hand(folder: Path) -> Iterator[Figure]:
    """Every repetition that was marked by hand is found, where it was marked."""
    for exercise in JUDGED_RANGE:
        name = f"uci_s1_{exercise}"
        reps = [rep for one in found_in(folder / name, kinds=("exercise",)) for rep in one["reps"]]
        hand = [(float(r["start_s"]), float(r["end_s"])) for r in marks_of(folder / name) if r["kind"] == "repetition"]
        best = {span: max((overlap((r["start_s"], r["end_s"]), span) for r in reps), default=0.0) for span in hand}
        cut_short = best.pop(CUT_SHORT[name], None) if name in CUT_SHORT else None
        overlaps = list(best.values())
        hits = sum(each >= OVERLAP for each in overlaps)
        text = f"{hits} of {len(overlaps)} (least {min(overlaps):.2f}, median {np.median(overlaps):.2f})"
        left_out = "" if cut_short is None else f", {len(hand) - len(overlaps)} mark left out"
        yield Figure(f"marked by hand, overlap >= {OVERLAP}", name + left_out, "all", text, hits == len(overlaps))
        if cut_short is not None:
            yield Figure("the mark left out: it ends in the hold", name, "", f"overlap {cut_short:.2f}")


def _told(folder: Path) -> Iterator[Figure]:
    """Fast told from correct by duration, low-amplitude ones by range, and cmu's single marks."""
    limits = load_catalogue().limits
    told, judged = 0, 0
    short: list[Figure] = []
    for exercise in JUDGED_RANGE:
        name = f"uci_s1_{exercise}"
        (one,) = found_in(folder / name, kinds=("exercise",))
        pairs = [(row["name"], rep) for row in marks_of(folder / name) if (rep := _best(row, one["reps"])) is not None]
        paced = [(label, rep) for label, rep in pairs if label in ("correct", "fast")]
        told += sum(_is_fast(rep, limits) == (label == "fast") for label, rep in paced)
        judged += len(paced)
        low = [rep for label, rep in pairs if label == "low_amplitude"]
        hits = sum(rep["range_deg"] < RANGE_SHARE * one["usual_range_deg"] for rep in low)
        short.append(
            Figure(
                f"low amplitude told by range ({one['signal']})",
                name,
                f">= {SHORT_SHARE:.0%}",
                f"{hits} of {len(low)}",
                hits >= SHORT_SHARE * len(low) > 0,
            )
        )
    yield Figure(
        "fast told from correct by duration",
        "uci_s1, e1 e3 e4",
        f">= {FAST_SHARE:.0%}",
        f"{told} of {judged}",
        told >= FAST_SHARE * judged > 0,
    )
    yield from short
    for recording in sorted(folder.glob("cmu_*")):
        marked = sum(row["kind"] == "repetition" for row in marks_of(recording))
        found = sum(len(one["reps"]) for one in found_in(recording, kinds=("still", "repetition")))
        yield Figure("one repetition for each mark", recording.name, f"{marked}", f"{found}", found == marked)


def _is_fast(rep: Rep, limits: Limits) -> bool:
    return bool(rep["end_s"] - rep["start_s"] < limits.lift_s + limits.hold_s + limits.lower_s)


def _best(row: Mapping[str, str], reps: Sequence[Rep]) -> Rep | None:
    if row["kind"] != "repetition":
        return None
    span = (float(row["start_s"]), float(row["end_s"]))
    best = max(reps, key=lambda rep: overlap((rep["start_s"], rep["end_s"]), span), default=None)
    return best if best is not None and overlap((best["start_s"], best["end_s"]), span) > 0 else None


def overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    """What two spans share, over what they cover."""
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0])) / (max(a[1], b[1]) - min(a[0], b[0]))
