"""The catalogue: complete, consistent, and clear about mistakes in a file of one's own."""

from __future__ import annotations

import pytest

from imuhip.catalogue_files import SHIPPED, load_catalogue
from imuhip.errors import CatalogueError
from imuhip.exercises.catalogue import AXES, CYCLES
from imuhip.exercises.catalogue_text import read_catalogue

TESTS = {
    "flexion", "extension", "abduction", "adduction", "internal_rotation", "external_rotation", "straight_leg_raise",
    "thomas", "ninety_ninety",
}  # fmt: skip
EXERCISES = {
    "bridge", "abdominal", "bike_pedals", "clamshell", "lateral_raise", "lateral_raise_adduction", "wall_squat_reach",
    "hooklying_breathing", "side_lunge", "kickstand_rdl", "slant_board_squat", "ninety_ninety_pails",
    "ninety_ninety_rails", "straight_leg_raise", "hip_abduction", "hip_extension", "seated_knee_extension",
    "sit_to_stand", "squat", "lunge", "step_up",
}  # fmt: skip
MINIMAL = """
[[exercise]]
name = "calf_raise"
position = "standing"
axis = "flexion"
range_deg = [5, 30]
cycle = ["lift", "hold", "lower"]
tempo = { lift_s = 2.0, hold_s = 1.0, lower_s = 3.0 }
start_pose = "Stand."
"""


def with_own(text: str):
    return read_catalogue([("catalogue.toml", SHIPPED.read_text(encoding="utf-8")), ("own.toml", text)])


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def test_the_shipped_catalogue_has_the_whole_vocabulary(catalogue):
    assert catalogue.test_names() == TESTS
    assert set(catalogue.exercises) == EXERCISES
    assert set(catalogue.mobilise) == {"lateral_hip", "posterior_hip", "adductors"}


def test_every_exercise_says_how_it_is_measured_and_what_cannot_be(catalogue):
    for entry in catalogue.exercises.values():
        assert entry.cycle in CYCLES
        assert entry.not_visible, entry.name
        assert entry.cues, entry.name
        assert entry.start_pose.endswith("."), entry.name


def test_what_an_exercise_controls_is_a_test_about_an_axis(catalogue):
    assert catalogue.controls("bridge") == ("extension", "prone")
    for entry in catalogue.exercises.values():
        if entry.controls is not None:
            assert entry.controls in catalogue.tests
            assert entry.control_axis in AXES


def test_mobilising_work_has_a_cap_and_tests_to_repeat(catalogue):
    for work in catalogue.mobilise.values():
        assert work.minutes[1] <= work.cap_minutes <= 5
        assert set(work.retest) <= catalogue.test_names()


def test_an_exercise_is_found_by_its_other_name(catalogue):
    assert catalogue.exercise("prone_hip_extension") is catalogue.exercises["hip_extension"]
    assert catalogue.exercise("juggling") is None


def test_a_test_that_gravity_does_not_show_says_why(catalogue):
    (note,) = catalogue.test_notes("abduction", "supine")
    assert "vertical" in note
    assert catalogue.test_notes("abduction", "side_lying") == ()
    assert catalogue.test_notes("abduction", None) == ()
    assert "not known" in catalogue.test_notes("thomas", "prone")[0]


def test_an_own_file_adds_an_exercise_and_keeps_the_others():
    catalogue = with_own(MINIMAL)
    assert set(catalogue.exercises) == EXERCISES | {"calf_raise"}
    assert catalogue.exercises["calf_raise"].limits == catalogue.limits


def test_an_own_file_changes_only_what_it_states(catalogue):
    changed = with_own('[[exercise]]\nname = "bridge"\nlimits = { pelvis_list_deg = 8 }\n').exercises["bridge"]
    known = catalogue.exercises["bridge"]
    assert changed.limits.pelvis_list_deg == 8.0
    assert changed.limits.pelvis_pitch_deg == known.limits.pelvis_pitch_deg
    assert changed.tempo == known.tempo


def test_common_limits_hold_for_every_exercise_without_its_own():
    catalogue = with_own("[limits]\noff_axis = 0.5\n")
    assert catalogue.limits.off_axis == 0.5
    assert catalogue.exercises["bridge"].limits.off_axis == 0.5
    assert catalogue.exercises["lunge"].limits.off_axis == 0.35


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (MINIMAL.replace('"flexion"', '"sideways"'), "calf_raise", ("axis", "sideways", "flexion, extension")),
        (MINIMAL.replace("lift_s = 2.0", "lift_s = -2.0"), "calf_raise, tempo", ("lift_s", "negative")),
        (MINIMAL.replace('["lift", "hold", "lower"]', '["hold", "lift"]'), "calf_raise", ("cannot occur", "Choose")),
        (MINIMAL.replace(', "hold", "lower"', ""), "calf_raise", ("cannot occur",)),
        (MINIMAL.replace("[5, 30]", "[30, 5]"), "calf_raise", ("range_deg", "smaller number first")),
        (MINIMAL.replace("[5, 30]", '"wide"'), "calf_raise", ("range_deg", "[least, most]")),
        (MINIMAL.replace("[5, 30]", "[5, nan]"), "calf_raise", ("range_deg", "number")),
        (MINIMAL + "colour = 1\n", "calf_raise", ("colour", "not known")),
        (MINIMAL + "hangs = 1\n", "calf_raise", ("hangs", "true or false")),
        (MINIMAL + 'controls = { test = "jump", position = "prone" }\n', "calf_raise", ("jump", "does not have")),
        (MINIMAL.replace('start_pose = "Stand."', ""), "calf_raise", ("start_pose",)),
        (MINIMAL.replace("hold_s = 1.0, ", ""), "calf_raise, tempo", ("hold_s",)),
        (MINIMAL.replace('"calf_raise"', '"Calf Raise"'), "[[exercise]]", ("name", "lower case")),
        ('[[mobilise]]\nname = "adductors"\ncap_minutes = 1\n', "adductors", ("cap_minutes",)),
        ("[[dance]]\n", None, ("dance", "not known")),
        ("format = 2\n", None, ("format 2",)),
        ("= nonsense", None, ("not TOML",)),
        ("[limits]\nripple = true\n", "limits", ("ripple", "number")),
    ],
)
def test_a_mistake_is_told_with_file_entry_and_remedy(text, place, words):
    with pytest.raises(CatalogueError) as caught:
        with_own(text)
    message = str(caught.value)
    assert message.startswith("own.toml")
    assert caught.value.remedy
    assert place is None or place in message
    for word in words:
        assert word in message


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CatalogueError, match=r"missing\.toml"):
        load_catalogue([tmp_path / "missing.toml"])
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match="UTF-8"):
        load_catalogue([binary])
