"""Repetitions that were marked one by one: each mark is a window, and the movement in it is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.control import RepFigures, measure_rep
from imuhip.exercises.marked import SIDES, TRUNK, Marking
from imuhip.exercises.motion import ANGLE_NAMES, Motion, SegmentTrack
from imuhip.exercises.results import ExerciseSet
from imuhip.exercises.sets import SetFrame, concluded
from imuhip.exercises.steps import fill, frame_of, per_step
from imuhip.hip.stage import HipBlock, join
from imuhip.units import FloatArray

LEAST_DEG = 1.0
"""Who marks a repetition has moved: only a sensor that lay still shows none."""


@dataclass(slots=True)
class _Window:
    marking: Marking
    blocks: list[HipBlock]


class ToldSet:
    """Marked repetitions of one name to a set."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._windows: list[_Window] = []

    def feed(self, marking: Marking, block: HipBlock) -> None:
        """Take the next frames of one of its windows."""
        if not self._windows or self._windows[-1].marking.start_s != marking.start_s:
            self._windows.append(_Window(marking, []))
        self._windows[-1].blocks.append(block)
        self._windows[-1].marking = marking

    def sets(self) -> list[ExerciseSet]:
        """The set so far: followed on the signal that moves most over all windows and is known in most."""
        wholes = [join([b for b in w.blocks if b.roles == w.blocks[-1].roles]) for w in self._windows]
        signals: dict[str, list[Motion | None]] = {}
        for k, whole in enumerate(wholes):
            for name, motion in _motions(whole).items():
                signals.setdefault(name, [None] * len(wholes))[k] = motion
        best = max(signals, key=lambda name: _weight(name, signals[name]), default=None)
        motions = [] if best is None else signals[best]
        reps = [rep for motion in motions if motion is not None and (rep := _rep(motion)) is not None]
        first, last = self._windows[0].marking, self._windows[-1].marking
        entry = self._catalogue.exercise(first.name)
        hip = best is not None and best.partition(" ")[0] in SIDES
        frame = SetFrame(
            exercise=(first.name or None) if entry is None else entry.name,
            side=best.partition(" ")[0] if hip and best is not None and first.side is None else first.side,
            position=first.position,
            mode=first.mode,
            marked=True,
            start_s=first.start_s,
            end_s=reps[-1].end_s if last.end_s is None and reps else (last.end_s or last.start_s),
            reference="pelvis" if hip else "gravity",
            signal="" if best is None else best.partition(" ")[2] or best,
        )
        return [concluded(frame, reps, entry, self._catalogue.limits if entry is None else entry.limits)]


def _weight(name: str, motions: list[Motion | None]) -> tuple[int, bool, float]:
    """A signal is better the more windows it is known in, as a hip angle, and the more it moves."""
    known = [m for m in motions if m is not None]
    return len(known), name.partition(" ")[0] in SIDES, sum(float(np.ptp(m.angle_deg)) for m in known)


def _motions(block: HipBlock) -> dict[str, Motion]:
    """Every signal of a window that is known in it, positive on the way out."""
    out: dict[str, Motion] = {}
    for side, hip in block.sides.items():
        angles = [fill(a) for a in (hip.flexion_deg, hip.adduction_deg, hip.internal_rotation_deg)]
        if (flexion := angles[0]) is None:
            continue
        unknown = np.full(len(block), np.nan)
        all_three = np.stack([unknown if a is None else a for a in angles])
        for axis, angle in enumerate(angles):
            if angle is not None and float(np.ptp(angle)) > 2.0 * float(np.ptp(flexion)) * (axis > 0):
                sign = _outward(angle)
                pelvis = block.quat_earth_from_segment[block.roles.index("pelvis")]
                out[f"{side} {ANGLE_NAMES[axis]}"] = Motion(
                    block.start_index, block.rate_hz, sign * angle, all_three, pelvis, axis, sign
                )
    for role in block.roles:
        motion = None if role in TRUNK else _segment(block, role)
        if motion is not None:
            out[role] = motion
    return out


def _segment(block: HipBlock, role: str) -> Motion | None:
    track = SegmentTrack(role)
    steps, points = track.points(block)
    if len(steps) < 2:
        return None
    far = int(np.argmax(track.metric(points, points[0])))
    if far == 0:
        return None
    first = int(steps[0])
    if frame_of(first, block.rate_hz) - block.start_index > 2 * per_step(block.rate_hz):
        return None
    return track.motion(block, first, int(steps[far]))


def _outward(angle_deg: FloatArray) -> float:
    """The sign of the way out: towards the extreme that lies further from where the window begins and ends."""
    ends = 0.5 * float(angle_deg[0] + angle_deg[-1])
    return 1.0 if float(angle_deg.max()) - ends >= ends - float(angle_deg.min()) else -1.0


def _rep(motion: Motion) -> RepFigures | None:
    """The repetition in a window; where it has no two phases, its movement from end to end."""
    if float(np.ptp(motion.angle_deg)) < LEAST_DEG:
        return None
    measured = measure_rep(motion, None)
    if measured is not None:
        return measured
    top, rate = int(np.argmax(motion.angle_deg)), motion.rate_hz
    least = float(motion.angle_deg.min())
    return RepFigures(
        start_s=motion.first / rate,
        top_s=(motion.first + top) / rate,
        end_s=(motion.first + len(motion.angle_deg)) / rate,
        range_deg=float(motion.angle_deg[top]) - least,
        peak_deg=float(motion.angle_deg[top]),
        start_deg=least,
    )
