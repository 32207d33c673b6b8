"""WitMotion: real notifications, bundles, registers; loss that nothing shows."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from imuhip.errors import InputError, PacketError
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.gatt import Advertisement
from imuhip.packets.notification import SensorInfo
from imuhip.packets.witmotion import NOTIFY_UUID, WRITE_UUID, WitMotionDriver, decode_registers
from imuhip.samples.stage import SampleStage
from imuhip.timeline.stage import TimelineStage

WIT = WitMotionDriver()
MAG = bytes.fromhex("55713A00680169007A00") + bytes(10)  # the vector of the maker's document: 360, 105, 122
BATTERY = struct.pack("<BBH8h", 0x55, 0x71, 0x64, 385, 0, 0, 0, 0, 0, 0, 0)


def frame(*values: int) -> bytes:
    return struct.pack("<BB9h", 0x55, 0x61, *values, *[0] * (9 - len(values)))


def stage() -> SampleStage:
    return SampleStage(SensorInfo(0, "pelvis", WIT.model, WIT.name, WIT.describe(100.0, {})))


def test_full_scale_is_16_g_and_2000_degrees_a_second():
    data = frame(2048, -32768, 0, 16384, -1, 32767)
    block = stage().feed(block_from_notifications([(0, 0, data)]))
    np.testing.assert_allclose(block.acc_m_s2, [[9.80665, -16 * 9.80665, 0]], rtol=1e-12)
    np.testing.assert_allclose(np.degrees(block.gyr_rad_s), [[1000, -2000 / 32768, 2000 * 32767 / 32768]], rtol=1e-12)


def test_bundles_and_the_stamped_variant_are_frames_in_order():
    bundle = b"".join(frame(at) for at in range(4))
    assert [sample[0] for sample in WIT.decode_one(bundle).samples] == [0, 1, 2, 3]
    stamped = b"".join(frame(at) + bytes((24, 12, 31, 23, 59, 58)) + b"\xe7\x03" for at in range(2))
    assert [sample[0] for sample in WIT.decode_one(stamped).samples] == [0, 1]


def test_registers_among_the_frames_are_passed_over():
    packet = WIT.decode_one(frame(1) + BATTERY + frame(2))
    assert [sample[0] for sample in packet.samples] == [1, 2]


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b"", 0),
        (frame()[:19], 19),
        (frame() + b"\x55", 21),
        (frame() + b"\x54" + frame()[1:], 20),
        (b"\x55\x62" + frame()[2:], 0),
        (MAG, 1),
        (frame() + frame()[:-1], 39),
    ],
)
def test_what_is_not_made_of_frames_is_refused_where_the_fault_lies(data, position):
    with pytest.raises(PacketError) as caught:
        WIT.decode_one(data)
    assert caught.value.position == position


def test_registers_are_read():
    register, values = decode_registers(MAG)
    assert (register, values[:3]) == (0x3A, (360, 105, 122))
    for wrong in (MAG[:19], frame(), b""):
        with pytest.raises(PacketError):
            decode_registers(wrong)


def test_the_battery_is_asked_and_answered_also_inside_a_bundle():
    request = WIT.battery
    assert request is not None
    assert (request.uuid, request.data) == (WRITE_UUID, bytes.fromhex("FFAA276400"))
    for value in (BATTERY, frame(1) + BATTERY):
        told = WIT.answer(request, NOTIFY_UUID, value)
        assert told is not None
        assert WIT.battery_percent(told.value) == 60
    assert WIT.answer(request, NOTIFY_UUID, MAG) is None
    assert WIT.answer(request, NOTIFY_UUID, frame()) is None
    assert not WIT.carries_samples(NOTIFY_UUID, BATTERY)
    assert WIT.carries_samples(NOTIFY_UUID, frame(1) + BATTERY)


@pytest.mark.parametrize(
    ("centivolt", "percent"), [(0, 0), (339, 0), (340, 5), (367, 10), (368, 15), (395, 90), (420, 100)]
)
def test_the_level_follows_the_makers_table(centivolt, percent):
    assert WIT.battery_percent(centivolt.to_bytes(2, "little")) == percent


def test_setup_unlocks_and_sets_the_rate_without_saving_it():
    writes = [(request.uuid, request.data) for request in WIT.configure(100.0)]
    assert writes == [(WRITE_UUID, bytes.fromhex("FFAA6988B5")), (WRITE_UUID, bytes.fromhex("FFAA030900"))]
    assert WIT.configure(50.0)[1].data == bytes.fromhex("FFAA030800")
    assert (WIT.start(100.0), WIT.stop()) == ((), ())
    with pytest.raises(InputError, match="50, 100 Hz"):
        WIT.configure(200.0)


def test_it_is_recognised_by_name_or_its_odd_service():
    assert WIT.recognise(Advertisement("WT901BLE67"))
    assert WIT.recognise(Advertisement("", frozenset({"0000ffe5-0000-1000-8000-00805f9a34fb"})))
    assert not WIT.recognise(Advertisement("HM-10", frozenset({"0000ffe5-0000-1000-8000-00805f9b34fb"})))


def test_real_notifications_become_frames_and_their_loss_is_said_to_be_invisible(shared_data):
    lines = (shared_data / "ble" / "wt901-100hz.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    notes = [json.loads(line) for line in lines]
    payloads = [(10**9 + round(note["t"] * 1e9), 0, bytes.fromhex(note["hex"])) for note in notes]
    sensor = stage()
    block = sensor.feed(block_from_notifications(payloads))
    assert sensor.bad_packets == 0
    assert (block.count == 4).all()
    assert len(block.acc_m_s2) == 4 * len(notes)
    first = struct.unpack("<6h", bytes.fromhex(notes[0]["hex"])[2:14])
    np.testing.assert_allclose(block.acc_m_s2[0], np.array(first[:3]) * 16 * 9.80665 / 32768, rtol=1e-12)
    assert 5 < np.median(np.linalg.norm(block.acc_m_s2, axis=1)) < 15
    timeline = TimelineStage([sensor.traits])
    frames = [*timeline.feed([block]), *timeline.flush()]
    stats = timeline.stats(0)
    assert not sensor.loss_visible
    assert (stats.loss_visible, stats.lost) == (False, 0)
    assert sum(len(part) for part in frames) == pytest.approx(300, abs=15)
