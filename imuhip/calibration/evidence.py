"""What is known of a session before anything is solved: its cut into segments, still poses and activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imuhip.calibration import few, stillness
from imuhip.calibration.body import Body
from imuhip.calibration.hinges import Hinge, find_hinge, find_tilt_hinge
from imuhip.calibration.motion import Motion
from imuhip.calibration.poses import UNLIKE_THEIR_POSITION, Activity, Pose, marked_poses
from imuhip.calibration.stillness import Still
from imuhip.calibration.strapdown import Segments, StillMeans, Strapdown, integrate, segments
from imuhip.units import BoolArray, FloatArray, IntArray

LEVER_M = 0.35
"""Distance of a sensor from the joint that its segment turns about, to tell its speed from its turning."""
MOVING_M_S = 0.1
"""What a sensor may move at between quiet moments besides turning: a pelvis standing up."""
TRAVEL_S = 0.6
TRAVEL_FROM_M_S2 = 1.2
"""Walking shakes the pelvis by 2-3 m/s2 at 1.2 m/s; work on the spot by less than this."""
QUIET_M_S = 0.01
MIN_SEGMENT_STEPS = 10
NOTABLE_SLIP_VAR = 0.01**2
"""Half a degree: as much as a segment's gravity tells."""
CALM_START_STEPS = 40
"""A stance that nobody marked is looked for among stills of at least this length first (1.6 s)."""
LEVEL_COS = np.cos(np.deg2rad(12.0))
"""Up within 12 deg of where it points in the stance: the segment is upright as in the stance."""
FLAT_COS = np.cos(np.deg2rad(55.0))
"""Up more than 55 deg away: the segment lies."""


@dataclass(frozen=True)
class Evidence:
    """A session, cut up.

    Attributes:
        motion: The digest.
        body: Which sensor is worn where.
        activities: Marked stretches.
        bias_rad_s: (K, 3) gyro bias taken off before integrating.
        strap: Gyro-only orientations.
        seg: Segments between nodes.
        speed_m_s: (K, J) how fast each sensor may move at each node.
        quiet: (J,) at which nodes no sensor moves and all are known.
        stills: Still stretches.
        poses: Poses that marks tell of, and the stance of every mounting.
        assumed_stance: Whether a stance had to be assumed because none was marked.
        known_mounts: Mountings (4,) whose zero was known before, by index.
        means: Orientation and gravity in still stretches.
    """

    motion: Motion
    body: Body
    activities: Sequence[Activity]
    bias_rad_s: FloatArray
    strap: Strapdown
    seg: Segments
    speed_m_s: FloatArray
    quiet: BoolArray
    stills: Sequence[Still]
    poses: Sequence[Pose]
    assumed_stance: bool
    known_mounts: Mapping[int, FloatArray]
    means: StillMeans

    @property
    def side(self) -> str:
        """Side that is worked on when lying on the other."""
        return next((a.side for a in self.activities if a.side in ("left", "right")), "right")

    def stance_of(self, mount: int) -> Pose | None:
        """The stance that defines the zero of a mounting; None also where the zero was known before."""
        if mount in self.known_mounts:
            return None
        start, end = self.body.mountings[mount].start, self.body.end(mount)
        inside = (p for p in self.poses if p.stance and p.still.start >= start and (end is None or p.still.end <= end))
        return next(inside, None)

    def zeroed(self, mount: int) -> bool:
        """Whether a mounting has a zero, from before or from a stance."""
        return mount in self.known_mounts or self.stance_of(mount) is not None

    @cached_property
    def uprights(self) -> Sequence[FloatArray | None]:
        """(3,) of each mounting: where up points in the sensor's frame when the segment is as in the stance."""
        return [self._upright(mount) for mount in range(len(self.body.mountings))]

    def _upright(self, mount: int) -> FloatArray | None:
        if mount in self.known_mounts:
            return few.rotate(self.known_mounts[mount], np.array([0.0, 1.0, 0.0]))
        stance = self.stance_of(mount)
        return None if stance is None else self.up_in_sensor(stance.still, self.body.mountings[mount].sensor)

    @cached_property
    def force_squares(self) -> FloatArray:
        """(K, N + 1) running sum of the squared specific force of each step."""
        acc = self.motion.acc_m_s2
        out = np.zeros((acc.shape[0], acc.shape[1] + 1))
        np.cumsum(np.einsum("kni,kni->kn", acc, acc), axis=1, out=out[:, 1:])
        return out

    def node_of(self, still: Still) -> int:
        """The node nearest to the middle of a still stretch."""
        nodes, middle = self.seg.node_step, (still.start + still.end) // 2
        after = min(int(np.searchsorted(nodes, middle)), len(nodes) - 1)
        return after if after == 0 or nodes[after] - middle < middle - nodes[after - 1] else after - 1

    def mean_quat(self, still: Still, sensor: int) -> FloatArray:
        """Mean W from sensor over a still stretch, (4,)."""
        quat: FloatArray = self.means.of(still.start, still.end)[0][sensor]
        return quat

    def hinge(self, mount: int, activity: Activity) -> Hinge | None:
        """The axis about which a segment turned during a marked stretch that has ended."""
        if (mount, activity) not in self._hinges:
            self._hinges[mount, activity] = self._find_hinge(mount, activity)
        return self._hinges[mount, activity]

    @cached_property
    def _hinges(self) -> dict[tuple[int, Activity], Hinge | None]:
        """Those found so far: first guess, least squares and warnings ask for the same."""
        return {}

    def _find_hinge(self, mount: int, activity: Activity) -> Hinge | None:
        mounting, upright = self.body.mountings[mount], self.uprights[mount]
        start, end = max(activity.start, 0), min(activity.end or 0, len(self.motion))
        if activity.kind in ("walk", "repetition"):
            return find_tilt_hinge(self.strap, mounting.sensor, start, end, upright) if upright is not None else None
        return find_hinge(self.strap, mounting.sensor, start, end, upright)

    def up_in_sensor(self, still: Still, sensor: int) -> FloatArray:
        """Mean direction of up in a sensor's frame over a still stretch, (3,)."""
        up: FloatArray = self.means.of(still.start, still.end)[1][sensor]
        return up


