"""The descriptor that the host writes for a sensor that has none of its own.

It goes into the recording in place of bytes read from the sensor, so that a reader decodes by what was set up. Layout,
little-endian; later versions append, the length tells what is there::

    0  u16  length of the descriptor, 48
    2  u8   version, 1
    3  u8   measurement mode, where the model has several, else 0
    4  u32  sample rate that was set up, millihertz
    8  24 bytes  model, printable ASCII, padded with zeros
    32 16 bytes  firmware version, likewise; empty where the sensor does not tell it
"""

from __future__ import annotations

import struct

from imuhip.errors import PacketError
from imuhip.packets.descriptor import RATE_LIMITS_MHZ, padded_field, text_field
from imuhip.records import record

_LAYOUT = struct.Struct("<HBBI24s16s")
_VERSION = 1


@record
class HostDescriptor:
    """How a sensor was set up.

    Attributes:
        rate_hz: Sample rate.
        model: Model name.
        firmware: Firmware version; "" where unknown.
        mode: Measurement mode, where the model has several.
    """

    rate_hz: float
    model: str
    firmware: str = ""
    mode: int = 0


def encode_host_descriptor(descriptor: HostDescriptor) -> bytes:
    """Encode a descriptor, the inverse of :func:`decode_host_descriptor`.

    Raises:
        PacketError: If a value does not fit its field; the position is the field's.
    """
    rate_mhz = round(descriptor.rate_hz * 1000)
    for name, position, value, allowed in (
        ("mode", 3, descriptor.mode, range(256)),
        ("rate in mHz", 4, rate_mhz, RATE_LIMITS_MHZ),
    ):
        if value not in allowed:
            raise PacketError(f"{name} {value} does not fit", position=position)
    texts = padded_field(descriptor.model, 24, 8), padded_field(descriptor.firmware, 16, 32)
    return _LAYOUT.pack(_LAYOUT.size, _VERSION, descriptor.mode, rate_mhz, *texts)


def decode_host_descriptor(data: bytes) -> HostDescriptor:
    """Decode a descriptor; appended fields are ignored.

    Raises:
        PacketError: With position and reason, for anything that is not such a descriptor.
    """
    if len(data) < _LAYOUT.size:
        raise PacketError("descriptor ends before its last field", position=len(data))
    length, version, mode, rate_mhz, model, firmware = _LAYOUT.unpack_from(data)
    if version != _VERSION:
        raise PacketError(f"unknown descriptor version {version}", position=2)
    if not _LAYOUT.size <= length <= len(data):
        raise PacketError(f"descriptor of {len(data)} bytes says that it has {length}", position=0)
    if rate_mhz not in RATE_LIMITS_MHZ:
        raise PacketError(f"rate of {rate_mhz} mHz is not 1 Hz to 10 kHz", position=4)
    return HostDescriptor(rate_mhz / 1000, text_field(model, 8), text_field(firmware, 32), mode)
