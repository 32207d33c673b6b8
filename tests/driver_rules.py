"""What every driver of a sensor that can be connected to keeps to: for those that are there, and for examples."""

from __future__ import annotations

import math

from imuhip.packets import commands
from imuhip.packets.descriptor import encode_descriptor
from imuhip.packets.drivers import RadioDriver
from imuhip.packets.gatt import Request
from imuhip.packets.own import OwnDriver
from imuhip.simulation import transmit


def descriptor_of(driver: RadioDriver) -> bytes:
    if isinstance(driver, OwnDriver):
        return driver.describe(100.0, {commands.DESCRIPTOR_UUID: encode_descriptor(transmit.descriptor(100.0))})
    return driver.describe(driver.capabilities.rate_hz, {})


def requests_of(driver: RadioDriver) -> list[Request]:
    rate_hz = driver.capabilities.rate_hz
    asked = [*driver.configure(rate_hz), *driver.start(rate_hz), *driver.stop(), *driver.identify()]
    return [*asked, *filter(None, (driver.battery, driver.resend(1, 2)))]


def check(driver: RadioDriver) -> None:
    """Check a driver against its own declaration."""
    can = driver.capabilities
    traits = driver.traits(descriptor_of(driver))
    assert can.time == traits.kind
    assert can.loss_visible == traits.loss_visible == driver.loss_visible
    assert (can.loss_seen_by == "sequence") == (traits.sequence_bits > 0)
    assert traits.rate_hz == can.rate_hz
    assert can.rate_hz in can.rates_hz
    assert list(can.rates_hz) == sorted(can.rates_hz)
    assert can.identifies == bool(driver.identify())
    assert can.tells_battery == (driver.battery is not None)
    assert can.refills == (driver.resend(0, 1) is not None)
    said = any("cannot be seen" in limit for limit in can.limits)
    assert said == (not driver.loss_visible), "what cannot tell its loss says so to people"
    _check_uuids(driver)
    scales = driver.scales(descriptor_of(driver))
    # a factor that was forgotten, degrees for radians or g for m/s2, does not pass
    assert 0 < scales.acc_m_s2 <= 1
    assert 0 < scales.gyr_rad_s <= math.radians(1)


def _check_uuids(driver: RadioDriver) -> None:
    """The radio compares them as text."""
    uuids = [*driver.notify_uuids, *driver.info_uuids, *(request.uuid for request in requests_of(driver))]
    assert uuids
    for uuid in uuids:
        assert uuid == uuid.lower()
        assert [len(part) for part in uuid.split("-")] == [8, 4, 4, 4, 12]
