"""The descriptor of a sensor that speaks our own protocol.

References:
    firmware_protocol/PROTOCOL.md, "Descriptor".
"""

from __future__ import annotations

import struct
from fractions import Fraction

from imuhip.errors import PacketError
from imuhip.records import record

VERSION = 1
FEATURE_MAG = 0x01
FEATURE_TEMPERATURE = 0x02
FEATURE_LOG = 0x04
FEATURE_SHORT = 0x08

_LAYOUT = struct.Struct("<HBxIIHHIIIIIII24s16s")
SIZE = _LAYOUT.size
"""Bytes of a version 1 descriptor without appended fields."""

_MODEL_AT, _FIRMWARE_AT = 44, 68
RATE_LIMITS_MHZ = range(1_000, 10_000_001)
"""1 Hz to 10 kHz: buffers sized by the rate stay bounded whatever a sensor claims."""


@record
class Descriptor:
    """What a sensor says about itself once per connection.

    Attributes:
        model: Maker's model name.
        firmware: Firmware version.
        rate_mhz: Nominal sample rate in millihertz.
        acc_range_g: The accelerometer clips beyond this.
        gyr_range_deg_s: The gyroscope clips beyond this.
        acc_scale_g: Standard gravities per least significant bit, exact.
        gyr_scale_deg_s: Degrees per second per least significant bit, exact.
        mag_scale_ut: Microtesla per least significant bit, exact; None without a magnetometer.
        has_temperature: Whether notifications may carry a temperature.
        log_samples: Capacity of the log on the sensor in samples; 0 without one.
        short_form: Whether notifications have the short form on this connection.
    """

    model: str
    firmware: str
    rate_mhz: int
    acc_range_g: int
    gyr_range_deg_s: int
    acc_scale_g: Fraction
    gyr_scale_deg_s: Fraction
    mag_scale_ut: Fraction | None = None
    has_temperature: bool = False
    log_samples: int = 0
    short_form: bool = False


def decode_descriptor(data: bytes) -> Descriptor:
    """Decode a descriptor; fields appended by later versions are ignored.

    Args:
        data: The bytes read from the sensor.

    Returns:
        What the sensor says about itself.

    Raises:
        PacketError: With position and reason, for anything that is not a descriptor of this version.
    """
    if len(data) < 3:
        raise PacketError("descriptor ends inside its header", position=len(data))
    length, version = struct.unpack_from("<HB", data)
    if version != VERSION:
        raise PacketError(f"unknown descriptor version {version}", position=2)
    if length < SIZE:
        raise PacketError(f"descriptor length {length} is less than {SIZE}", position=0)
    if len(data) < length:
        raise PacketError("descriptor is shorter than its length says", position=len(data))
    _, _, features, rate_mhz, acc_range, gyr_range, *scales, log_samples, model, firmware = _LAYOUT.unpack_from(data)
    if rate_mhz not in RATE_LIMITS_MHZ:
        raise PacketError(f"rate of {rate_mhz} mHz is not 1 Hz to 10 kHz", position=8)
    return Descriptor(
        model=text_field(model, _MODEL_AT),
        firmware=text_field(firmware, _FIRMWARE_AT),
        rate_mhz=rate_mhz,
        acc_range_g=acc_range,
        gyr_range_deg_s=gyr_range,
        acc_scale_g=_scale("accelerometer", scales[0], scales[1], 16),
        gyr_scale_deg_s=_scale("gyroscope", scales[2], scales[3], 24),
        mag_scale_ut=_scale("magnetometer", scales[4], scales[5], 32) if features & FEATURE_MAG else None,
        has_temperature=bool(features & FEATURE_TEMPERATURE),
        log_samples=log_samples if features & FEATURE_LOG else 0,
        short_form=bool(features & FEATURE_SHORT),
    )


def encode_descriptor(descriptor: Descriptor) -> bytes:
    """Encode a descriptor, the inverse of :func:`decode_descriptor`.

    Args:
        descriptor: What the sensor says about itself.

    Returns:
        The bytes a host reads from the sensor.

    Raises:
        PacketError: If a value does not fit its field; the position is the field's.
    """
    scales: list[int] = []
    for position, scale in (
        (16, descriptor.acc_scale_g),
        (24, descriptor.gyr_scale_deg_s),
        (32, descriptor.mag_scale_ut),
    ):
        if scale is None:
            scales += (0, 0)
        elif scale > 0 and max(scale.numerator, scale.denominator) < 2**32:
            scales += (scale.numerator, scale.denominator)
        else:
            raise PacketError(f"scale {scale} is not a positive ratio of 32-bit numbers", position=position)
    for name, position, value, allowed in (
        ("rate in mHz", 8, descriptor.rate_mhz, RATE_LIMITS_MHZ),
        ("accelerometer range", 12, descriptor.acc_range_g, range(2**16)),
        ("gyroscope range", 14, descriptor.gyr_range_deg_s, range(2**16)),
        ("log size", 40, descriptor.log_samples, range(2**32)),
    ):
        if value not in allowed:
            raise PacketError(f"{name} {value} does not fit", position=position)
    return _LAYOUT.pack(
        SIZE,
        VERSION,
        _features(descriptor),
        descriptor.rate_mhz,
        descriptor.acc_range_g,
        descriptor.gyr_range_deg_s,
        *scales,
        descriptor.log_samples,
        padded_field(descriptor.model, 24, _MODEL_AT),
        padded_field(descriptor.firmware, 16, _FIRMWARE_AT),
    )


def _features(descriptor: Descriptor) -> int:
    return (
        (FEATURE_MAG if descriptor.mag_scale_ut is not None else 0)
        | (FEATURE_TEMPERATURE if descriptor.has_temperature else 0)
        | (FEATURE_LOG if descriptor.log_samples else 0)
        | (FEATURE_SHORT if descriptor.short_form else 0)
    )


def _scale(name: str, numerator: int, denominator: int, position: int) -> Fraction:
    if numerator == 0:
        raise PacketError(f"{name} scale is zero", position=position)
    if denominator == 0:
        raise PacketError(f"{name} scale divides by zero", position=position + 4)
    return Fraction(numerator, denominator)


def text_field(raw: bytes, position: int) -> str:
    """Read a text padded with zeros; ``position`` is the field's, for the error."""
    used = raw.split(b"\0", 1)[0]
    for at, byte in enumerate(used):
        if not 0x20 <= byte <= 0x7E:  # it reaches terminals and reports
            raise PacketError("text is not printable ASCII", position=position + at)
    return used.decode("ascii")


def padded_field(text: str, size: int, position: int) -> bytes:
    """Return a text padded with zeros; ``position`` is the field's, for the error."""
    if not (text.isascii() and text.isprintable() and len(text) <= size):
        raise PacketError(f"text {text!r} is not printable ASCII of at most {size} characters", position=position)
    return text.encode("ascii").ljust(size, b"\0")
