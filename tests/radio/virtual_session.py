"""Plays virtual sessions with faults through the whole client into a recording, faster than life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.radio.live import LiveSession
from imuhip.radio.pace import run
from imuhip.radio.supervisor import LinkStatus
from imuhip.radio.virtual.firmware import Firmware
from imuhip.radio.virtual.own_sensor import OwnSensor
from imuhip.radio.virtual.wearer import VirtualWearer
from imuhip.radio.virtual.world import SETTLE_S, World, open_world, targets_of
from imuhip.recording import Anchor, RecordingWriter, SessionInfo, recording_info
from imuhip.recording.format import Loss

Faults = Callable[[World, LiveSession], Awaitable[None]]


class WritingSink:
    """Records and does nothing else."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer

    def take(self, block: NotificationBlock) -> None:
        self._writer.write(block)

    def mark(self, mark: Mark) -> None:
        self._writer.mark(mark)

    def tick(self, now_ns: int, lost: Sequence[int]) -> None:
        for sensor, count in enumerate(lost):
            if count:
                self._writer.loss(Loss(sensor, now_ns, {"queue_full": count}))
        self._writer.sync()


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a session."""

    path: Path
    sensors: Mapping[str, Mapping[str, Any]]
    status: Mapping[str, LinkStatus]
    most_waiting: int


SEED = 3
"""Of wearer, sensors and radio."""


@lru_cache(maxsize=2)
def _wearer(scenario: str) -> VirtualWearer:
    return VirtualWearer.of_scenario(scenario, SEED)


def wearer(scenario: str = "short") -> VirtualWearer:
    """A wearer whose session has not begun."""
    known = _wearer(scenario)
    made = VirtualWearer.__new__(VirtualWearer)
    made.__dict__.update(known.__dict__)
    made.origin_s, made._taps = None, []
    return made


def own_sensors(worn: VirtualWearer, **options: Any) -> dict[str, Firmware]:
    """Sensors of our own protocol that differ from the usual ones."""
    return {role: OwnSensor(role, worn, **options) for role in worn.roles}


def play(
    path: Path,
    faults: Faults | None = None,
    *,
    seconds: float = 26.0,
    scenario: str = "short",
    firmwares: Callable[[VirtualWearer], Mapping[str, Firmware]] | None = None,
    descriptors: Mapping[str, bytes] | None = None,
    bonded: bool = False,
    wait_s: float = 10.0,
    queue_limit: int | None = None,
    max_mtu: int = 247,
    sink: Callable[[RecordingWriter, Sequence[SensorInfo]], WritingSink] = lambda writer, _: WritingSink(writer),
) -> Played:
    """Record a session; ``faults`` runs beside it from the moment it records."""

    async def main() -> Played:
        worn = wearer(scenario)
        made = firmwares(worn) if firmwares else None
        async with open_world(worn, seed=SEED, firmwares=made, encrypted=bonded, max_mtu=max_mtu) as world:
            targets = [
                replace(each, bonded=bonded, descriptor=(descriptors or {}).get(each.role))
                for each in targets_of(world)
            ]
            session = LiveSession(world.adapter, targets, queue_limit=queue_limit)
            if faults is not None and getattr(faults, "before", False):
                await faults(world, session)
            try:
                sensors = await session.connect(wait_s=wait_s)
                loop = asyncio.get_running_loop()
                worn.begin(loop.time() + SETTLE_S)
                for mark in worn.marks():
                    loop.call_at((mark.end_ns or mark.start_ns) * 1e-9, session.mark, mark)
                stop = asyncio.Event()
                loop.call_later(seconds, stop.set)
                doing = asyncio.create_task(_nothing() if faults is None else faults(world, session))
                info = SessionInfo(tuple(sensors), anchor=Anchor(10**18, session.now_ns()), source="radio")
                with RecordingWriter(path, info, durable=False) as writer:
                    await session.feed(sink(writer, sensors), stop)
                await doing
                status = {each.target.role: replace(each.status) for each in session.supervisors}
            finally:
                await session.close()
        about = recording_info(path)
        return Played(path, {each["role"]: each for each in about["sensors"]}, status, session.arrivals.most_waiting)

    return run(main(), speed=None)


async def _nothing() -> None:
    return None
