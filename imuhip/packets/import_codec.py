"""Imported samples as notifications, one at a time: float64 values kept as they were.

So an import is one more source, not a side path. :mod:`imuhip.packets.imported` decodes many at once and must agree
with this module notification for notification.

Notification, little-endian::

    0  u8   type, 0x01
    1  u8   flags: bit 0 magnetometer; others zero, ignored when read
    2  u8   number of samples n, 1 to 255
    3  u8   zero, ignored when read
    4  n x 7 x f64   time (s, the import's own clock), acc x y z (m/s2), gyr x y z (rad/s)
       n x 3 x f64   magnetometer x y z, only with flag 0; NaN where a sample has none

Descriptor, little-endian; later versions append, the length tells what is there::

    0  u16  length of the descriptor, at least 14
    2  u8   version, 1
    3  u8   unit of the magnetometer: 0 none, 1 microtesla, 2 arbitrary
    4  f64  nominal rate (Hz)
    12 u16  bytes of the name
    14      name of the source, UTF-8
"""

from __future__ import annotations

import struct

import numpy as np

from imuhip.errors import PacketError
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray

TYPE_IMPORT = 0x01
FLAG_MAG = 0x01
SAMPLES_PER_NOTIFICATION = 10

TIME_LIMIT_S = 2**53 / 1e6
"""As in our own protocol: microseconds stay exact as float64."""

VALUE_LIMIT = 1e6
"""Far beyond any sensor in m/s2, rad/s or microtesla; squares and products stay finite whatever a file holds."""

HEADER = struct.Struct("<BBBx")
_DESCRIPTOR = struct.Struct("<HBBdH")
_MAG_UNITS = (None, "ut", "au")
_RATE_LIMITS_HZ = (1.0, 10_000.0)
MOTION_SIZE, MAG_SIZE = 56, 24
_LIMITS = np.array([TIME_LIMIT_S] + [VALUE_LIMIT] * 6)


@record
class ImportDescriptor:
    """What is known about an imported sensor.

    Attributes:
        rate_hz: Nominal sample rate, 1 Hz to 10 kHz.
        mag_unit: ``"ut"`` microtesla, ``"au"`` arbitrary, None without a magnetometer.
        source: Where the samples came from, for people: printable text.
    """

    rate_hz: float
    mag_unit: str | None
    source: str


@record
class ImportPacket:
    """One notification of imported samples.

    Attributes:
        time_s: Each sample's time on the import's own clock.
        motion: Each sample's acc x y z (m/s2), gyr x y z (rad/s).
        mag: Each sample's magnetometer x y z (NaN where it has none), or None.
    """

    time_s: tuple[float, ...]
    motion: tuple[tuple[float, ...], ...]
    mag: tuple[tuple[float, ...], ...] | None


def encode_import(
    time_s: FloatArray,
    acc_m_s2: FloatArray,
    gyr_rad_s: FloatArray,
    mag: FloatArray | None = None,
    *,
    per_notification: int = SAMPLES_PER_NOTIFICATION,
) -> list[bytes]:
    """Pack samples into notifications.

    Args:
        time_s: (S,) time on the import's own clock.
        acc_m_s2: (S, 3) specific force.
        gyr_rad_s: (S, 3) angular rate.
        mag: (S, 3) magnetic field, NaN where a sample has none, or None.
        per_notification: Samples in a notification; the last may have fewer.

    Returns:
        The notifications' values, in order.

    Raises:
        PacketError: If a value is not finite or absurdly large; the position is in its notification.
        ValueError: If ``per_notification`` is not 1 to 255, or the arrays differ in length.
    """
    if not 1 <= per_notification <= 255:
        raise ValueError(f"{per_notification} samples do not fit a notification")
    motion = np.column_stack([time_s, acc_m_s2, gyr_rad_s]).astype("<f8")
    field = None if mag is None else np.ascontiguousarray(mag, dtype="<f8")
    if field is not None and len(field) != len(motion):
        raise ValueError(f"{len(field)} magnetometer values for {len(motion)} samples")
    payloads = []
    for first in range(0, len(motion), per_notification):
        rows = motion[first : first + per_notification]
        tail = b"" if field is None else field[first : first + per_notification].tobytes()
        header = HEADER.pack(TYPE_IMPORT, FLAG_MAG if field is not None else 0, len(rows))
        payloads.append(header + rows.tobytes() + tail)
    if not plausible_motion(motion).all() or not (field is None or plausible_mag(field).all()):
        for payload in payloads:
            decode_import(payload)
    return payloads


