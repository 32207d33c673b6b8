"""Range tests while they happen: each is measured as soon as its mark has ended and its frames are final.

The numbers are those of ``imuhip analyze --causal``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.marked_tests import frames_between, marked_tests
from imuhip.hip.stage import HipBlock
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline

HISTORY_S = 60.0
"""Frames kept for a mark that comes with a start in the past; its frames wait for late data a second themselves."""
SLACK_S = 5.0
"""So much more is kept until it is thrown away all at once."""
LONGEST_TEST_S = 900.0
"""A test mark that was forgotten must not fill the memory: 15 min are about 25 MB."""


class LiveTests:
    """Follows a pipeline and measures its range tests.

    Args:
        pipeline: Whose frames; asked for its start and its calibrations.
        catalogue: What tests are.
    """

    def __init__(self, pipeline: Pipeline, catalogue: Catalogue) -> None:
        self._pipeline = pipeline
        self._catalogue = catalogue
        self._blocks: list[HipBlock] = []
        self._frames = 0
        self._open: dict[int, Mark] = {}
        self._ended: dict[int, Mark] = {}
        self._mobilised_ns: int | None = None

    def mark(self, mark: Mark) -> None:
        """Take a mark in, opening or closing."""
        if mark.kind == "mobilise" and (self._mobilised_ns is None or mark.start_ns < self._mobilised_ns):
            self._mobilised_ns = mark.start_ns
        if mark.kind == "test" and self._catalogue.test_axis(mark.name) is not None:
            (self._open if mark.end_ns is None else self._ended)[mark.id] = mark
            if mark.end_ns is not None:
                self._open.pop(mark.id, None)

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> list[dict[str, Any]]:
        """Take the pipeline's next frames.

        Args:
            blocks: In the order of the pipeline.
            last: Whether no more will come.

        Returns:
            The tests that are done, as the results' JSON shows them.
        """
        for block in blocks:
            self._blocks.append(block)
            self._frames = block.start_index + len(block)
        done = [mark for mark in self._ended.values() if last or self._frames > self._frame(mark.end_ns)]
        results = [result for mark in done for result in self._measure(mark)]
        for mark in done:
            del self._ended[mark.id]
        self._forget()
        return results

    def _measure(self, mark: Mark) -> Iterable[dict[str, Any]]:
        start_ns = self._pipeline.start_ns
        if start_ns is None or mark.end_ns is None:
            return
        start_s, end_s = ((ns - start_ns) * 1e-9 for ns in (mark.start_ns, mark.end_ns))
        block = frames_between(self._blocks, start_s, end_s)
        if block is None:
            return
        phase = "pre" if self._mobilised_ns is None or mark.start_ns < self._mobilised_ns else "post"
        yield from marked_tests(
            mark, phase, (start_s, end_s), block, self._pipeline.calibration_at(end_s), self._catalogue
        )

    def _frame(self, host_ns: int | None) -> float:
        if host_ns is None or self._pipeline.start_ns is None:
            return float("inf")
        return (host_ns - self._pipeline.start_ns) * 1e-9 * self._pipeline.rate_hz

    def _forget(self) -> None:
        rate_hz = self._pipeline.rate_hz
        started = [self._frame(mark.start_ns) for mark in (*self._open.values(), *self._ended.values())]
        keep = min([self._frames - HISTORY_S * rate_hz, *started])
        keep = max(keep, self._frames - LONGEST_TEST_S * rate_hz)
        if not self._blocks or self._blocks[0].start_index > keep - SLACK_S * rate_hz:
            return  # seldom, so that an hour of small blocks does not cost their square
        gone = 0
        while gone < len(self._blocks) and self._blocks[gone].start_index + len(self._blocks[gone]) <= keep:
            gone += 1
        del self._blocks[:gone]
