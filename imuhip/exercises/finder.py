"""Repetitions in a movement of any kind: out of a pose, to a top, and back.

A movement is a row of points with a distance: an angle with its sign, a direction on the sphere (up as a sensor sees
it), or an orientation. A leg of the movement runs from an anchor to the farthest point from it; it has ended when the
movement has come back from there by more than a fidget. No axis, no pose and no range need to be known beforehand, and
what counts as a fidget follows the repetitions of the last seconds, so slow and fast, large and small ones are found
alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
WINDOW_STEPS = 64

Metric = Callable[[FloatArray, FloatArray], FloatArray]


def angle_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Distance of angles (M, 1) in deg from one of them (1,), or each from its own."""
    distance: FloatArray = np.abs(points[:, 0] - point[..., 0])
    return distance


def direction_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Angle in deg between unit vectors (M, 3) and one of them (3,), or each to its own."""
    return _arc(points - point)


def orientation_distance(points: FloatArray, point: FloatArray) -> FloatArray:
    """Angle in deg between unit quaternions (M, 4) and one of them (4,), or each to its own."""
    return 2.0 * np.minimum(_arc(points - point), _arc(points + point))


def _arc(chord: FloatArray) -> FloatArray:
    length = np.sqrt(np.einsum("ij,ij->i", chord, chord))
    arc: FloatArray = 2.0 * np.rad2deg(np.arcsin(np.minimum(0.5 * length, 1.0)))
    return arc


@dataclass(frozen=True, slots=True)
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
        self._steps: IntArray = np.zeros(0, dtype=np.int64)
        self._sizes: list[float] = []
        self._turned = -(10**9)
        self._unseen = -1  # step of a start pose that was kept over a gap: what began there was not seen to begin
        self._begin(0)

    @property
    def needed_from(self) -> int | None:
        """First step that a repetition to come can reach back to."""
        if not len(self._steps):
            return None
        return int(self._steps[self._anchor if self._rest is None else self._rest])

    def feed(self, steps: IntArray, points: FloatArray) -> list[Found]:
        """Take the next points in.

        Args:
            steps: (M,) their numbers, rising; numbers that are missing are steps that are not known.
            points: (M, D).
        """
        if not len(steps):
            return []
        if len(self._steps) and steps[0] - self._steps[-1] > GAP_S * STEP_HZ:
            home = self._home(int(steps[0] - self._steps[-1]))
            found = self.flush()
            self._steps, self._points = steps[: len(home)] - 1, home
            self._unseen = int(steps[0]) - 1
            return [*found, *self.feed(steps, points)]
        apart = np.flatnonzero(np.diff(steps) > GAP_S * STEP_HZ)
        if len(apart):
            cut = int(apart[0]) + 1
            return [*self.feed(steps[:cut], points[:cut]), *self.feed(steps[cut:], points[cut:])]
        if len(self._steps):
            steps, points = np.concatenate([self._steps, steps]), np.concatenate([self._points, points])
        self._steps, self._points = steps, points
        out: list[Found] = []
        while self._next < len(self._steps):
            out += self._scan(min(self._next + WINDOW_STEPS, len(self._steps)))
        self._forget()
        return [found for found in out if found.start != self._unseen]

    def _home(self, gap_steps: int) -> FloatArray:
        """The start pose (1, D) to go on from after a gap in which the movement was lost; (0, D) where none holds.

        Angles have a way back, orientations no heading; but a direction first seen again at the top looks like a rest.
        """
        pose = self._anchor if self._rest is None else self._rest
        keep = self._metric is direction_distance and gap_steps <= MEMORY_S * STEP_HZ
        return self._points[pose : pose + keep]

    def flush(self) -> list[Found]:
        """The movement has ended, or is not known for a while."""
        out: list[Found] = []
        if self._rest is not None and not self._told:
            lift = self._lift
            if self._far >= max(self._fidget_at(int(self._steps[-1])), RETURN_SHARE * lift):
                out.append(self._found(self._peak, int(self._steps[-1])))
        self._steps, self._points = self._steps[:0], self._points[:0]
        self._sizes.clear()
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

    def _scan(self, stop: int) -> list[Found]:
        """Look at points up to ``stop``, or to the first event among them."""
        first = self._next
        points = self._points[first:stop]
        at = np.arange(first, stop)
        from_anchor = self._from_anchor(points)
        far = np.maximum(np.maximum.accumulate(from_anchor), self._far)
        peak = np.maximum.accumulate(np.where(from_anchor >= far, at, self._peak))
        before = np.concatenate([[self._far], far[:-1]])
        moved = np.maximum.accumulate(
            np.where(np.floor(far / PROGRESS_DEG) > np.floor(before / PROGRESS_DEG), at, self._moved)
        )
        fidget = self._fidgets(self._steps[first:stop])
        back = self._back(points, peak, far, from_anchor)
        turned = (far >= fidget) & (back >= fidget)
        quiet = self._steps[at] - self._steps[moved]
        dwelt = quiet >= DWELL_S * STEP_HZ
        higher = settled = lower = np.zeros(len(at), dtype=np.bool_)
        if self._rest is None:
            # Who was first seen at the top is on the way to the start pose.
            lower = self._signed & (before < fidget) & (from_anchor < -PROGRESS_DEG)
        else:
            turned &= far >= RETURN_SHARE * self._lift
            higher = self._from(self._rest, points) > self._lift + fidget
            if not self._told:
                settled = (quiet >= SETTLED_S * STEP_HZ) & (far >= np.maximum(SETTLED_SHARE * self._lift, fidget))
        hits = np.flatnonzero(turned | dwelt | higher | settled | lower)
        upto = int(hits[0]) if len(hits) else len(at) - 1
        self._peak, self._far, self._moved = int(peak[upto]), float(far[upto]), int(moved[upto])
        self._next = first + upto + 1
        if not len(hits):
            return []
        now = first + upto
        if lower[upto]:
            self._leg(now)
            return []
        if higher[upto] and not self._told:
            self._lift = float(self._from(self._rest or 0, self._points[now : now + 1])[0])
            self._leg(now)
            return []
        if settled[upto]:
            self._told = True
            return [self._found(self._peak, int(self._steps[now]))]
        if turned[upto]:
            return self._turn(now)
        return self._dwell(now)

    def _turn(self, now: int) -> list[Found]:
        """The leg has ended at its peak, as seen at ``now``."""
        if self._rest is None:
            rest, top = self._anchor, self._peak
            self._rest, self._lift, self._told = rest, self._far, False
            self._leg(top)
            return []
        out = [] if self._told else [self._found(self._peak, int(self._steps[now]))]
        self._remember(self._peak)
        self._begin(self._peak)
        return out

    def _remember(self, end: int) -> None:
        """Let the repetition that ended at a point count for what is usual."""
        step = int(self._steps[end])
        if step - self._turned > MEMORY_S * STEP_HZ:
            self._sizes.clear()
        self._sizes.append(self._lift)
        self._turned = step

    def _dwell(self, now: int) -> list[Found]:
        """Nothing has moved for long: this is the start pose of what follows."""
        out: list[Found] = []
        if self._rest is not None:
            returned = self._far >= RETURN_SHARE * self._lift
            if returned and not self._told:
                out.append(self._found(self._peak, int(self._steps[now])))
            self._remember(now)
        self._begin(now)
        return out

    def _found(self, end: int, told: int) -> Found:
        rest = 0 if self._rest is None else self._rest
        return Found(
            int(self._steps[rest]), int(self._steps[self._anchor]), int(self._steps[end]), told, float(self._lift)
        )

    def _from_anchor(self, points: FloatArray) -> FloatArray:
        """How far points are from the anchor, in the direction of the leg where angles have one."""
        if not self._signed:
            return self._metric(points, self._points[self._anchor])
        change: FloatArray = points[:, 0] - self._points[self._anchor, 0]
        return change if self._rest is None else -change

    def _from(self, origin: int, points: FloatArray) -> FloatArray:
        if not self._signed:
            return self._metric(points, self._points[origin])
        change: FloatArray = points[:, 0] - self._points[origin, 0]
        return change

    def _back(self, points: FloatArray, peak: IntArray, far: FloatArray, from_anchor: FloatArray) -> FloatArray:
        """How far each point has come back from the peak before it."""
        if self._signed:
            return far - from_anchor
        # Moving sideways round the anchor is not coming back.
        return np.minimum(self._metric(points, self._points[peak]), 2.0 * (far - from_anchor))

    def _fidget_at(self, step: int) -> float:
        return float(self._fidgets(np.array([step]))[0])

    def _fidgets(self, steps: IntArray) -> FloatArray:
        """What is a fidget at each step."""
        if not self._sizes:
            return np.full(len(steps), self._least)
        usual = FIDGET_SHARE * float(np.median(self._sizes[-5:]))
        return np.where(steps - self._turned > MEMORY_S * STEP_HZ, self._least, max(self._least, usual))

    def _forget(self) -> None:
        """Let go of points that no leg can reach."""
        first = self._anchor if self._rest is None else self._rest
        if first < 4096:
            return
        self._points, self._steps = self._points[first:], self._steps[first:]
        self._anchor -= first
        self._peak -= first
        self._moved -= first
        self._next -= first
        self._rest = None if self._rest is None else self._rest - first
