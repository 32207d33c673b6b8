"""Simulated sessions as the estimator sees them: a digest of ideal frames, mountings and marked activities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imuhip import rotation
from imuhip.calibration.body import Body
from imuhip.calibration.calibrator import Calibrator
from imuhip.calibration.motion import Motion, MotionDigest
from imuhip.calibration.poses import Activity
from imuhip.calibration.result import Calibration
from imuhip.simulation.script import FINAL_STANCE, STANCE, SWINGS, Session, Side, Step
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.timeline.bridge import BridgedBlock, GapBridge
from imuhip.units import FloatArray

SUPINE = Step("still", "second_pose", "supine", still_s=4.0)
FLEXION = Step("test", "flexion", "supine", 3)


def session(side: Side = "right", *, again: int = 1) -> Session:
    """Calibration and supine flexion tests, with a stance at the end."""
    return Session("session", side, (STANCE, SWINGS, SUPINE, *[FLEXION] * again, FINAL_STANCE))


def made(side: Side = "right", *, seed: int, again: int = 1, errors: SensorErrors | None = None) -> SimulatedSession:
    """A perfect wearer's session."""
    return simulate(session(side, again=again), seed=seed, errors=errors)


def frames_of(simulated: SimulatedSession) -> BridgedBlock:
    """All frames, without gaps."""
    frames = simulated.ideal_frames()
    return GapBridge(len(simulated.sensors), frames.rate_hz).feed(frames)


def motion_of(simulated: SimulatedSession) -> Motion:
    """The digest of the session."""
    digest = MotionDigest(len(simulated.sensors), simulated.ideal_frames().rate_hz)
    digest.feed(frames_of(simulated))
    return digest.motion()


def body_of(simulated: SimulatedSession) -> Body:
    """Who wears what."""
    return Body.from_roles([sensor.role for sensor in simulated.sensors])


def activities_of(simulated: SimulatedSession, step_s: float = 0.04) -> list[Activity]:
    """The marks, in steps of the digest."""
    start_ns = int(simulated.truth.host_ns[0])
    return [
        Activity(
            mark.kind,
            mark.name,
            mark.side,
            mark.position,
            int((mark.start_ns - start_ns) * 1e-9 / step_s),
            None if mark.end_ns is None else int((mark.end_ns - start_ns) * 1e-9 / step_s),
        )
        for mark in simulated.marks
    ]


def refined(
    simulated: SimulatedSession, activities: Sequence[Activity] | None = None, saved: Calibration | None = None
) -> Calibration | None:
    """The calibration of the whole session."""
    frames = frames_of(simulated)
    calibrator = Calibrator([sensor.role for sensor in simulated.sensors], frames.rate_hz, saved)
    for number, activity in enumerate(activities_of(simulated) if activities is None else activities):
        calibrator.mark(number, activity)
    return calibrator.refine([frames])


def mount_errors_deg(simulated: SimulatedSession, calibration: Calibration) -> FloatArray:
    """How far each mounting is off, deg."""
    estimated = np.stack([mount.quat_sensor_from_segment for mount in calibration.mounts])
    off = rotation.log(rotation.multiply(simulated.truth.segment_from_sensor, estimated))
    return np.asarray(np.rad2deg(np.linalg.norm(off, axis=1)))


def turned_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angle between orientations (..., 4), deg."""
    off = rotation.log(rotation.multiply(rotation.conjugate(a), b))
    return np.asarray(np.rad2deg(np.linalg.norm(off, axis=-1)))
