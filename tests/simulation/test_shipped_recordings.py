"""The shipped recordings are what the tool makes today."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose

from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.own import OwnDriver
from imuhip.recording import Recording

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_recordings.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_recordings", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["range_test", "strengthening"])
def test_shipped_recording_and_truth_are_up_to_date(recordings: Path, tool: ModuleType, name: str) -> None:
    path = recordings / f"{name}.mcap"
    assert path.stat().st_size < 2_000_000
    made = tool.make(name)
    shipped = Recording.open(path)
    assert not shipped.damage
    assert shipped.sensors == tuple(made.sensors)
    assert shipped.marks == made.marks
    driver = OwnDriver()
    pairs = zip(split_by_sensor(shipped.notifications(), 2), split_by_sensor(made.notifications(), 2), strict=True)
    for was, now in ((driver.decode(old), driver.decode(new)) for old, new in pairs):
        assert np.array_equal(was.sequence, now.sequence)
        assert np.abs(was.motion.astype(int) - now.motion).max() <= 1, "rounding may differ between machines"
    with (recordings / f"{name}_truth.csv").open(newline="") as file:
        old_rows = list(csv.reader(file))
    new_rows = list(tool.truth_rows(made))
    assert old_rows[0] == new_rows[0]
    assert_allclose(np.array(old_rows[1:], float), np.array(new_rows[1:], float), atol=0.011)
