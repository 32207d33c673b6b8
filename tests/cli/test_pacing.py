"""The player keeps the recording's pace and content."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip.cli.pacing import sliced
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock


@st.composite
def blocks(draw: st.DrawFn) -> NotificationBlock:
    steps = draw(st.lists(st.integers(0, 90_000_000), min_size=0, max_size=30))
    payloads = [draw(st.binary(max_size=5)) for _ in steps]
    return NotificationBlock(
        arrival_ns=np.cumsum(np.array(steps, dtype=np.int64)),
        sensor=np.arange(len(steps), dtype=np.int64) % 3,
        data=np.frombuffer(b"".join(payloads), dtype=np.uint8),
        offset=np.concatenate(([0], np.cumsum([len(p) for p in payloads]))).astype(np.int64),
    )


def notifications(block: NotificationBlock) -> list[tuple[int, int, bytes]]:
    return [
        (
            int(block.arrival_ns[i]),
            int(block.sensor[i]),
            block.data[block.offset[i] : block.offset[i + 1]].tobytes(),
        )
        for i in range(len(block))
    ]


@given(blocks())
def test_slices_hold_the_same_notifications_and_span_no_more_than_asked(block: NotificationBlock) -> None:
    pieces = list(sliced([block], slice_ns=50_000_000))
    assert [one for piece in pieces for one in notifications(piece)] == notifications(block)
    for piece in pieces:
        assert piece.arrival_ns[-1] - piece.arrival_ns[0] < 50_000_000


def test_marks_keep_their_place_among_slices() -> None:
    block = NotificationBlock(
        np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(0, np.uint8), np.zeros(2, np.int64)
    )
    mark = Mark(id=1, kind="still", start_ns=0, end_ns=1)
    assert [type(event) for event in sliced([block, mark, block])] == [NotificationBlock, Mark, NotificationBlock]
