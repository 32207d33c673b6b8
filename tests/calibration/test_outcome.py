"""Warnings for the wearer are true and tell what to do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.calibration.motion import SLOT_STEPS
from imuhip.calibration.outcome import why_unsolved


@pytest.mark.parametrize(
    ("still", "reason"),
    [
        ("", "never still for two seconds"),
        ("...", "never still for two seconds"),
        ("...x.x", "never still for three seconds"),
        ("..xx", "still pose is not over yet"),
    ],
)
def test_reason_without_a_calibration_says_how_long_the_wearer_was_still(still: str, reason: str) -> None:
    assert reason in why_unsolved(np.array([slot == "x" for slot in still], dtype=np.bool_))


@given(st.integers(0, 200), st.integers(0, 100))
def test_the_lengths_that_are_told_hold_wherever_stillness_begins(first: int, steps: int) -> None:
    moving = np.ones(400, dtype=np.bool_)
    moving[first : first + steps] = False
    reason = why_unsolved(~moving.reshape(-1, SLOT_STEPS).any(axis=1))
    assert ("two seconds" in reason) <= (steps < 2 * SLOT_STEPS)
    assert ("three seconds" in reason) <= (steps < 3 * SLOT_STEPS)
