"""A solution to the calibration that the stages apply, with its uncertainty and plain warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imuhip import rotation
from imuhip.calibration import few
from imuhip.calibration.body import THIGHS, Body
from imuhip.calibration.estimator import Solution
from imuhip.calibration.hinges import MIN_PLANARITY
from imuhip.calibration.result import FACING_LIMIT_RAD, Calibration, HipKnots, Mount
from imuhip.calibration.state import GAIN_PAIRS
from imuhip.units import GRAVITY_M_S2, BoolArray, FloatArray

ACC_BIAS_LIMIT_M_S2 = 0.6
"""60 mg: twice what consumer accelerometers are off by."""

LIE = "hold still for 3 seconds lying on your back, and mark when"
"""What tells which way a sensor on the trunk faces; sitting turns the pelvis too little."""
SWING = "swing the leg straight forward and back five times after the stance, and mark when"
"""What tells it of a sensor on the leg."""


def calibration_of(solution: Solution, body: Body, first_step: int, frames_per_step: int) -> Calibration:
    """What the stages apply.

    Args:
        solution: A solved session, or the last piece of one.
        body: The mountings on the session's own time.
        first_step: Step of the session at which the piece starts.
        frames_per_step: Frames in a step of the digest.
    """
    evidence, state, knots = solution.evidence, solution.state, solution.knots
    acc_gain = np.zeros((len(state.acc_bias), 3, 3))
    for column, (i, k) in enumerate(GAIN_PAIRS):
        acc_gain[:, i, k] = state.acc_gain[:, column]
    eye, sensors = np.eye(3), _sensors(solution)
    return Calibration(
        knot_frame=(evidence.seg.node_step[knots] + first_step) * frames_per_step,
        gyr_bias_rad_s=evidence.bias_rad_s[:, None] + state.bias[:, knots],
        # What the least squares calls gain times reading is, to first order, the inverse's effect.
        gyr_unmix=eye - state.gyr_gain,
        acc_bias_m_s2=state.acc_bias,
        acc_unmix=eye - acc_gain,
        quat_earth_from_sensor=sensors,
        mounts=tuple(_mounts(solution, body, frames_per_step)),
        hips=dict(_hips(solution, sensors)),
        warnings=tuple(_warnings(solution, first_step)),
    )


def _sensors(solution: Solution) -> FloatArray:
    """(K, J, 4) earth from sensor at the knots."""
    knots = solution.knots
    quat = few.multiply(solution.state.quat_earth_from_w[:, knots], solution.evidence.seg.quat[:, knots])
    return rotation.normalise(quat)


def _mounts(solution: Solution, body: Body, frames_per_step: int) -> Iterator[Mount]:
    for e, mounting in enumerate(body.mountings):
        at = solution.layout.mount(e)
        yield Mount(
            sensor=mounting.sensor,
            role=mounting.role,
            start_frame=mounting.start * frames_per_step,
            quat_sensor_from_segment=solution.state.quat_sensor_from_segment[e],
            sd_rad=np.sqrt(np.diag(solution.covariance.shared[at, at])),
            zeroed=solution.evidence.zeroed(e),
        )


def _hips(solution: Solution, sensors: FloatArray) -> Iterator[tuple[str, HipKnots]]:
    """Uncertainty of every hip whose thigh wore a sensor, at the knots where pelvis and thigh are worn."""
    evidence = solution.evidence
    steps = evidence.seg.node_step[solution.knots]
    for role, side in THIGHS.items():
        worn = [(evidence.body.worn("pelvis", s), evidence.body.worn(role, s)) for s in steps.tolist()]
        known = np.array([p is not None and t is not None for p, t in worn])
        if not known.any():
            continue
        first = worn[int(np.argmax(known))]
        pairs = [(p, t) if p is not None and t is not None else (first[0] or 0, first[1] or 0) for p, t in worn]
        yield side, _hip_knots(solution, sensors, pairs, known)


def _hip_knots(
    solution: Solution, quat_earth_from_sensor: FloatArray, pairs: list[tuple[int, int]], known: BoolArray
) -> HipKnots:
    cov, layout = solution.covariance, solution.layout
    out = np.empty((len(pairs), 12, 12))
    bias = np.empty(len(pairs))
    for pair in dict.fromkeys(pairs):
        rows = np.array([p == pair for p in pairs])
        worn = [solution.evidence.body.mountings[e].sensor for e in pair]
        turns, biases, mounts = (
            np.concatenate([np.arange(at.start, at.stop) for at in places])
            for places in (
                [layout.turn(k) for k in worn],
                [layout.bias(k) for k in worn],
                [layout.mount(e) for e in pair],
            )
        )
        out[rows, :6, :6] = cov.node[rows][:, turns[:, None], turns]
        cross = cov.node_shared[rows][:, turns[:, None], mounts]
        out[rows, :6, 6:] = cross
        out[rows, 6:, :6] = np.swapaxes(cross, 1, 2)
        out[rows, 6:, 6:] = cov.shared[mounts[:, None], mounts]
        bias[rows] = np.einsum("nii->n", cov.node[rows][:, biases[:, None], biases]) / 3.0
    segments = _segments(solution, quat_earth_from_sensor, pairs)
    level, heading = _relative(segments, out)
    heading[~known] = np.inf
    return HipKnots(out, level, heading, float(np.sqrt(bias[-1])))


def _segments(solution: Solution, quat_earth_from_sensor: FloatArray, pairs: list[tuple[int, int]]) -> FloatArray:
    """(2, J, 4) earth from segment of pelvis and thigh at the knots."""
    mounting = np.array(pairs).T
    sensor = np.array([m.sensor for m in solution.evidence.body.mountings])[mounting]
    quat = quat_earth_from_sensor[sensor, np.arange(len(pairs))]
    return few.multiply(quat, solution.state.quat_sensor_from_segment[mounting])


def _relative(segments: FloatArray, cov: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Spread of the thigh's turn against the pelvis at every knot, along and across the vertical, (J,) each."""
    jac = np.empty((len(cov), 3, 12))
    jac[:, :, :3], jac[:, :, 3:6] = -np.eye(3), np.eye(3)
    pelvis, thigh = few.matrix(segments)
    jac[:, :, 6:9], jac[:, :, 9:] = -pelvis, thigh
    spread = np.einsum("jai,jik,jak->ja", jac, cov, jac)
    return np.sqrt(0.5 * (spread[:, 0] + spread[:, 1])), np.sqrt(spread[:, 2])


