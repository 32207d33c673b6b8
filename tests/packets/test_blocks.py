from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.packets.blocks import block_from_notifications, concat, slice_block, split_by_sensor
from imuhip.packets.notification import NotificationBlock

Notes = list[tuple[int, int, bytes]]
# few lengths, so that several notifications share one, and often empty ones
notes = st.lists(st.tuples(st.integers(0, 2**60), st.integers(0, 2), st.binary(max_size=5)), max_size=30)


def listed(block: NotificationBlock) -> Notes:
    assert block.offset[0] == 0
    assert block.offset[-1] == len(block.data)
    payloads = [block.data[a:b].tobytes() for a, b in zip(block.offset[:-1], block.offset[1:], strict=True)]
    return list(zip(block.arrival_ns.tolist(), block.sensor.tolist(), payloads, strict=True))


@given(notes)
def test_a_block_holds_the_notifications_it_was_made_of(wanted: Notes) -> None:
    block = block_from_notifications(wanted)
    assert listed(block) == wanted
    assert block.arrival_ns.dtype == block.sensor.dtype == block.offset.dtype == np.int64
    assert block.data.dtype == np.uint8


@given(notes)
def test_splitting_gives_each_sensor_its_own_in_order(wanted: Notes) -> None:
    parts = split_by_sensor(block_from_notifications(wanted), 3)
    assert [listed(part) for part in parts] == [[note for note in wanted if note[1] == sensor] for sensor in range(3)]


@given(notes, st.data())
def test_slices_joined_again_are_the_block(wanted: Notes, data: st.DataObject) -> None:
    block = block_from_notifications(wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wanted)), max_size=4)))
    edges = [0, *cuts, len(wanted)]
    pieces = [slice_block(block, a, b) for a, b in itertools.pairwise(edges)]
    assert [note for piece in pieces for note in listed(piece)] == wanted
    assert listed(concat(pieces)) == wanted


def test_joining_nothing_is_an_empty_block() -> None:
    assert listed(concat([])) == []


@pytest.mark.parametrize("sensors", [[3], [0, 3], [-1], [0, -1]])
def test_a_sensor_that_is_not_in_the_list_is_a_mistake_of_the_source(sensors: list[int]) -> None:
    block = block_from_notifications([(0, sensor, b"x") for sensor in sensors])
    with pytest.raises(ValueError, match=r"outside 0\.\.2"):
        split_by_sensor(block, 3)
