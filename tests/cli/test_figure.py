"""The picture shows what is known, what is not, and what was marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imuhip.cli.figure import Interval, draw, read_reference
from imuhip.errors import InputError


@pytest.fixture
def table() -> dict[str, np.ndarray]:
    time_s = 100.0 + np.arange(500) / 100
    flexion = 40 * np.sin(time_s)
    flexion[200:260] = np.nan
    columns = {"time_s": time_s}
    for side in ("right", "left"):
        columns |= {
            f"hip_{side}_flexion_deg": flexion,
            f"hip_{side}_adduction_deg": 0.1 * flexion,
            f"hip_{side}_internal_rotation_deg": 0.2 * flexion,
            f"hip_{side}_valid": np.isfinite(flexion).astype(float),
            f"hip_{side}_uncertainty_deg": np.full(500, 2.0),
        }
    return columns | {f"pelvis_{name}_deg": 0.05 * flexion for name in ("tilt", "list", "rotation")}


def test_a_picture_has_a_panel_per_hip_and_one_for_the_pelvis(table: dict[str, np.ndarray]) -> None:
    figure = draw(table, [], title="x")
    assert [axes.get_ylabel() for axes in figure.axes] == ["right hip, deg", "left hip, deg", "pelvis, deg"]


def test_marks_are_labelled_once_and_shaded_everywhere(table: dict[str, np.ndarray]) -> None:
    bare = draw(table, [], title="x")
    marked = draw(table, [Interval(1.0, 2.0, "test", "flexion right")], title="x")
    assert [text.get_text() for text in marked.axes[0].texts] == ["flexion right"]
    for before, after in zip(bare.axes, marked.axes, strict=True):
        assert len(after.patches) == len(before.patches) + 1


def test_unknown_stretches_are_hatched(table: dict[str, np.ndarray]) -> None:
    axes = draw(table, [], title="x", offset_s=100.0).axes[0]
    (patch,) = [patch for patch in axes.patches if patch.get_hatch()]
    assert patch.get_x() == pytest.approx(2.0)
    assert patch.get_width() == pytest.approx(0.59)


def test_a_reference_is_compared_with_means_matched(table: dict[str, np.ndarray]) -> None:
    reference = {"time_s": table["time_s"], "hip_right_flexion_deg": table["hip_right_flexion_deg"] - 12.0}
    axes = draw(table, [], title="x", reference=reference).axes[0]
    labels = [line.get_label() for line in axes.lines]
    assert any("RMSE 0.0 deg" in str(label) for label in labels)


def test_a_recording_without_hip_angles_says_so() -> None:
    figure = draw({"time_s": np.zeros(0)}, [], title="x")
    assert "no angles" in figure.axes[0].get_title()


def test_a_picture_can_be_written_without_a_display(table: dict[str, np.ndarray], tmp_path: Path) -> None:
    draw(table, [], title="x").savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_reading_a_reference_takes_empty_fields_as_unknown(tmp_path: Path) -> None:
    path = tmp_path / "reference.csv"
    path.write_text("\ufefftime_s,hip_right_flexion_deg\n0,1.5\n0.01,\n", encoding="utf-8")
    columns = read_reference(path)
    np.testing.assert_array_equal(columns["hip_right_flexion_deg"], [1.5, np.nan])


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n3,4\n", "time_s,hip_right_flexion_deg\n0,x\n1,2\n", "time_s,x_deg\n0\n1,2\n", "time_s\n1\n2\n"],
)
def test_a_reference_that_is_no_table_of_angles_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "reference.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"reference\.csv"):
        read_reference(path)


def test_segments_are_drawn_where_there_is_no_pelvis_sensor() -> None:
    time_s = np.arange(50) / 100
    table = {"time_s": time_s, "chest_inclination_deg": time_s, "thigh_moving_inclination_deg": time_s}
    (axes,) = draw(table, [], title="x").axes
    assert axes.get_ylabel() == "against gravity, deg"
    assert [line.get_label() for line in axes.lines[:2]] == ["chest", "thigh moving"]


def test_a_panel_without_any_known_angle_says_so(table: dict[str, np.ndarray]) -> None:
    table |= {name: np.full(500, np.nan) for name in table if name.startswith("pelvis")}
    pelvis = draw(table, [], title="x").axes[-1]
    assert [text.get_text() for text in pelvis.texts] == ["not known: `imuhip analyze` says why"]
