"""A small session to run commands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from imuhip.recording import import_folder

HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyr_x_rad_s,gyr_y_rad_s,gyr_z_rad_s"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five seconds of two sensors that lie still, in the import layout."""
    folder = tmp_path / "session"
    folder.mkdir()
    rows = [f"{i / 100},0.1,{9.8 + i % 2 / 100},0.2,0.01,0.02,0.03" for i in range(500)]
    for role in ("pelvis", "thigh_right"):
        (folder / f"{role}.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "marks.csv").write_text("start_s,end_s,kind,name,side\n1,3,test,straight_leg_raise,right\n")
    return folder


@pytest.fixture
def recording(folder: Path, tmp_path: Path) -> Path:
    """The same as a recording."""
    path = tmp_path / "session.mcap"
    import_folder(folder, path)
    return path
