"""What can happen to the thigh's sensor, and how long its data is away by that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from virtual_session import own_sensors

from imuhip.radio.virtual.world import World

THIGH = "thigh_right"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault.

    Attributes:
        name: What it is.
        act: Does it; returns when the cause is over.
        back_s: By when samples come again, from its beginning.
        lost: The least and the most samples that it may cost the recording.
        loses_heading: Whether data is away for longer than live carries a heading over.
        options: For :func:`virtual_session.play`.
    """

    name: str
    act: Callable[[World], Awaitable[None]]
    back_s: float
    lost: tuple[int, int] = (0, 0)
    loses_heading: bool = False
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


async def _drop(world: World) -> None:
    await world.sensors[THIGH].peripheral.drop()


async def _time_out(world: World) -> None:
    world.air.take_away(world.sensors[THIGH].controller, timeout_s=2.0)
    await asyncio.sleep(2.5)
    world.air.bring_back(world.sensors[THIGH].controller)


def _jam(seconds: float) -> Callable[[World], Awaitable[None]]:
    async def act(world: World) -> None:
        world.air.hold(world.sensors[THIGH].controller)
        await asyncio.sleep(seconds)
        world.air.release(world.sensors[THIGH].controller)

    return act


async def _walk_away(world: World) -> None:
    world.air.take_away(world.sensors[THIGH].controller)
    await asyncio.sleep(30)
    world.air.bring_back(world.sensors[THIGH].controller)


async def _restart(world: World) -> None:
    await world.sensors[THIGH].peripheral.reboot(after_s=3.0)


async def _lose_bond(world: World) -> None:
    await world.sensors[THIGH].peripheral.forget_bonds()
    await world.sensors[THIGH].peripheral.drop()


async def _refuse(world: World) -> None:
    world.sensors[THIGH].peripheral.refuse_next = [0x80, 0x0E, 0x11]
    await world.sensors[THIGH].peripheral.drop()


async def _double(world: World) -> None:
    await _drop(world)
    world.sensors[THIGH].peripheral.tamper = lambda data: [data, data]


async def _mute(world: World) -> None:
    firmware = world.sensors[THIGH].peripheral.firmware
    firmware.muted = True  # type: ignore[attr-defined]  # ours have it
    await asyncio.sleep(5)
    firmware.muted = False  # type: ignore[attr-defined]


async def _adapter_off(world: World) -> None:
    await world.host.power_off()
    await asyncio.sleep(6)
    await world.host.power_on()


def _burst(copies: int) -> Callable[[World], Awaitable[None]]:
    async def act(world: World) -> None:
        peripheral = world.sensors[THIGH].peripheral

        def burst(data: bytes) -> list[bytes]:
            peripheral.tamper = lambda data: [data]
            return [data] * copies

        peripheral.tamper = burst

    return act


async def _mangle(world: World) -> None:
    rng = np.random.default_rng(5)

    def mangled(data: bytes) -> list[bytes]:
        malformed, cut, oversized = rng.bytes(120), data[:60], data + rng.bytes(244 - len(data))
        return [[malformed, cut, oversized, data][rng.integers(4)]]

    world.sensors[THIGH].peripheral.tamper = mangled
    await asyncio.sleep(4)
    world.sensors[THIGH].peripheral.tamper = lambda data: [data]


FAULTS = (
    FaultKind("drop", _drop, 1.0),
    FaultKind("supervision timeout", _time_out, 3.5, loses_heading=True),
    FaultKind("a second of jam and a burst", _jam(1.0), 1.2),
    FaultKind("a jam that overflows the sensor's queue", _jam(4.0), 5.0, loses_heading=True,
              options={"firmwares": lambda worn: own_sensors(worn, queue=20)}),
    FaultKind("thirty seconds out of range", _walk_away, 33.0, loses_heading=True),
    FaultKind("restart", _restart, 4.0, loses_heading=True),
    FaultKind("lost bond", _lose_bond, 3.0, loses_heading=True, options={"bonded": True}),
    FaultKind("refusals", _refuse, 3.5, loses_heading=True),
    FaultKind("narrow link, dropped", _drop, 1.0, lost=(1, 100), options={"max_mtu": 23}),
    FaultKind("doubled after a reconnect", _double, 1.0),
    FaultKind("silence", _mute, 8.5, loses_heading=True),
    FaultKind("adapter off and on", _adapter_off, 9.0, loses_heading=True),
    FaultKind("a burst of five thousand", _burst(5000), 0.5),
    FaultKind("a full queue", _burst(500), 1.0, options={"queue_limit": 100}),
    FaultKind("malformed and oversized", _mangle, 4.5),
)  # fmt: skip
