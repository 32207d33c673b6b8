"""What can happen to the thigh's sensor, and how long its data is away by that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from virtual_session import Faults, own_sensors

from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.world import World

THIGH = "thigh_right"

Act = Callable[[World], Awaitable[None]]
"""Does a fault to the thigh's sensor; returns when its cause is over."""


def after(seconds: float, act: Act) -> Faults:
    """A fault for :func:`virtual_session.play`, so long after it records."""

    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(seconds)
        await act(world)

    return faults


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
    act: Act
    back_s: float
    lost: tuple[int, int] = (0, 0)
    loses_heading: bool = False
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


async def drop(world: World) -> None:
    await world.sensors[THIGH].peripheral.drop()


async def time_out(world: World) -> None:
    world.air.take_away(world.sensors[THIGH].controller, timeout_s=2.0)
    await asyncio.sleep(2.5)
    world.air.bring_back(world.sensors[THIGH].controller)


def jam(seconds: float) -> Act:
    async def act(world: World) -> None:
        world.air.hold(world.sensors[THIGH].controller)
        await asyncio.sleep(seconds)
        world.air.release(world.sensors[THIGH].controller)

    return act


def walk_away(seconds: float) -> Act:
    async def act(world: World) -> None:
        world.air.take_away(world.sensors[THIGH].controller)
        await asyncio.sleep(seconds)
        world.air.bring_back(world.sensors[THIGH].controller)

    return act


def restart(seconds: float) -> Act:
    async def act(world: World) -> None:
        await world.sensors[THIGH].peripheral.reboot(after_s=seconds)

    return act


async def lose_bond(world: World) -> None:
    await world.sensors[THIGH].peripheral.forget_bonds()
    await world.sensors[THIGH].peripheral.drop()


async def refuse(world: World) -> None:
    world.sensors[THIGH].peripheral.refuse_next = [0x80, 0x0E, 0x11]
    await world.sensors[THIGH].peripheral.drop()


async def double(world: World) -> None:
    await drop(world)
    world.sensors[THIGH].peripheral.tamper = lambda data: [data, data]


async def mute(world: World) -> None:
    firmware = world.sensors[THIGH].peripheral.firmware
    firmware.muted = True  # type: ignore[attr-defined]  # ours have it
    await asyncio.sleep(5)
    firmware.muted = False  # type: ignore[attr-defined]


async def adapter_off(world: World) -> None:
    await world.host.power_off()
    await asyncio.sleep(6)
    await world.host.power_on()


def burst(copies: int) -> Act:
    async def act(world: World) -> None:
        peripheral = world.sensors[THIGH].peripheral

        def burst(data: bytes) -> list[bytes]:
            peripheral.tamper = lambda data: [data]
            return [data] * copies

        peripheral.tamper = burst

    return act


async def mangle(world: World) -> None:
    rng = np.random.default_rng(5)

    def mangled(data: bytes) -> list[bytes]:
        malformed, cut, oversized = rng.bytes(120), data[:60], data + rng.bytes(244 - len(data))
        return [[malformed, cut, oversized, data][rng.integers(4)]]

    world.sensors[THIGH].peripheral.tamper = mangled
    await asyncio.sleep(4)
    world.sensors[THIGH].peripheral.tamper = lambda data: [data]


FAULTS = (
    FaultKind("drop", drop, 1.0),
    FaultKind("supervision timeout", time_out, 3.5, loses_heading=True),
    FaultKind("a second of jam and a burst", jam(1.0), 1.2),
    FaultKind("a jam that overflows the sensor's queue", jam(4.0), 5.0, loses_heading=True,
              options={"firmwares": lambda worn: own_sensors(worn, queue=20)}),
    FaultKind("thirty seconds out of range", walk_away(30.0), 33.0, loses_heading=True),
    FaultKind("restart", restart(3.0), 4.0, loses_heading=True),
    FaultKind("lost bond", lose_bond, 3.0, loses_heading=True, options={"bonded": True}),
    FaultKind("refusals", refuse, 3.5, loses_heading=True),
    FaultKind("narrow link, dropped", drop, 1.0, lost=(1, 100), options={"max_mtu": 23}),
    FaultKind("doubled after a reconnect", double, 1.0),
    FaultKind("silence", mute, 8.5, loses_heading=True),
    FaultKind("adapter off and on", adapter_off, 9.0, loses_heading=True),
    FaultKind("a burst of five thousand", burst(5000), 0.5),
    FaultKind("a full queue", burst(500), 1.0, options={"queue_limit": 100}),
    FaultKind("malformed and oversized", mangle, 4.5),
)  # fmt: skip
