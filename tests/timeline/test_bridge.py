"""A lost notification does not cost a sensor its heading."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.timeline.bridge import LOST_RAD, BridgedBlock, GapBridge
from imuhip.timeline.frames import FrameBlock
from imuhip.units import BoolArray, FloatArray

RATE_HZ = 100.0


def frames(gyr: FloatArray, known: BoolArray) -> FrameBlock:
    """Two sensors; what is unknown is zero, as from the timeline."""
    acc = np.ones_like(gyr) * np.arange(gyr.shape[1])[:, None]
    return FrameBlock(0, RATE_HZ, acc * known[..., None], gyr * known[..., None], known)


def part(block: FrameBlock, start: int, stop: int) -> FrameBlock:
    return FrameBlock(
        start, RATE_HZ, block.acc_m_s2[:, start:stop], block.gyr_rad_s[:, start:stop], block.known[:, start:stop]
    )


def turning(block: BridgedBlock) -> FloatArray:
    """Total turning of each sensor, rad."""
    return np.einsum("kni,kn->ki", block.gyr_rad_s, block.span) / RATE_HZ


def steady(gap: slice, n: int = 300) -> FrameBlock:
    known = np.ones((2, n), dtype=np.bool_)
    known[1, gap] = False
    rate = np.zeros((2, n, 3))
    rate[...] = np.array([0.5, -1.0, 2.0])
    return frames(rate, known)


@pytest.mark.parametrize("length", [1, 10, 25, 100])
def test_turning_goes_on_over_a_gap_of_up_to_a_second(length: int) -> None:
    bridge = GapBridge(2, RATE_HZ)
    out = bridge.feed(steady(slice(100, 100 + length)))
    assert turning(out)[1] == pytest.approx(turning(out)[0], rel=1e-12)
    assert out.span[1, 100 + length] == length + 1
    assert (out.span[1, 100 : 100 + length] == 0).all()
    assert 0 < out.slip_rad[1, 100 + length] < np.deg2rad(90.0)
    assert not out.known[1, 100 : 100 + length].any(), "the angles inside stay unknown"


def test_linear_change_of_rate_is_carried_too() -> None:
    known = np.ones((2, 200), dtype=np.bool_)
    known[1, 80:120] = False
    rate = np.zeros((2, 200, 3))
    rate[..., 0] = np.linspace(-1.0, 3.0, 200)
    out = GapBridge(2, RATE_HZ).feed(frames(rate, known))
    assert turning(out)[1] == pytest.approx(turning(out)[0], abs=1e-3)


def test_longer_gap_loses_the_turning_and_says_so() -> None:
    out = GapBridge(2, RATE_HZ).feed(steady(slice(100, 202)))
    assert out.slip_rad[1, 202] == LOST_RAD
    assert out.span[1, 202] == 1.0
    assert np.count_nonzero(out.slip_rad == LOST_RAD) == 1, "nothing was lost before the first frame"


def test_slip_grows_with_speed_and_length() -> None:
    def slip(length: int, speed: float) -> float:
        block = steady(slice(100, 100 + length))
        return float(GapBridge(2, RATE_HZ).feed(frames(block.gyr_rad_s * speed, block.known)).slip_rad[1, 100 + length])

    assert slip(20, 1.0) < slip(40, 1.0) < slip(80, 1.0)
    assert slip(40, 1.0) < slip(40, 2.0)


def test_force_is_held_inside_a_gap() -> None:
    out = GapBridge(2, RATE_HZ).feed(steady(slice(100, 150)))
    assert (out.acc_m_s2[1, 100:150] == out.acc_m_s2[1, 99]).all()
    assert (out.gyr_rad_s[1, 100:150] == 0).all()


def test_frames_without_gaps_pass_unchanged() -> None:
    block, bridge = steady(slice(0, 0)), GapBridge(2, RATE_HZ)
    bridge.feed(part(block, 0, 10))
    out = bridge.feed(part(block, 10, 300))
    assert (out.gyr_rad_s == steady(slice(0, 0)).gyr_rad_s[:, 10:]).all()
    assert (out.span == 1).all()
    assert (out.slip_rad == 0).all()


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_bits(seed: int, sizes: list[int]) -> None:
    noise = np.random.default_rng(seed)
    known = np.repeat(noise.random((2, 60)) < 0.7, 7, axis=1)
    block = frames(noise.standard_normal((2, 420, 3)), known)
    whole = GapBridge(2, RATE_HZ).feed(deepcopy(block))
    bridge, parts, at = GapBridge(2, RATE_HZ), [], 0
    for number in range(1000):
        size = sizes[number % len(sizes)]
        parts.append(bridge.feed(part(block, at, min(at + size, 420))))
        at += size
        if at >= 420:
            break
    for field in fields(BridgedBlock):
        value = getattr(whole, field.name)
        if isinstance(value, np.ndarray):
            assert np.concatenate([getattr(p, field.name) for p in parts], axis=1).tobytes() == value.tobytes()
