"""Commands and replies of our own protocol: the specification in Python, for both ends.

References:
    firmware_protocol/PROTOCOL.md, "GATT service" and "Commands".
"""

from __future__ import annotations

import struct
from dataclasses import astuple
from enum import IntEnum

from imuhip.errors import PacketError
from imuhip.records import record

SERVICE_UUID = "86ae0001-911a-43fe-be91-ebd39cdc8351"
DESCRIPTOR_UUID = "86ae0002-911a-43fe-be91-ebd39cdc8351"
DATA_UUID = "86ae0003-911a-43fe-be91-ebd39cdc8351"
CONTROL_UUID = "86ae0004-911a-43fe-be91-ebd39cdc8351"

REPLY = 0x80
"""A reply begins with its command's code and this bit."""


class Status(IntEnum):
    """How a command went: the second byte of every reply."""

    OK = 0
    UNKNOWN_COMMAND = 1
    MALFORMED = 2
    UNSUPPORTED = 3
    NOT_NOW = 4
    NOT_IN_LOG = 5
    BUSY = 6
    FAULT = 7


MEANING = {
    Status.OK: "done",
    Status.UNKNOWN_COMMAND: "the sensor does not know this command",
    Status.MALFORMED: "the command was malformed",
    Status.UNSUPPORTED: "the sensor does not support this value",
    Status.NOT_NOW: "not possible now",
    Status.NOT_IN_LOG: "these samples are no longer in the sensor's log",
    Status.BUSY: "the sensor is busy with a command like this",
    Status.FAULT: "the sensor has a fault",
}


@record
class Start:
    """Begin to measure, or go on after a reconnect; answered by :class:`StreamState`."""


@record
class Stop:
    """End measuring."""


@record
class Configure:
    """Set rate and ranges to the nearest possible, and what the reply says is set; 0 leaves a value as it is.

    Attributes:
        rate_mhz: Sample rate in millihertz.
        acc_range_g: Range of the accelerometer.
        gyr_range_deg_s: Range of the gyroscope.
    """

    rate_mhz: int
    acc_range_g: int
    gyr_range_deg_s: int


@record
class Identify:
    """Let the light blink.

    Attributes:
        seconds: For how long; 0 ends it.
    """

    seconds: int


@record
class AskBattery:
    """Ask for the battery; answered by :class:`Battery`."""


@record
class AskTime:
    """Ask where the stream is; answered by :class:`StreamState`."""


@record
class Resend:
    """Ask for samples from the log; the reply is the part that will come.

    Attributes:
        first: Sequence number of the first sample.
        count: How many; 0 ends a running one.
    """

    first: int
    count: int


Command = Start | Stop | Configure | Identify | AskBattery | AskTime | Resend


@record
class StreamState:
    """Where the stream is.

    Attributes:
        time_us: Sensor time now.
        next_sequence: Number of the sample that is due next.
        oldest_sequence: Number of the oldest sample in the log; ``next_sequence`` where the log is empty.
        measuring: Whether the sensor was measuring when the command came.
    """

    time_us: int
    next_sequence: int
    oldest_sequence: int
    measuring: bool


@record
class Battery:
    """State of the battery.

    Attributes:
        percent: 0 to 100, or None where the sensor does not know.
        charging: Whether it is being charged.
        millivolt: Its voltage; 0 where the sensor does not measure it.
    """

    percent: int | None
    charging: bool
    millivolt: int


@record
class LogSpan:
    """What the log holds, told where a :class:`Resend` asks for nothing that is in it.

    Attributes:
        oldest_sequence: Number of the oldest sample in the log.
        next_sequence: Number of the sample that is due next.
    """

    oldest_sequence: int
    next_sequence: int


Value = StreamState | Configure | Battery | Resend | LogSpan | None


@record
class Reply:
    """What a sensor answers to a command.

    Attributes:
        code: The command's code.
        status: How it went.
        value: What it tells; None where it tells nothing.
    """

    code: int
    status: Status
    value: Value = None


_LAYOUTS: dict[type[Command], tuple[int, struct.Struct]] = {
    Start: (0x01, struct.Struct("<")),
    Stop: (0x02, struct.Struct("<")),
    Configure: (0x03, struct.Struct("<IHH")),
    Identify: (0x04, struct.Struct("<B")),
    AskBattery: (0x05, struct.Struct("<")),
    AskTime: (0x06, struct.Struct("<")),
    Resend: (0x07, struct.Struct("<II")),
}
_BY_CODE = {code: (kind, layout) for kind, (code, layout) in _LAYOUTS.items()}
_STATE, _BATTERY, _SETTINGS, _SPAN = (struct.Struct(layout) for layout in ("<QIIB", "<BBH", "<IHH", "<II"))
_VALUES: dict[tuple[int, Status], tuple[struct.Struct, type]] = {
    (0x01, Status.OK): (_STATE, StreamState),
    (0x03, Status.OK): (_SETTINGS, Configure),
    (0x03, Status.UNSUPPORTED): (_SETTINGS, Configure),  # the nearest that the sensor can do
    (0x05, Status.OK): (_BATTERY, Battery),
    (0x06, Status.OK): (_STATE, StreamState),
    (0x07, Status.OK): (_SPAN, Resend),
    (0x07, Status.NOT_IN_LOG): (_SPAN, LogSpan),
}
_UNKNOWN_PERCENT = 255


