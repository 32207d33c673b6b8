"""Repetitions in a movement of any kind: out of a pose, to a top, and back.

A movement is a row of points with a distance: an angle with its sign, a direction on the sphere (up as a sensor sees
it), or an orientation. A leg of the movement runs from an anchor to the farthest point from it; it has ended when the
movement has come back from there by more than a fidget. No axis, no pose and no range need to be known beforehand, and
what counts as a fidget follows the repetitions of the last seconds, so slow and fast, large and small ones are found
alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from imuhip.exercises.distances import Metric, direction_distance
from imuhip.medians import median
from imuhip.records import record
from imuhip.units import FloatArray, IntArray

STEP_HZ = 25.0
"""Turning points are looked for at this rate: ten times faster than anybody repeats anything."""
FIDGET_DEG = 4.0
"""Smaller movements are sway, breath, skin and fidgets ..."""
FIDGET_SHARE = 0.25
"""... and so is what is below a quarter of the usual movement of the last repetitions."""
MEMORY_S = 15.0
"""After a pause of this length nothing is usual any more: what comes may be another exercise."""
RETURN_SHARE = 0.5
"""Who comes back by less than half has not come back."""
SETTLED_SHARE, SETTLED_S = 0.7, 1.0
"""A repetition is over a second after coming to rest, if it has come back by this much."""
GAP_S = 2.5
"""Over a gap of this length a movement goes on where it was seen before and after; beyond, nobody knows what it did."""
DWELL_S = 10.0
"""A pose held for this long is the start pose of what follows."""
PROGRESS_DEG = 1.0
"""Less is no movement on."""
FORGOTTEN_STEPS = 4096
"""Points that no leg can reach are let go of so many at a time."""
WINDOW_STEPS = 128
"""Distances are measured for so many points in one go; what is found does not depend on it."""
DWELL_STEPS, SETTLED_STEPS, MEMORY_STEPS = (round(s * STEP_HZ) for s in (DWELL_S, SETTLED_S, MEMORY_S))
LONG_AGO = -(10**9)
"""A step before all others."""


@record
class Found:
    """One repetition, in steps.

    Attributes:
        start: The last moment in the start pose, or before.
        top: The farthest.
        end: The farthest way back.
        told: When this was known: nothing later has been looked at.
        size: Distance from start to top, deg.
    """

    start: int
    top: int
    end: int
    told: int
    size: float


class RepFinder:
    """Points to repetitions, however the points are cut into blocks.

    Args:
        metric: Distance of points.
        fidget_deg: Smallest movement that can be a repetition.
        signed: Points are angles (M, 1), and a lift makes them greater; else a lift is what leaves the pose in which
            the movement began.
    """

    def __init__(self, metric: Metric, *, fidget_deg: float = FIDGET_DEG, signed: bool = False) -> None:
        self._metric = metric
        self._least = fidget_deg
        self._signed = signed
        self._points: FloatArray = np.zeros((0, 0))
        self._steps: list[int] = []
        self._sizes: list[float] = []  # of the last repetitions; a quarter of them is a fidget, up to some step
        self._usual, self._usual_until = fidget_deg, LONG_AGO
        self._unseen = -1  # step of a start pose that was kept over a gap: what began there was not seen to begin
        self._begin(0)

    @property
    def needed_from(self) -> int | None:
        """First step that a repetition to come can reach back to."""
        return self._steps[self._reach_back()] if self._steps else None

    def feed(self, steps: IntArray, points: FloatArray) -> list[Found]:
        """Take the next points in.

        Args:
            steps: (M,) their numbers, rising; numbers that are missing are steps that are not known.
            points: (M, D).
        """
        if not len(steps):
            return []
        if self._steps and steps[0] - self._steps[-1] > GAP_S * STEP_HZ:
            home = self._home(int(steps[0]) - self._steps[-1])
            found = self.flush()
            self._unseen = int(steps[0]) - 1
            self._steps, self._points = [self._unseen] * len(home), home
            return [*found, *self.feed(steps, points)]
        apart = np.flatnonzero(np.diff(steps) > GAP_S * STEP_HZ)
        if len(apart):
            cut = int(apart[0]) + 1
            return [*self.feed(steps[:cut], points[:cut]), *self.feed(steps[cut:], points[cut:])]
        self._points = np.concatenate([self._points, points]) if self._steps else points
        self._steps += steps.tolist()
        out: list[Found] = []
        while self._next < len(self._steps):
            out += self._look()
        if self._reach_back() > FORGOTTEN_STEPS:
            self._forget(self._reach_back())
        return [found for found in out if found.start != self._unseen]

    def _home(self, gap_steps: int) -> FloatArray:
        """The start pose (1, D) to go on from after a gap in which the movement was lost; (0, D) where none holds.

        Angles have a way back, orientations no heading; but a direction first seen again at the top looks like a rest.
        """
        pose = self._reach_back()
        keep = self._metric is direction_distance and gap_steps <= MEMORY_STEPS
        return self._points[pose : pose + keep]

    def flush(self) -> list[Found]:
        """The movement has ended, or is not known for a while."""
        out: list[Found] = []
        back = self._rest is not None and not self._told and self._far >= RETURN_SHARE * self._lift
        if back and self._far >= self._fidget_at(self._steps[-1]):
            out.append(self._found(self._peak, len(self._steps) - 1))
        self._steps, self._points = [], self._points[:0]
        self._usual_until = LONG_AGO
        self._begin(0)
        return [found for found in out if found.start != self._unseen]

    def _begin(self, anchor: int) -> None:
        """Be in the start pose at a point."""
        self._rest: int | None = None
        self._told = False
        self._lift = 0.0
        self._leg(anchor)

    def _leg(self, anchor: int) -> None:
        """Begin a leg at a point; what follows it is looked at again."""
        self._anchor = anchor
        self._peak = anchor
        self._far = 0.0
        self._moved = anchor
        self._next = anchor + 1

    def _look(self) -> list[Found]:
        """Look at the next points, up to the first event among them.

        Point by point in plain numbers: a leg has a few dozen points, and numpy's calls would cost more than those.
        """
        first = self._next
        steps = self._steps[first : first + WINDOW_STEPS]
        fidget = self._fidget_at(steps[0])
        if steps[0] <= self._usual_until < steps[-1]:  # in one go what is a fidget stays the same
            steps = steps[: bisect_right(steps, self._usual_until)]
        stop = first + len(steps)
        away, reaches = self._distances(first, stop)
        turn_deg, settle_deg, reach_deg, fall_deg = self._bounds(fidget)
        # Moving sideways round the anchor is not coming back.
        near_deg = fidget if self._signed else 0.5 * fidget
        patience = DWELL_STEPS if settle_deg == np.inf else SETTLED_STEPS
        far, peak, moved = self._far, self._peak, self._moved
        due, next_deg = self._steps[moved] + patience, (far // PROGRESS_DEG + 1.0) * PROGRESS_DEG
        self._from_peak: tuple[int, int, list[float]] = (-1, 0, [])
        event: Callable[[int], list[Found]] | None = None
        now = first
        for now, (step, distance, reach) in enumerate(zip(steps, away, reaches, strict=True), first):
            turned = False
            if distance >= far:
                far, peak = distance, now
                if far >= next_deg:
                    moved, due, next_deg = now, step + patience, (far // PROGRESS_DEG + 1.0) * PROGRESS_DEG
            elif distance < fall_deg and far < fidget:
                event = self._fall
                break
            elif far - distance >= near_deg and far >= turn_deg:
                # Who has come back by a fidget is as far from the peak: the triangle inequality.
                turned = far - distance >= fidget or self._drop(now, peak, stop) >= fidget
            if turned or step >= due or reach > reach_deg:
                if reach > reach_deg and not self._told:
                    event = self._rise
                elif step >= due and far >= settle_deg:
                    event = self._settle
                elif turned:
                    event = self._turn
                elif reach > reach_deg or step - self._steps[moved] >= DWELL_STEPS:
                    event = self._dwell
                else:
                    continue
                break
        self._far, self._peak, self._moved, self._next = far, peak, moved, now + 1
        return [] if event is None else event(now)

    def _bounds(self, fidget: float) -> tuple[float, float, float, float]:
        """From the anchor: to turn at, to settle at; from the rest and from the anchor: where this is another leg."""
        if self._rest is None:
            return fidget, np.inf, np.inf, -PROGRESS_DEG
        settle_deg = np.inf if self._told else max(SETTLED_SHARE * self._lift, fidget)
        return max(RETURN_SHARE * self._lift, fidget), settle_deg, self._lift + fidget, -np.inf

    def _distances(self, first: int, stop: int) -> tuple[list[float], list[float]]:
        """How far points are from the anchor, in the direction of the leg where angles have one, and from the rest."""
        points, anchor, rest = self._points[first:stop], self._points[self._anchor], self._rest
        change = points[:, 0] - anchor[0] if self._signed else self._metric(points, anchor)
        if rest is None:
            away: list[float] = change.tolist()
            return away, away
        if self._signed:
            return (-change).tolist(), (points[:, 0] - self._points[rest, 0]).tolist()
        return change.tolist(), self._metric(points, self._points[rest]).tolist()

    def _drop(self, now: int, peak: int, stop: int) -> float:
        """How far a point is from the peak before it; found for all points up to ``stop`` at once."""
        of, first, drops = self._from_peak
        if of != peak:
            first, drops = now, self._metric(self._points[now:stop], self._points[peak]).tolist()
            self._from_peak = peak, first, drops
        return drops[now - first]

    def _fall(self, now: int) -> list[Found]:
        """Who was first seen at the top is on the way to the start pose."""
        self._leg(now)
        return []

    def _rise(self, now: int) -> list[Found]:
        """The way out goes on beyond what was its top."""
        self._lift = self._distances(now, now + 1)[1][0]
        self._leg(now)
        return []

    def _settle(self, now: int) -> list[Found]:
        """The movement has come back and to rest."""
        self._told = True
        return [self._found(self._peak, now)]

    def _turn(self, now: int) -> list[Found]:
        """The leg has ended at its peak."""
        if self._rest is None:
            self._rest, self._lift, self._told = self._anchor, self._far, False
            self._leg(self._peak)
            return []
        out = [] if self._told else [self._found(self._peak, now)]
        self._remember(self._peak)
        self._begin(self._peak)
        return out

    def _dwell(self, now: int) -> list[Found]:
        """Nothing has moved for long: this is the start pose of what follows."""
        out: list[Found] = []
        if self._rest is not None:
            if self._far >= RETURN_SHARE * self._lift and not self._told:
                out.append(self._found(self._peak, now))
            self._remember(now)
        self._begin(now)
        return out

    def _remember(self, end: int) -> None:
        """Let the repetition that ended at a point count for what is usual."""
        known = self._sizes[-4:] if self._steps[end] <= self._usual_until else []
        self._sizes = [*known, self._lift]
        self._usual = max(self._least, FIDGET_SHARE * median(self._sizes))
        self._usual_until = self._steps[end] + MEMORY_STEPS

    def _fidget_at(self, step: int) -> float:
        """What is a fidget at a step."""
        return self._usual if step <= self._usual_until else self._least

    def _found(self, end: int, now: int) -> Found:
        steps = self._steps
        return Found(steps[self._reach_back()], steps[self._anchor], steps[end], steps[now], self._lift)

    def _reach_back(self) -> int:
        """The first point that what is going on may begin with."""
        return self._anchor if self._rest is None else self._rest

    def _forget(self, points: int) -> None:
        """Let go of the first points."""
        self._points = self._points[points:]
        del self._steps[:points]
        self._anchor -= points
        self._peak -= points
        self._moved -= points
        self._next -= points
        self._rest = None if self._rest is None else self._rest - points
