"""Virtual sensors of the models that can be bought."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from imuhip.packets import dot, movesense, witmotion
from imuhip.packets.gatt import sig_uuid
from imuhip.radio.virtual.firmware import Announcement, Attribute, AttributeRefusedError, Service
from imuhip.radio.virtual.wearer import VirtualWearer
from imuhip.units import GRAVITY_M_S2, FloatArray

_READ, _NOTIFY = frozenset({"read"}), frozenset({"notify"})
_WRITE, _EITHER_WRITE = frozenset({"write"}), frozenset({"write", "write-without-response"})
_NOT_PERMITTED, _UNLIKELY = 0x02, 0x0E


class VendorSensor(ABC):
    """What they share: samples on a clock of their own, in batches, without a log; see :class:`Firmware`.

    Args:
        role: Where the wearer wears it.
        wearer: Moves it.
        name: What it advertises.
        rate_hz: Until the host sets another.
        batch: Samples in a notification.
    """

    def __init__(self, role: str, wearer: VirtualWearer, *, name: str, rate_hz: float, batch: int) -> None:
        self.role = role
        self.battery_percent = 64
        self.identified = 0
        self.muted = False
        self._name = name
        self._wearer = wearer
        self._batch = batch
        self._replies: list[tuple[str, bytes]] = []
        self.set_rate(rate_hz)
        self.boot(0.0)

    @property
    @abstractmethod
    def announcement(self) -> Announcement:
        """See :class:`Firmware`."""

    @property
    @abstractmethod
    def services(self) -> tuple[Service, ...]:
        """See :class:`Firmware`."""

    @abstractmethod
    def payloads(self, tick_us: int, motion: FloatArray) -> list[tuple[str, bytes]]:
        """Return the notifications of one batch.

        Args:
            tick_us: Sensor time of its first sample.
            motion: (N, 6) m/s2 and deg/s.
        """

    def set_rate(self, rate_hz: float) -> None:
        """Sample at another rate."""
        true_rate = 1.0 / self._wearer.step_s(self.role)
        self._period_us = 1e6 / rate_hz
        self._step_s = round(true_rate) / true_rate / rate_hz  # its crystal's error stays the same

    def boot(self, now_s: float) -> None:
        """See :class:`Firmware`."""
        self._booted_s = self._first_s = now_s
        self._streaming = False
        self._sent = 0
        self._replies.clear()

    def connected(self, mtu: int) -> None:
        """See :class:`Firmware`; bought sensors take any."""
        del mtu

    def disconnected(self) -> None:
        """See :class:`Firmware`."""
        self._streaming = False
        self._replies.clear()

    def read(self, uuid: str, now_s: float) -> bytes:
        """See :class:`Firmware`."""
        del uuid, now_s
        raise AttributeRefusedError(_NOT_PERMITTED)

    @abstractmethod
    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """See :class:`Firmware`."""

    def begin(self, now_s: float) -> None:
        """Start to stream."""
        if not self._streaming:
            self._streaming = True
            self._first_s, self._sent = self._wearer.first_sample_s(self.role, now_s), 0

    def end(self) -> None:
        """Stop."""
        self._streaming = False

    def next_due_s(self) -> float | None:
        """See :class:`Firmware`."""
        if self._replies:
            return -math.inf
        if not self._streaming or self.muted:
            return None
        return self._first_s + (self._sent + self._batch - 1) * self._step_s

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """See :class:`Firmware`; what a stalled link keeps from being sent in time is gone."""
        out, self._replies = self._replies, []
        while self._streaming and not self.muted:
            last_s = self._first_s + (self._sent + self._batch - 1) * self._step_s
            if last_s > now_s + 1e-9:
                break
            if now_s - last_s < 1.0:
                out += self._batch_from(self._sent)
            self._sent += self._batch
        return out

    def _batch_from(self, number: int) -> list[tuple[str, bytes]]:
        time_s = np.asarray(self._first_s + (number + np.arange(self._batch)) * self._step_s, dtype=np.float64)
        motion = self._wearer.motion(self.role, time_s)
        since_boot = (float(time_s[0]) - self._booted_s) / self._step_s
        degrees = np.concatenate([motion[:, :3], np.degrees(motion[:, 3:])], axis=1)
        return self.payloads(round(since_boot * self._period_us), degrees)


class DotSensor(VendorSensor):
    """An Xsens DOT: one sample a notification, a clock that wraps."""

    def __init__(self, role: str, wearer: VirtualWearer, *, name: str = "Xsens DOT") -> None:
        super().__init__(role, wearer, name=name, rate_hz=60.0, batch=1)
        self._mode = dot.MODE_RATE

    @property
    def announcement(self) -> Announcement:
        """See :class:`Firmware`."""
        return Announcement(self._name, maker=((dot.COMPANY, b"\x01\x02"),))

    @property
    def services(self) -> tuple[Service, ...]:
        """See :class:`Firmware`."""
        return (
            Service(
                dot.SERVICE_UUID,
                (Attribute(dot.INFO_UUID, _READ), Attribute(dot.CONTROL_UUID, _WRITE)),
            ),
            Service(
                dot.SERVICE_UUID.replace("15171000", "15172000"),
                (
                    Attribute(dot.MEASURE_UUID, _WRITE),
                    Attribute(dot.LONG_UUID, _NOTIFY),
                    Attribute(dot.MEDIUM_UUID, _NOTIFY),
                ),
            ),
            Service(dot.SERVICE_UUID.replace("15171000", "15173000"), (Attribute(dot.BATTERY_UUID, _READ),)),
        )

    def read(self, uuid: str, now_s: float) -> bytes:
        """See :class:`Firmware`."""
        if uuid == dot.INFO_UUID:
            return bytes(6) + bytes((2, 0, 0)) + bytes(25)
        if uuid == dot.BATTERY_UUID:
            return bytes((self.battery_percent, 0))
        return super().read(uuid, now_s)

    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """See :class:`Firmware`."""
        if uuid == dot.CONTROL_UUID and len(data) == 32:
            self.identified += data[0] & 1
            if data[0] & 0x10:
                self.set_rate(float(int.from_bytes(data[24:26], "little")))
        elif uuid == dot.MEASURE_UUID and len(data) == 3 and data[2] in (dot.MODE_RATE, dot.MODE_CUSTOM_5):
            self._mode = data[2]
            if data[1]:
                self.begin(now_s)
            else:
                self.end()
        else:
            raise AttributeRefusedError(_UNLIKELY)

    def payloads(self, tick_us: int, motion: FloatArray) -> list[tuple[str, bytes]]:
        """See :class:`VendorSensor`."""
        uuid = dot.LONG_UUID if self._mode == dot.MODE_CUSTOM_5 else dot.MEDIUM_UUID
        return [(uuid, dot.encode_payload(self._mode, tick_us, motion[0].tolist()))]


class MovesenseSensor(VendorSensor):
    """A Movesense: eight samples a message, in two parts; a clock in milliseconds."""

    def __init__(self, role: str, wearer: VirtualWearer, *, name: str = "Movesense 1") -> None:
        super().__init__(role, wearer, name=name, rate_hz=104.0, batch=8)

    @property
    def announcement(self) -> Announcement:
        """See :class:`Firmware`."""
        return Announcement(self._name, (sig_uuid(0xFDF3),), ((0x009F, b"\x00"),))

    @property
    def services(self) -> tuple[Service, ...]:
        """See :class:`Firmware`."""
        attributes = Attribute(movesense.COMMAND_UUID, _WRITE), Attribute(movesense.NOTIFY_UUID, _NOTIFY)
        return (Service(movesense.SERVICE_UUID, attributes),)

    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """See :class:`Firmware`."""
        del uuid
        code, reference = data[0], data[1] if len(data) > 1 else 0
        if code == 1 and data[2:].startswith(b"/Meas/IMU6/"):
            self.set_rate(float(data[2:].rsplit(b"/", 1)[1]))
            self._answer(bytes((1, reference, 200, 0)))
            self.begin(now_s)
        elif code == 2:
            self.end()
        elif code == 4 and data[2:] == b"/System/Energy/Level":
            self._answer(bytes((1, reference, 200, 0, self.battery_percent)))
        else:
            self._answer(bytes((1, reference)) + (404).to_bytes(2, "little"))

    def payloads(self, tick_us: int, motion: FloatArray) -> list[tuple[str, bytes]]:
        """See :class:`VendorSensor`."""
        parts = movesense.encode_parts(tick_us // 1000, motion.tolist())
        return [(movesense.NOTIFY_UUID, part) for part in parts]

    def _answer(self, data: bytes) -> None:
        self._replies.append((movesense.NOTIFY_UUID, data))


class WitMotionSensor(VendorSensor):
    """A WT901BLE: four frames a notification, no numbers, no clock."""

    def __init__(self, role: str, wearer: VirtualWearer, *, name: str = "WT901BLE") -> None:
        super().__init__(role, wearer, name=name, rate_hz=100.0, batch=4)

    @property
    def announcement(self) -> Announcement:
        """See :class:`Firmware`."""
        return Announcement(self._name)

    @property
    def services(self) -> tuple[Service, ...]:
        """See :class:`Firmware`."""
        attributes = Attribute(witmotion.WRITE_UUID, _EITHER_WRITE), Attribute(witmotion.NOTIFY_UUID, _NOTIFY)
        return (Service(witmotion.SERVICE_UUID, attributes),)

    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """See :class:`Firmware`; the first thing that is written to it lets it stream until it is disconnected."""
        del uuid
        if data[:2] != b"\xff\xaa" or len(data) < 5:
            return
        if data[2] == 0x27 and data[3] == witmotion.REGISTER_BATTERY:
            self._replies.append((witmotion.NOTIFY_UUID, witmotion.encode_registers(data[3], [390] + [0] * 7)))
        self.begin(now_s)

    def payloads(self, tick_us: int, motion: FloatArray) -> list[tuple[str, bytes]]:
        """See :class:`VendorSensor`."""
        del tick_us
        step = np.array([16 * GRAVITY_M_S2] * 3 + [2000.0] * 3) / 2**15
        values = np.clip(np.rint(motion / step), -(2**15), 2**15 - 1).astype(int)
        return [(witmotion.NOTIFY_UUID, witmotion.encode_frames(values.tolist()))]


MODELS: dict[str, Callable[[str, VirtualWearer], VendorSensor]] = {
    "dot": DotSensor,
    "movesense": MovesenseSensor,
    "witmotion": WitMotionSensor,
}
"""By the name of the driver that reads them."""