def why_unsolved(still: BoolArray) -> str:
    """Why a session has no calibration, in a plain sentence.

    Args:
        still: (slots,) which whole seconds were still, from :func:`imuhip.calibration.stillness.still_slots`.

    Returns:
        The reason, and what to do about it. Two seconds of stillness hold a whole slot and three hold two, wherever
        they begin.
    """
    if not still.any():
        return "The wearer was never still for two seconds: stand still for 4 seconds before moving"
    if not (still[1:] & still[:-1]).any():
        return "The wearer was never still for three seconds, as live needs: stand still for 4 seconds before moving"
    return "The still pose is not over yet, and live is calibrated once it is: move on after standing still"


def _warnings(solution: Solution, first_step: int) -> Iterator[str]:
    evidence = solution.evidence
    if evidence.assumed_stance:
        yield "No stance was marked: the first still moment was taken as upright standing"
    turned: dict[str, list[str]] = {}
    for e, mounting in enumerate(evidence.body.mountings):
        where, at = _where(mounting.role), solution.layout.mount(e)
        if not evidence.zeroed(e):
            yield f"The {where} sensor has no stance: stand still for 4 seconds after strapping it on"
        elif np.sqrt(solution.covariance.shared[at, at][1, 1]) > FACING_LIMIT_RAD:
            turned.setdefault(SWING if mounting.role.startswith(("thigh", "shank")) else LIE, []).append(where)
        bias = np.abs(solution.state.acc_bias[mounting.sensor]).max()
        if bias > ACC_BIAS_LIMIT_M_S2:
            off_mg = bias / GRAVITY_M_S2 * 1000
            yield f"The {where} sensor's accelerometer is off by {off_mg:.0f} mg: check it lying on a table"
    for remedy, places in turned.items():
        names = " and ".join(dict.fromkeys(places))
        yield f"Which way the {names} sensor{'s face' if ' and ' in names else ' faces'} is not known: {remedy}"
    yield from _swing_warnings(solution, first_step)


def _where(role: str) -> str:
    """A role as people say it: ``thigh_left`` is "left thigh"."""
    segment, _, side = role.partition("_")
    return f"{side} {segment}".strip()


def _swing_warnings(solution: Solution, first_step: int) -> Iterator[str]:
    evidence = solution.evidence
    for act in evidence.activities:
        if act.kind != "calibration" or act.name != "swing" or act.end is None:
            continue
        for role in THIGHS:
            mount = evidence.body.worn(role, act.start)
            if mount is None or (act.side is not None and THIGHS[role] != act.side):
                continue
            hinge = evidence.hinge(mount, act)
            at = f"at {(act.start + first_step) * evidence.motion.step_s:.0f} s"
            if hinge is None:
                yield f"The swing {at} was too small: swing the leg about 30 degrees forward and back"
            elif hinge.planarity < MIN_PLANARITY:
                yield f"The swing {at} was not in one plane: swing the leg straight forward and back"
