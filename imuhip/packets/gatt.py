"""How a model is found, set up and asked over Bluetooth, as data: the radio does what it says and knows no model.

A driver's setup is a list of requests; the radio writes each, waits for its answer and hands that back to the driver to
judge. So drivers stay pure functions that tests can call, and adding a model touches no line of the radio.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from imuhip.packets.clock import TimeKind
from imuhip.records import record

LossSeenBy = Literal["sequence", "clock", "nothing"]
"""What shows lost samples: their numbers, jumps of the sensor's clock, or nothing at all."""

_BASE = "0000{:04x}-0000-1000-8000-00805f9b34fb"


def sig_uuid(number: int) -> str:
    """Return the 128-bit form of a 16-bit UUID that the Bluetooth SIG assigned."""
    return _BASE.format(number)


BATTERY_LEVEL_UUID = sig_uuid(0x2A19)
"""Battery Level of the SIG's Battery Service 0x180F: u8, percent."""


@record
class Advertisement:
    """What a sensor says before it is connected.

    Attributes:
        name: Its local name; "" without one.
        service_uuids: 128-bit form, lower case.
        manufacturer_data: Data by company identifier.
    """

    name: str = ""
    service_uuids: frozenset[str] = frozenset()
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)

    def is_named(self, pattern: str) -> bool:
        """Tell whether the name begins with a pattern, whatever its case."""
        return re.match(pattern, self.name, re.IGNORECASE) is not None


@record
class Request:
    """One thing to ask of a connected sensor.

    Attributes:
        uuid: The characteristic to write, or to read where ``data`` is None.
        data: The bytes to write; None: read the characteristic, its value is the answer.
        answered: Whether an answer comes as a notification, for :meth:`RadioDriver.answer` to recognise. Otherwise
            the request is done once the write is.
        acknowledged: Write with response; None: as the characteristic offers, some makers' products differ.
        pause_s: Seconds to leave the sensor alone after the write.
    """

    uuid: str
    data: bytes | None = None
    answered: bool = False
    acknowledged: bool | None = True
    pause_s: float = 0.0


@record
class Answer:
    """What a sensor answered.

    Attributes:
        problem: What it refused and why, for people; "" where it did as asked.
        value: The bytes it answered with, without status.
    """

    problem: str = ""
    value: bytes = b""


@record
class Capabilities:
    """What a model can do, declared by its driver.

    Attributes:
        time: Where the time of a sample comes from.
        loss_seen_by: What shows lost samples.
        rates_hz: Rates it can stream, ascending; where a sensor decides itself, the usual ones.
        rate_hz: The one to choose if nobody says otherwise.
        bonds: Whether it can be bonded.
        refills: Whether it sends samples again from a log.
        identifies: Whether its light can be made to blink.
        tells_battery: Whether it tells its battery's level.
        limits: What people should know before they choose it, one sentence each.
    """

    time: TimeKind
    loss_seen_by: LossSeenBy
    rates_hz: tuple[float, ...]
    rate_hz: float
    bonds: bool
    refills: bool
    identifies: bool
    tells_battery: bool
    limits: tuple[str, ...] = ()

    @property
    def loss_visible(self) -> bool:
        """Whether lost samples can be counted."""
        return self.loss_seen_by != "nothing"
