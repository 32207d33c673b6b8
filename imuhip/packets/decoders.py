"""The driver that decodes a recording's notifications, without what only the radio needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imuhip.packets.own_decoder import OwnDecoder

if TYPE_CHECKING:
    from imuhip.packets.drivers import Driver


def driver_of(name: str) -> Driver | None:
    """Return the driver of this name, or None where there is none.

    Other makers' drivers, and the commands of all, are loaded only where a recording is not of our own sensors.
    """
    if name == OwnDecoder.name:
        return OwnDecoder()
    from imuhip.packets.drivers import DRIVERS  # noqa: PLC0415 - an analysis of our own sensors is quicker without

    return DRIVERS.get(name)
