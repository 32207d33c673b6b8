"""Orientation on the BROAD benchmark: our own stages against VQF alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_real import missing
from accuracy_table import Figure, Section, slashed
from scipy.io import loadmat
from scipy.spatial.transform import Rotation, Slerp
from vqf import VQF

from imuhip.orientation.filter import OrientationFilter
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.import_codec import ImportDescriptor, encode_import, encode_import_descriptor
from imuhip.packets.notification import SensorInfo
from imuhip.samples.stage import SampleStage
from imuhip.timeline.bridge import GapBridge
from imuhip.timeline.stage import TimelineStage
from imuhip.units import FloatArray

DIFFERENCE_DEG = 0.05
START_NS = 10**12


def broad(folder: Path, *, required: bool) -> Section:
    """Measure the trials that are there.

    Args:
        folder: Where they are.
        required: Whether missing data is a failure.
    """
    title = "Orientation on BROAD"
    paths = sorted(folder.glob("*.mat"))
    if not paths:
        return missing(title, folder, required=required)
    figures = [figure for path in paths for figure in _trial(path)]
    notes = (
        "Imported samples through sample stage, timeline, gap bridge and orientation filter, without a calibration,",
        "against `VQF(Ts).updateBatch` (6D) on the raw samples: inclination / total error, RMSE during movement in",
        "degrees, the total with the best constant heading. Target: ours minus VQF alone.",
    )
    return Section(title, notes, tuple(figures))


def _trial(path: Path) -> Iterator[Figure]:
    data = loadmat(path)
    rate_hz = float(data["sampling_rate"].item())
    time_s = np.arange(len(data["imu_gyr"])) / rate_hz
    gyr, acc = (np.ascontiguousarray(data[name], dtype=np.float64) for name in ("imu_gyr", "imu_acc"))
    alone = errors_deg(time_s, VQF(1.0 / rate_hz).updateBatch(gyr, acc)["quat6D"], data, time_s)
    for grid_hz in (rate_hz, 100.0):
        at_s, quat = through_stages(time_s, acc, gyr, rate_hz, grid_hz)
        ours = errors_deg(at_s, quat, data, time_s)
        difference = np.subtract(ours, alone)
        yield Figure(
            f"grid at {grid_hz:.1f} Hz, ours minus VQF alone",
            path.stem,
            f"<= {DIFFERENCE_DEG}",
            f"{slashed(difference, 3)} ({slashed(ours, 3)} against {slashed(alone, 3)})",
            bool((difference <= DIFFERENCE_DEG).all()),
        )


def through_stages(
    time_s: FloatArray, acc: FloatArray, gyr: FloatArray, rate_hz: float, grid_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Times (N,) and orientations (N, 4) of the frames that our own stages make of samples."""
    descriptor = encode_import_descriptor(ImportDescriptor(rate_hz, None, "BROAD"))
    stage = SampleStage(SensorInfo(0, "pelvis", "BROAD", "import", descriptor))
    payloads = encode_import(time_s + START_NS * 1e-9, acc, gyr)
    per = -(-len(time_s) // len(payloads))
    arrival_ns = START_NS + np.rint(time_s[per - 1 :: per] * 1e9).astype(np.int64)
    arrival_ns = np.append(arrival_ns, START_NS + round(time_s[-1] * 1e9))[: len(payloads)]
    notifications = [(int(ns), 0, payload) for ns, payload in zip(arrival_ns, payloads, strict=True)]
    timeline = TimelineStage([stage.traits], grid_hz, start_ns=START_NS)
    bridge, orientation = GapBridge(1, grid_hz), OrientationFilter(1, grid_hz)
    frames = timeline.feed([stage.feed(block_from_notifications(notifications))]) + timeline.flush()
    bridged = [bridge.feed(each) for each in frames]
    quat = np.concatenate([orientation.feed(each, None)[0][0] for each in bridged])
    known = np.concatenate([each.known[0] for each in bridged])
    at_s = (frames[0].start_index + np.arange(len(quat))) / grid_hz
    return at_s[known], quat[known]


def errors_deg(at_s: FloatArray, quat: FloatArray, data: Mapping[str, Any], time_s: FloatArray) -> tuple[float, float]:
    """RMSE of inclination and of the whole orientation during movement, the best constant heading taken off.

    References:
        Laidig et al. 2021, doi:10.3390/data6070072.
    """
    optical = data["opt_quat"]
    seen = np.isfinite(optical).all(axis=1)
    moving = (data["movement"].ravel() > 0) & seen
    nearest = np.clip(np.rint(np.interp(at_s, time_s, np.arange(len(time_s)))).astype(int), 0, len(time_s) - 1)
    use = moving[nearest] & (at_s >= time_s[seen][0]) & (at_s <= time_s[seen][-1])
    reference = Slerp(time_s[seen], Rotation.from_quat(optical[seen], scalar_first=True))(at_s[use])
    error = reference * Rotation.from_quat(quat[use], scalar_first=True).inv()
    w, x, y, z = error.as_quat(scalar_first=True).T
    inclination = 2 * np.arctan2(np.hypot(x, y), np.hypot(w, z))
    heading = 2 * np.arctan2(z, w)
    heading = np.angle(np.exp(1j * heading) / np.mean(np.exp(1j * heading)))
    total = 2 * np.arccos(np.clip(np.cos(inclination / 2) * np.cos(heading / 2), -1.0, 1.0))
    return (_rms_deg(inclination), _rms_deg(total))


def _rms_deg(angle: FloatArray) -> float:
    return float(np.rad2deg(np.sqrt(np.mean(angle**2))))
