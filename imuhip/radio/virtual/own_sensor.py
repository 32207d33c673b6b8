"""A virtual sensor that speaks our own protocol.

References:
    firmware_protocol/PROTOCOL.md.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from imuhip.packets import codec, commands
from imuhip.packets.commands import Status
from imuhip.packets.descriptor import Descriptor, encode_descriptor
from imuhip.packets.gatt import BATTERY_LEVEL_UUID, sig_uuid
from imuhip.radio.virtual.firmware import Announcement, Attribute, AttributeRefusedError, Service
from imuhip.radio.virtual.wearer import VirtualWearer
from imuhip.simulation import transmit
from imuhip.units import GRAVITY_M_S2

LOG_S = 360
"""The log holds six minutes: five of absence and some to find each other again."""

QUEUE_NOTIFICATIONS = 60
"""The send queue, 8 kB of a small chip's memory: it bridges 5 s of jammed radio, then samples are dropped."""

RESENT_PER_EVENT = 8
"""Notifications from the log between two live ones: catches up 5 minutes in about 40 s; live data is not delayed."""

SHORT_BELOW_MTU = 39
"""Below this an ordinary notification of one sample does not fit."""

_READ_NOT_PERMITTED = 0x02
_READ = frozenset({"read"})


class OwnSensor:
    """Firmware of our own protocol.

    Args:
        role: Where the wearer wears it.
        wearer: Moves it.
        name: What it advertises.
        rate_hz: Of its samples.
        clock_start_us: Its clock when it boots.
        per_notification: Samples in a notification.
        log_s: How much its log holds.
        queue: Notifications that its send queue holds.
    """

    def __init__(
        self,
        role: str,
        wearer: VirtualWearer,
        *,
        name: str = "imuhip sensor",
        rate_hz: float = 100.0,
        clock_start_us: int = 17_000_000,
        per_notification: int = transmit.SAMPLES_PER_NOTIFICATION,
        log_s: float = LOG_S,
        queue: int = QUEUE_NOTIFICATIONS,
    ) -> None:
        self.role = role
        self.battery_percent = 87
        self.identified = 0
        self.muted = False
        self._wearer = wearer
        self._name = name
        self._clock_start_us = clock_start_us
        self._queue = queue
        self._batch = per_notification
        log_samples = round(log_s * rate_hz)
        self._descriptor: Descriptor = replace(transmit.descriptor(rate_hz), log_samples=log_samples)
        self._scale = (
            np.array([transmit.ACC_RANGE_G * GRAVITY_M_S2] * 3 + [math.radians(transmit.GYR_RANGE_DEG_S)] * 3) / 2**15
        )
        self._period_us = 1e6 / rate_hz
        self._step_s = wearer.step_s(role) * self._wearer_rate(role) / rate_hz
        # Device Information: manufacturer, model, firmware, serial number.
        texts = ("imuhip", self._descriptor.model, self._descriptor.firmware, f"{clock_start_us:08x}")
        self._about = dict(zip(map(sig_uuid, (0x2A29, 0x2A24, 0x2A26, 0x2A25)), texts, strict=True))
        self._replies: deque[bytes] = deque()
        self._resending: deque[tuple[int, int]] = deque()
        self.boot(0.0)

    def _wearer_rate(self, role: str) -> float:
        return round(1.0 / self._wearer.step_s(role))

    @property
    def lattice(self) -> tuple[float, float]:
        """When sample 0 was taken by the loop's clock, and the true time between two samples: for judging."""
        return self._first_s, self._step_s

    @property
    def announcement(self) -> Announcement:
        """See :class:`Firmware`."""
        return Announcement(self._name, (commands.SERVICE_UUID,))

    @property
    def services(self) -> tuple[Service, ...]:
        """See :class:`Firmware`."""
        control = frozenset({"write", "indicate"})
        return (
            Service(
                commands.SERVICE_UUID,
                (
                    Attribute(commands.DESCRIPTOR_UUID, _READ),
                    Attribute(commands.DATA_UUID, frozenset({"notify"})),
                    Attribute(commands.CONTROL_UUID, control),
                ),
            ),
            Service(sig_uuid(0x180A), tuple(Attribute(uuid, _READ) for uuid in self._about)),
            Service(sig_uuid(0x180F), (Attribute(BATTERY_LEVEL_UUID, _READ),)),
        )

    def boot(self, now_s: float) -> None:
        """See :class:`Firmware`."""
        self._booted_s = now_s
        self._measuring = False
        self._live = False
        self._mtu = 23
        self._first_s = now_s
        self._sent = 0
        self._drops = 0
        self._replies.clear()
        self._resending.clear()

    def connected(self, mtu: int) -> None:
        """See :class:`Firmware`."""
        self._mtu = mtu

    def disconnected(self) -> None:
        """See :class:`Firmware`; measuring goes on, into the log."""
        self._live = False
        self._replies.clear()
        self._resending.clear()

    @property
    def _short(self) -> bool:
        """Whether the link is too narrow for an ordinary notification."""
        return self._mtu < SHORT_BELOW_MTU

    @property
    def _size(self) -> int:
        return 1 if self._short else self._batch

    def read(self, uuid: str, now_s: float) -> bytes:
        """See :class:`Firmware`."""
        del now_s
        if uuid == commands.DESCRIPTOR_UUID:
            return encode_descriptor(replace(self._descriptor, short_form=self._short))
        if uuid == BATTERY_LEVEL_UUID:
            return bytes((self.battery_percent,))
        if uuid in self._about:
            return self._about[uuid].encode()
        raise AttributeRefusedError(_READ_NOT_PERMITTED)

    def write(self, uuid: str, data: bytes, now_s: float) -> None:
        """See :class:`Firmware`."""
        del uuid
        reply = commands.refusal(data) or self._obey(commands.decode_command(data), now_s)
        self._replies.append(commands.encode_reply(reply))

    def next_due_s(self) -> float | None:
        """See :class:`Firmware`."""
        if self._replies or self._resending:
            return -math.inf
        if not (self._live and self._measuring) or self.muted:
            return None
        return self._first_s + (self._sent + self._size - 1) * self._step_s

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """See :class:`Firmware`."""
        out = [(commands.CONTROL_UUID, reply) for reply in self._replies]
        self._replies.clear()
        if not self._live or self.muted:
            return out
        if self._measuring:
            batches = (self._next(now_s) - self._sent) // self._size
            for _ in range(min(batches, self._queue)):
                out.append((commands.DATA_UUID, self._notification(self._sent, self._size)))
                self._sent += self._size
            dropped = max(batches - self._queue, 0) * self._size  # the newest had no place in the queue
            self._drops += dropped
            self._sent += dropped
        return out + self._resent()

    def _next(self, now_s: float) -> int:
        """Number of the sample that is due next."""
        if not self._measuring:
            return self._sent
        return max(math.floor((now_s - self._first_s) / self._step_s + 1e-6) + 1, 0)

    def _oldest(self, now_s: float) -> int:
        return max(self._next(now_s) - self._descriptor.log_samples, 0)

    def _obey(self, command: commands.Command, now_s: float) -> commands.Reply:
        code = commands.code_of(command)
        match command:
            case commands.Start():
                was_measuring = self._measuring
                self._live = True
                if was_measuring:
                    self._sent = max(self._sent, self._next(now_s))  # what is older stays in the log
                else:
                    self._begin(now_s)
                return commands.Reply(code, Status.OK, self._state(now_s, measuring=was_measuring))
            case commands.Stop():
                self._measuring = False
                self._resending.clear()
            case commands.Configure(rate_mhz, acc_range_g, gyr_range_deg_s):
                if self._measuring:
                    return commands.Reply(code, Status.NOT_NOW)
                # It can do one rate and one range each, which are the nearest to whatever is asked for.
                known = self._descriptor
                can = (known.rate_mhz, known.acc_range_g, known.gyr_range_deg_s)
                asked = (rate_mhz, acc_range_g, gyr_range_deg_s)
                near = all(not want or want / 2 <= has <= want * 2 for want, has in zip(asked, can, strict=True))
                return commands.Reply(code, Status.OK if near else Status.UNSUPPORTED, commands.Configure(*can))
            case commands.Identify(seconds):
                self.identified += seconds > 0
            case commands.AskBattery():
                battery = commands.Battery(self.battery_percent, charging=False, millivolt=3900)
                return commands.Reply(code, Status.OK, battery)
            case commands.AskTime():
                return commands.Reply(code, Status.OK, self._state(now_s, measuring=self._measuring))
            case commands.Resend(first, count):
                return self._resend(code, first, count, now_s)
        return commands.Reply(code, Status.OK)

    def _begin(self, now_s: float) -> None:
        self._measuring = True
        self._first_s = self._wearer.first_sample_s(self.role, now_s)
        self._sent = self._drops = 0

    def _state(self, now_s: float, *, measuring: bool) -> commands.StreamState:
        due, oldest = self._next(now_s), self._oldest(now_s)
        return commands.StreamState(self._tick_us(due), due % 2**32, oldest % 2**32, measuring)

    def _resend(self, code: int, first: int, count: int, now_s: float) -> commands.Reply:
        if not self._descriptor.log_samples:
            return commands.Reply(code, Status.UNKNOWN_COMMAND)
        if not self._measuring:
            return commands.Reply(code, Status.NOT_NOW)
        if count == 0:
            self._resending.clear()
            return commands.Reply(code, Status.OK, commands.Resend(first, 0))
        if self._resending:
            return commands.Reply(code, Status.BUSY)
        oldest, due = self._oldest(now_s), self._next(now_s)
        start, stop = max(first, oldest), min(first + count, due)
        if start >= stop:
            return commands.Reply(code, Status.NOT_IN_LOG, commands.LogSpan(oldest % 2**32, due % 2**32))
        self._resending.append((start, stop))
        return commands.Reply(code, Status.OK, commands.Resend(start, stop - start))

    def _resent(self) -> list[tuple[str, bytes]]:
        out: list[tuple[str, bytes]] = []
        while self._resending and len(out) < RESENT_PER_EVENT:
            start, stop = self._resending.popleft()
            size = min(self._size, stop - start)
            out.append((commands.DATA_UUID, self._notification(start, size)))
            if start + size < stop:
                self._resending.appendleft((start + size, stop))
        return out

    def _tick_us(self, number: int) -> int:
        since_boot_us = (self._first_s - self._booted_s) / self._step_s * self._period_us
        return self._clock_start_us + round(since_boot_us + number * self._period_us)

    def _notification(self, first: int, count: int) -> bytes:
        time_s = np.asarray(self._first_s + (first + np.arange(count)) * self._step_s, dtype=np.float64)
        values = np.rint(self._wearer.motion(self.role, time_s) / self._scale)
        samples = np.clip(values, -(2**15), 2**15 - 1).astype(int).tolist()
        packet = codec.Packet(
            sequence=first % 2**32,
            tick_us=self._tick_us(first),
            period_ns=0 if self._short else round(self._period_us * 1000),
            drops=self._drops % 2**32,
            samples=tuple(tuple(sample) for sample in samples),
        )
        return codec.encode_short(packet) if self._short else codec.encode_notification(packet)
