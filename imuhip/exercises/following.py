"""One track followed: its repetitions as they are found and measured."""

from __future__ import annotations

import numpy as np

from imuhip.exercises.catalogue import ExerciseEntry
from imuhip.exercises.control import RepFigures, measure_rep
from imuhip.exercises.finder import FIDGET_DEG, STEP_HZ, Found, RepFinder
from imuhip.exercises.kept_frames import KeptFrames
from imuhip.exercises.motion import Track
from imuhip.exercises.steps import frame_of
from imuhip.hip.stage import HipBlock
from imuhip.units import FloatArray, IntArray

MAX_REP_S, KEPT_S = 120.0, 135.0
"""What takes longer is no repetition; what does not has been found so long after its start, and frames are kept."""


class Following:
    """A track, its finder, and the frames that its repetitions may still need.

    Args:
        track: What to follow.
        entry: The exercise; None where nobody named it.
        fidget_deg: Smallest repetition.
    """

    def __init__(self, track: Track, entry: ExerciseEntry | None, *, fidget_deg: float = FIDGET_DEG) -> None:
        self.track = track
        self._entry = entry
        self._finder = RepFinder(track.metric, fidget_deg=fidget_deg, signed=track.signed)
        self._new: list[tuple[IntArray, FloatArray]] = []
        self.known_steps = 0

    def add(self, block: HipBlock) -> None:
        """Take the next frames."""
        steps, points = self.track.points(block)
        self.known_steps += len(steps)
        self._new.append((steps, points))

    def find(self) -> list[Found]:
        """Repetitions that ended in what was added since this was last asked; it may be asked at any time."""
        if not self._new:
            return []
        steps, points = zip(*self._new, strict=True)
        self._new.clear()
        return self._finder.feed(np.concatenate(steps), np.concatenate(points))

    def forget(self) -> None:
        """Nobody will ask for what was added."""
        self._new.clear()

    def flush(self) -> list[Found]:
        """The last repetitions, when nothing follows."""
        return [*self.find(), *self._finder.flush()]

    def measure(
        self, found: Found, frames: KeptFrames, rate_hz: float, *, track: Track | None = None
    ) -> RepFigures | None:
        """What one of them was like, on this track or another; None where it cannot be told."""
        return self.measure_in(found, self.frames_of(found, frames, rate_hz), track=track)

    def frames_of(self, found: Found, frames: KeptFrames, rate_hz: float) -> HipBlock | None:
        """The frames of one of them, to measure it later; None where it takes too long."""
        if found.end - found.start > MAX_REP_S * STEP_HZ:
            return None
        return frames.between(frame_of(found.start, rate_hz), frame_of(found.end, rate_hz) + 1)

    def measure_in(self, found: Found, block: HipBlock | None, *, track: Track | None = None) -> RepFigures | None:
        """What one of them was like in its frames."""
        motion = None if block is None else (track or self.track).motion(block, found.start, found.top)
        return None if motion is None else measure_rep(motion, self._entry)

    def needs_from(self, rate_hz: float) -> int | None:
        """First frame that a repetition to come may need."""
        step = self._finder.needed_from
        return None if step is None else frame_of(step, rate_hz)
