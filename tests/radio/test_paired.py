from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from imuhip.errors import InputError
from imuhip.radio.paired import PairedSensor, PairedSensors

PELVIS = PairedSensor("pelvis", "C0:00:00:00:00:01", "imuhip 1", "imuhip", 100.0, b"\x01\x02", bonded=True)


def test_what_is_remembered_comes_back_in_the_order_of_roles(tmp_path: Path):
    store = PairedSensors(tmp_path)
    thigh = replace(PELVIS, role="thigh_right", address="C0:00:00:00:00:02")
    store.add(thigh)
    store.add(PELVIS)
    assert store.load() == [PELVIS, thigh]


def test_a_sensor_has_one_role_and_a_role_one_sensor(tmp_path: Path):
    store = PairedSensors(tmp_path)
    store.add(PELVIS)
    moved = replace(PELVIS, role="thigh_left", address=PELVIS.address.lower())
    store.add(moved)
    assert store.load() == [moved]
    other = replace(moved, address="C0:00:00:00:00:09")
    store.add(other)
    assert store.load() == [other]


def test_forgetting_tells_what_was_forgotten(tmp_path: Path):
    store = PairedSensors(tmp_path)
    store.add(PELVIS)
    assert store.forget("chest") is None
    assert store.forget("pelvis") == PELVIS
    assert store.load() == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_only_the_user_can_read_it(tmp_path: Path):
    PairedSensors(tmp_path / "new").add(PELVIS)
    assert stat.S_IMODE((tmp_path / "new" / "sensors.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sensors": [{}]}', '{"sensors": [{"role": "tail"}]}'])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, text: str):
    (tmp_path / "sensors.json").write_text(text)
    with pytest.raises(InputError, match="Delete it and pair the sensors again"):
        PairedSensors(tmp_path).load()
