from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imuhip.timeline.missing import REMEMBERED, MissingRanges


def test_what_is_filled_is_no_longer_missing():
    missing = MissingRanges()
    missing.add([(10, 20), (30, 34)])
    assert missing.fill(15, 32) == 7
    assert missing.total == 7
    assert missing.fill(15, 32) == 0
    assert missing.fill(0, 100) == 7
    assert missing.total == 0


@given(
    lengths=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=12),
    pieces=st.lists(st.tuples(st.integers(0, 120), st.integers(1, 30)), max_size=12),
)
def test_ranges_agree_with_a_set_of_numbers(lengths, pieces):
    missing, numbers, at = MissingRanges(), set(), 0
    for received, lost in lengths:
        missing.add([(at + received, at + received + lost)])
        numbers |= set(range(at + received, at + received + lost))
        at += received + lost
    for first, size in pieces:
        piece = set(range(first, first + size))
        assert missing.fill(first, first + size) == len(numbers & piece)
        numbers -= piece
        assert missing.total == len(numbers)


def test_only_the_newest_ranges_are_remembered():
    missing = MissingRanges()
    missing.add((10 * n, 10 * n + 5) for n in range(REMEMBERED + 10))
    assert missing.total == 5 * (REMEMBERED + 10)
    assert missing.fill(0, 95) == 0
    assert missing.fill(100, 105) == 5
