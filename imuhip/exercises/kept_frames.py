"""The last frames of a session, for what is found in them a little later."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from imuhip.hip.stage import HipBlock, join


class KeptFrames:
    """Consecutive blocks, let go of from the front."""

    def __init__(self) -> None:
        self._blocks: deque[HipBlock] = deque()

    def add(self, block: HipBlock) -> None:
        """Keep a block, which follows the last one or begins anew."""
        self._blocks.append(block)

    def between(self, first: int, stop: int) -> HipBlock | None:
        """Frames ``first`` to ``stop - 1``, as far as they are kept and since a strap was last moved."""
        return between(self._blocks, first, stop)

    def let_go(self, before: int) -> None:
        """Let go of blocks that end before a frame."""
        while self._blocks and self._blocks[0].start_index + len(self._blocks[0]) <= before:
            self._blocks.popleft()

    def clear(self) -> None:
        """Let go of everything."""
        self._blocks.clear()


def between(blocks: Iterable[HipBlock], first: int, stop: int) -> HipBlock | None:
    """Frames ``first`` to ``stop - 1`` of blocks in order, as far as they have them, since a strap was last moved."""
    parts = []
    for block in blocks:
        if block.start_index >= stop:
            break
        a, b = max(first - block.start_index, 0), min(stop - block.start_index, len(block))
        if a < b:
            parts.append(block.part(a, b))
    parts = [part for part in parts if part.roles == parts[-1].roles]
    return parts[0] if len(parts) == 1 else join(parts) if parts else None
