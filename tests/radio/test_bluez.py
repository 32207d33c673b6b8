"""Unmodified bleak's BlueZ backend meets our client, over a fake org.bluez on a private bus; in real time."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from fake_bluez import FakeBluez, fake_bluez, private_bus
from fake_bluez_device import FakeDevice
from virtual_session import WritingSink, wearer

from imuhip.errors import LinkError, RadioError
from imuhip.packets.drivers import recognise
from imuhip.packets.gatt import Advertisement
from imuhip.radio.adapter import Adapter
from imuhip.radio.agent import pairing_agent
from imuhip.radio.checks import checks
from imuhip.radio.live import LiveSession
from imuhip.radio.opening import open_radio
from imuhip.radio.paired import PairedSensor
from imuhip.radio.pairing import candidates, confirm, driver_of
from imuhip.radio.supervisor import State, Target
from imuhip.radio.virtual.own_sensor import OwnSensor
from imuhip.recording import Anchor, RecordingWriter, SessionInfo, recording_info

pytestmark = pytest.mark.slow


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        if os.environ.get("IMUHIP_REQUIRE_ALL"):
            pytest.fail("dbus-daemon is not installed (Debian: dbus-daemon)")
        pytest.skip("dbus-daemon is not installed")
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        monkeypatch.setenv("IMUHIP_HOME", str(tmp_path / "home"))
        yield address


def on_bluez(address: str, scene: Callable[[FakeBluez, list[FakeDevice]], Awaitable[None]], **options: bool) -> None:
    async def main() -> None:
        worn = wearer()
        async with fake_bluez(address) as bluez:
            devices = [bluez.add(OwnSensor(role, worn), **options) for role in worn.roles]
            await scene(bluez, devices)

    asyncio.run(main())


def session_of(adapter: Adapter, devices: list[FakeDevice], *, bonded: bool = False) -> LiveSession:
    targets = []
    for index, device in enumerate(devices):
        said = device.firmware.announcement
        driver = recognise(Advertisement(said.name, frozenset(said.services)))
        assert driver is not None
        targets.append(Target(index, ["pelvis", "thigh_right"][index], device.address, driver, 100.0, bonded=bonded))
    return LiveSession(adapter, targets)


async def recorded(path: Path, session: LiveSession, seconds: float, beside: Awaitable[None] | None = None) -> None:
    try:
        sensors = await session.connect(wait_s=10.0)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        doing = asyncio.ensure_future(beside) if beside is not None else None
        info = SessionInfo(tuple(sensors), anchor=Anchor(10**18, session.now_ns()), source="radio")
        with RecordingWriter(path, info) as writer:
            await session.feed(WritingSink(writer), stop)
        if doing is not None:
            await doing
    finally:
        await session.close()


def test_sensors_are_found_with_name_signal_and_model(bus: str) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        async with open_radio(None) as adapter:
            heard = await adapter.scan(0.5)
        assert {each.device.address for each in heard} == {device.address for device in devices}
        assert all(driver_of(each) is not None and each.rssi_dbm == -58 for each in heard)

    on_bluez(bus, scene)


@pytest.mark.parametrize("by_socket", [False, True])
def test_two_sensors_are_recorded_without_loss(bus: str, tmp_path: Path, by_socket: bool) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        async with open_radio(None, notify_by_socket=by_socket) as adapter:
            await recorded(tmp_path / "a.mcap", session_of(adapter, devices), 2.0)

    on_bluez(bus, scene)
    for sensor in recording_info(tmp_path / "a.mcap")["sensors"]:
        assert (sensor["lost"], sensor["filled"]) == (0, 0)
        assert sensor["samples"] > 150


def test_a_dropped_sensor_comes_back_once_and_its_gap_is_filled(bus: str, tmp_path: Path) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        async def faults() -> None:
            await asyncio.sleep(1.0)
            devices[1].drop()

        async with open_radio(None) as adapter:
            session = session_of(adapter, devices)
            await recorded(tmp_path / "a.mcap", session, 4.0, faults())
            assert session.supervisors[1].status.outages == 1
            assert session.supervisors[0].status.outages == 0

    on_bluez(bus, scene)
    pelvis, thigh = recording_info(tmp_path / "a.mcap")["sensors"]
    assert (pelvis["lost"], thigh["lost"]) == (0, 0)
    assert thigh["filled"] > 0
    # 100 samples a second in notifications of 8; were the old connection not closed, each would come twice
    assert thigh["notifications"] < pelvis["notifications"] * 1.1


def test_an_adapter_switched_off_and_on_brings_all_back(bus: str, tmp_path: Path) -> None:
    async def scene(bluez: FakeBluez, devices: list[FakeDevice]) -> None:
        async def faults() -> None:
            await asyncio.sleep(1.0)
            bluez.power(False)
            await asyncio.sleep(1.0)
            bluez.power(True)

        async with open_radio(None) as adapter:
            session = session_of(adapter, devices)
            await recorded(tmp_path / "a.mcap", session, 7.0, faults())
            assert all(each.status.generation > 1 for each in session.supervisors)
            assert all(each.status.state is State.STOPPED for each in session.supervisors)

    on_bluez(bus, scene)
    for sensor in recording_info(tmp_path / "a.mcap")["sensors"]:
        assert sensor["lost"] == 0
        assert sensor["filled"] > 80


def test_a_sensor_that_wants_a_bond_is_bonded_by_our_agent(bus: str) -> None:
    async def scene(bluez: FakeBluez, devices: list[FakeDevice]) -> None:
        async with open_radio(None) as adapter, pairing_agent(None):
            async with candidates(adapter, ()) as found:
                sensor = await confirm(found[0], "pelvis", lambda _: None)
                assert sensor.bonded
            assert [device.paired for device in devices].count(True) == 1, "the other one's bond is undone"
        assert bluez.agents == [], "the agent is gone"

    on_bluez(bus, scene, needs_bond=True)


def test_a_bond_that_is_refused_is_said_and_leaves_nothing(bus: str) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        async with open_radio(None) as adapter, candidates(adapter, ()) as found:
            with pytest.raises(LinkError, match="Check the passkey; switch the sensor off and on"):
                await confirm(found[0], "pelvis", lambda _: None)
        assert not any(device.paired or device.connected for device in devices)

    on_bluez(bus, scene)  # without an agent bluetoothd refuses, as it does a wrong passkey


@pytest.mark.parametrize("typed", ["123456", "654321", "", "no idea"])
def test_only_the_right_passkey_makes_a_bond(bus: str, typed: str) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        remembered: list[PairedSensor] = []
        for device in devices:
            device.passkey = 123456
        async with (
            open_radio(None) as adapter,
            pairing_agent(None, lambda *_: typed),
            candidates(adapter, ()) as found,
        ):
            if typed == "123456":
                await confirm(found[0], "pelvis", remembered.append)
            else:
                with pytest.raises(LinkError, match="Check the passkey; switch the sensor off and on"):
                    await confirm(found[0], "pelvis", remembered.append)
        assert [device.paired for device in devices].count(True) == len(remembered) == (typed == "123456")
        assert not any(device.connected for device in devices)

    on_bluez(bus, scene)


def test_a_bond_that_the_sensor_lost_is_made_again_and_the_gap_is_filled(bus: str, tmp_path: Path) -> None:
    async def scene(_: FakeBluez, devices: list[FakeDevice]) -> None:
        for device in devices:
            device.paired = True

        async def faults() -> None:
            await asyncio.sleep(1.0)
            devices[1].bond_lost = True
            devices[1].drop()

        async with open_radio(None) as adapter, pairing_agent(None):
            await recorded(tmp_path / "a.mcap", session_of(adapter, devices, bonded=True), 7.0, faults())
        assert all(device.paired for device in devices)

    on_bluez(bus, scene, needs_bond=True)
    pelvis, thigh = recording_info(tmp_path / "a.mcap")["sensors"]
    assert (pelvis["lost"], pelvis["filled"], thigh["lost"]) == (0, 0, 0)
    assert thigh["filled"] > 50


def test_the_doctor_finds_a_healthy_machine_and_a_switched_off_adapter(bus: str) -> None:
    async def scene(bluez: FakeBluez, _: list[FakeDevice]) -> None:
        found = {check.name: check async for check in checks()}
        assert found["adapter"].fine
        assert found["scan"].detail == "2 sensors and 0 other devices are heard"
        assert found["paired sensors"].remedy == "Run: imuhip pair pelvis thigh_right"
        bluez.powered = False
        found = {check.name: check async for check in checks()}
        assert found["adapter"].fine is False
        assert found["adapter"].remedy
        assert "scan" not in found, "what depends on it is not looked at"

    on_bluez(bus, scene)


async def failed() -> tuple[str, str, str]:
    """The one check that fails, its remedy, and what a scan says."""
    (wrong,) = [check async for check in checks() if check.fine is False]
    async with open_radio(None) as adapter:
        with pytest.raises(RadioError) as caught:
            await adapter.scan(0.3)
    return f"{wrong.name}: {wrong.detail}", wrong.remedy, str(caught.value)


def test_a_machine_without_an_adapter_is_told_so(bus: str) -> None:
    async def scene(bluez: FakeBluez, _: list[FakeDevice]) -> None:
        bluez.has_adapter = False
        wrong, remedy, said = await failed()
        assert (wrong, remedy) == ("adapter: there is none", "Plug in a Bluetooth adapter")
        assert said == "there is no Bluetooth adapter. Plug one in, or run `imuhip doctor`."

    on_bluez(bus, scene)


def test_a_user_without_permission_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bus: str) -> None:
    del bus  # only that there is a dbus-daemon
    (tmp_path / "strict").mkdir()
    with private_bus(tmp_path / "strict", '<deny send_destination="org.bluez"/>') as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)

        async def scene(*_: object) -> None:
            wrong, remedy, said = await failed()
            assert wrong == "BlueZ service: this user may not use it"
            assert remedy == "Run: sudo usermod -aG bluetooth $USER, then log in again"
            assert said == "this user may not use Bluetooth. Run `imuhip doctor`."

        on_bluez(address, scene)


def test_a_machine_without_bluez_is_told_so(bus: str) -> None:
    wrong, remedy, said = asyncio.run(failed())
    assert wrong.startswith("BlueZ service: ")
    assert remedy.startswith("Run: sudo ")
    assert said.startswith("the Bluetooth service")
    assert said.endswith("Run `imuhip doctor`.")


def test_a_switched_off_adapter_is_named(bus: str) -> None:
    async def scene(bluez: FakeBluez, _: list[FakeDevice]) -> None:
        bluez.powered = False
        async with open_radio(None) as adapter:
            with pytest.raises(RadioError, match=r"switched off|there is no Bluetooth adapter"):
                await adapter.scan(0.3)

    on_bluez(bus, scene)
