"""The worked example of CONTRIBUTING is a driver that works."""

from __future__ import annotations

import struct
from pathlib import Path
from types import ModuleType

import driver_rules
import numpy as np
import pytest

from imuhip.errors import PacketError
from imuhip.packets.blocks import block_from_notifications
from imuhip.packets.drivers import RADIO_DRIVERS
from imuhip.packets.gatt import Advertisement
from imuhip.packets.vendor import VendorDriver


@pytest.fixture(scope="module")
def thingy() -> VendorDriver:
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    module = ModuleType("thingy")
    exec(compile(text.split("```python\n")[1].split("```")[0], "CONTRIBUTING.md", "exec"), module.__dict__)
    driver = module.ThingyDriver()
    assert isinstance(driver, VendorDriver)
    return driver


def test_it_decodes_a_sample(thingy: VendorDriver) -> None:
    data = struct.pack("<9h", 1024, -2048, 0, 32, -3200, 32767, 1, 2, 3)
    columns = thingy.decode(block_from_notifications([(5, 0, data), (6, 0, data[:17])]))
    scale = thingy.scales(thingy.describe(100.0, {}))
    np.testing.assert_allclose(columns.motion[:, :3] * scale.acc_m_s2, [[9.80665, -19.6133, 0]])
    np.testing.assert_allclose(np.degrees(columns.motion[:, 3:] * scale.gyr_rad_s), [[1, -100, 1023.96875]])
    assert [(bad.index, bad.position) for bad in columns.bad] == [(1, 17)]


def test_it_sets_the_rate(thingy: VendorDriver) -> None:
    (request,) = thingy.configure(200.0)
    assert request.data == bytes.fromhex("e803e803e803c80000")


def test_it_keeps_the_rules_of_all_drivers(thingy: VendorDriver) -> None:
    driver_rules.check(thingy)
    assert thingy.recognise(Advertisement("Thingy"))
    others = [driver for driver in RADIO_DRIVERS if driver.name != thingy.name]
    assert not any(driver.recognise(Advertisement("Thingy")) for driver in others)
    with pytest.raises(PacketError):
        thingy.traits(b"")
