"""Movesense sensors that speak the GATT SensorData Protocol, streaming /Meas/IMU6.

A notification has the time of its first sample in whole milliseconds, no sequence number; loss shows as jumps of time.
From 104 Hz on the samples of one message do not fit one notification: the rest follows in a continuation.

References:
    Movesense, GATT SensorData Protocol specification, GD-77, version 1.0.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from imuhip.errors import PacketError
from imuhip.packets.blocks import block_from_notifications, concat
from imuhip.packets.gatt import Advertisement, Answer, Capabilities, Request, sig_uuid
from imuhip.packets.notification import NotificationBlock
from imuhip.packets.vendor import VendorDriver, VendorPacket, check_values

_BASE = "3480{}-7185-4d5d-b431-630e7050e8f0"
SERVICE_UUID = _BASE.format("2252")
COMMAND_UUID, NOTIFY_UUID = _BASE.format("0001"), _BASE.format("0002")
ADVERTISED_UUID = sig_uuid(0xFDF3)
"""What it advertises, in place of the service; older ones only have their name."""

_HELLO, _SUBSCRIBE, _UNSUBSCRIBE, _GET = 0, 1, 2, 4
_RESULT, _DATA, _CONTINUED = 1, 2, 3
IMU_REFERENCE, BATTERY_REFERENCE = 99, 98
"""Numbers of our choosing that tie what the sensor sends to what it was asked."""

PART_SIZE = 158
"""Bytes of a notification at the MTU of 161 that the sensor grants."""

_HEADER = struct.Struct("<BBI")  # kind, reference, milliseconds
_SAMPLE_SIZE = 24
_MESSAGE_LIMIT = 2048
"""Bytes of a message in parts; 16 samples, what 208 Hz brings, are 390."""


class MovesenseDriver(VendorDriver):
    """See :class:`imuhip.packets.drivers.RadioDriver`."""

    name = "movesense"
    model = "Movesense"
    capabilities = Capabilities(
        time="sensor_clock",
        loss_seen_by="clock",
        rates_hz=(52.0, 104.0, 208.0),
        rate_hz=104.0,
        bonds=False,
        refills=False,
        identifies=False,
        tells_battery=True,
        limits=("Its clock counts whole milliseconds.", "It needs firmware with the GATT SensorData Protocol."),
    )
    notify_uuids = (NOTIFY_UUID,)
    battery = Request(COMMAND_UUID, bytes((_GET, BATTERY_REFERENCE)) + b"/System/Energy/Level", answered=True)

    def recognise(self, advertisement: Advertisement) -> bool:
        """Tell by name or advertised service."""
        known = {SERVICE_UUID, ADVERTISED_UUID} & advertisement.service_uuids
        return bool(known) or advertisement.is_named("movesense")

    def start(self, rate_hz: float) -> tuple[Request, ...]:
        """Return what subscribes to the motion at a rate."""
        self.check_rate(rate_hz)
        path = f"/Meas/IMU6/{rate_hz:.0f}".encode("ascii")
        return (Request(COMMAND_UUID, bytes((_SUBSCRIBE, IMU_REFERENCE)) + path, answered=True),)

    def stop(self) -> tuple[Request, ...]:
        """Return what ends the subscription."""
        return (Request(COMMAND_UUID, bytes((_UNSUBSCRIBE, IMU_REFERENCE))),)

    def carries_samples(self, uuid: str, value: bytes) -> bool:
        """Tell data of the motion, and what is damaged beyond knowing, from answers."""
        if uuid != NOTIFY_UUID:
            return False
        return value[:1] not in (bytes((_HELLO,)), bytes((_RESULT,))) and value[1:2] != bytes((BATTERY_REFERENCE,))

    def answer(self, request: Request, uuid: str, value: bytes) -> Answer | None:
        """Read the answer that has the request's reference; a value may come with a status or as data."""
        if uuid != NOTIFY_UUID or request.data is None or len(value) < 2 or value[1] != request.data[1]:
            return None
        if value[0] == _DATA and request.data[0] == _GET:
            return Answer("", value[2:])
        if value[0] != _RESULT:
            return None
        if len(value) < 4:
            return Answer("the sensor's answer has no status")
        status = int.from_bytes(value[2:4], "little")
        return Answer("" if 200 <= status < 300 else f"the sensor answers with status {status}", value[4:])

    def decode_one(self, data: bytes) -> VendorPacket:
        """Decode a whole message of /Meas/IMU6: all accelerations, then all angular rates.

        Raises:
            PacketError: With position and reason, for anything else.
        """
        if len(data) < _HEADER.size:
            raise PacketError("notification ends inside its header", position=len(data))
        kind, reference, time_ms = _HEADER.unpack_from(data)
        if kind == _CONTINUED:
            raise PacketError("continuation of a message that did not come", position=0)
        if kind != _DATA or reference != IMU_REFERENCE:
            raise PacketError(f"not motion: kind {kind}, reference {reference}", position=0)
        count, rest = divmod(len(data) - _HEADER.size, _SAMPLE_SIZE)
        if rest or not count:
            raise PacketError("message ends inside a sample", position=len(data))
        values = struct.unpack_from(f"<{6 * count}f", data, _HEADER.size)
        check_values(values, _HEADER.size)
        acc, gyr = values[: 3 * count], values[3 * count :]
        samples = [acc[at : at + 3] + gyr[at : at + 3] for at in range(0, 3 * count, 3)]
        return VendorPacket(samples, time_ms * 1000)

    def join(self, held: NotificationBlock, block: NotificationBlock) -> tuple[NotificationBlock, NotificationBlock]:
        """Put messages together that come in parts; a message arrives with its last part.

        A first part of just whole samples would pass for a message of its own; the notifications of 158 bytes that a
        sensor sends are none, nor are those of the usual MTUs (23, 185, 247).

        Args:
            held: The parts of an unfinished message, as one notification, from the last call.
            block: The next notifications of the sensor.

        Returns:
            What is whole, or cannot become so, and what to hold back.
        """
        whole: list[tuple[int, int, bytes]] = []
        begun: tuple[int, int, bytes] | None = None
        every = concat((held, block))
        offset = every.offset.tolist()
        for at, (arrival_ns, sensor) in enumerate(zip(every.arrival_ns.tolist(), every.sensor.tolist(), strict=True)):
            data = every.data[offset[at] : offset[at + 1]].tobytes()
            if begun is not None and data[:1] == bytes((_CONTINUED,)) and data[1:2] == begun[2][1:2]:
                data = begun[2] + data[2:]
            elif begun is not None:
                whole.append(begun)  # its rest is lost
            begun = (arrival_ns, sensor, data) if _is_part(data) else None
            if begun is None:
                whole.append((arrival_ns, sensor, data))
        return block_from_notifications(whole), block_from_notifications([begun] if begun else [])


def encode_parts(time_ms: int, samples: Sequence[Sequence[float]], size: int = PART_SIZE) -> list[bytes]:
    """Make the notifications of one message, as the sensor sends them.

    Args:
        time_ms: Time of the first sample.
        samples: Each sample's acceleration x y z in m/s2, angular rate x y z in deg/s.
        size: Most bytes of a notification.

    Returns:
        One notification, or the first part and its continuations.
    """
    values = [value for sample in samples for value in sample[:3]] + [
        value for sample in samples for value in sample[3:]
    ]
    data = _HEADER.pack(_DATA, IMU_REFERENCE, time_ms % 2**32) + struct.pack(f"<{len(values)}f", *values)
    step = size - 2
    return [
        data[:size],
        *(bytes((_CONTINUED, IMU_REFERENCE)) + data[at : at + step] for at in range(size, len(data), step)),
    ]


def _is_part(data: bytes) -> bool:
    """Tell whether more of a message must follow."""
    starts = data[:2] == bytes((_DATA, IMU_REFERENCE)) and _HEADER.size < len(data) < _MESSAGE_LIMIT
    return starts and (len(data) - _HEADER.size) % _SAMPLE_SIZE != 0
