"""Xsens DOT and Movella DOT, streaming acceleration and angular rate.

Loss shows as jumps of the sensor's clock, which wraps every 71.6 minutes. The payload modes 21 (rate quantities) and 26
(custom mode 5, which adds the orientation that the sensor computed; unused here) are told apart by their length.

References:
    Xsens DOT BLE Services Specifications, XD0506P, revision F. Mode 26 is later than that; its layout is as public
    clients read it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from imuhip.errors import PacketError
from imuhip.packets.gatt import Advertisement, Capabilities, Request
from imuhip.packets.host_descriptor import HostDescriptor, encode_host_descriptor
from imuhip.packets.vendor import VendorDriver, VendorPacket, check_values

_BASE = "1517{:04x}-4947-11e9-8646-d663bd873d93"
SERVICE_UUID = _BASE.format(0x1000)
INFO_UUID, CONTROL_UUID = _BASE.format(0x1001), _BASE.format(0x1002)
MEASURE_UUID, LONG_UUID, MEDIUM_UUID = _BASE.format(0x2001), _BASE.format(0x2002), _BASE.format(0x2003)
BATTERY_UUID = _BASE.format(0x3001)
COMPANY = 0x0886

MODE_RATE, MODE_CUSTOM_5 = 21, 26
_RATE = struct.Struct("<I6f")  # time, acc, gyr
_CUSTOM_5 = struct.Struct("<I4f6f")  # time, quaternion w x y z, acc, gyr
_INFO = struct.Struct("<6s3B7sIQ6s")  # address, firmware, build date, SoftDevice, serial number, product
LONG_SIZE, MEDIUM_SIZE = 63, 40
_CONTROL_SIZE = 32
_VISIT_IDENTIFY, _VISIT_RATE = 0x01, 0x10
_RATE_AT = 24


class DotDriver(VendorDriver):
    """See :class:`imuhip.packets.drivers.RadioDriver`.

    Args:
        mode: The payload mode to start: 21 or 26. Either is decoded.
    """

    name = "dot"
    model = "Xsens/Movella DOT"
    capabilities = Capabilities(
        time="sensor_clock",
        loss_seen_by="clock",
        rates_hz=(20.0, 30.0, 60.0),
        rate_hz=60.0,
        bonds=False,
        refills=False,
        identifies=True,
        tells_battery=True,
        limits=("It streams at most 60 samples a second; 120 it only records on the device.",),
    )
    notify_uuids = (LONG_UUID, MEDIUM_UUID)
    info_uuids = (INFO_UUID,)
    battery = Request(BATTERY_UUID)
    tick_bits = 32

    def __init__(self, mode: int = MODE_RATE) -> None:
        self._mode = mode

    def recognise(self, advertisement: Advertisement) -> bool:
        """Tell by name or by Movella's company identifier."""
        return advertisement.is_named(r"(xsens|movella) dot") or COMPANY in advertisement.manufacturer_data

    def configure(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what sets the output rate."""
        self.check_rate(rate_hz)
        return (_control(_VISIT_RATE, _RATE_AT, struct.pack("<H", round(rate_hz))),)

    def describe(self, rate_hz: float, info: Mapping[str, bytes]) -> bytes:
        """Return the descriptor, with the firmware's version where the sensor told it."""
        firmware = ""
        data = info.get(INFO_UUID, b"")
        if len(data) >= _INFO.size:
            _, *version, _, _, _, _ = _INFO.unpack_from(data)
            firmware = ".".join(map(str, version))
        return encode_host_descriptor(HostDescriptor(rate_hz, self.model, firmware, self._mode))

    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what starts the payload mode."""
        self.check_rate(rate_hz)
        return (Request(MEASURE_UUID, bytes((1, 1, self._mode))),)

    def stop(self) -> tuple[Request, ...]:
        """Return what stops it."""
        return (Request(MEASURE_UUID, bytes((1, 0, self._mode))),)

    def identify(self) -> tuple[Request, ...]:
        """Return what makes the light blink."""
        return (_control(_VISIT_IDENTIFY, 1, b"\x01"),)

    def decode_one(self, data: bytes) -> VendorPacket:
        """Decode a payload of mode 21 (28 bytes) or 26 (44 bytes); zeros that pad it are ignored.

        Raises:
            PacketError: With position and reason, for anything else.
        """
        if len(data) >= _CUSTOM_5.size:
            tick_us, *values = _CUSTOM_5.unpack_from(data)
            motion, position = values[4:], 20
        elif len(data) >= _RATE.size:
            tick_us, *motion = _RATE.unpack_from(data)
            position = 4
        else:
            raise PacketError("payload ends before its last field", position=len(data))
        check_values(motion, position)
        return VendorPacket((motion,), tick_us)


def encode_payload(mode: int, tick_us: int, motion: Sequence[float]) -> bytes:
    """Make a payload as the sensor sends it, the inverse of :meth:`DotDriver.decode_one`.

    Args:
        mode: :data:`MODE_RATE` or :data:`MODE_CUSTOM_5`, whose orientation is left at none.
        tick_us: Sensor time, which wraps at 32 bits.
        motion: Acceleration x y z in m/s2, angular rate x y z in deg/s.

    Returns:
        The value of a notification of the medium or the long characteristic, padded with zeros.
    """
    if mode == MODE_RATE:
        return _RATE.pack(tick_us % 2**32, *motion).ljust(MEDIUM_SIZE, b"\0")
    return _CUSTOM_5.pack(tick_us % 2**32, 1.0, 0.0, 0.0, 0.0, *motion).ljust(LONG_SIZE, b"\0")


def encode_message(identifier: int, data: bytes) -> bytes:
    """Frame a message to the message service (7001): identifier, length, data, checksum.

    Raises:
        PacketError: If the data is too long.
    """
    if len(data) > 255:
        raise PacketError(f"{len(data)} bytes do not fit a message", position=1)
    head = bytes((identifier, len(data))) + data
    return head + bytes((-sum(head) & 0xFF,))


def decode_message(data: bytes) -> tuple[int, bytes]:
    """Read a message of the message service.

    Returns:
        Its identifier and data.

    Raises:
        PacketError: If length or checksum is wrong.
    """
    if len(data) < 3 or len(data) != data[1] + 3:
        raise PacketError("message is not as long as it says", position=len(data))
    if sum(data) & 0xFF:
        raise PacketError("checksum is wrong", position=len(data) - 1)
    return data[0], data[2:-1]


def _control(visit: int, at: int, value: bytes) -> Request:
    """Write one field of the control characteristic; the first byte tells which."""
    data = bytearray(_CONTROL_SIZE)
    data[0] = visit
    data[at : at + len(value)] = value
    return Request(CONTROL_UUID, bytes(data))
