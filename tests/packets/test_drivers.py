"""What every driver of a sensor that can be connected to keeps to."""

from __future__ import annotations

import driver_rules
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets import commands
from imuhip.packets.blocks import block_from_notifications, concat
from imuhip.packets.drivers import DRIVERS, RADIO_DRIVERS, recognise
from imuhip.packets.gatt import Advertisement
from imuhip.packets.notification import SensorInfo
from imuhip.samples.stage import SampleStage

every = pytest.mark.parametrize("driver", RADIO_DRIVERS, ids=lambda driver: driver.name)
HEADS = {"imuhip": [b"\x01\0\x01\0"], "movesense": [b"\x02\x63", b"\x03\x63"], "witmotion": [b"\x55\x61", b"\x55\x71"]}


@every
def test_it_keeps_what_it_declares(driver):
    assert DRIVERS[driver.name] is driver
    driver_rules.check(driver)


@every
@settings(max_examples=150)
@given(data=st.data())
def test_any_notifications_become_samples_or_are_counted(driver, data):
    heads = st.sampled_from([*HEADS.get(driver.name, []), b""])
    sizes = st.sampled_from([0, 1, 4, 18, 20, 28, 40, 44, 63, 100, 156])
    payload = st.builds(
        lambda head, body: head + body, heads, sizes.flatmap(lambda size: st.binary(min_size=size, max_size=size))
    )
    payloads = data.draw(st.lists(payload, max_size=6))
    stage = SampleStage(SensorInfo(0, "pelvis", "m", driver.name, driver_rules.descriptor_of(driver)))
    whole, held = driver.join(
        concat(()), block_from_notifications([(at, 0, value) for at, value in enumerate(payloads)])
    )
    block = stage.feed(block_from_notifications([(at, 0, value) for at, value in enumerate(payloads)]))
    assert len(block.count) + stage.bad_packets == len(whole)
    assert len(whole) + len(held) <= len(payloads)
    assert (block.count >= 1).all()
    assert len(block.acc_m_s2) == len(block.gyr_rad_s) == block.count.sum()
    assert np.isfinite(block.acc_m_s2).all()
    assert np.isfinite(block.gyr_rad_s).all()


@every
@given(value=st.binary(max_size=40), at=st.integers(0, 20), chosen=st.integers(0, 3))
def test_any_notification_is_judged_as_answer_and_as_samples(driver, value, at, chosen):
    requests = driver_rules.requests_of(driver)
    request = requests[at % len(requests)]
    uuid = [*driver.notify_uuids, commands.DATA_UUID][chosen % (len(driver.notify_uuids) + 1)]
    answer = driver.answer(request, uuid, value)
    assert answer is None or isinstance(answer.problem, str)
    assert isinstance(driver.carries_samples(uuid, value), bool)


@every
@given(value=st.binary(max_size=24))
def test_any_battery_answer_is_a_level_or_a_packet_error(driver, value):
    try:
        percent = driver.battery_percent(value)
    except PacketError:
        return
    assert percent is None or 0 <= percent <= 100


@every
@given(values=st.lists(st.binary(max_size=90), max_size=2))
def test_any_information_describes_the_sensor_or_is_a_packet_error(driver, values):
    try:
        descriptor = driver.describe(driver.capabilities.rate_hz, dict(zip(driver.info_uuids, values, strict=False)))
    except PacketError:
        return
    driver.traits(descriptor)
    driver.scales(descriptor)


@pytest.mark.parametrize(
    ("advertisement", "name"),
    [
        (Advertisement("imuhip 3F2A", frozenset({commands.SERVICE_UUID})), "imuhip"),
        (Advertisement("Xsens DOT"), "dot"),
        (Advertisement("Movella DOT"), "dot"),
        (Advertisement("", frozenset(), {0x0886: b"\x01"}), "dot"),
        (Advertisement("Movesense 12"), "movesense"),
        (Advertisement("WT901BLE68"), "witmotion"),
        (Advertisement("WT9011DCL"), "witmotion"),
        (Advertisement("my imuhip"), None),
        (Advertisement("\x1b[31mXsens DOT"), None),
        (Advertisement(), None),
    ],
)
def test_each_model_is_recognised_by_its_own_driver_only(advertisement, name):
    found = recognise(advertisement)
    assert (found.name if found else None) == name
    assert sum(driver.recognise(advertisement) for driver in RADIO_DRIVERS) == (name is not None)
