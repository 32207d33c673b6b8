"""The firmware of a virtual sensor, without I/O: what it answers to reads and writes, and when it notifies what.

:mod:`imuhip.radio.virtual.peripheral` puts a firmware on the air. Every model has one, so that the drivers meet the
bytes that the model sends.
"""

from __future__ import annotations

from typing import Protocol

from imuhip.errors import ImuhipError
from imuhip.records import record


class AttributeRefusedError(ImuhipError):
    """The attribute protocol's error that a read or write gets.

    Args:
        code: Of the attribute protocol, 0x80 and more are the application's own.
    """

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"ATT error 0x{code:02x}")


@record
class Attribute:
    """A characteristic.

    Attributes:
        uuid: Its UUID.
        properties: Of ``read``, ``write``, ``write-without-response``, ``notify``.
    """

    uuid: str
    properties: frozenset[str]


@record
class Service:
    """A GATT service."""

    uuid: str
    attributes: tuple[Attribute, ...]


@record
class Announcement:
    """What a sensor advertises; ``services`` by UUID, ``maker`` by company number."""

    name: str
    services: tuple[str, ...] = ()
    maker: tuple[tuple[int, bytes], ...] = ()


class Firmware(Protocol):
    """One virtual sensor; times are seconds of the loop's clock."""

    @property
    def announcement(self) -> Announcement:
        """What it advertises."""

    @property
    def services(self) -> tuple[Service, ...]:
        """Its services."""

    def boot(self, now_s: float) -> None:
        """Start, or start again after the battery was out."""

    def connected(self, mtu: int) -> None:
        """A host has connected, or has agreed on another size of packets."""

    def disconnected(self) -> None:
        """The host is gone."""

    def read(self, uuid: str, now_s: float) -> bytes:
        """Return the value of a characteristic.

        Raises:
            Refused: It cannot be read.
        """

    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """Take a value written to a characteristic.

        Raises:
            Refused: It cannot be taken.
        """

    def next_due_s(self) -> float | None:
        """Return when the next notification is ready; None while there is none to come."""

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Return the notifications that are ready, by characteristic, in order."""