def code_of(command: Command) -> int:
    """Return the first byte of a command."""
    return _LAYOUTS[type(command)][0]


def encode_command(command: Command) -> bytes:
    """Encode a command.

    Raises:
        PacketError: If a value does not fit its field; the position is that of the first field.
    """
    code, layout = _LAYOUTS[type(command)]
    try:
        return bytes((code,)) + layout.pack(*astuple(command))
    except struct.error as error:
        raise PacketError(f"{command} does not fit its fields", position=1) from error


def decode_command(data: bytes) -> Command:
    """Decode a command, as a sensor does; bytes after the known fields are ignored.

    Raises:
        PacketError: At position 0 for an unknown code (:attr:`Status.UNKNOWN_COMMAND`), at the end where fields are
            missing (:attr:`Status.MALFORMED`).
    """
    if not data:
        raise PacketError("command is empty", position=0)
    if data[0] not in _BY_CODE:
        raise PacketError(f"unknown command 0x{data[0]:02x}", position=0)
    kind, layout = _BY_CODE[data[0]]
    if len(data) < 1 + layout.size:
        raise PacketError("command ends before its last field", position=len(data))
    return kind(*layout.unpack_from(data, 1))


def refusal(data: bytes) -> Reply | None:
    """Return the reply to bytes that are no command, or None where they are one."""
    code = data[0] & ~REPLY if data else 0
    try:
        decode_command(data)
    except PacketError as error:
        known = error.position > 0 or not data
        return Reply(code, Status.MALFORMED if known else Status.UNKNOWN_COMMAND)
    return None


def encode_reply(reply: Reply) -> bytes:
    """Encode a reply, as a sensor does.

    Raises:
        PacketError: If a value does not fit its field, or does not belong to this reply.
    """
    layout, kind = _VALUES.get((reply.code, reply.status), (None, None))
    if (type(reply.value) if reply.value is not None else None) is not kind:
        raise PacketError(f"{reply.value} is no value of this reply", position=2)
    head = bytes((reply.code | REPLY, reply.status))
    if layout is None or reply.value is None:
        return head
    fields = astuple(reply.value)
    if isinstance(reply.value, Battery):
        percent = _UNKNOWN_PERCENT if reply.value.percent is None else reply.value.percent
        fields = (percent, reply.value.charging, reply.value.millivolt)
    try:
        return head + layout.pack(*fields)
    except struct.error as error:
        raise PacketError(f"{reply.value} does not fit its fields", position=2) from error


def decode_reply(data: bytes) -> Reply:
    """Decode a reply; bytes after the known fields are ignored, so is the value of a status that has none.

    Raises:
        PacketError: With position and reason, for anything that is not a reply of this version.
    """
    if len(data) < 2:
        raise PacketError("reply ends inside its header", position=len(data))
    code, status = data[0] & ~REPLY, data[1]
    if not data[0] & REPLY:
        raise PacketError(f"0x{data[0]:02x} is not the code of a reply", position=0)
    if status not in MEANING:
        raise PacketError(f"unknown status {status}", position=1)
    layout, kind = _VALUES.get((code, Status(status)), (None, None))
    if layout is None or kind is None:
        return Reply(code, Status(status))
    if len(data) < 2 + layout.size:
        raise PacketError("reply ends before its last field", position=len(data))
    fields = layout.unpack_from(data, 2)
    return Reply(code, Status(status), _value(kind, fields))


def _value(kind: type, fields: tuple[int, ...]) -> Value:
    if kind is StreamState:
        time_us, next_sequence, oldest_sequence, flags = fields
        return StreamState(time_us, next_sequence, oldest_sequence, bool(flags & 1))
    if kind is Battery:
        percent, flags, millivolt = fields
        if percent > 100 and percent != _UNKNOWN_PERCENT:
            raise PacketError(f"battery of {percent} percent", position=2)
        return Battery(None if percent == _UNKNOWN_PERCENT else percent, bool(flags & 1), millivolt)
    value: Value = kind(*fields)
    return value
