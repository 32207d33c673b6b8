"""Marks: what the wearer or an import says happened when."""

from __future__ import annotations

from imuhip.records import record

MARK_KINDS = (
    "still",
    "calibration",
    "wear",
    "test",
    "exercise",
    "repetition",
    "mobilise",
    "breathe",
    "pain",
    "walk",
    "rest",
)
SIDES = ("left", "right", "both")
MODES = ("active", "passive")
POSITIONS = ("standing", "supine", "prone", "side_lying", "seated")


@record
class Mark:
    """One marked interval or moment, on the host clock.

    A mark is written when it opens (``end_ns`` None) and again, with the same ``id``, when it closes; the later
    message replaces the earlier. A moment has ``end_ns == start_ns`` and is written once. For ``wear``, ``name`` is the
    sensor's new role and ``sensor`` tells which sensor moved.
    """

    id: int
    kind: str
    start_ns: int
    end_ns: int | None
    name: str = ""
    side: str | None = None
    mode: str | None = None
    position: str | None = None
    value: float | None = None
    note: str = ""
    sensor: int | None = None
