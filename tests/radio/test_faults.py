"""Everything that goes wrong with a radio, and what of the data is lost by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from fault_kinds import adapter_off, after, burst, drop, jam, lose_bond, mute, refuse, restart, time_out, walk_away
from virtual_session import Played, own_sensors, play

from imuhip.packets.descriptor import encode_descriptor
from imuhip.radio.live import LiveSession
from imuhip.radio.virtual.world import World
from imuhip.simulation.transmit import descriptor

HZ = 100
SECONDS = 26


def unharmed(played: Played, role: str = "pelvis") -> None:
    """The other sensor noticed nothing."""
    assert played.sensors[role]["lost"] == 0
    assert played.sensors[role]["gaps_s"] == 0
    assert played.status[role].outages == 0


def test_nothing_is_lost_without_a_fault(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap")
    for role in ("pelvis", "thigh_right"):
        unharmed(played, role)
        assert played.sensors[role]["samples"] == pytest.approx(SECONDS * HZ, abs=0.3 * HZ)


def test_a_dropped_connection_comes_back_and_its_gap_is_filled(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, drop))
    thigh = played.sensors["thigh_right"]
    unharmed(played)
    assert played.status["thigh_right"].outages == 1
    assert thigh["lost"] == 0
    assert 0 < thigh["filled"] < 1.5 * HZ, "the connection was back soon"


def test_a_supervision_timeout_is_filled_too(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, time_out))
    unharmed(played)
    assert played.sensors["thigh_right"]["lost"] == 0
    assert played.sensors["thigh_right"]["filled"] > 2 * HZ


def test_a_second_of_jamming_ends_in_a_burst_and_loses_nothing(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, jam(1)))
    unharmed(played)
    unharmed(played, "thigh_right")
    assert played.sensors["thigh_right"]["filled"] == 0, "nothing had to be asked for again"


def test_thirty_seconds_out_of_range_are_filled_from_the_log(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(5, walk_away(30)), seconds=55)
    unharmed(played)
    assert played.sensors["thigh_right"]["lost"] == 0
    assert played.sensors["thigh_right"]["filled"] > 29 * HZ


def test_five_minutes_of_absence_are_filled_from_the_log(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(5, walk_away(300)), seconds=350)
    unharmed(played)
    thigh = played.sensors["thigh_right"]
    assert thigh["lost"] == 0
    assert thigh["filled"] > 299 * HZ
    assert thigh["samples"] == pytest.approx(350 * HZ, abs=0.3 * HZ)


def test_a_sensor_without_a_log_loses_its_absence_and_says_so(tmp_path: Path) -> None:
    played = play(
        tmp_path / "a.mcap",
        after(10, drop),
        firmwares=lambda worn: own_sensors(worn, log_s=0.0),
    )
    thigh = played.sensors["thigh_right"]
    assert (thigh["filled"], thigh["lost_in_sensor"]) == (0, 0)
    assert 0 < thigh["lost"] < 1.5 * HZ


def test_a_sensor_that_restarts_is_recorded_on_from_its_new_count(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, restart(1.5)))
    unharmed(played)
    thigh = played.sensors["thigh_right"]
    assert thigh["lost"] == 0, "what it never measured cannot be lost"
    assert 1.5 < thigh["gaps_s"] < 4.0
    assert thigh["samples"] > (SECONDS - 4.5) * HZ


def test_what_is_lost_soon_after_a_restart_is_filled_too(tmp_path: Path) -> None:
    async def act(world: World) -> None:
        await restart(1.5)(world)
        await asyncio.sleep(4)
        await drop(world)

    played = play(tmp_path / "a.mcap", after(10, act))
    thigh = played.sensors["thigh_right"]
    unharmed(played)
    assert played.status["thigh_right"].outages == 2
    assert thigh["lost"] == 0
    assert 0 < thigh["filled"] < 1.5 * HZ, "though its numbers had been there before"


def test_a_sensor_that_never_appears_does_not_keep_the_others_from_recording(tmp_path: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await world.sensors["thigh_right"].peripheral.power_off()

    faults.before = True  # type: ignore[attr-defined]
    played = play(tmp_path / "a.mcap", faults, descriptors={"thigh_right": encode_descriptor(descriptor(HZ))})
    unharmed(played)
    assert played.sensors["thigh_right"]["notifications"] == 0
    assert played.status["thigh_right"].fault == "it is not heard"


def test_what_a_sensor_says_at_the_start_counts_more_than_what_is_remembered(tmp_path: Path) -> None:
    old = encode_descriptor(descriptor(52.0))
    played = play(tmp_path / "a.mcap", seconds=10, descriptors={"pelvis": old, "thigh_right": old})
    for role in ("pelvis", "thigh_right"):
        unharmed(played, role)
        assert played.sensors[role]["rate_hz"] == HZ


def test_a_sensor_that_comes_late_with_other_settings_is_not_recorded_wrongly(tmp_path: Path) -> None:
    async def faults(world: World, session: LiveSession) -> None:
        thigh = world.sensors["thigh_right"].peripheral
        if not session.arrivals.most_waiting:
            await thigh.power_off()
        else:
            await asyncio.sleep(3)
            await thigh.reboot()

    faults.before = True  # type: ignore[attr-defined]
    old = encode_descriptor(descriptor(52.0))
    played = play(tmp_path / "a.mcap", faults, descriptors={"thigh_right": old}, wait_s=3.0)
    unharmed(played)
    assert played.sensors["thigh_right"]["notifications"] == 0
    assert played.status["thigh_right"].fault == "the sensor has other settings than at the start of the recording"


def test_a_lost_bond_is_made_again(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, lose_bond), bonded=True, seconds=40)
    unharmed(played)
    thigh = played.sensors["thigh_right"]
    assert thigh["lost"] == 0
    assert 0 < thigh["filled"] < 12 * HZ


def test_refusals_of_the_attribute_protocol_are_tried_again(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, refuse))
    unharmed(played)
    assert played.sensors["thigh_right"]["lost"] == 0
    assert played.status["thigh_right"].generation >= 4


def test_doubled_notifications_are_counted_and_change_nothing(tmp_path: Path) -> None:
    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(10)
        world.sensors["thigh_right"].peripheral.tamper = lambda data: [data, data]

    once, twice = play(tmp_path / "a.mcap"), play(tmp_path / "b.mcap", faults)
    unharmed(twice, "thigh_right")
    assert twice.sensors["thigh_right"]["samples"] == once.sensors["thigh_right"]["samples"]
    assert twice.sensors["thigh_right"]["notifications"] > 1.5 * once.sensors["thigh_right"]["notifications"]


def test_a_connected_but_silent_sensor_is_reconnected(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, mute))
    unharmed(played)
    assert played.status["thigh_right"].outages == 1
    assert played.status["thigh_right"].generation >= 2
    assert played.sensors["thigh_right"]["lost"] == 0
    assert played.sensors["thigh_right"]["filled"] > 4 * HZ


def test_an_adapter_that_is_switched_off_and_on_brings_all_sensors_back(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, adapter_off), seconds=40)
    for role in ("pelvis", "thigh_right"):
        assert played.status[role].outages == 1
        assert played.sensors[role]["lost"] == 0
        assert played.sensors[role]["filled"] > 5 * HZ


def test_a_burst_of_five_thousand_notifications_is_kept(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, burst(5000)))
    unharmed(played)
    assert played.sensors["thigh_right"]["notifications"] > 5000
    assert played.sensors["thigh_right"]["lost_notifications"] == {}


def test_what_does_not_fit_the_queue_is_counted_by_sensor(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, burst(500)), queue_limit=100)
    assert played.sensors["thigh_right"]["lost_notifications"]["queue_full"] >= 400
    assert played.sensors["thigh_right"]["lost"] == 0, "its repeats got lost, and what came after was fetched again"


@pytest.mark.parametrize("seed", [1, 2])
def test_malformed_and_oversized_notifications_are_recorded_and_counted(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def mangle(data: bytes) -> list[bytes]:
        kind = rng.integers(4)
        if kind == 0:
            return [rng.bytes(int(rng.integers(0, 244)))]
        if kind == 1:
            return [data[: int(rng.integers(len(data)))]]
        if kind == 2:
            return [data + rng.bytes(244 - len(data))]
        return [data]

    async def faults(world: World, _: LiveSession) -> None:
        await asyncio.sleep(10)
        world.sensors["thigh_right"].peripheral.tamper = mangle
        await asyncio.sleep(10)
        world.sensors["thigh_right"].peripheral.tamper = lambda data: [data]

    played = play(tmp_path / "a.mcap", faults)
    unharmed(played)
    thigh = played.sensors["thigh_right"]
    assert thigh["notifications"] == pytest.approx(SECONDS * HZ / 8, abs=120), "all of them were kept"
    assert thigh["samples"] > (SECONDS - 10) * HZ
    assert thigh["lost"] + thigh["samples"] == pytest.approx(SECONDS * HZ, abs=0.3 * HZ), "what was spoilt is lost"


def test_a_long_jam_overflows_the_sensors_queue_and_its_log_fills_that(tmp_path: Path) -> None:
    faults = after(10, jam(2.5))
    with_log = play(tmp_path / "a.mcap", faults, firmwares=lambda worn: own_sensors(worn, queue=20))
    without = play(tmp_path / "b.mcap", faults, firmwares=lambda worn: own_sensors(worn, queue=20, log_s=0.0))
    assert with_log.sensors["thigh_right"]["lost"] == 0
    lost = without.sensors["thigh_right"]
    assert lost["lost"] == lost["lost_in_sensor"] == with_log.sensors["thigh_right"]["filled"] > 0


def test_a_narrow_link_carries_the_short_form(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", max_mtu=23, seconds=12)
    for role in ("pelvis", "thigh_right"):
        unharmed(played, role)
        assert played.sensors[role]["notifications"] == played.sensors[role]["samples"]
        assert played.sensors[role]["samples"] == pytest.approx(12 * HZ, abs=0.3 * HZ)


def test_a_drop_on_a_narrow_link_costs_its_outage_and_no_more(tmp_path: Path) -> None:
    played = play(tmp_path / "a.mcap", after(10, drop), max_mtu=23, seconds=15)
    unharmed(played)
    assert 0 < played.sensors["thigh_right"]["lost"] < 1.5 * HZ
    assert played.sensors["thigh_right"]["filled"] == 0, "its numbers are too short to ask by"
