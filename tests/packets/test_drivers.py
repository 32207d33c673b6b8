"""What every driver of a sensor that can be connected to keeps to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets import commands
from imuhip.packets.blocks import block_from_notifications, concat
from imuhip.packets.descriptor import encode_descriptor
from imuhip.packets.drivers import DRIVERS, RADIO_DRIVERS, RadioDriver, recognise
from imuhip.packets.gatt import Advertisement, Request
from imuhip.packets.notification import SensorInfo
from imuhip.packets.own import OwnDriver
from imuhip.samples.stage import SampleStage
from imuhip.simulation import transmit

every = pytest.mark.parametrize("driver", RADIO_DRIVERS, ids=lambda driver: driver.name)
HEADS = {"imuhip": [b"\x01\0\x01\0"], "movesense": [b"\x02\x63", b"\x03\x63"], "witmotion": [b"\x55\x61", b"\x55\x71"]}


def descriptor_of(driver: RadioDriver) -> bytes:
    if isinstance(driver, OwnDriver):
        return driver.describe(100.0, {commands.DESCRIPTOR_UUID: encode_descriptor(transmit.descriptor(100.0))})
    return driver.describe(driver.capabilities.rate_hz, {})


def requests_of(driver: RadioDriver) -> list[Request]:
    rate_hz = driver.capabilities.rate_hz
    asked = [*driver.configure(rate_hz), *driver.start(rate_hz), *driver.stop(), *driver.identify()]
    return [*asked, *filter(None, (driver.battery, driver.resend(1, 2)))]


@every
def test_it_keeps_what_it_declares(driver):
    can = driver.capabilities
    traits = driver.traits(descriptor_of(driver))
    assert DRIVERS[driver.name] is driver
    assert can.time == traits.kind
    assert can.loss_visible == traits.loss_visible == driver.loss_visible
    assert (can.loss_seen_by == "sequence") == (traits.sequence_bits > 0)
    assert traits.rate_hz == can.rate_hz
    assert can.rate_hz in can.rates_hz
    assert list(can.rates_hz) == sorted(can.rates_hz)
    assert can.identifies == bool(driver.identify())
    assert can.tells_battery == (driver.battery is not None)
    assert can.refills == (driver.resend(0, 1) is not None)


@every
def test_uuids_are_in_the_form_that_the_radio_compares(driver):
    uuids = [*driver.notify_uuids, *driver.info_uuids, *(request.uuid for request in requests_of(driver))]
    assert uuids
    for uuid in uuids:
        assert uuid == uuid.lower()
        assert [len(part) for part in uuid.split("-")] == [8, 4, 4, 4, 12]


@every
def test_what_cannot_tell_its_loss_says_so_to_people(driver):
    said = any("cannot be seen" in limit for limit in driver.capabilities.limits)
    assert said == (not driver.loss_visible)


@every
def test_a_step_is_at_most_one_unit_people_think_in(driver):
    """A factor that was forgotten, degrees for radians or g for m/s2, does not pass."""
    scales = driver.scales(descriptor_of(driver))
    assert 0 < scales.acc_m_s2 <= 1
    assert 0 < scales.gyr_rad_s <= np.radians(1)


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
    stage = SampleStage(SensorInfo(0, "pelvis", "m", driver.name, descriptor_of(driver)))
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
    requests = requests_of(driver)
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
