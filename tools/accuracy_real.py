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
MOVING_SHARE = 0.5
"""A hip with less than half of the other's range only goes along."""
KNOWN_SHARE = 0.9
"""Of a stretch: with more of it missing, its range or its error mean little."""
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
        "cmu: range of flexion (greatest minus least) in each marked repetition against optical, in degrees.",
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
            text = f"{rmse:.2f} (lag {lag} frames, known {100 * known:.1f} %)" if known else "no angle known"
            judged = (side, causal) == ("right", False)
            yield Figure(
                f"{side} hip flexion, {way}, RMSE",
                folder.name,
                f"<= {WALK_DEG}" if judged else "",
                text,
                (rmse <= WALK_DEG and known >= KNOWN_SHARE) if judged else None,
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
    """Errors of the range of every repetition, of both hips and of those that move most."""
    reference, angles = read_columns(folder / "reference.csv"), angles_of(folder)
    repetitions = list(_repetitions(folder / "marks.csv"))
    names = [f"hip_{side}_flexion_deg" for side in SIDES]
    true = np.array([[_range(reference, name, *span) for span in repetitions] for name in names])
    error = np.array([[_range(angles, name, *span) for span in repetitions] for name in names]) - true
    moving = true.mean(axis=1) >= MOVING_SHARE * true.mean(axis=1).max()
    if not moving.all():
        # Which leg works hardest is told apart for information: the target is for all repetitions of both hips.
        text = f"{np.abs(error[moving]).mean():.2f}"
        yield Figure(
            f"flexion range, {SIDES[int(np.argmax(moving))]} hip alone, which moves most", folder.name, "", text
        )
    yield _range_figure(folder.name, target, error)
    for side, each, wanted in zip(SIDES, error, true, strict=True):
        yield Figure(
            f"{side} hip, errors of each repetition", folder.name, "", f"{slashed(each, 1)} of {slashed(wanted, 0)}"
        )


def _range_figure(condition: str, target: float, error: FloatArray) -> Figure:
    """Mean absolute error over both hips; a repetition without a range fails, however good the others are."""
    known = np.isfinite(error)
    value = float(np.abs(error[known]).mean()) if known.any() else float("inf")
    missing_text = "" if known.all() else f" ({np.count_nonzero(~known)} of {known.size} not known)"
    passed = bool(known.all()) and value <= target
    name = "flexion range, both hips, mean absolute error"
    return Figure(name, condition, f"<= {target:.0f}", f"{value:.2f}{missing_text}", passed)


def _range(columns: Columns, name: str, start_s: float, end_s: float) -> float:
    """Greatest minus least of a column in a stretch, NaN where less than :data:`KNOWN_SHARE` of it is known."""
    inside = columns[name][(columns["time_s"] >= start_s - 1e-6) & (columns["time_s"] <= end_s + 1e-6)]
    finite = inside[np.isfinite(inside)]
    return float(np.ptp(finite)) if len(finite) >= KNOWN_SHARE * len(inside) > 0 else float("nan")


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
