"""Marks of range tests to entries of the results."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from imuhip.calibration.result import Calibration
from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.kept_frames import between
from imuhip.exercises.range_tests import RangeTest, measure_test
from imuhip.hip.stage import HipBlock
from imuhip.marks import Mark


def marked_tests(
    mark: Mark,
    phase: str,
    span_s: tuple[float, float],
    block: HipBlock,
    calibration: Calibration | None,
    catalogue: Catalogue,
) -> Iterator[dict[str, Any]]:
    """What one mark of a range test measures, a leg each.

    Args:
        mark: The mark, closed.
        phase: ``pre`` or ``post``.
        span_s: When it was, from the recording's start.
        block: Its frames.
        calibration: Whose uncertainty applies.
        catalogue: What tests are; a name that it does not know measures nothing.

    Yields:
        Entries of ``tests``; none for a leg that wore no sensor.
    """
    direction = catalogue.test_axis(mark.name)
    if direction is None:
        return
    notes = catalogue.test_notes(mark.name, mark.position)
    for side in ("left", "right") if mark.side in (None, "both") else (mark.side,):
        test = measure_test(mark.name, block, side, calibration, direction=direction)
        if test is not None:
            yield {**_test_json(mark, side, phase, span_s, test), "notes": list(notes)}


def not_measured(
    marks: Iterable[Mark], recorded: Container[int], worn: set[str], start_ns: int, catalogue: Catalogue
) -> Iterator[dict[str, Any]]:
    """Marked tests that gave no result at all, and why.

    Args:
        marks: The session's marks.
        recorded: Ids of the marks in which something was recorded.
        worn: Where sensors were worn at any time.
        start_ns: Host time of the session's first frame.
        catalogue: What tests are.

    Yields:
        ``name``, ``side``, ``position``, ``start_s`` and ``why``, a few words for the wearer.
    """
    for mark in (each for each in marks if each.kind == "test"):
        start_s = (mark.start_ns - start_ns) * 1e-9
        legs = {f"{part}_{side}" for part in ("thigh", "shank") for side in (mark.side or "moving", "moving")}
        if catalogue.test_axis(mark.name) is None:
            why = "no catalogue knows this test"
        elif mark.end_ns is None:
            why = "its mark was never closed"
        elif mark.id not in recorded:
            why = "nothing was recorded then"
        elif mark.side in ("left", "right") and not worn & legs:
            why = f"no sensor was worn on the {mark.side} leg"
        else:
            continue
        yield {
            "name": mark.name,
            "side": mark.side,
            "position": mark.position,
            "start_s": round(start_s, 3),
            "why": why,
        }


def frames_between(blocks: Sequence[HipBlock], start_s: float, end_s: float) -> HipBlock | None:
    """The frames of a stretch, without those before a strap was moved inside it; None where there are none.

    Args:
        blocks: Those of the session, in order.
        start_s: From the recording's start.
        end_s: The same.
    """
    if not blocks:
        return None
    first, stop = (round(time_s * blocks[0].rate_hz) for time_s in (start_s, end_s))
    begin = bisect_right(blocks, first, key=lambda block: block.start_index) - 1
    return between(islice(blocks, max(begin, 0), None), first, stop)


def _test_json(mark: Mark, side: str, phase: str, span_s: tuple[float, float], test: RangeTest) -> dict[str, Any]:
    return {
        "name": mark.name,
        "side": side,
        "mode": mark.mode,
        "position": mark.position,
        "phase": phase,
        "start_s": round(span_s[0], 3),
        "end_s": round(span_s[1], 3),
        "trials_deg": [round(t, 2) for t in test.trials_deg],
        "peak_deg": _rounded(test.peak_deg),
        "uncertainty_deg": _rounded(test.uncertainty_deg),
        "relative_only": test.relative_only,
        "start_deg": _rounded(test.start_deg),
        "pelvis_excursion_deg": _rounded(test.pelvis_excursion_deg),
        "thigh_deg": _rounded(test.thigh_deg),
        "reference": test.reference,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
