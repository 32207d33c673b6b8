"""What is expected of a still pose: the priors, as data, and how stills and marks become poses."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from imuhip.calibration.stillness import Still
from imuhip.records import record
from imuhip.units import FloatArray

INF = np.inf

UP_SD_DEG = 6.0
"""How far the mediolateral axis may be from horizontal in a pose that a real wearer takes (start poses: 3-5 deg)."""


@record
class PosturePrior:
    """Expectations in one posture, in degrees; infinite where nothing is expected.

    Attributes:
        up: Direction of up in the pelvis' axes.
        up_sd_deg: How far each component may be off.
        hip_deg: Flexion, adduction, internal rotation of a leg at rest.
        hip_sd_deg: How far each may be off.
    """

    up: tuple[float, float, float]
    up_sd_deg: tuple[float, float, float]
    hip_deg: tuple[float, float, float]
    hip_sd_deg: tuple[float, float, float]


POSTURES: Mapping[str, PosturePrior] = MappingProxyType(
    {
        "standing": PosturePrior((0, 1, 0), (INF, INF, UP_SD_DEG), (0, 0, 0), (10, 6, 6)),
        "supine": PosturePrior((1, 0, 0), (INF, INF, UP_SD_DEG), (0, 0, 0), (INF, 6, 6)),
        "prone": PosturePrior((-1, 0, 0), (INF, INF, UP_SD_DEG), (0, 0, 0), (INF, 6, 6)),
        "seated": PosturePrior((0, 1, 0), (INF, INF, UP_SD_DEG), (80, 0, 0), (INF, 6, 6)),
        # On the side flexion is heading; up is the working side, z for the right and -z for the left.
        "side_lying": PosturePrior((0, 0, 1), (10, 10, INF), (0, 0, 0), (8, 8, 8)),
    }
)
"""A real wearer's start poses are off by 3-5 deg and the pelvis rolls by 8 on the side: exact ones double the error."""

POSES_WORTH = 4
"""So many poses of one session tell as much as all of them: how somebody lies and stands is a habit."""
LOOSEST = 2.0
"""Beyond this, headings that slipped over gaps would not be held any more."""

START_FLEXION_DEG: Mapping[str, float] = MappingProxyType({"clamshell": 45.0})
"""Flexion at which an activity on the side starts, where it is not straight."""

WORKING_LEG_BELOW = frozenset({"adduction", "lateral_raise_adduction"})
"""Activities that are done lying on the working side, not on the other one."""

UNLIKE_THEIR_POSITION = frozenset({"ninety_ninety", "ninety_ninety_pails", "ninety_ninety_rails"})
"""Activities whose start pose is not their position's: in 90/90 the rear leg lies some 60 degrees to the side, turned
in by 30, and nobody sits level. Nothing is expected of them."""

SETS = ("test", "exercise")
"""Kinds of marks in which a movement is done again and again from one start pose."""

SAGITTAL = frozenset(
    {
        "swing",
        "flexion",
        "extension",
        "straight_leg_raise",
        "thomas",
        "bridge",
        "abdominal",
        "bike_pedals",
        "wall_squat_reach",
        "slant_board_squat",
        "squat",
        "kickstand_rdl",
        "hip_extension",
        "sit_to_stand",
        "lunge",
        "step_up",
    }
)
"""Activities in which the thigh turns about its mediolateral axis, up to what :data:`HINGE_SD_DEG` allows."""
HINGE_SD_DEG = 6.0


@record
class Activity:
    """A marked stretch, in steps of the digest.

    Attributes:
        kind: Kind of the mark.
        name: Name of the test, exercise or calibration part.
        side: ``left``, ``right`` or None.
        position: Posture, or None where the mark does not tell.
        start: First step.
        end: End step, or None while the mark is open.
    """

    kind: str
    name: str
    side: str | None
    position: str | None
    start: int
    end: int | None


@record
class Pose:
    """A still stretch whose posture is known.

    Attributes:
        still: When.
        posture: A key of :data:`POSTURES`.
        stance: Whether it is the stance that defines the zero of its mounting.
        flexion_deg: Flexion expected, where it differs from the posture's.
        upper: Side that is up when lying on the other; None where nobody told.
    """

    still: Still
    posture: str
    stance: bool
    flexion_deg: float | None = None
    upper: str | None = None


def marked_poses(stills: Sequence[Still], activities: Sequence[Activity]) -> list[Pose]:
    """Poses that marks tell of: marked stills, calibration poses and the start of each marked test and exercise."""
    poses = []
    for act in activities:
        if act.position is None or act.position not in POSTURES or act.name in UNLIKE_THEIR_POSITION:
            continue
        start = max(act.start, 0)
        pose_mark = act.kind == "still" or (act.kind == "calibration" and act.name != "swing")
        if pose_mark:
            inside = _overlap(stills, start, act.end)
            # A marked pose counts even where the wearer was not quite still, as long as it lasted a second.
            if inside is None and act.end is not None and act.end - start >= 25:
                inside = Still(start, act.end)
        elif act.kind in SETS and act.start >= 0:
            inside = _start_still(stills, act.start)
        else:
            inside = None
        if inside is not None:
            stance = pose_mark and act.position == "standing"
            poses.append(Pose(inside, act.position, stance, START_FLEXION_DEG.get(act.name), _upper_side(act)))
    return poses


def looseness(poses: Sequence[Pose]) -> float:
    """Factor by which each of a session's poses may be further off than one alone.

    Poses that agree because of a habit are no independent witnesses; and each, if trusted on its own, pulls at what it
    shares with its neighbours, such as a heading that slipped over a gap.
    """
    count = sum(not pose.stance for pose in poses)
    return float(np.clip(np.sqrt(count / POSES_WORTH), 1.0, LOOSEST))


def _upper_side(act: Activity) -> str | None:
    """The side that is up when an activity is done lying on the side."""
    if act.side not in ("left", "right"):
        return None
    below = act.name in WORKING_LEG_BELOW
    return act.side if not below else "left" if act.side == "right" else "right"


def pose_up_prior(posture: str, side: str) -> tuple[FloatArray, FloatArray]:
    """Direction of up in the pelvis' axes and its spread, both (3,); ``side`` is up when lying on the other."""
    prior = POSTURES[posture]
    up = np.array(prior.up)
    if side == "left":
        up[2] = -up[2]
    return up, np.deg2rad(prior.up_sd_deg)


def _overlap(stills: Sequence[Still], start: int, end: int | None) -> Still | None:
    """The longest part of a still inside a stretch, at least a second long."""
    parts = [
        Still(max(s.start, start), s.end if end is None else min(s.end, end)) for s in _touching(stills, start, end)
    ]
    best = max(parts, key=lambda s: s.end - s.start, default=None)
    return best if best is not None and best.end - best.start >= 20 else None


def _start_still(stills: Sequence[Still], start: int) -> Still | None:
    """The still stretch in which a test begins: it holds the mark's start or begins within two seconds of it."""
    for still in _touching(stills, start + 10, start + 50):
        return Still(max(still.start, start), still.end) if still.end - max(still.start, start) >= 20 else still
    return None


def _touching(stills: Sequence[Still], start: int, end: int | None) -> Sequence[Still]:
    """Those of stills in order that end after ``start`` and start before ``end``."""
    first = bisect.bisect_right(stills, start, key=lambda s: s.end)
    last = len(stills) if end is None else bisect.bisect_left(stills, end, key=lambda s: s.start)
    return stills[first:last]
