"""Real recordings against their optical reference."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from accuracy_table import Figure, Section, slashed

from imuhip.recording import import_folder
from imuhip.session import analyze
from imuhip.units import FloatArray

WALK_DEG = 3.5
LAG_FRAMES = 3
"""The optical system may lag by this much."""
LEFT_MASK_S = (15.0, 16.6)
"""The walk's left reference jumps here."""
WALK_UNTIL_S = 20.7
RANGES_DEG = {"cmu_sqsl": 4.0, "cmu_sqhalfdl": 4.0, "cmu_stepuph": 4.0, "cmu_lunge": 6.0}
SIDES = ("right", "left")

Columns = Mapping[str, FloatArray]


def real(folder: Path, *, required: bool) -> Section:
    """Measure the recordings with an optical reference.

    Args:
        folder: Where they are.
        required: Whether missing data is a failure.
    """
    title = "Real recordings"
    if not folder.is_dir():
        return missing(title, folder, required=required)
    figures = [*_walk(folder / "gaittoolbox_walk")]
    for name, target in RANGES_DEG.items():
        figures += _ranges(folder / name, target)
    notes = (
        "gaittoolbox_walk: hip flexion against optical, mean removed, best lag within +-3 frames.",
        "cmu: range of flexion (greatest minus least) in each marked repetition against optical; mean absolute error over the "
        "repetitions of both hips, in degrees.",
    )
    return Section(title, notes, tuple(figures))


def missing(title: str, folder: Path, *, required: bool) -> Section:
    """A section that says that its data is not here: the recordings are not ours to ship."""
    place = "/".join(folder.parts[-3:])
    text = "IMUHIP_REQUIRE_ALL=1 forbids to skip" if required else "skipped"
    return Section(title, (), (Figure("data", f"needs ../{place}", "", text, False if required else None),))


def angles_of(folder: Path, *, causal: bool = False) -> Columns:
    """The angle table of a folder in the import layout."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "imported.mcap"
        import_folder(folder, path)
        return analyze(path, causal=causal).table.columns


def read_columns(path: Path) -> Columns:
    """Columns of a CSV file by name; text and empty fields are NaN."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {name: np.array([_number(row[i]) for row in rows]) for i, name in enumerate(header)}


def _walk(folder: Path) -> Iterator[Figure]:
    reference = read_columns(folder / "reference.csv")
    for way, causal in (("refined", False), ("live", True)):
        angles = angles_of(folder, causal=causal)
        for side in SIDES:
            name = f"hip_{side}_flexion_deg"
            use = reference["time_s"] <= WALK_UNTIL_S
            if side == "left":
                use &= (reference["time_s"] < LEFT_MASK_S[0]) | (reference["time_s"] > LEFT_MASK_S[1])
            rmse, lag, known = best_lag(angles["time_s"], angles[name], reference["time_s"][use], reference[name][use])
            text = f"{rmse:.2f} (lag {lag} frames, known {100 * known:.1f} %)"
            judged = (side, causal) == ("right", False)
            yield Figure(
                f"{side} hip flexion, {way}, RMSE",
                folder.name,
                f"<= {WALK_DEG}" if judged else "",
                text,
                (rmse <= WALK_DEG and known > 0.95) if judged else None,
            )


def best_lag(
    time_s: FloatArray, angle_deg: FloatArray, at_s: FloatArray, reference_deg: FloatArray
) -> tuple[float, int, float]:
    """RMSE without the mean at the best lag, that lag, and the share of frames with both known."""
    step = float(np.median(np.diff(at_s)))
    best = (float("inf"), 0, 0.0)
    for lag in range(-LAG_FRAMES, LAG_FRAMES + 1):
        error = np.interp(at_s + lag * step, time_s, angle_deg) - reference_deg
        known = np.isfinite(error)
        if known.any():
            best = min(best, (float(np.std(error[known])), lag, float(known.mean())))
    return best


def _ranges(folder: Path, target: float) -> Iterator[Figure]:
    reference, angles = read_columns(folder / "reference.csv"), angles_of(folder)
    errors: dict[str, list[float]] = {side: [] for side in SIDES}
    true: dict[str, list[float]] = {side: [] for side in SIDES}
    known = []
    for start_s, end_s in _repetitions(folder / "marks.csv"):
        for side in SIDES:
            name = f"hip_{side}_flexion_deg"
            wanted, _ = _range(reference, name, start_s, end_s)
            got, share = _range(angles, name, start_s, end_s)
            errors[side].append(got - wanted)
            true[side].append(wanted)
            known.append(share)
    both = np.array([errors[side] for side in SIDES])
    error = float(np.abs(both).mean())
    each = "; ".join(
        f"{side} {np.abs(errors[side]).mean():.2f}: {slashed(errors[side], 1)} of {slashed(true[side], 0)}" for side in SIDES
    )
    text = f"{error:.2f} ({each}; known {100 * np.mean(known):.0f} %)"
    yield Figure("flexion range, mean absolute error", folder.name, f"<= {target:.0f}", text, error <= target)


def _range(columns: Columns, name: str, start_s: float, end_s: float) -> tuple[float, float]:
    """Greatest minus least of a column in a stretch, NaN where it is unknown, and the share known."""
    inside = columns[name][(columns["time_s"] >= start_s - 1e-6) & (columns["time_s"] <= end_s + 1e-6)]
    finite = inside[np.isfinite(inside)]
    return (float(np.ptp(finite)), len(finite) / len(inside)) if len(finite) else (float("nan"), 0.0)


def _repetitions(path: Path) -> Iterator[tuple[float, float]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "repetition":
                yield float(row["start_s"]), float(row["end_s"])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
