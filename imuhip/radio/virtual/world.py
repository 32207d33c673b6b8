"""A whole world in one process: a wearer, virtual sensors, the air and the host's controller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
from bumble.core import BaseBumbleError
from bumble.transport import open_transport

from imuhip.errors import RadioError
from imuhip.packets.drivers import recognise
from imuhip.packets.gatt import Advertisement
from imuhip.radio.adapter import Adapter
from imuhip.radio.bumble_client import BumbleClient
from imuhip.radio.bumble_host import ADDRESS, BumbleHost
from imuhip.radio.bumble_scanner import BumbleScanner
from imuhip.radio.supervisor import Target
from imuhip.radio.virtual.air import Air, AirController
from imuhip.radio.virtual.firmware import Firmware
from imuhip.radio.virtual.own_sensor import OwnSensor
from imuhip.radio.virtual.peripheral import Peripheral
from imuhip.radio.virtual.wearer import VirtualWearer

INTERVALS_S = (0.015, 0.050)
"""Connection intervals that hosts grant."""

SETTLE_S = 3.0
"""The wearer stands ready this long before the session begins, for the sensors to connect."""


@dataclass(slots=True)
class VirtualSensor:
    """One sensor of the world.

    Attributes:
        role: Where it is worn.
        peripheral: It, on the air.
        controller: Its radio.
    """

    role: str
    peripheral: Peripheral
    controller: AirController

    @property
    def address(self) -> str:
        """As a scan reports it."""
        return self.peripheral.address


@dataclass(slots=True)
class World:
    """Everything virtual.

    Attributes:
        air: Carries packets, or not.
        wearer: Moves the sensors.
        sensors: By role.
        host: The host's side.
        host_controller: Its radio.
        adapter: What the client uses.
    """

    air: Air
    wearer: VirtualWearer
    sensors: Mapping[str, VirtualSensor]
    host: BumbleHost
    host_controller: AirController
    adapter: Adapter


def adapter_over(host: BumbleHost) -> Adapter:
    """Return an adapter whose bleak talks through a bumble host."""
    return Adapter({"backend": BumbleScanner, "host": host}, {"backend": BumbleClient, "host": host})


def sensor_address(index: int) -> str:
    """Return the address of a virtual sensor: static random, as its two highest bits say."""
    return f"C0:1A:B0:00:00:{index + 1:02X}"


def targets_of(world: World) -> list[Target]:
    """Return all sensors of a world as a session wants them."""
    targets = []
    for index, (role, sensor) in enumerate(world.sensors.items()):
        said = sensor.peripheral.firmware.announcement
        driver = recognise(Advertisement(said.name, frozenset(said.services), dict(said.maker)))
        if driver is None:
            raise RadioError(f"no driver knows the virtual sensor {said.name}")
        targets.append(Target(index, role, sensor.address, driver, driver.capabilities.rate_hz))
    return targets


async def put_on_air(
    air: Air,
    wearer: VirtualWearer,
    *,
    seed: int = 0,
    firmwares: Mapping[str, Firmware] | None = None,
    max_mtu: int = 247,
    encrypted: bool = False,
) -> dict[str, VirtualSensor]:
    """Switch virtual sensors on.

    Args:
        air: Where they are.
        wearer: Moves them.
        seed: Of intervals and clocks.
        firmwares: Of each sensor by role; our own protocol by default.
        max_mtu: Of the sensors.
        encrypted: Whether the sensors talk only over a bond.

    Returns:
        The sensors by role.
    """
    loop = asyncio.get_running_loop()
    rng = np.random.default_rng([seed, 4])
    sensors: dict[str, VirtualSensor] = {}
    for index, role in enumerate(wearer.roles):
        clock_start_us = int(rng.integers(10_000_000, 3_600_000_000))
        firmware = (firmwares or {}).get(role) or OwnSensor(
            role, wearer, name=f"imuhip {index + 1}", clock_start_us=clock_start_us
        )
        controller = AirController(f"sensor {index}", air, sensor_address(index), rssi_dbm=int(rng.integers(-75, -45)))
        peripheral = Peripheral(
            firmware,
            controller,
            controller,
            sensor_address(index),
            now_s=loop.time,
            interval_s=float(rng.uniform(*INTERVALS_S)),
            seed=seed * 100 + index,
            max_mtu=max_mtu,
            encrypted=encrypted,
            on_air=lambda controller=controller: air.carries(controller),  # type: ignore[misc]  # bound per sensor
        )
        await peripheral.power_on()
        sensors[role] = VirtualSensor(role, peripheral, controller)
    return sensors


@asynccontextmanager
async def open_world(
    wearer: VirtualWearer,
    *,
    seed: int = 0,
    firmwares: Mapping[str, Firmware] | None = None,
    max_mtu: int = 247,
    encrypted: bool = False,
) -> AsyncIterator[World]:
    """Make a world and switch everything in it on.

    Args:
        wearer: Moves the sensors.
        seed: Of intervals and clocks.
        firmwares: Of each sensor by role; our own protocol by default.
        max_mtu: Of the sensors.
        encrypted: Whether the sensors talk only over a bond.

    Yields:
        The world.
    """
    air = Air()
    sensors = await put_on_air(air, wearer, seed=seed, firmwares=firmwares, max_mtu=max_mtu, encrypted=encrypted)
    host_controller = AirController("host", air, ADDRESS)
    host = BumbleHost(host_controller, host_controller)
    await host.power_on()
    try:
        yield World(air, wearer, sensors, host, host_controller, adapter_over(host))
    finally:
        await host.power_off()
        for sensor in sensors.values():
            await sensor.peripheral.power_off()


@asynccontextmanager
async def serve(air: Air, transport: str) -> AsyncIterator[AirController]:
    """Offer a controller in the air to a host in another process.

    Args:
        air: Where it is.
        transport: A bumble transport that waits for a host, as ``tcp-server:127.0.0.1:6402``.

    Yields:
        The controller. It survives hosts that come and go.

    Raises:
        RadioError: The transport cannot be opened.
    """
    try:
        opened = await open_transport(transport)
    except (BaseBumbleError, OSError, ValueError) as error:
        raise RadioError(f"the transport {transport} cannot be opened ({error})") from error
    async with opened as (source, sink):
        controller = AirController("host", air, ADDRESS)
        source.set_packet_sink(controller)
        controller.host = sink
        yield controller
