"""What rate a sensor of our own protocol is asked for, and what it does then."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual_session import own_sensors, play

from imuhip.errors import RadioError


@pytest.mark.parametrize("rate_hz", [52.0, 104.0, 200.0])
def test_a_sensor_takes_the_nearest_rate_and_is_recorded_at_that(tmp_path: Path, rate_hz: float) -> None:
    """The client asks for 100 Hz."""
    played = play(tmp_path / "a.mcap", seconds=12, firmwares=lambda worn: own_sensors(worn, rate_hz=rate_hz))
    for role in ("pelvis", "thigh_right"):
        about = played.sensors[role]
        assert about["rate_hz"] == pytest.approx(rate_hz, rel=1e-3)
        assert about["samples"] == pytest.approx(12 * rate_hz, abs=0.3 * rate_hz)
        assert (about["lost"], about["gaps_s"]) == (0, 0)


def test_a_sensor_that_has_no_rate_near_says_what_it_can(tmp_path: Path) -> None:
    with pytest.raises(RadioError, match=r"the nearest it can do is 400 Hz, 8 g and 1000 deg/s"):
        play(tmp_path / "a.mcap", seconds=12, firmwares=lambda worn: own_sensors(worn, rate_hz=400.0))
    assert not (tmp_path / "a.mcap").exists()
