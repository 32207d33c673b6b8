"""The digest of frames: what it keeps, and what it forgets."""

from __future__ import annotations

import numpy as np
import pytest
from calibration import solved
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.calibration.motion import SLOT_STEPS, Motion, MotionDigest
from imuhip.timeline.bridge import BridgedBlock


@pytest.fixture(scope="module")
def frames() -> BridgedBlock:
    return solved.frames_of(solved.made(seed=1))


def same(a: Motion, b: Motion) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(a.arrays, b.arrays, strict=True))


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=8))
def test_it_does_not_depend_on_how_frames_come(frames: BridgedBlock, sizes: list[int]) -> None:
    whole, cut = MotionDigest(2, frames.rate_hz), MotionDigest(2, frames.rate_hz)
    whole.feed(frames)
    start = turn = 0
    while start < len(frames):
        stop = start + sizes[turn % len(sizes)]
        cut.feed(frames.part(start, min(stop, len(frames))))
        start, turn = stop, turn + 1
    assert len(whole) == len(cut) > 0
    assert same(whole.motion(), cut.motion())


def test_what_is_forgotten_makes_room_and_changes_nothing_after_it(frames: BridgedBlock) -> None:
    whole, short = MotionDigest(2, frames.rate_hz), MotionDigest(2, frames.rate_hz)
    for _ in range(6):
        for start in range(0, len(frames), 250):
            part = frames.part(start, min(start + 250, len(frames)))
            whole.feed(part)
            short.feed(part)
            short.forget(max(0, len(short) - 20 * SLOT_STEPS))
    last = len(whole) - 20 * SLOT_STEPS
    assert same(whole.motion(last), short.motion(last))
    assert same(whole.motion(last + 7, last + 99), short.motion(last + 7, last + 99))
