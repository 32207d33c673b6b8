from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import InputError, PacketError
from imuhip.packets.blocks import block_from_notifications, slice_block
from imuhip.packets.codec import Packet, encode_notification
from imuhip.packets.descriptor import Descriptor, encode_descriptor
from imuhip.packets.import_codec import ImportDescriptor, encode_import, encode_import_descriptor
from imuhip.packets.notification import SensorInfo
from imuhip.samples.block import SampleBlock
from imuhip.samples.stage import KEPT_REASONS, SampleStage

DESCRIPTOR = Descriptor("m", "1", 104_000, 8, 2000, Fraction(8, 32768), Fraction(70, 1000), Fraction(15, 100))
OWN = SensorInfo(2, "pelvis", "m", "imuhip", encode_descriptor(DESCRIPTOR))
IMPORT = SensorInfo(1, "pelvis", "m", "import", encode_import_descriptor(ImportDescriptor(50.0, "ut", "a folder")))


def own_notifications(count: int) -> list[bytes]:
    """Notifications of changing size, some with magnetometer and temperature, some bad."""
    rng = np.random.default_rng(7)
    data = []
    for i in range(count):
        samples = tuple(map(tuple, rng.integers(-32768, 32768, (1 + i % 4, 6)).tolist()))
        mag = (1, -2, 3) if i % 3 == 0 else None
        packet = Packet(8 * i, 80_000 * i, 9_600_000 if i % 5 else 0, i, samples, mag, 2500 if i % 7 == 0 else None)
        data.append(encode_notification(packet)[: 30 if i % 11 == 4 else None])
    return data


def import_notifications(count: int) -> list[bytes]:
    values = np.random.default_rng(8).standard_normal((3 * count, 9))
    time_s = np.arange(3 * count) / 50
    with_mag = encode_import(time_s, values[:, :3], values[:, 3:6], values[:, 6:], per_notification=3)
    without = encode_import(time_s, values[:, :3], values[:, 3:6], per_notification=3)
    return [a if i % 3 else b for i, (a, b) in enumerate(zip(with_mag, without, strict=True))]


def columns(blocks: list[SampleBlock]) -> dict[str, bytes | None]:
    """All bits of consecutive blocks, column by column."""
    bits: dict[str, bytes | None] = {}
    for field in dataclasses.fields(SampleBlock):
        values = [getattr(block, field.name) for block in blocks]
        missing = [value is None for value in values]
        assert all(missing) or not any(missing)
        if field.name != "sensor":
            bits[field.name] = None if missing[0] else b"".join(value.tobytes() for value in values)
    return bits


def test_counts_become_si_units() -> None:
    data = encode_notification(Packet(5, 1000, 0, 3, ((4096, -4096, 0, 100, 0, -100), (0,) * 6), (200, 0, -200)))
    block = SampleStage(OWN).feed(block_from_notifications([(77, 2, data)]))
    assert block.sensor == 2
    assert block.arrival_ns.tolist() == [77]
    assert (block.sequence.tolist(), block.tick_us.tolist(), block.drops.tolist()) == ([5], [1000], [3])
    assert block.count.tolist() == [2]
    np.testing.assert_array_equal(block.acc_m_s2, [[9.80665, -9.80665, 0], [0, 0, 0]])
    np.testing.assert_allclose(block.gyr_rad_s, np.radians([[7, 0, -7], [0, 0, 0]]), rtol=1e-15)
    assert block.mag is not None
    np.testing.assert_allclose(block.mag[0], [30.0, 0.0, -30.0], rtol=1e-15)
    assert np.isnan(block.mag[1]).all()
    assert block.time_s is None
    assert block.period_s is not None
    assert block.period_s.tolist() == [1 / 104]
    assert block.acc_m_s2.T.flags.c_contiguous
    assert block.gyr_rad_s.T.flags.c_contiguous


def test_magnetometer_without_a_scale_is_left_out() -> None:
    info = dataclasses.replace(OWN, descriptor=encode_descriptor(dataclasses.replace(DESCRIPTOR, mag_scale_ut=None)))
    data = encode_notification(Packet(0, 0, 0, 0, ((0,) * 6,), (1, 2, 3)))
    assert SampleStage(info).feed(block_from_notifications([(0, 2, data)])).mag is None


@pytest.mark.parametrize(("info", "make"), [(OWN, own_notifications), (IMPORT, import_notifications)])
@given(data=st.data())
def test_chunking_changes_no_bit(info: SensorInfo, make: object, data: st.DataObject) -> None:
    assert callable(make)
    payloads = make(24)
    block = block_from_notifications([(1000 * i, info.index, payload) for i, payload in enumerate(payloads)])
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, len(block)), max_size=6))), len(block)]
    whole, chunked, live = SampleStage(info), SampleStage(info), SampleStage(info)
    wanted = columns([whole.feed(block)])
    assert columns([chunked.feed(slice_block(block, a, b)) for a, b in itertools.pairwise(edges)]) == wanted
    assert columns([live.feed(slice_block(block, i, i + 1)) for i in range(len(block))]) == wanted
    assert whole.bad_packets == chunked.bad_packets == live.bad_packets
    assert whole.first_bad == chunked.first_bad == live.first_bad


def test_bad_packets_are_counted_and_the_first_reasons_kept() -> None:
    stage = SampleStage(OWN)
    for first in range(0, 20, 2):
        empty = stage.feed(block_from_notifications([(first, 2, b"\x01"), (first + 1, 2, b"\x09" * 40)]))
        assert empty.acc_m_s2.shape == empty.gyr_rad_s.shape == (0, 3)
    assert stage.bad_packets == 20
    assert [event.index for event in stage.first_bad] == list(range(KEPT_REASONS))
    assert [event.reason for event in stage.first_bad][:2] == [
        "notification ends inside its header",
        "unknown type 0x09",
    ]


def test_a_signalling_nan_of_the_magnetometer_passes_without_a_warning() -> None:
    data = bytearray(encode_import(np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)))[0])
    data[-8:] = bytes.fromhex("010000000000f07f")
    block = SampleStage(IMPORT).feed(block_from_notifications([(0, 1, bytes(data))]))
    assert block.mag is not None
    assert np.isnan(block.mag).tolist() == [[False, False, True]]


def test_a_bad_descriptor_or_driver_is_told_at_once() -> None:
    with pytest.raises(PacketError):
        SampleStage(dataclasses.replace(OWN, descriptor=b"short"))
    with pytest.raises(InputError, match="unknown driver 'nobody'"):
        SampleStage(dataclasses.replace(OWN, driver="nobody"))
