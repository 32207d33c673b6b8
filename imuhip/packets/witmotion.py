"""WitMotion WT901BLE and WT9011DCL.

A frame has neither number nor time nor checksum: **what is lost cannot be seen**, and samples are timed by when they
arrive. A notification bundles up to four frames.

References:
    WitMotion, WT901BLE and WT9011DCL-BT50 communication protocols. The service's base ends in 9a, not in the SIG's 9b.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence

from imuhip.errors import PacketError
from imuhip.packets.columns import Scales
from imuhip.packets.gatt import Advertisement, Answer, Capabilities, Request
from imuhip.packets.vendor import RADIANS, VendorDriver, VendorPacket
from imuhip.units import GRAVITY_M_S2

_BASE = "0000{:04x}-0000-1000-8000-00805f9a34fb"
SERVICE_UUID, NOTIFY_UUID, WRITE_UUID = (_BASE.format(number) for number in (0xFFE5, 0xFFE4, 0xFFE9))

_HEAD = 0x55
_MOTION, _REGISTERS = 0x61, 0x71
FRAME_SIZE = 20
STAMPED_SIZE = 28
"""The variant with a card appends date and time of day; they are set by hand if at all, so they are not used."""

_VALUES = struct.Struct("<6h")  # acc, gyr; the angles that follow are the sensor's own and not used
_REGISTER = struct.Struct("<BBH8h")
REGISTER_BATTERY, REGISTER_RATE = 0x64, 0x03
_RATE_CODES = {50.0: 0x08, 100.0: 0x09}
"""200 Hz is left out: documents disagree about its code (0x0A, 0x0B), and nothing in the data shows a wrong one."""
_PAUSE_S = 0.1
"""What the maker's documents ask for between two commands."""

_VOLTS_CENTI = (340, 350, 368, 370, 373, 377, 379, 382, 387, 393, 396)
_PERCENT = (0, 5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 100)
"""The maker's table from hundredths of a volt to what is left."""


class WitMotionDriver(VendorDriver):
    """See :class:`imuhip.packets.drivers.RadioDriver`."""

    name = "witmotion"
    model = "WitMotion WT901BLE"
    capabilities = Capabilities(
        time="arrival",
        loss_seen_by="nothing",
        rates_hz=tuple(sorted(_RATE_CODES)),
        rate_hz=100.0,
        bonds=False,
        refills=False,
        identifies=False,
        tells_battery=True,
        limits=(
            "What it loses cannot be seen: its samples have no number, no time and no checksum.",
            "Its samples are timed by when they arrive.",
        ),
    )
    notify_uuids = (NOTIFY_UUID,)
    battery = Request(WRITE_UUID, bytes((0xFF, 0xAA, 0x27, REGISTER_BATTERY, 0)), answered=True, acknowledged=None)
    scale = Scales(acc_m_s2=16 * GRAVITY_M_S2 / 2**15, gyr_rad_s=2000 * RADIANS / 2**15, mag=None)

    def recognise(self, advertisement: Advertisement) -> bool:
        """Tell by name or service."""
        return SERVICE_UUID in advertisement.service_uuids or advertisement.is_named(r"wt\d{3}")

    def configure(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what unlocks the registers and sets the rate, until the sensor is switched off."""
        self.check_rate(rate_hz)
        return _write(0x69, 0xB588), _write(REGISTER_RATE, _RATE_CODES[rate_hz])

    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """Return nothing: it sends as long as it is connected."""
        self.check_rate(rate_hz)
        return ()

    def stop(self) -> tuple[Request, ...]:
        """Return nothing: it sends as long as it is connected."""
        return ()

    def carries_samples(self, uuid: str, value: bytes) -> bool:
        """Tell frames with motion, and what is damaged beyond knowing, from registers."""
        return uuid == NOTIFY_UUID and value[:2] != bytes((_HEAD, _REGISTERS))

    def answer(self, request: Request, uuid: str, value: bytes) -> Answer | None:
        """Read the registers that were asked for; the answer's value is the 8 i16 from the one on that was named."""
        if uuid != NOTIFY_UUID or request.data is None:
            return None
        wanted = bytes((_HEAD, _REGISTERS, request.data[3], 0))
        frames = (value[at : at + FRAME_SIZE] for at in range(0, len(value) - FRAME_SIZE + 1, FRAME_SIZE))
        return next((Answer("", frame[len(wanted) :]) for frame in frames if frame.startswith(wanted)), None)

    def battery_percent(self, value: bytes) -> int | None:
        """Return the level for a voltage, by the maker's table."""
        if len(value) < 2:
            raise PacketError("answer about the battery is empty", position=len(value))
        return _PERCENT[bisect_right(_VOLTS_CENTI, int.from_bytes(value[:2], "little"))]

    def decode_one(self, data: bytes) -> VendorPacket:
        """Decode the frames of a notification; registers among them are passed over.

        Raises:
            PacketError: With position and reason, if it is not made of whole frames or has no motion.
        """
        size = _frame_size(data)
        samples = []
        for at in range(0, len(data), size):
            if data[at] != _HEAD or data[at + 1] not in (_MOTION, _REGISTERS):
                raise PacketError("no frame begins here", position=at)
            if data[at + 1] == _MOTION:
                samples.append(_VALUES.unpack_from(data, at + 2))
        if not samples:
            raise PacketError("no motion", position=1 if data else 0)
        return VendorPacket(samples)


def encode_frames(samples: Sequence[Sequence[int]]) -> bytes:
    """Make a notification as the sensor sends it, the inverse of :meth:`WitMotionDriver.decode_one`.

    Args:
        samples: Each sample's acc x y z, gyr x y z as i16; up to four come in one notification.
    """
    return b"".join(bytes((_HEAD, _MOTION)) + _VALUES.pack(*sample) + bytes(6) for sample in samples)


def encode_registers(register: int, values: Sequence[int]) -> bytes:
    """Make an answer with eight registers, the inverse of :func:`decode_registers`."""
    return _REGISTER.pack(_HEAD, _REGISTERS, register, *values)


def decode_registers(data: bytes) -> tuple[int, tuple[int, ...]]:
    """Read an answer with registers.

    Returns:
        The first register's number and the values of eight registers from there on.

    Raises:
        PacketError: If it is no such answer.
    """
    if len(data) < _REGISTER.size:
        raise PacketError("answer ends before its last register", position=len(data))
    head, kind, register, *values = _REGISTER.unpack_from(data)
    if (head, kind) != (_HEAD, _REGISTERS):
        raise PacketError("not an answer with registers", position=0)
    return register, tuple(values)


def _frame_size(data: bytes) -> int:
    """Return the size of the frames that a notification is made of, or say where it stops being so."""
    for size in (FRAME_SIZE, STAMPED_SIZE):
        if len(data) % size == 0 and all(data[at] == _HEAD for at in range(0, len(data), size)):
            return size
    at = next((at for at in range(0, len(data), FRAME_SIZE) if data[at] != _HEAD), len(data))
    raise PacketError("not made of whole frames", position=at)


def _write(register: int, value: int) -> Request:
    data = bytes((0xFF, 0xAA, register)) + value.to_bytes(2, "little")
    return Request(WRITE_UUID, data, acknowledged=None, pause_s=_PAUSE_S)
