from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_recordings import BEGIN_NS, make_block, same

from imuhip.marks import Mark
from imuhip.packets.blocks import concat
from imuhip.packets.notification import NotificationBlock
from imuhip.recording.ahead import marks_ahead
from imuhip.recording.loading import Segment

BLOCK = make_block(10.0)
LATE_NS = 100_000_000
SWING = Mark(0, "test", BEGIN_NS + 2_000_000_000, None, "flexion", side="left")
CLOSED = replace(SWING, end_ns=BEGIN_NS + 5_000_000_000)


def row_at(ns: int) -> int:
    return int(np.searchsorted(BLOCK.arrival_ns, ns))


def told(*logged: tuple[int, Mark], rows: int = 1 << 20) -> list[int | Mark]:
    """Sizes of blocks and marks, in order, of marks logged at host times."""
    segment = Segment(BLOCK, np.arange(len(BLOCK)), tuple((row_at(ns), mark) for ns, mark in logged))
    events = list(marks_ahead((segment,), late_ns=LATE_NS, rows=rows))
    assert same(concat([event for event in events if isinstance(event, NotificationBlock)]), BLOCK)
    return [len(event) if isinstance(event, NotificationBlock) else event for event in events]


def test_marks_logged_in_time_come_before_one_large_block() -> None:
    assert told((SWING.start_ns, SWING), (CLOSED.end_ns or 0, CLOSED)) == [SWING, CLOSED, len(BLOCK)]


def test_a_mark_may_be_as_late_as_the_pipeline_waits() -> None:
    assert told((SWING.start_ns + LATE_NS // 2, SWING)) == [SWING, len(BLOCK)]


@pytest.mark.parametrize(
    "late",
    [
        (SWING.start_ns + 2 * LATE_NS, SWING),
        (BEGIN_NS + 5_000_000_000, CLOSED),
        (BEGIN_NS + 3_000_000_000, Mark(1, "wear", BEGIN_NS + 3_000_000_000, BEGIN_NS + 3_000_000_000, "shank_left")),
    ],
    ids=["begun before it was told", "told when it was over", "a moved strap"],
)
def test_what_acts_when_it_is_told_ends_a_block(late: tuple[int, Mark]) -> None:
    row = row_at(late[0])
    assert told(late) == [row, late[1], len(BLOCK) - row]


@pytest.mark.parametrize(
    "again",
    [replace(CLOSED, name="extension"), replace(CLOSED, end_ns=BEGIN_NS + 3_000_000_000), SWING],
    ids=["renamed", "closed before it was told", "open again"],
)
def test_a_mark_that_changes_its_past_ends_a_block(again: Mark) -> None:
    row = row_at(CLOSED.end_ns or 0)
    assert told((SWING.start_ns, SWING), (CLOSED.end_ns or 0, again)) == [SWING, row, again, len(BLOCK) - row]


def test_blocks_are_not_larger_than_asked_for() -> None:
    sizes = told(rows=100)
    assert sizes == [100] * (len(BLOCK) // 100) + ([len(BLOCK) % 100] if len(BLOCK) % 100 else [])


def test_a_mark_at_the_beginning_of_a_segment_is_held_against_the_one_before() -> None:
    segments = (
        Segment(BLOCK, np.arange(len(BLOCK)), ()),
        Segment(replace_arrivals(BLOCK), np.arange(len(BLOCK)), ((0, SWING), (0, replace(SWING, id=1)))),
    )
    events = list(marks_ahead(segments, late_ns=LATE_NS, rows=1 << 20))
    assert [isinstance(event, Mark) for event in events] == [False, True, True, False]


def replace_arrivals(block: NotificationBlock) -> NotificationBlock:
    return replace(block, arrival_ns=block.arrival_ns + 10_000_000_000)
