"""A recording's notifications in the largest blocks that still tell the pipeline of every mark in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock
from imuhip.recording.loading import Segment


def marks_ahead(segments: tuple[Segment, ...], *, late_ns: int, rows: int) -> Iterator[NotificationBlock | Mark]:
    """Yield notifications and marks, a mark before the block that it was logged in the midst of where that is the same.

    A mark acts by its own times, so it may be told of before them. It must not be where it was logged late, or tells of
    a moved strap, which acts when it is told: there a block ends, as :meth:`Recording.events` ends them at all marks.

    Args:
        segments: Of a recording.
        late_ns: By how much a mark may be logged late and still act as if it had been there in time.
        rows: Most notifications in a block.

    Yields:
        Blocks that are not empty, and marks.
    """
    known: dict[int, Mark] = {}
    last_ns = 0
    for segment in segments:
        block, at = segment.block, 0
        for row, mark in segment.events:
            if not isinstance(mark, Mark):
                continue
            logged_ns = int(block.arrival_ns[row - 1]) if row else last_ns
            if not _in_time(mark, known.get(mark.id), logged_ns - late_ns):
                yield from _blocks(block, at, row, rows)
                at = row
            known[mark.id] = mark
            yield mark
        yield from _blocks(block, at, len(block), rows)
        last_ns = int(block.arrival_ns[-1]) if len(block) else last_ns


def _in_time(mark: Mark, before: Mark | None, by_ns: int) -> bool:
    """Whether nothing that a mark tells is older than ``by_ns``."""
    if mark.kind == "wear":
        return False
    if before is None:
        return mark.start_ns >= by_ns
    return mark.end_ns is not None and mark.end_ns >= by_ns and replace(mark, end_ns=None) == before


def _blocks(block: NotificationBlock, start: int, stop: int, rows: int) -> Iterator[NotificationBlock]:
    for first in range(start, stop, rows):
        yield slice_block(block, first, min(first + rows, stop))