def decode_import(data: bytes) -> ImportPacket:
    """Decode one notification of imported samples; bytes after the known fields are ignored.

    Args:
        data: The whole value of the notification.

    Returns:
        The packet.

    Raises:
        PacketError: With position and reason, for anything else.
    """
    if len(data) < HEADER.size:
        raise PacketError("notification ends inside its header", position=len(data))
    kind, flags, count = HEADER.unpack_from(data)
    if kind != TYPE_IMPORT:
        raise PacketError(f"unknown type 0x{kind:02x}", position=0)
    if count == 0:
        raise PacketError("no samples", position=2)
    mag_at = HEADER.size + count * MOTION_SIZE
    if len(data) < mag_at + (count * MAG_SIZE if flags & FLAG_MAG else 0):
        raise PacketError("notification ends before its last field", position=len(data))
    motion = np.frombuffer(data, "<f8", count * 7, HEADER.size).reshape(-1, 7)
    _refuse(plausible_motion(motion), HEADER.size)
    mag: tuple[tuple[float, ...], ...] | None = None
    if flags & FLAG_MAG:
        field = np.frombuffer(data, "<f8", count * 3, mag_at).reshape(-1, 3)
        _refuse(plausible_mag(field), mag_at)
        mag = tuple(map(tuple, field.tolist()))
    return ImportPacket(tuple(motion[:, 0].tolist()), tuple(map(tuple, motion[:, 1:].tolist())), mag)


def encode_import_descriptor(descriptor: ImportDescriptor) -> bytes:
    """Encode a descriptor, the inverse of :func:`decode_import_descriptor`.

    Raises:
        PacketError: If a value does not fit its field; the position is the field's.
    """
    if descriptor.mag_unit not in _MAG_UNITS:
        raise PacketError(f"unknown unit of the magnetometer {descriptor.mag_unit!r}", position=3)
    if not _RATE_LIMITS_HZ[0] <= descriptor.rate_hz <= _RATE_LIMITS_HZ[1]:
        raise PacketError(f"rate of {descriptor.rate_hz} Hz is not 1 Hz to 10 kHz", position=4)
    if not descriptor.source.isprintable():
        raise PacketError(f"text {descriptor.source!r} is not printable", position=_DESCRIPTOR.size)
    name = descriptor.source.encode("utf-8")
    if _DESCRIPTOR.size + len(name) > 0xFFFF:
        raise PacketError(f"name of {len(name)} bytes does not fit", position=12)
    unit = _MAG_UNITS.index(descriptor.mag_unit)
    return _DESCRIPTOR.pack(_DESCRIPTOR.size + len(name), 1, unit, descriptor.rate_hz, len(name)) + name


def decode_import_descriptor(data: bytes) -> ImportDescriptor:
    """Decode the descriptor of an imported sensor; appended fields are ignored.

    Raises:
        PacketError: With position and reason, for anything else.
    """
    if len(data) < _DESCRIPTOR.size:
        raise PacketError("descriptor ends inside its header", position=len(data))
    length, version, unit, rate_hz, name_size = _DESCRIPTOR.unpack_from(data)
    if version != 1:
        raise PacketError(f"unknown descriptor version {version}", position=2)
    if len(data) < length:
        raise PacketError("descriptor is shorter than its length says", position=len(data))
    if unit >= len(_MAG_UNITS):
        raise PacketError(f"unknown unit of the magnetometer {unit}", position=3)
    if not _RATE_LIMITS_HZ[0] <= rate_hz <= _RATE_LIMITS_HZ[1]:
        raise PacketError(f"rate of {rate_hz} Hz is not 1 Hz to 10 kHz", position=4)
    if _DESCRIPTOR.size + name_size > length:
        raise PacketError("name is longer than the descriptor", position=12)
    name = _text(data[_DESCRIPTOR.size : _DESCRIPTOR.size + name_size], _DESCRIPTOR.size)
    return ImportDescriptor(rate_hz, _MAG_UNITS[unit], name)


def plausible_motion(motion: FloatArray) -> BoolArray:
    """Return which of (S, 7) time, acc, gyr values can be values: finite and of a size that no product overflows."""
    return np.abs(motion) <= _LIMITS


def plausible_mag(mag: FloatArray) -> BoolArray:
    """Return which of (S, 3) magnetometer values can be values; NaN can, it means none."""
    return (np.abs(mag) <= VALUE_LIMIT) | np.isnan(mag)


def _refuse(plausible: BoolArray, position: int) -> None:
    if not plausible.all():
        raise PacketError("value is not finite or too large", position=position + 8 * int(np.argmin(plausible)))


def _text(raw: bytes, position: int) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PacketError("text is not UTF-8", position=position + error.start) from error
    if not text.isprintable():  # it reaches terminals and reports
        raise PacketError("text is not printable", position=position)
    return text
