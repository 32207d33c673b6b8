"""How one repetition is done: its tempo, and what somebody watching would correct."""

from __future__ import annotations

from imuhip.records import record
from imuhip.simulation.movements import Triple

Pieces = tuple[tuple[float, float], ...]
"""Seconds, and the level reached then, from 0 at the start pose to 1 at the top; each is a minimum-jerk move."""


@record
class Shake:
    """An oscillation of the main angle.

    Attributes:
        hz: Its frequency.
        deg: Its amplitude.
    """

    hz: float
    deg: float


@record
class Manner:
    """How one repetition is done; the defaults are a clean one.

    Attributes:
        lift: On the way up.
        hold_s: At the top.
        lower: On the way back.
        rest_s: In the start pose, until the next repetition.
        range_share: Of the movement's own range.
        tremor: While lifting and lowering.
        wobble: While holding.
        fidget: While resting.
        stray_deg: Hip angles at the top beyond the movement's own.
        pelvis_deg: The same of the pelvis: tilt, lean, turn.
        late_tilt_deg: What the pelvis goes on to tilt during the hold, when the hip has arrived.
        slip: Share of the way that is lost bit by bit during the hold; below zero gained.
        start_deg: Hip angles of the start pose, from that of the set.
        meant: The fault that it has on purpose, if any.
    """

    lift: Pieces = ((2.4, 1.0),)
    hold_s: float = 1.5
    lower: Pieces = ((3.3, 0.0),)
    rest_s: float = 0.8
    range_share: float = 1.0
    tremor: Shake | None = None
    wobble: Shake | None = None
    fidget: Shake | None = None
    stray_deg: Triple = (0.0, 0.0, 0.0)
    pelvis_deg: Triple = (0.0, 0.0, 0.0)
    late_tilt_deg: float = 0.0
    slip: float = 0.0
    start_deg: Triple = (0.0, 0.0, 0.0)
    meant: str = ""
