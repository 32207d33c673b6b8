"""Turning over lost notifications: what the gap bridge carries over, against real gyros with gaps cut into them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from accuracy_real import missing, read_columns
from accuracy_table import Figure, Section

from imuhip import rotation
from imuhip.timeline.bridge import GapBridge
from imuhip.timeline.frames import FrameBlock
from imuhip.units import FloatArray

KINDS = {
    "exercises on floor and chair": ("uci_s1_e*", "uci_s2_e*"),
    "squats, lunges, step-ups": ("cmu_sq*", "cmu_lunge", "cmu_stepuph", "cmu_heelraise"),
    "walking": ("cmu_walk", "gaittoolbox_walk", "xio_lower_body"),
}
GAPS_S = (0.15, 0.3, 0.5, 0.9)
BETWEEN_S = 0.7
WITHIN_SDS = 2.0
SHARE = 0.90
"""Of a bell curve 95 % lie within two standard deviations; movement has wider tails."""
AMPLE = 2.0
"""A slip stated larger than this many times the error would throw headings away that are known."""


def gaps(folder: Path, *, required: bool) -> Section:
    """Measure the recordings that are there.

    Args:
        folder: Where they are.
        required: Whether missing data is a failure.
    """
    title = "Turning over gaps"
    found = {kind: [path for name in names for path in sorted(folder.glob(name))] for kind, names in KINDS.items()}
    if not all(found.values()):
        return missing(title, folder, required=required)
    notes = (
        f"Pelvis and thigh gyros with a gap every {BETWEEN_S} s: turning carried over it against turning measured, on",
        "all axes. The stated slip decides whether a heading still counts as known. Target: a bell curve's 95 %",
        f"within two standard deviations, less what wide tails take; stated no more than {AMPLE:g} times the error.",
    )
    return Section(title, notes, tuple(figure for kind, paths in found.items() for figure in _kind(kind, paths)))


def _kind(kind: str, folders: list[Path]) -> Iterator[Figure]:
    sensors = [p for folder in folders for p in sorted(folder.glob("*.csv")) if p.stem.startswith(("pelvis", "thigh"))]
    gyros = [_gyro(path) for path in sensors]
    for gap_s in GAPS_S:
        measured = [over_gaps(gyr_rad_s, rate_hz, gap_s) for gyr_rad_s, rate_hz in gyros]
        error, slip = (np.rad2deg(np.concatenate(values)) for values in zip(*measured, strict=True))
        share = float((np.abs(error) < WITHIN_SDS * slip[:, None]).mean())
        wrong, stated = (float(np.sqrt(np.mean(values**2))) for values in (error, slip))
        yield Figure(
            f"{len(slip):,} gaps of {gap_s:g} s, axes within two stated standard deviations",
            kind,
            f">= {100 * SHARE:.0f} %",
            f"{100 * share:.1f} % (error {wrong:.1f} deg, stated {stated:.1f})",
            share >= SHARE and stated <= AMPLE * wrong,
        )


def _gyro(path: Path) -> tuple[FloatArray, float]:
    """Rates (N, 3) in rad/s, and how many a second."""
    columns = read_columns(path)
    rates = np.stack([columns[f"gyr_{axis}_rad_s"] for axis in "xyz"], axis=1)
    return rates[np.isfinite(rates).all(axis=1)], 1.0 / float(np.median(np.diff(columns["time_s"])))


def over_gaps(gyr_rad_s: FloatArray, rate_hz: float, gap_s: float) -> tuple[FloatArray, FloatArray]:
    """Cut gaps into the rates of a sensor and bridge them.

    Args:
        gyr_rad_s: (N, 3).
        rate_hz: How many a second.
        gap_s: Length of each gap.

    Returns:
        (G, 3) by what the turning over each gap is off and (G,) the stated slip, rad.
    """
    length, between = round(gap_s * rate_hz), round(BETWEEN_S * rate_hz)
    starts = np.arange(between, len(gyr_rad_s) - length, length + between)
    ends = starts + length
    known = np.ones(len(gyr_rad_s), dtype=np.bool_)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        known[start:end] = False
    cut = (gyr_rad_s * known[:, None])[None]
    bridged = GapBridge(1, rate_hz).feed(FrameBlock(0, rate_hz, np.zeros_like(cut), cut, known[None]))
    carried = bridged.gyr_rad_s[0, ends] * bridged.span[0, ends, None] / rate_hz
    true = np.tile(rotation.IDENTITY, (len(starts), 1))
    for frame in range(length + 1):
        true = rotation.multiply(true, rotation.exp(gyr_rad_s[starts + frame] / rate_hz))
    error = rotation.log(rotation.multiply(rotation.conjugate(rotation.exp(carried)), true))
    return error, bridged.slip_rad[0, ends]
