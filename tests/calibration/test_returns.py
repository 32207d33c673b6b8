"""After a gap in mid-set, what looks as before the gap faces as before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imuhip import rotation
from imuhip.calibration.pose_equations import ReturnPrior, return_residual
from imuhip.calibration.poses import Activity
from imuhip.calibration.returns import RETURN_SD_RAD, returns
from imuhip.units import FloatArray

LOST, BRIDGED = 1e4, np.deg2rad(6.0) ** 2
RAISED = rotation.exp(np.deg2rad([60.0, 0.0, 0.0]))
ASIDE = rotation.about_z(np.deg2rad(35.0))


def evidence(other: FloatArray, slips: dict[int, float], off_deg: float, **changes: Any) -> SimpleNamespace:
    """A pelvis that lies still beside a thigh that is at rest and elsewhere by turns, at twelve nodes.

    Args:
        other: (4,) the thigh's orientation at every other node.
        slips: Variance of the turning after a node.
        off_deg: By how much the thigh's frame is turned about the vertical from then on.
        changes: Of the activity.
    """
    quat = np.tile(rotation.IDENTITY, (2, 12, 1))
    quat[1, 1::2] = other
    slip_var = np.zeros((2, 11))
    for node, variance in slips.items():
        slip_var[1, node] = variance
        quat[1, node + 1 :] = rotation.multiply(rotation.about_z(np.deg2rad(off_deg)), quat[1, node + 1 :])
    act = {"kind": "exercise", "start": 10, "end": 390} | changes
    return SimpleNamespace(
        seg=SimpleNamespace(slip_var=slip_var, node_step=np.arange(12) * 40, quat=quat),
        activities=[Activity(name="any", side="right", position="supine", **act)],
        quiet=np.ones(12, dtype=np.bool_),
    )


def found(session: SimpleNamespace) -> list[ReturnPrior]:
    level = np.tile(rotation.IDENTITY, (2, 12, 1))
    return returns(session, level, 0, 1)  # type: ignore[arg-type]


def slipped_deg(prior: ReturnPrior) -> float:
    return float(np.rad2deg(return_residual(np.tile(rotation.IDENTITY, (2, 12, 1)), prior)))


@pytest.mark.parametrize(("slip", "off_deg"), [(BRIDGED, 10.0), (BRIDGED, -10.0), (LOST, 130.0)])
def test_a_return_tells_by_how_much_the_heading_slipped(slip: float, off_deg: float) -> None:
    (prior,) = found(evidence(RAISED, {4: slip}, off_deg))
    assert (prior.node, prior.sensors) == (4, (0, 1))
    assert (np.diff(prior.pairs, axis=0) % 2 == 0).all(), "rest with rest, raised with raised"
    assert slipped_deg(prior) == pytest.approx(off_deg, abs=1e-6)
    assert prior.sd == pytest.approx(RETURN_SD_RAD)


def test_gaps_that_follow_each_other_are_told_apart_where_the_wearer_came_back_between_them() -> None:
    priors = found(evidence(RAISED, {3: LOST, 7: LOST}, 50.0))
    assert [prior.node for prior in priors] == [3, 7]
    assert [slipped_deg(prior) for prior in priors] == pytest.approx([50.0, 50.0], abs=1e-6)


def test_a_movement_about_the_vertical_tells_nothing() -> None:
    assert not found(evidence(ASIDE, {4: LOST}, 10.0)), "its ends look alike"


def test_what_looks_alike_in_two_ways_tells_nothing() -> None:
    session = evidence(RAISED, {4: LOST}, 0.0)
    session.quiet[1::2] = False  # the wearer holds still at rest only
    session.seg.quat[1, 2] = ASIDE
    assert found(session), "most moments agree"
    session.seg.quat[1, [4, 8]] = ASIDE
    assert not found(session)


def test_a_bridged_gap_slips_no_further_than_stated() -> None:
    assert not found(evidence(RAISED, {4: BRIDGED}, 90.0))


def test_only_the_same_set_is_returned_to() -> None:
    assert not found(evidence(RAISED, {4: LOST}, 10.0, kind="still"))
    assert not found(evidence(RAISED, {4: LOST}, 10.0, end=150)), "the set ended before the gap"
    assert not found(evidence(RAISED, {4: LOST}, 10.0, start=280)), "it began after the gap"
    assert found(evidence(RAISED, {4: LOST}, 10.0, end=None))


def test_moments_in_motion_do_not_count() -> None:
    session = evidence(RAISED, {4: LOST}, 10.0)
    session.quiet[5:] = False
    assert not found(session)
