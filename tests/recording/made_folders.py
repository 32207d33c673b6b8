"""Folders to import, with known samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from imuhip.units import FloatArray

HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyr_x_rad_s,gyr_y_rad_s,gyr_z_rad_s"


def rocking(seconds: float = 8.0, rate_hz: float = 100.0, *, start_s: float = 0.0, seed: int = 0) -> FloatArray:
    """(N, 7) time, acc, gyr of a sensor that rocks by 40 degrees, with a little noise."""
    noise = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    angle = np.radians(40) * np.sin(2 * np.pi * 0.4 * time_s)
    rate = np.gradient(angle, time_s)
    zero = np.zeros_like(angle)
    acc = np.stack([9.81 * np.sin(angle), zero, 9.81 * np.cos(angle)], axis=1) + noise.normal(0, 0.02, (len(angle), 3))
    gyr = np.stack([zero, -rate, zero], axis=1) + noise.normal(0, 0.002, (len(angle), 3))
    return np.column_stack([start_s + time_s, acc, gyr])


def csv_text(values: FloatArray, header: str = HEADER, separator: str = ",") -> str:
    """The table as a CSV file, every value exactly."""
    lines = [separator.join(map(repr, row)) for row in values.tolist()]
    return "\n".join([header.replace(",", separator), *lines]) + "\n"


def make_folder(folder: Path, files: Mapping[str, str | bytes | FloatArray] | None = None) -> Path:
    """Make a folder of three rocking sensors, in which ``files`` replace or add to what is there."""
    contents: dict[str, str | bytes | FloatArray] = {
        f"{role}.csv": rocking(seed=seed) for seed, role in enumerate(("pelvis", "thigh_left", "thigh_right"))
    }
    contents |= files or {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        text = csv_text(content) if isinstance(content, np.ndarray) else content
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder
