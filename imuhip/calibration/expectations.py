"""Evidence to the priors of the least squares: what poses and movements say about the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from imuhip.calibration import few
from imuhip.calibration.body import THIGHS
from imuhip.calibration.evidence import Evidence
from imuhip.calibration.hinges import MIN_PLANARITY, Hinge
from imuhip.calibration.hip_joint import joint_headings
from imuhip.calibration.pose_equations import (
    HeadingPrior,
    HingePrior,
    HipPrior,
    MountPrior,
    Prior,
    ReturnPrior,
    UpPrior,
)
from imuhip.calibration.poses import HINGE_SD_DEG, POSTURES, SAGITTAL, Activity, Pose, looseness, pose_up_prior
from imuhip.calibration.result import Mount
from imuhip.calibration.returns import returns
from imuhip.calibration.travel import travels
from imuhip.units import FloatArray

STANCE_SD_RAD = np.deg2rad(0.3)
"""The stance is the zero by definition; this is how well its mean is known under sway."""
STRAP_SLIP_SD_RAD = np.deg2rad(1.5)
"""How far a strap slips between two recordings of one wearing."""
UNKNOWN_HIP_SD_RAD = np.deg2rad(20.0)
"""After a gap, before any known pose: the leg faces roughly where the pelvis does."""
UPRIGHT_SD_RAD = np.deg2rad(13.0)
"""Between repetitions a wearer stands, but not as in the stance."""
PELVIS_HINGE_SD_RAD = np.deg2rad(8.0)
"""A pelvis also lists and turns while it leans."""
PELVIS_SAGITTAL = frozenset({"squat", "kickstand_rdl", "sit_to_stand", "lunge", "slant_board_squat", "bow"})
MIN_LEAN_RAD = np.deg2rad(12.0)


def expectations(
    evidence: Evidence,
    level: FloatArray,
    mounts: FloatArray,
    poses: Sequence[Pose],
    saved: Mapping[int, Mount],
    *,
    whole: bool,
) -> list[Prior]:
    """What poses and movements say about the body.

    Args:
        evidence: The session.
        level: (K, J, 4) levelled frames, earth from W at the nodes.
        mounts: (E, 4) mountings as known so far, to give hinge axes their direction.
        poses: Poses that the evidence tells of and those found since.
        saved: Mountings of an earlier recording that still hold, by index.
        whole: Whether these are the poses of a whole session, and not of a piece that others will follow.
    """
    priors: list[Prior] = []
    looser = looseness(poses) if whole else 1.0
    for pose in poses:
        priors += _pose_priors(evidence, pose, looser)
    for mount in range(len(evidence.body.mountings)):
        if mount in saved:
            sd = np.sqrt(saved[mount].sd_rad ** 2 + STRAP_SLIP_SD_RAD**2)
            priors.append(MountPrior(mount, saved[mount].quat_sensor_from_segment, sd))
        z = few.rotate(mounts[mount], np.array([0.0, 0.0, 1.0]))
        for hinge in hinges_of(evidence, mount):
            axis = hinge.axis if hinge.axis @ z >= 0 else -hinge.axis
            pelvis = evidence.body.mountings[mount].role == "pelvis"
            priors.append(HingePrior(mount, axis, PELVIS_HINGE_SD_RAD if pelvis else np.deg2rad(HINGE_SD_DEG)))
    return [*priors, *_returned(evidence, level), *_after_gaps(evidence), *_between_repetitions(evidence)]


def headings(evidence: Evidence, level: FloatArray) -> list[HeadingPrior]:
    """The heading between pelvis and thighs, wherever the wearer walked or the hip was accelerated.

    Args:
        evidence: The session.
        level: (K, J, 4) levelled frames, earth from W at the nodes.
    """
    body = evidence.body
    pelvis = body.worn("pelvis", 0)
    if pelvis is None:
        return []
    first = body.mountings[pelvis].sensor
    thighs = [e for e, m in enumerate(body.mountings) if m.role in THIGHS and m.sensor != first]
    return [
        *(prior for k in _others(evidence, first) for prior in travels(evidence, level, first, k)),
        *(prior for e in thighs for prior in joint_headings(evidence, level, pelvis, e)),
    ]


def hinges_of(evidence: Evidence, mount: int, *, swings_only: bool = False) -> list[Hinge]:
    """Axes, pointing right, of the movements in which a segment turned like a hinge about its mediolateral axis."""
    mounting, end = evidence.body.mountings[mount], evidence.body.end(mount)
    pelvis = mounting.role == "pelvis"
    hinges = []
    for act in evidence.activities:
        if act.end is None or act.start < mounting.start or (end is not None and act.start >= end):
            continue
        if act.name != "swing" if swings_only else not _sagittal(act, pelvis=pelvis):
            continue
        if mounting.role in THIGHS and act.side is not None and act.side not in (THIGHS[mounting.role], "both"):
            continue
        hinge = evidence.hinge(mount, act)
        if hinge is None or hinge.planarity < MIN_PLANARITY:
            continue
        if act.name == "swing" or hinge.excursion_rad > MIN_LEAN_RAD:
            # A pelvis leans forward, which is a turn to the left about the mediolateral axis.
            hinges.append(replace(hinge, axis=-hinge.axis) if pelvis else hinge)
    return hinges


def _sagittal(act: Activity, *, pelvis: bool) -> bool:
    """Whether an activity turns a segment about its mediolateral axis, if it turns it like a hinge at all."""
    if act.kind in ("still", "wear", "rest"):
        return False
    if pelvis:
        return act.name in PELVIS_SAGITTAL or act.kind == "repetition"
    return act.name in SAGITTAL or act.kind in ("walk", "repetition")


def _pose_priors(evidence: Evidence, pose: Pose, looser: float) -> list[Prior]:
    still, body = pose.still, evidence.body
    pelvis = body.worn("pelvis", still.start)
    node = evidence.node_of(still)
    priors: list[Prior] = []
    if pelvis is not None:
        sensor = body.mountings[pelvis].sensor
        stance = evidence.stance_of(pelvis) is pose
        up, sd = pose_up_prior(pose.posture, pose.upper or evidence.side)
        sd = sd * looser
        if stance:
            up, sd = np.array([0.0, 1.0, 0.0]), np.array([STANCE_SD_RAD, np.inf, STANCE_SD_RAD])
        priors.append(UpPrior(node, sensor, pelvis, evidence.mean_quat(still, sensor), up, sd))
    for mount, mounting in enumerate(body.mountings):
        if mounting.role == "pelvis" or body.at(mounting.sensor, still.start) != mount:
            continue
        zero = evidence.stance_of(mount) is pose
        if pelvis is not None and mounting.role in THIGHS:
            priors.append(_hip_prior(evidence, pose, node, pelvis, mount, looser=looser, zero=zero))
        elif zero:
            up, sd = np.array([0.0, 1.0, 0.0]), np.array([STANCE_SD_RAD, np.inf, STANCE_SD_RAD])
            quat = evidence.mean_quat(still, mounting.sensor)
            priors.append(UpPrior(node, mounting.sensor, mount, quat, up, sd))
    return priors


def _hip_prior(
    evidence: Evidence, pose: Pose, node: int, pelvis: int, thigh: int, *, looser: float, zero: bool
) -> HipPrior:
    mountings = evidence.body.mountings
    prior = POSTURES[pose.posture]
    angles, sd = np.deg2rad(prior.hip_deg), np.deg2rad(prior.hip_sd_deg) * looser
    if pose.flexion_deg is not None:
        angles[0] = np.deg2rad(pose.flexion_deg)
    if zero:
        angles, sd = np.zeros(3), np.full(3, STANCE_SD_RAD)
    worn = (mountings[pelvis].sensor, pelvis), (mountings[thigh].sensor, thigh)
    return HipPrior(
        node=node,
        pelvis=worn[0],
        thigh=worn[1],
        side=THIGHS[mountings[thigh].role],
        quat_w_from_pelvis_sensor=evidence.mean_quat(pose.still, worn[0][0]),
        quat_w_from_thigh_sensor=evidence.mean_quat(pose.still, worn[1][0]),
        angles=angles,
        sd=sd,
    )


def _returned(evidence: Evidence, level: FloatArray) -> list[ReturnPrior]:
    """What a wearer who came back to a pose after a gap in mid-set says of the heading between pelvis and thighs."""
    pelvis = evidence.body.worn("pelvis", 0)
    if pelvis is None:
        return []
    first = evidence.body.mountings[pelvis].sensor
    return [prior for k in _others(evidence, first) for prior in returns(evidence, level, first, k)]


def _others(evidence: Evidence, sensor: int) -> list[int]:
    return [k for k in range(evidence.motion.sensors) if k != sensor]


def _after_gaps(evidence: Evidence) -> list[Prior]:
    """A very weak prior at the first node after each gap, so that flexion is right before the heading is known."""
    broken = np.flatnonzero(~evidence.seg.whole.all(axis=0))
    return [prior for j in broken.tolist() for prior in _facing_alike(evidence, j + 1, UNKNOWN_HIP_SD_RAD)]


def _between_repetitions(evidence: Evidence) -> list[Prior]:
    """Marked repetitions of standing exercises begin and end standing, if not still."""
    ends = [
        step
        for act in evidence.activities
        if act.kind == "repetition" and act.position == "standing" and act.end is not None and act.start >= 0
        for step in (act.start, act.end)
    ]
    nodes = {int(np.argmin(np.abs(evidence.seg.node_step - step))) for step in ends}
    return [prior for j in sorted(nodes) for prior in _facing_alike(evidence, j, UPRIGHT_SD_RAD)]


def _facing_alike(evidence: Evidence, node: int, sd_rad: float) -> list[Prior]:
    """The legs face roughly where the pelvis does, and hang down from it."""
    body, quat = evidence.body, evidence.seg.quat
    step = int(evidence.seg.node_step[node])
    pelvis = body.worn("pelvis", step)
    sd = np.array([np.inf, sd_rad, sd_rad])
    priors: list[Prior] = []
    for role, side in THIGHS.items():
        thigh = body.worn(role, step)
        if pelvis is None or thigh is None:
            continue
        p, t = body.mountings[pelvis].sensor, body.mountings[thigh].sensor
        priors.append(HipPrior(node, (p, pelvis), (t, thigh), side, quat[p, node], quat[t, node], np.zeros(3), sd))
    return priors
