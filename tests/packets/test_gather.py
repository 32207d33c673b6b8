from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip.packets.gather import gather_records, gather_runs

DATA = np.arange(60, dtype=np.uint8)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=12))
def test_runs_are_the_slices_one_after_the_other(runs: list[tuple[int, int]]) -> None:
    start = np.array([at for at, _ in runs], dtype=np.int64)
    length = np.array([size for _, size in runs], dtype=np.int64)
    wanted = b"".join(DATA[at : at + size].tobytes() for at, size in runs)
    assert gather_runs(DATA, start, length).tobytes() == wanted


@given(st.lists(st.integers(0, 53), max_size=12))
def test_records_are_the_slices(starts: list[int]) -> None:
    got = gather_records(DATA, np.array(starts, dtype=np.int64), 7)
    assert got.tobytes() == b"".join(DATA[at : at + 7].tobytes() for at in starts)
    assert len(got) == len(starts)


def test_data_that_may_not_be_written_is_read_all_the_same() -> None:
    frozen = np.frombuffer(b"abcdef", dtype=np.uint8)
    assert gather_runs(frozen, np.array([1, 4]), np.array([2, 2])).tobytes() == b"bcef"
