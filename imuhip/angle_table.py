"""The angle table: hip and pelvis angles at the analysis rate, as columns and as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from imuhip.hip.stage import HipBlock
from imuhip.records import record
from imuhip.units import FloatArray, IntArray


@record
class AngleTable:
    """The angle table: columns by name, (N,) each, NaN where an angle is not known."""

    columns: Mapping[str, FloatArray]

    def write_csv(self, path: Path) -> None:
        """Write it; unknown angles are empty fields.

        Args:
            path: Where to; replaced if it exists.

        Raises:
            OSError: It cannot be written.
        """
        names = list(self.columns)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            texts = [_texts(name, self.columns[name]) for name in names]
            writer.writerows(zip(*texts, strict=True))


def angle_table(whole: HipBlock | None, offset_s: float) -> AngleTable:
    """Lay the angles of a session out as a table.

    Args:
        whole: The session, or None where nothing was measured.
        offset_s: The first frame's time on the import's own clock.

    Returns:
        Its columns; without a pelvis sensor inclinations of the segments instead of hip angles.
    """
    return AngleTable(dict(_columns(whole, offset_s)))


def _columns(whole: HipBlock | None, offset_s: float) -> Iterator[tuple[str, FloatArray]]:
    if whole is None:
        yield "time_s", np.zeros(0)
        return
    frames: IntArray = whole.start_index + np.arange(len(whole))
    yield "time_s", offset_s + frames / whole.rate_hz
    for side in ("right", "left"):
        if (hip := whole.sides.get(side)) is None:
            continue
        yield f"hip_{side}_flexion_deg", hip.flexion_deg
        yield f"hip_{side}_adduction_deg", hip.adduction_deg
        yield f"hip_{side}_internal_rotation_deg", hip.internal_rotation_deg
        yield f"hip_{side}_valid", hip.valid.astype(np.float64)
        yield f"hip_{side}_uncertainty_deg", hip.uncertainty_deg
    if "pelvis" in whole.roles:
        tilt, tip, turn = whole.pelvis_deg()
        yield "pelvis_tilt_deg", tilt
        yield "pelvis_list_deg", tip
        yield "pelvis_rotation_deg", turn
    else:
        for k, role in enumerate(whole.roles):
            yield f"{role}_inclination_deg", whole.inclination_deg(k)


def _texts(name: str, values: FloatArray) -> list[str]:
    digits = 0 if name.endswith("_valid") else 6 if name == "time_s" else 3
    return ["" if math.isnan(v) else f"{v:.{digits}f}" for v in values.tolist()]
