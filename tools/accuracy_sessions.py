"""Simulated sessions, measured through notifications and held against their truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from make_recordings import mark_messages

from imuhip.calibration.result import Calibration
from imuhip.exercises.range_tests import DIRECTIONS, measure_test
from imuhip.exercises.trials import START_S
from imuhip.hip.stage import HipAngles, HipBlock, join
from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.pipeline import Pipeline, refine
from imuhip.simulation.script import Side, range_test_session, strengthening_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.units import FloatArray

SCRIPTS = {"range tests": range_test_session, "strengthening": strengthening_session}
WEARERS = ("perfect wearer", "real wearer", "real wearer, soft tissue")


@dataclass(frozen=True, slots=True)
class Case:
    """One session to simulate.

    Attributes:
        script: A key of :data:`SCRIPTS`.
        wearer: One of :data:`WEARERS`.
        side: Of the leg.
        seed: Of everything that is drawn.
        live: Whether to measure it live too.
    """

    script: str
    wearer: str
    side: Side
    seed: int
    live: bool = True


@dataclass(frozen=True, slots=True)
class Peak:
    """One range test against its truth.

    Attributes:
        name: Of the test.
        position: Of the body.
        start_s: When it was marked, from the session's start.
        peak_deg: As measured; NaN where nothing was.
        true_deg: As found in the truth in the same way.
        half_width_deg: As stated; NaN where none was.
    """

    name: str
    position: str
    start_s: float
    peak_deg: float
    true_deg: float
    half_width_deg: float

    @property
    def error_deg(self) -> float:
        """Size of the error, infinite where nothing was measured."""
        error = abs(self.peak_deg - self.true_deg)
        return error if np.isfinite(error) else float("inf")


@dataclass(frozen=True, slots=True)
class Marked:
    """The errors in one marked test or exercise.

    Attributes:
        name: Kind and name of the mark.
        start_s: When it began, from the session's start.
        rmse_deg: (3,) of flexion, adduction, rotation.
        mean_deg: (3,) mean error, which tells a constant offset from the rest.
    """

    name: str
    start_s: float
    rmse_deg: tuple[float, ...]
    mean_deg: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One session by one way, refined or live.

    Attributes:
        rmse_deg: (3,) over all tests and exercises.
        change_deg: (3,) the same of the change from each test's start pose.
        own_change_deg: The same of each range test's own angle, the one that it is named after.
    known: Share of the frames of tests and exercises in which all three angles were known.
        marked: Each test and exercise.
        peaks: Of the range tests.
    """

    rmse_deg: tuple[float, ...]
    change_deg: tuple[float, ...]
    own_change_deg: float
    known: float
    marked: tuple[Marked, ...]
    peaks: tuple[Peak, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One session, measured."""

    case: Case
    refined: Way
    live: Way | None


def session_of(case: Case) -> SimulatedSession:
    """Simulate one session."""
    real = case.wearer != WEARERS[0]
    return simulate(
        SCRIPTS[case.script](case.side),
        seed=case.seed,
        wearer=Wearer.real(case.seed) if real else Wearer.perfect(),
        soft_tissue=SoftTissue.real(case.seed) if case.wearer == WEARERS[2] else None,
    )


def measure(case: Case) -> Outcome:
    """Simulate one session and measure it."""
    made = session_of(case)
    events = as_recorded(made)
    whole = refine(made.sensors, events)
    refined = compare(made, case.side, join(whole.blocks), whole.start_ns, [(0, whole.calibration)])
    live = _live(made, case.side, events) if case.live else None
    return Outcome(case, refined, live)


def as_recorded(made: SimulatedSession) -> list[NotificationBlock | Mark]:
    """Notifications and marks in the order in which they happened, marks as they open and again as they close."""
    block = made.notifications()
    events: list[NotificationBlock | Mark] = []
    done = 0
    for at_ns, mark in mark_messages(made.marks):
        upto = int(np.searchsorted(block.arrival_ns, at_ns))
        if upto > done:
            events.append(slice_block(block, done, upto))
        events.append(mark)
        done = upto
    return [*events, slice_block(block, done, len(block))]


def played_live(
    sensors: Sequence[SensorInfo], events: Iterable[NotificationBlock | Mark]
) -> tuple[Pipeline, list[HipBlock]]:
    """Feed a live pipeline one event after the other; returns it and its angles."""
    pipeline = Pipeline(sensors)
    blocks: list[HipBlock] = []
    for event in events:
        blocks += pipeline.mark(event) if isinstance(event, Mark) else pipeline.feed(event)
    return pipeline, [*blocks, *pipeline.flush()]


def _live(made: SimulatedSession, side: Side, events: Sequence[NotificationBlock | Mark]) -> Way:
    pipeline, blocks = played_live(made.sensors, events)
    known = [(due.from_frame, due.calibration) for due in pipeline.calibrations]
    return compare(made, side, join(blocks), pipeline.start_ns or 0, known)


def compare(
    made: SimulatedSession,
    side: Side,
    measured: HipBlock,
    start_ns: int,
    calibrations: Sequence[tuple[int, Calibration | None]],
) -> Way:
    """Hold the angles of a session against its truth.

    Args:
        made: The session.
        side: Of the leg.
        measured: All of its frames.
        start_ns: Host time of frame 0.
        calibrations: Each with the frame from which it holds.
    """
    true = true_block(made, side, measured, start_ns)
    error = angle_errors(made, side, measured, start_ns)
    errors, changes, own_changes, marked, peaks = [], [], [], [], []
    for mark in made.marks:
        if mark.kind not in {"test", "exercise"} or mark.end_ns is None:
            continue
        first, last = (round((ns - start_ns) * 1e-9 * measured.rate_hz) for ns in (mark.start_ns, mark.end_ns))
        own = error[:, first:last]
        start = own[:, : round(START_S * measured.rate_hz)]
        errors.append(own)
        changes.append(own - np.array([_median(row) for row in start])[:, None])
        at_s = (mark.start_ns - int(made.truth.host_ns[0])) * 1e-9
        marked.append(Marked(f"{mark.kind} {mark.name} {mark.position}", at_s, rms(own), _mean(own)))
        if mark.kind == "test" and mark.name in DIRECTIONS:
            own_changes.append(changes[-1][DIRECTIONS[mark.name][0]])
            used = [calibration for since, calibration in calibrations if since <= last]
            parts = (measured.part(first, last), true.part(first, last))
            peaks.append(_peak(mark, at_s, side, *parts, used[-1] if used else None))
    whole = np.concatenate(errors, axis=1)
    return Way(
        rms(whole),
        rms(np.concatenate(changes, axis=1)),
        rms(np.concatenate(own_changes)[None])[0] if own_changes else float("nan"),
        float(np.isfinite(whole).all(axis=0).mean()),
        tuple(marked),
        tuple(peaks),
    )


def angle_errors(made: SimulatedSession, side: Side, measured: HipBlock, start_ns: int) -> FloatArray:
    """(3, N) deg by which flexion and adduction are off the bone's, rotation off the skin's; NaN where unknown."""
    hips = made.truth.hips[side]
    true = [_at_frames(each, made, measured, start_ns) for each in (*hips.bone_deg[:, :2].T, hips.skin_deg[:, 2])]
    return _wrapped(_angles(measured, side) - np.stack(true))


def true_block(made: SimulatedSession, side: Side, measured: HipBlock, start_ns: int) -> HipBlock:
    """The truth as if it had been measured: the bone's angles, and orientations as the skin has them."""
    truth = made.truth
    hip = [_at_frames(truth.hips[side].bone_deg[:, i], made, measured, start_ns) for i in range(3)]
    at_s = start_ns + np.arange(len(measured)) / measured.rate_hz * 1e9 - float(truth.host_ns[0])
    nearest = np.clip(np.rint(at_s * 1e-9 / (truth.time_s[1] - truth.time_s[0])).astype(int), 0, len(truth.time_s) - 1)
    skin = np.ascontiguousarray(truth.earth_from_skin[:, nearest])
    yes, zero = np.ones(len(measured), dtype=np.bool_), np.zeros(len(measured))
    return HipBlock(
        start_index=measured.start_index,
        rate_hz=measured.rate_hz,
        roles=truth.roles,
        sides={
            side: HipAngles(hip[0], hip[1], hip[2], valid=yes, heading_known=yes, uncertainty_deg=zero, singular=~yes)
        },
        quat_earth_from_segment=skin,
        segment_known=np.ones((len(truth.roles), len(measured)), dtype=np.bool_),
        quat_earth_from_sensor=skin,
        levelled=np.ones((len(truth.roles), len(measured)), dtype=np.bool_),
    )


def _peak(
    mark: Mark, at_s: float, side: Side, measured: HipBlock, true: HipBlock, calibration: Calibration | None
) -> Peak:
    test, reference = measure_test(mark.name, measured, side, calibration), measure_test(mark.name, true, side, None)
    if reference is None or reference.peak_deg is None:
        raise ValueError(f"the truth has no trial in {mark}")
    peak = None if test is None else test.peak_deg
    half = None if test is None else test.uncertainty_deg
    return Peak(mark.name, mark.position or "", at_s, _number(peak), reference.peak_deg, _number(half))


def _at_frames(angle_deg: FloatArray, made: SimulatedSession, measured: HipBlock, start_ns: int) -> FloatArray:
    """A true angle at the host times of the frames."""
    at_ns = float(start_ns - int(made.truth.host_ns[0])) + np.arange(len(measured)) / measured.rate_hz * 1e9
    return np.interp(at_ns * 1e-9, made.truth.time_s, np.unwrap(angle_deg, period=360.0))


def _angles(block: HipBlock, side: Side) -> FloatArray:
    hip = block.sides.get(side)
    if hip is None:
        return np.full((3, len(block)), np.nan)
    return np.stack([hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg])


def _wrapped(angle_deg: FloatArray) -> FloatArray:
    return (angle_deg + 180.0) % 360.0 - 180.0


def rms(error: FloatArray) -> tuple[float, ...]:
    """Root mean square of each row where it is known, infinite where it never is."""
    known = [row[np.isfinite(row)] for row in error]
    return tuple(float(np.sqrt(np.mean(row**2))) if len(row) else float("inf") for row in known)


def _mean(error: FloatArray) -> tuple[float, ...]:
    known = [row[np.isfinite(row)] for row in error]
    return tuple(float(row.mean()) if len(row) else float("nan") for row in known)


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
