"""Movesense: real packets with their decoded values, and messages in parts."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import InputError, PacketError
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.gatt import Advertisement, sig_uuid
from imuhip.packets.movesense import BATTERY_REFERENCE, COMMAND_UUID, IMU_REFERENCE, NOTIFY_UUID, MovesenseDriver
from imuhip.packets.notification import SensorInfo
from imuhip.samples.block import SampleBlock
from imuhip.samples.stage import SampleStage
from imuhip.timeline.link import Link

MOVESENSE = MovesenseDriver()
MTU_VALUE = 158  # bytes of a notification at the MTU of 161 that the sensor grants


def message(time_ms: int, count: int, first: float = 0.0) -> bytes:
    """A message of /Meas/IMU6 whose values count up."""
    values = first + np.arange(6 * count, dtype=np.float32)
    return struct.pack("<BBI", 2, IMU_REFERENCE, time_ms) + values.astype("<f4").tobytes()


def in_parts(data: bytes, size: int = MTU_VALUE) -> list[bytes]:
    """Cut a message as the sensor does."""
    rest = [data[at : at + size - 2] for at in range(size, len(data), size - 2)]
    return [data[:size], *(bytes((3, data[1])) + part for part in rest)]


def notes(payloads: list[bytes]) -> list[tuple[int, int, bytes]]:
    return [(1_000_000 * at, 0, payload) for at, payload in enumerate(payloads)]


def stage() -> SampleStage:
    return SampleStage(SensorInfo(0, "pelvis", "Movesense", "movesense", MOVESENSE.describe(104.0, {})))


def test_a_real_packet_gives_the_values_that_came_with_it(shared_data):
    channels = json.loads((shared_data / "ble" / "movesense_packets.json").read_text(encoding="utf-8"))["channels"]
    known = channels["/Meas/IMU6/52"]
    data = bytes((2, IMU_REFERENCE)) + bytes.fromhex(known["packet_hex"])
    packet = MOVESENSE.decode_one(data)
    entry = known["json_entry"]
    assert packet.tick_us == entry["Timestamp"] * 1000
    told = [
        [*(acc[axis] for axis in "xyz"), *(gyr[axis] for axis in "xyz")]
        for acc, gyr in zip(entry["ArrayAcc"], entry["ArrayGyro"], strict=True)
    ]
    np.testing.assert_array_equal(np.array(packet.samples), told)
    assert len(told) == 4
    block = stage().feed(block_from_notifications([(0, 0, data)]))
    assert np.linalg.norm(block.acc_m_s2, axis=1) == pytest.approx(9.8, abs=0.3)


@pytest.mark.parametrize("name", ["/Meas/Acc/52", "/Meas/Magn/13", "/Meas/Temp", "/Meas/HR", "/Meas/Ecg/200/mV"])
def test_real_packets_of_other_measurements_give_no_samples(shared_data, name):
    """Under the reference of the motion they could only come from a sensor gone mad."""
    channels = json.loads((shared_data / "ble" / "movesense_packets.json").read_text(encoding="utf-8"))["channels"]
    data = bytes.fromhex(channels[name]["packet_hex"])
    with pytest.raises(PacketError):
        MOVESENSE.decode_one(bytes((2, 50)) + data)
    assert len(stage().feed(block_from_notifications([(0, 0, bytes((2, 50)) + data)])).count) == 0


def test_accelerations_come_before_angular_rates():
    packet = MOVESENSE.decode_one(message(5, 2))
    assert [tuple(sample) for sample in packet.samples] == [(0, 1, 2, 6, 7, 8), (3, 4, 5, 9, 10, 11)]


def test_a_message_in_two_parts_arrives_with_the_second():
    parts = in_parts(message(1000, 8))
    assert [len(part) for part in parts] == [158, 42]
    block = stage().feed(block_from_notifications(notes(parts)))
    assert (block.count.tolist(), block.tick_us.tolist(), block.arrival_ns.tolist()) == ([8], [1_000_000], [1_000_000])
    whole = stage().feed(block_from_notifications([(0, 0, message(1000, 8))]))
    np.testing.assert_array_equal(block.acc_m_s2, whole.acc_m_s2)
    np.testing.assert_array_equal(block.gyr_rad_s, whole.gyr_rad_s)


def test_sixteen_samples_come_in_three_parts():
    parts = in_parts(message(7, 16))
    assert len(parts) == 3
    assert stage().feed(block_from_notifications(notes(parts))).count.tolist() == [16]


def test_a_lost_part_costs_its_message_only():
    first, second, third = (in_parts(message(time_ms, 8)) for time_ms in (100, 177, 254))
    sensor = stage()
    block = sensor.feed(block_from_notifications(notes([*first, second[0], *third])))
    assert block.tick_us.tolist() == [100_000, 254_000]
    assert sensor.bad_packets == 1
    block = sensor.feed(block_from_notifications(notes([second[1], *third])))
    assert block.tick_us.tolist() == [254_000]
    assert sensor.bad_packets == 2


def fed(cuts: list[int], payloads: list[bytes]) -> tuple[list[SampleBlock], SampleStage]:
    sensor = stage()
    every = notes(payloads)
    edges = [0, *sorted(cuts), len(every)]
    return [sensor.feed(block_from_notifications(every[low:high])) for low, high in pairwise(edges)], sensor


parts_of_many = st.lists(
    st.one_of(
        st.builds(in_parts, st.builds(message, st.integers(0, 2**32 - 1), st.integers(1, 17))),
        st.builds(lambda data, cut: [data[:cut]], st.builds(message, st.just(1), st.just(8)), st.integers(0, 198)),
        st.lists(st.binary(max_size=40), max_size=1),
        st.lists(st.binary(max_size=40).map(lambda data: bytes((3, IMU_REFERENCE)) + data), max_size=2),
    ),
    max_size=8,
).map(lambda lists: [part for parts in lists for part in parts])


@given(parts_of_many, st.data())
def test_any_cut_gives_the_same_samples(payloads, draw):
    cuts = draw.draw(st.lists(st.integers(0, len(payloads)), max_size=6))
    (whole,), once = fed([], payloads)
    pieces, often = fed(cuts, payloads)
    for name in ("arrival_ns", "tick_us", "count", "acc_m_s2", "gyr_rad_s"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    assert often.bad_packets == once.bad_packets


def test_an_endless_message_is_given_up():
    held, block = block_from_notifications([]), block_from_notifications([(0, 0, message(0, 8)[:158])])
    endless = block_from_notifications([(0, 0, bytes((3, IMU_REFERENCE)) + bytes(240))] * 1000)
    _, held = MOVESENSE.join(held, block)
    whole, held = MOVESENSE.join(held, endless)
    assert len(held) == 0
    assert len(whole) > 900


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b"", 0),
        (message(0, 4)[:5], 5),
        (message(0, 4)[:6], 6),
        (message(0, 4)[:-1], 101),
        (bytes((3, IMU_REFERENCE)) + bytes(50), 0),
        (bytes((1, IMU_REFERENCE)) + bytes(50), 0),
        (bytes((2, 7)) + message(0, 4)[2:], 0),
        (message(0, 1)[:26] + struct.pack("<f", float("nan")), 26),
    ],
)
def test_what_is_no_message_is_refused_where_the_fault_lies(data, position):
    with pytest.raises(PacketError) as caught:
        MOVESENSE.decode_one(data)
    assert caught.value.position == position


def test_setup_subscribes_to_the_motion():
    (start,), (stop,) = MOVESENSE.start(104.0), MOVESENSE.stop()
    assert (start.uuid, start.data, start.answered) == (COMMAND_UUID, b"\x01\x63/Meas/IMU6/104", True)
    assert stop.data == b"\x02\x63"
    with pytest.raises(InputError, match="52, 104, 208 Hz"):
        MOVESENSE.start(100.0)


def test_answers_are_told_from_samples_and_by_their_reference():
    (start,) = MOVESENSE.start(52.0)
    accepted, refused = b"\x01\x63\xc8\x00", b"\x01\x63\x94\x01"
    for value in (accepted, refused, b"\x00\x01Movesense", bytes((2, BATTERY_REFERENCE, 90))):
        assert not MOVESENSE.carries_samples(NOTIFY_UUID, value)
    for value in (message(0, 4), in_parts(message(0, 8))[1], b"", b"\xff"):
        assert MOVESENSE.carries_samples(NOTIFY_UUID, value)
        assert MOVESENSE.answer(start, NOTIFY_UUID, value) is None
    told = MOVESENSE.answer(start, NOTIFY_UUID, accepted)
    assert told is not None
    assert not told.problem
    told = MOVESENSE.answer(start, NOTIFY_UUID, refused)
    assert told is not None
    assert "404" in told.problem
    assert MOVESENSE.answer(start, NOTIFY_UUID, b"\x01\x62\xc8\x00") is None


@pytest.mark.parametrize("value", [b"\x01\x62\xc8\x00\x5a", b"\x02\x62\x5a"])
def test_battery_comes_with_a_status_or_as_data(value):
    assert MOVESENSE.battery is not None
    told = MOVESENSE.answer(MOVESENSE.battery, NOTIFY_UUID, value)
    assert told is not None
    assert MOVESENSE.battery_percent(told.value) == 90


@pytest.mark.parametrize("rate", [0.97, 1.0, 1.03])
def test_a_rate_that_is_off_by_percents_shows_no_loss_and_a_lost_message_does(rate):
    traits = MOVESENSE.traits(MOVESENSE.describe(104.0, {}))
    first_ms = np.floor(np.arange(400) * 8 / (104 * rate) * 1000).astype(int)
    payloads = [message(int(at), 8) for at in first_ms]
    kept = [at for at in range(400) if at not in {50, 51, 200}]
    stream = [(int(first_ms[at]) * 1_000_000 + 10**9, 0, payloads[at]) for at in kept]
    link = Link(traits)
    link.feed(stage().feed(block_from_notifications(stream)))
    assert (link.lost, link.reboots) == (24, 0)


@pytest.mark.parametrize(
    ("advertisement", "known"),
    [
        (Advertisement("Movesense 204730000081"), True),
        (Advertisement("", frozenset({sig_uuid(0xFDF3)})), True),
        (Advertisement("", frozenset({sig_uuid(0xFE06)}), {0x009F: b"\x01"}), False),  # any Suunto watch has that
    ],
)
def test_it_is_recognised_by_name_or_its_own_service(advertisement, known):
    assert MOVESENSE.recognise(advertisement) is known