def gather(
    motion: Motion,
    body: Body,
    activities: Sequence[Activity],
    known_mounts: Mapping[int, FloatArray],
    bias_rad_s: FloatArray | None,
    *,
    live: bool = False,
) -> Evidence | None:
    """Cut a session up.

    Args:
        motion: Digest of the frames.
        body: Which sensor is worn where.
        activities: Marked stretches.
        known_mounts: Mountings (4,) whose zero is already known, by index.
        bias_rad_s: (K, 3) gyro bias to take off, None to find it in still moments.
        live: Whether only the last node is asked for.

    Returns:
        None where the bias is to be found and the wearer was never still.
    """
    bias = stillness.still_bias(motion) if bias_rad_s is None else bias_rad_s
    if bias is None:
        return None
    speeds = stillness.speed(motion, bias)
    fastest = speeds.max(axis=0)
    gaps = stillness.NODE_GAPS_LIVE if live else stillness.NODE_GAPS
    nodes = _with_gap_ends(stillness.pick_nodes(fastest, gaps), motion)
    groups = np.minimum(nodes // stillness.SPEED_STEPS, speeds.shape[1] - 1)
    speed_at = _known_near(speeds)[:, groups]
    moving = speed_at.max(axis=0) > stillness.QUIET_RAD_S
    strap, integrals = integrate(motion, bias, nodes)
    stills = stillness.find_stills(fastest)
    poses = marked_poses(stills, activities)
    assumed = _assumed_stances(stills, poses, body, known_mounts)
    return Evidence(
        motion=motion,
        body=body,
        activities=activities,
        bias_rad_s=bias,
        strap=strap,
        seg=segments(strap, integrals, nodes, motion.step_s),
        speed_m_s=LEVER_M * np.minimum(speed_at, 3.0) + np.where(moving, _travel_m_s(motion, nodes), QUIET_M_S),
        quiet=fastest[groups] <= stillness.QUIET_RAD_S,
        stills=stills,
        poses=sorted([*poses, *assumed], key=lambda p: (p.still.start, p.still.end)),
        assumed_stance=bool(assumed),
        known_mounts=known_mounts,
        means=StillMeans(strap),
    )


def found_poses(evidence: Evidence) -> list[Pose]:
    """Unmarked stills that gravity alone tells the posture of: upright like the stance, or seated.

    Lying postures are told apart by marks only: supine and prone differ by a sign that the mounting, which is to be
    found, also has.
    """
    body = evidence.body
    posed, told = np.zeros((2, len(evidence.motion)), dtype=np.bool_)
    for pose in evidence.poses:
        posed[pose.still.start : pose.still.end] = True
    for act in evidence.activities:
        if act.position:
            # What is done in a pose unlike its position's tells nothing of stills that it only touches, either.
            mask = posed if act.name in UNLIKE_THEIR_POSITION else told
            mask[max(act.start, 0) : act.end] = True
    found = []
    for still in evidence.stills:
        if posed[still.start : still.end].any() or told[still.start : still.end].all():
            continue
        pelvis = body.worn("pelvis", still.start)
        thighs = [t for role in ("thigh_right", "thigh_left") if (t := body.worn(role, still.start)) is not None]
        if pelvis is None or not thighs:
            continue
        turned = [_tilt_cos(evidence, still, mount) for mount in (pelvis, *thighs)]
        if min(turned) > LEVEL_COS:
            found.append(Pose(still, "standing", stance=False))
        elif turned[0] > FLAT_COS and max(turned[1:]) < FLAT_COS:
            found.append(Pose(still, "seated", stance=False))
    return found


def _known_near(speeds: FloatArray) -> FloatArray:
    """Speeds with those of unknown moments taken from their neighbours where they are known."""
    known = np.isfinite(speeds)
    if known.all():
        return speeds
    padded = np.concatenate([speeds[:, :1], speeds[:, :1], speeds, speeds[:, -1:], speeds[:, -1:]], axis=1)
    near = np.min([padded[:, i : i + speeds.shape[1]] for i in range(5)], axis=0)
    return np.where(known, speeds, near)


def _with_gap_ends(nodes: IntArray, motion: Motion) -> IntArray:
    """Nodes, one more at both ends of each gap over which turning may have slipped, and one at the end of the session.

    So such a gap is a segment of its own and what lies between two gaps is known in full. Gaps of several sensors that
    begin or end together are one: it is the heading between the sensors that counts.
    """
    starts, ends = [], []
    for slip_var, known in zip(motion.slip_var, motion.known, strict=True):
        gaps = np.flatnonzero(slip_var > NOTABLE_SLIP_VAR)
        if len(gaps):
            after_known = np.concatenate([[0], np.flatnonzero(known) + 1])
            starts += after_known[np.searchsorted(after_known, gaps, side="right") - 1].tolist()
            ends += (gaps + 1).tolist()
    first, last = np.unique(starts), np.unique(ends)
    first = first[np.diff(first, prepend=-np.inf) > MIN_SEGMENT_STEPS]
    last = last[np.diff(last, append=np.inf) > MIN_SEGMENT_STEPS]
    forced = np.unique([*first.tolist(), *last.tolist(), len(motion)]).astype(np.int64)
    near = np.abs(nodes[:, None] - forced).min(axis=1) < MIN_SEGMENT_STEPS
    return np.array(sorted({0, *nodes[~near].tolist(), *forced.tolist()}), dtype=np.int64)


def _travel_m_s(motion: Motion, nodes: IntArray) -> FloatArray:
    """(K, J) how fast the body may travel near each node, from how much the size of the force varies over 2 s."""
    size = np.sqrt(np.einsum("kni,kni->kn", motion.acc_m_s2, motion.acc_m_s2))
    zero = np.zeros((motion.sensors, 1))
    sums = np.concatenate([zero, np.cumsum(size, axis=1)], axis=1)
    squares = np.concatenate([zero, np.cumsum(size * size, axis=1)], axis=1)
    a, b = np.maximum(nodes - 25, 0), np.minimum(nodes + 25, len(motion))
    mean, mean_square = ((s[:, b] - s[:, a]) / (b - a) for s in (sums, squares))
    shaking = np.sqrt(np.maximum(mean_square - mean * mean, 0.0))
    travelling: FloatArray = MOVING_M_S + TRAVEL_S * np.maximum(shaking - TRAVEL_FROM_M_S2, 0.0)
    return travelling


def _tilt_cos(evidence: Evidence, still: Still, mount: int) -> float:
    """Cosine of the angle between up in a still pose and up in the mounting's stance."""
    upright = evidence.uprights[mount]
    if upright is None:
        return 0.5 * float(LEVEL_COS + FLAT_COS)
    return float(evidence.up_in_sensor(still, evidence.body.mountings[mount].sensor) @ upright)


def _assumed_stances(
    stills: Sequence[Still], poses: Sequence[Pose], body: Body, known_mounts: Mapping[int, FloatArray]
) -> list[Pose]:
    """A stance for each start of wearing that has none marked: its first still stretch."""
    assumed = []
    for start in sorted({m.start for e, m in enumerate(body.mountings) if e not in known_mounts}):
        later = min((m.start for m in body.mountings if m.start > start), default=1 << 60)
        if any(p.stance and start <= p.still.start < later for p in poses):
            continue
        inside = [s for s in stills if start <= s.start < later]
        first = next((s for s in inside if s.end - s.start >= CALM_START_STEPS), next(iter(inside), None))
        marked = any(p.still.start < first.end and first.start < p.still.end for p in poses) if first else True
        if first is not None and not marked:
            assumed.append(Pose(first, "standing", stance=True))
    return assumed
