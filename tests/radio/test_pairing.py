"""Pairing hands on, over the virtual radio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from virtual_session import wearer

from imuhip.errors import OutputError, RadioError, SensorNotFound
from imuhip.radio.pace import run
from imuhip.radio.paired import PairedSensor
from imuhip.radio.pairing import candidates, confirm, readable, wait_for_tap
from imuhip.radio.virtual.firmware import AttributeRefusedError
from imuhip.radio.virtual.own_sensor import OwnSensor
from imuhip.radio.virtual.vendor_sensors import MODELS
from imuhip.radio.virtual.world import World, open_world


def in_world(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        worn = wearer()
        made = options.pop("firmwares", None)
        async with open_world(worn, firmwares=made(worn) if made else None, **options) as world:
            await scene(world)

    run(main(), speed=None)


async def paired_by_tap(world: World, role: str, tapped: str, taken: tuple[str, ...] = ()) -> PairedSensor:
    async with candidates(world.adapter, taken) as found:
        world.wearer.tap(tapped, asyncio.get_running_loop().time() + 1.0)
        return await confirm(await wait_for_tap(found, 10.0), role, lambda _: None)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("tapped", ["pelvis", "thigh_right"])
def test_the_tapped_sensor_gets_the_role_blinks_and_is_bonded(tapped: str, encrypted: bool) -> None:
    async def scene(world: World) -> None:
        sensor = await paired_by_tap(world, "pelvis", tapped)
        peripheral = world.sensors[tapped].peripheral
        assert sensor.address == peripheral.address
        assert sensor.bonded
        assert isinstance(peripheral.firmware, OwnSensor)
        assert peripheral.firmware.identified == 1
        keystore = world.host.device.keystore
        assert keystore is not None
        assert [name.split("/")[0] for name, _ in await keystore.get_all()] == [peripheral.address]
        assert all(each.peripheral.connection is None for each in world.sensors.values()), "everything is let go"

    in_world(scene, encrypted=encrypted)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_bought_sensors_are_paired_by_tapping_too(model: str) -> None:
    async def scene(world: World) -> None:
        sensor = await paired_by_tap(world, "thigh_right", "thigh_right")
        assert sensor.address == world.sensors["thigh_right"].address
        assert (sensor.driver, sensor.bonded) == (model, False)

    in_world(scene, firmwares=lambda worn: {role: MODELS[model](role, worn) for role in worn.roles})


def test_sensors_that_have_a_role_are_left_alone() -> None:
    async def scene(world: World) -> None:
        both = tuple(each.address for each in world.sensors.values())
        with pytest.raises(SensorNotFound, match="have a role already"):
            async with candidates(world.adapter, both):
                pass
        async with candidates(world.adapter, both[:1]) as found:
            assert [each.sighting.device.address for each in found] == [both[1]]

    in_world(scene)


async def keys(world: World) -> int:
    """How many bonds the host has."""
    assert world.host.device.keystore is not None
    return len(await world.host.device.keystore.get_all())


def test_a_sensor_that_cannot_be_remembered_is_not_left_bonded() -> None:
    def fail(_: PairedSensor) -> None:
        raise OutputError("disk full")

    async def scene(world: World) -> None:
        with pytest.raises(OutputError):
            async with candidates(world.adapter, ()) as found:
                await confirm(found[0], "pelvis", fail)
        assert await keys(world) == 0
        assert all(each.peripheral.connection is None for each in world.sensors.values())

    in_world(scene, encrypted=True)


def test_a_sensor_that_refuses_after_its_bond_is_not_left_bonded() -> None:
    async def scene(world: World) -> None:
        sensor = world.sensors["pelvis"].peripheral
        told: list[str] = []
        obey = sensor.firmware.write

        def refuse(uuid: str, data: bytes, now_s: float) -> None:
            if data[:1] == b"\x01":  # start comes after the bond
                raise AttributeRefusedError(0x80)
            obey(uuid, data, now_s)

        sensor.firmware.write = refuse  # type: ignore[method-assign]
        async with candidates(world.adapter, (), lambda name, _: told.append(name)) as found:
            assert [each.sighting.device.address for each in found] == [world.sensors["thigh_right"].address]
            assert await keys(world) == 1, "only the sensor that streams"
        assert len(told) == 1
        assert await keys(world) == 0

    in_world(scene, encrypted=True)


def test_ctrl_c_while_tapping_leaves_no_bond() -> None:
    async def scene(world: World) -> None:
        async def pairing() -> None:
            async with candidates(world.adapter, ()) as found:
                await wait_for_tap(found, 60.0)

        task = asyncio.create_task(pairing())
        await asyncio.sleep(10)
        assert await keys(world) == 2
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await keys(world) == 0

    in_world(scene, encrypted=True)


def test_without_taps_nothing_is_paired() -> None:
    async def scene(world: World) -> None:
        with pytest.raises(RadioError, match="no two taps were felt"):
            async with candidates(world.adapter, ()) as found:
                await wait_for_tap(found, 3.0)
        assert await keys(world) == 0

    in_world(scene, encrypted=True)


def test_silence_says_what_to_do() -> None:
    async def scene(world: World) -> None:
        for each in world.sensors.values():
            await each.peripheral.power_off()
        with pytest.raises(SensorNotFound, match=r"nothing is heard.*Switch it on"):
            async with candidates(world.adapter, ()):
                pass

    in_world(scene)


def test_names_are_shown_without_control_characters() -> None:
    assert readable("a\x1b[2Jb\r\nc\u202e") == "a?[2Jb??c?"
    assert len(readable("x" * 500)) <= 32
    assert readable(None) == ""
