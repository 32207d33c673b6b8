import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from imuhip.simulation.body import minimum_jerk
from imuhip.simulation.script import Side
from imuhip.simulation.skin import skin_of_thigh
from imuhip.simulation.wearer import SoftTissue

COUNT = 600
ZERO = np.zeros(COUNT)


def _against_bone(hip_deg: list[np.ndarray], side: Side, tissue: SoftTissue) -> np.ndarray:
    """Rotation vector in deg of the skin in the thigh, for a thigh that turns by the hip angles in a fixed pelvis."""
    sign = np.array([1.0, 1.0 if side == "right" else -1.0, 1.0 if side == "right" else -1.0])
    bone = Rotation.from_euler("ZXY", np.stack(hip_deg, axis=-1) * sign, degrees=True)
    skin = skin_of_thigh(bone.as_quat(scalar_first=True), hip_deg, side, tissue, 100.0)
    return (bone.inv() * Rotation.from_quat(skin, scalar_first=True)).as_rotvec(degrees=True)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_skin_turns_by_4_deg_at_90_deg_of_flexion(side: Side) -> None:
    tissue = SoftTissue.real(1)
    turned = _against_bone([np.full(COUNT, 90.0), ZERO, ZERO], side, tissue)
    assert_allclose(turned[300], 4.0 * np.array(tissue.flexion_axis), atol=1e-9)


@pytest.mark.parametrize(("side", "sign"), [("right", 1), ("left", -1)])
def test_the_skin_lags_behind_long_axis_rotation(side: Side, sign: int) -> None:
    tissue = SoftTissue(flexion_deg=4.0, flexion_axis=(1.0, 0.0, 0.0), rotation_lag=0.2)
    turned = _against_bone([ZERO, ZERO, np.full(COUNT, 30.0)], side, tissue)
    assert_allclose(turned[300], [0, -6.0 * sign, 0], atol=1e-9)


def test_lags_of_wearers_are_between_10_and_30_percent_and_axes_anywhere() -> None:
    tissues = [SoftTissue.real(seed) for seed in range(300)]
    lags = np.array([tissue.rotation_lag for tissue in tissues])
    assert lags.min() >= 0.1
    assert lags.max() <= 0.3
    assert np.ptp(lags) > 0.19
    axes = np.array([tissue.flexion_axis for tissue in tissues])
    assert_allclose(np.linalg.norm(axes, axis=1), 1.0)
    assert_allclose(axes.mean(axis=0), 0.0, atol=0.15)


def test_wobble_grows_with_speed_and_dies_away() -> None:
    tissue = SoftTissue(flexion_deg=0.0, flexion_axis=(1.0, 0.0, 0.0), rotation_lag=0.0)
    time_s = np.arange(COUNT) / 100
    peak_deg = {}
    for duration_s in (0.5, 1.0, 3.0):
        raised = 60 * minimum_jerk((time_s - 1.0) / duration_s)
        lowered = 60 * minimum_jerk((time_s - 4.6) / 1.0)
        wobble = np.linalg.norm(_against_bone([raised - lowered, ZERO, ZERO], "right", tissue), axis=1)
        peak_deg[duration_s] = wobble[100:400].max()
        assert wobble[430:455].max() < 0.02
    assert 0.5 < peak_deg[0.5] < 2.5
    assert peak_deg[0.5] > 2 * peak_deg[1.0] > 4 * peak_deg[3.0]
