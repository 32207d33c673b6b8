"""A session's frames on their way to the results: range tests are measured as soon as their last frame is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from imuhip.calibration.result import Calibration
from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.marked_tests import frames_between, marked_tests
from imuhip.exercises.range_tests import too_wide
from imuhip.hip.stage import HipBlock
from imuhip.marks import Mark


class SessionFrames:
    """What results need of the frames, and the frames themselves for as long as somebody needs them.

    Args:
        marks: Of the whole session, in their final state.
        catalogue: What tests are.
        calibration_at: The calibration in use at a time from the recording's start.
        keep: Whether the frames are asked for afterwards. An hour of three sensors is 100 MB.

    Attributes:
        count: Frames so far.
        rate_hz: Frames per second; 0 before the first.
        roles: Worn in any of them.
        too_wide: Sides on which ab/adduction came near 90 degrees, in order.
        tests: Results of each closed mark of a test by its id, in the order in which they ended; without those in
            which nothing was recorded.
        blocks: Those that are kept.
    """

    def __init__(
        self,
        marks: Sequence[Mark],
        catalogue: Catalogue,
        calibration_at: Callable[[float], Calibration | None],
        *,
        keep: bool,
    ) -> None:
        self._catalogue = catalogue
        self._calibration_at = calibration_at
        self._keep = keep
        self._waiting = [mark for mark in marks if mark.kind == "test" and mark.end_ns is not None]
        self._mobilised_ns = min((mark.start_ns for mark in marks if mark.kind == "mobilise"), default=math.inf)
        self.count = 0
        self.rate_hz = 0.0
        self.roles: set[str] = set()
        self.too_wide: dict[str, None] = {}
        self.tests: dict[int, list[dict[str, Any]]] = {}
        self.blocks: list[HipBlock] = []

    def take(self, blocks: Iterable[HipBlock], start_ns: int, *, last: bool = False) -> None:
        """Take the next frames in.

        Args:
            blocks: In order.
            start_ns: Host time of the session's first frame.
            last: Whether no more will come.
        """
        for block in blocks:
            self.count += len(block)
            self.rate_hz = block.rate_hz
            self.roles.update(block.roles)
            self.too_wide |= dict.fromkeys(side for side, hip in block.sides.items() if too_wide(hip))
            self.blocks.append(block)
        if not self.count:
            return
        now_ns = math.inf if last else start_ns + self.count / self.rate_hz * 1e9
        done = [mark for mark in self._waiting if mark.end_ns is not None and mark.end_ns < now_ns]
        for mark in done:
            self._measure(mark, start_ns)
            self._waiting.remove(mark)
        if not self._keep:
            needed = min((mark.start_ns for mark in self._waiting), default=math.inf)
            first = min((needed - start_ns) * 1e-9 * self.rate_hz - 1.0, self.count)
            self.blocks = [block for block in self.blocks if block.start_index + len(block) > first]

    def _measure(self, mark: Mark, start_ns: int) -> None:
        start_s, end_s = ((ns - start_ns) * 1e-9 for ns in (mark.start_ns, mark.end_ns or 0))
        block = frames_between(self.blocks, start_s, end_s)
        if block is not None:
            phase = "pre" if mark.start_ns < self._mobilised_ns else "post"
            calibration = self._calibration_at(end_s)
            found = marked_tests(mark, phase, (start_s, end_s), block, calibration, self._catalogue)
            self.tests[mark.id] = list(found)
