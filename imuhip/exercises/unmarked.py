"""Repetitions that nobody marked: runs of movements that are alike, wherever there is no mark."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.exercises.catalogue import Limits
from imuhip.exercises.control import RepFigures
from imuhip.exercises.finder import FIDGET_SHARE, MEMORY_S, STEP_HZ, Found
from imuhip.exercises.following import MAX_REP_S, Following
from imuhip.exercises.kept_frames import KeptFrames
from imuhip.exercises.marked import SIDES, TRUNK
from imuhip.exercises.motion import HipOrientationTrack, SegmentTrack, Track
from imuhip.exercises.results import ExerciseSet
from imuhip.exercises.sets import SetFrame, concluded, without_fidgets
from imuhip.exercises.steps import frame_of
from imuhip.hip.stage import HipBlock
from imuhip.medians import median

MIN_REPS = 3
"""Fewer movements that are alike are no set."""
MIN_PERIOD_S = 1.8
"""Strides of walking (1.0-1.3 s, of slow walking up to 1.7 s) and running follow each other faster than repetitions."""
SHORTEST_S = (MIN_REPS - 1) * MIN_PERIOD_S
"""Between marks that follow each other faster there is no time for a set."""
ALIKE = 3.0
"""Repetitions of one set differ by less than this factor in size."""


@dataclass(slots=True)
class _Run:
    """A run of repetitions on one track.

    Attributes:
        track: That it is seen on; an axis that it chooses holds for this run.
        reps: Measured.
    """

    track: Track
    reps: list[RepFigures]


class _Watched:
    """One track, watched for runs.

    Args:
        following: The track.
    """

    def __init__(self, following: Following) -> None:
        self.following = following
        self._waiting: list[Found] = []
        self._run: _Run | None = None
        self._last = 0
        self._sizes: list[float] = []

    def take(self, found: Sequence[Found], frames: KeptFrames, rate_hz: float) -> list[_Run]:
        """Take new repetitions; returns runs that have ended."""
        ended: list[_Run] = []
        for one in found:
            if self._run is not None and one.start - self._last > MEMORY_S * STEP_HZ:
                ended += self.end()
            if self._run is None:
                self._begin([*self._waiting, one], frames, rate_hz)
            elif one.size >= FIDGET_SHARE * median(self._sizes):
                self._add(one, frames, rate_hz)
            self._last = one.end
        return ended

    def end(self) -> list[_Run]:
        """End the run; returns it if there is one."""
        ended = [] if self._run is None else [self._run]
        self._run = None
        self._waiting.clear()
        return ended

    def current(self) -> _Run | None:
        """The run that is going on."""
        return self._run

    def needs_from(self, rate_hz: float) -> int | None:
        """First frame that may still be needed."""
        starts = [frame_of(one.start, rate_hz) for one in self._waiting[:1]]
        coming = self.following.needs_from(rate_hz)
        return min([*starts, *([] if coming is None else [coming])], default=None)

    def _begin(self, found: list[Found], frames: KeptFrames, rate_hz: float) -> None:
        """Begin a run if the last repetitions are alike, else wait for more."""
        self._waiting = found[-MIN_REPS:]
        if len(self._waiting) == MIN_REPS and _alike(self._waiting):
            self._run = _Run(self.following.track.anew(), [])
            self._sizes = []
            first, self._waiting = self._waiting, []
            for one in first:
                self._add(one, frames, rate_hz)
        else:
            self._waiting = self._waiting[1 - MIN_REPS :]

    def _add(self, one: Found, frames: KeptFrames, rate_hz: float) -> None:
        run = self._run
        if run is None:
            return
        self._sizes.append(one.size)
        rep = self.following.measure(one, frames, rate_hz, track=run.track)
        if rep is not None:
            run.reps.append(rep)


def _alike(found: Sequence[Found]) -> bool:
    """Whether repetitions follow each other at a calm pace and are of a size."""
    tops = np.array([one.top for one in found])
    gaps = np.array([b.start - a.end for a, b in itertools.pairwise(found)])
    sizes = [one.size for one in found]
    calm = bool((np.diff(tops) >= MIN_PERIOD_S * STEP_HZ).all()) and bool((gaps <= MEMORY_S * STEP_HZ).all())
    return calm and max(sizes) <= ALIKE * min(sizes)


class Unmarked:
    """Frames without a mark to runs of repetitions.

    Args:
        limits: What to judge them by.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._watched: list[_Watched] | None = None
        self._roles: tuple[str, ...] = ()
        self._sides: tuple[str, ...] = ()
        self._frames = KeptFrames()
        self._rate_hz = 0.0
        self._unseen: list[HipBlock] = []
        self._length = 0
        self._looked = False
        self._ended: list[_Run] = []

    def feed(self, block: HipBlock) -> None:
        """Take the next frames."""
        if self._watched is None or block.roles != self._roles or tuple(block.sides) != self._sides:
            self.flush()
            self._roles, self._sides = block.roles, tuple(block.sides)
            tracks: list[Track] = [HipOrientationTrack(side) for side in SIDES if side in block.sides]
            tracks += [SegmentTrack(role) for role in block.roles if role not in TRUNK]
            self._watched = [_Watched(Following(track, None)) for track in tracks]
        self._rate_hz = block.rate_hz
        self._unseen.append(block)
        self._length += len(block)
        if self._length >= SHORTEST_S * block.rate_hz:
            unseen, self._unseen = self._unseen, []
            for each in unseen:
                self._look(each, self._watched)

    def _look(self, block: HipBlock, watched: Sequence[_Watched]) -> None:
        self._looked = True
        self._frames.add(block)
        for each in watched:
            each.following.add(block)
            self._ended += each.take(each.following.find(), self._frames, block.rate_hz)
        now = block.start_index + len(block)
        needs = [each.needs_from(block.rate_hz) for each in watched]
        earliest = min((n for n in needs if n is not None), default=now)
        self._frames.let_go(max(earliest, now - round(MAX_REP_S * block.rate_hz)))

    def flush(self) -> None:
        """A mark begins, or the session ends."""
        self._unseen, self._length = [], 0
        if not self._looked:
            return
        self._looked = False
        for each in self._watched or []:
            self._ended += each.take(each.following.flush(), self._frames, self._rate_hz)
            self._ended += each.end()
        self._frames.clear()

    def sets(self) -> list[ExerciseSet]:
        """Runs so far; where several tracks saw the same: the hip before a segment, and what moved most."""
        found = [one for run in [*self._ended, *self._going()] if (one := self._concluded(run)) is not None]
        found.sort(key=lambda s: (s.reference != "pelvis", -sum(rep.range_deg for rep in s.reps)))
        kept: list[ExerciseSet] = []
        for one in found:
            if all(one.end_s < other.start_s or one.start_s > other.end_s for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda s: s.start_s)

    def latest(self) -> ExerciseSet | None:
        """The run that is going on, on the best of its tracks."""
        found = [one for run in self._going() if (one := self._concluded(run)) is not None]
        return max(found, key=lambda s: (s.reference == "pelvis", len(s.reps)), default=None)

    def _going(self) -> list[_Run]:
        return [run for each in self._watched or [] if (run := each.current()) is not None]

    def _concluded(self, run: _Run) -> ExerciseSet | None:
        reps = without_fidgets(run.reps)
        if len(reps) < MIN_REPS:
            return None
        track = run.track
        frame = SetFrame(
            exercise=None,
            side=track.side,
            position=None,
            mode=None,
            marked=False,
            start_s=reps[0].start_s,
            end_s=reps[-1].end_s,
            reference=track.reference,
            signal=track.signal,
        )
        return concluded(frame, reps, None, self._limits)
