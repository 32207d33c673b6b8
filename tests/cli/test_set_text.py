"""Sets in words: tempo, faults as coaching, both sides, what cannot be seen."""

from __future__ import annotations

import itertools

import moved
import numpy as np
import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.cli.set_text import fault_words, last_rep_lines, rep_words, set_lines
from imuhip.exercises.as_json import set_json
from imuhip.exercises.stage import ExerciseStage

CATALOGUE = load_catalogue()
MEDICAL = ("injur", "diagnos", "risk", "prevent", "patient", "patholog")


def sets_of(name, flexion, *, side="right", **angles):
    block = moved.block_of(flexion, side=side, roles=("pelvis", f"thigh_{side}"), **angles)
    stage = ExerciseStage(CATALOGUE, moved.RATE_HZ)
    stage.mark(moved.marked(name, 1.0, side=side), 0.0, len(block) / moved.RATE_HZ)
    stage.feed(block)
    stage.flush()
    return stage.sets()


def page(*sets):
    return "\n".join(set_lines([set_json(one) for one in itertools.chain(*sets)]))


def test_a_set_is_told_with_its_tempo_range_and_good_reps():
    text = page(sets_of("straight_leg_raise", moved.reps(4, 60)))
    assert "straight leg raise, right, from 0:00: 4 reps, 4 good" in text
    assert "lifted in 2.1 s, held for 1.9 s, lowered in 2.8 s" in text
    assert "range 60 deg; even from rep to rep" in text
    assert "under control up to 60 deg of straight leg raise" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 110


def test_a_fault_of_one_rep_is_told_with_number_and_aim():
    flexion = np.concatenate([moved.reps(4, 60), moved.rep(60, lift_s=0.6)])
    assert "rep 5 was flung: lifted in 0.5 s, aim for 2 s" in page(sets_of("straight_leg_raise", flexion))


def test_a_fault_that_comes_back_is_told_once_with_its_worst_case():
    flexion = np.concatenate([moved.reps(2, 60), moved.rep(60, lower_s=1.2), moved.rep(60, lower_s=0.7), moved.rep(60)])
    text = page(sets_of("straight_leg_raise", flexion))
    assert "reps 3 and 4, most in rep 4: was dropped: lowered in 0.6 s, aim for 3 s" in text
    assert text.count("dropped") == 1


def test_a_squat_is_neither_flung_nor_dropped():
    flexion = np.concatenate([moved.reps(3, 60), moved.rep(60, lift_s=0.6)])
    assert "rep 4 was hurried: let down in 0.5 s, aim for 2 s" in page(sets_of("squat", flexion))


def test_a_short_rep_is_told_against_the_full_ones():
    flexion = np.concatenate([moved.reps(4, 60), moved.rep(40)])
    assert "rep 5 was short: 40 deg, your full reps go 60" in page(sets_of("straight_leg_raise", flexion))


@pytest.mark.parametrize("fault", ["off_axis", "pelvis"])
def test_compensation_is_told_in_degrees_or_shares(fault):
    flexion = moved.reps(4, 60)
    if fault == "off_axis":
        assert "went another way, stay below 25 %" in page(sets_of("squat", flexion, adduction=0.4 * flexion))
    else:
        pelvis = np.stack([flexion / 5, flexion / 4, 0 * flexion], axis=1)
        text = page(sets_of("squat", flexion, pelvis=pelvis))
        assert "tilted the pelvis sideways by 12 deg, stay within 8" in text
        assert "rolled the pelvis by 15 deg, stay within 8" in text


def test_left_and_right_stand_side_by_side():
    text = page(
        sets_of("straight_leg_raise", moved.reps(4, 60)), sets_of("straight_leg_raise", moved.reps(4, 50), side="left")
    )
    assert "left against right" in text
    _, told = text.split("left against right\n")
    assert told.splitlines()[:3] == [
        "    straight leg raise",
        "      left:  4 of 4 good, range 50 deg, under control up to 50 deg of straight leg raise",
        "      right: 4 of 4 good, range 60 deg, under control up to 60 deg of straight leg raise",
    ]


def test_a_bridge_that_ends_before_the_hip_is_straight_says_so_on_both_sides():
    sets = [sets_of("bridge", 50 - moved.reps(4, 45), side=side) for side in ("left", "right")]
    text = " ".join(page(*sets).split())
    assert text.count("under control to 5 deg short of straight") == 4
    assert "up to -" not in text


def test_other_motions_fall_short_of_neutral():
    controls = {"test": "internal_rotation", "position": "seated"}
    one = set_json(sets_of("straight_leg_raise", moved.reps(4, 60))[0])
    told = "\n".join(set_lines([{**one, "controlled_range_deg": -4.2, "controls": controls}]))
    assert "under control to 4 deg short of neutral internal rotation" in " ".join(told.split())


def test_a_number_beside_its_limit_never_reads_as_the_limit():
    one = set_json(sets_of("squat", moved.reps(4, 60))[0])
    rep = one["reps"][0]
    faults = [("no_hold", 0.97, 1.0), ("pelvis_list", 8.04, 8.0), ("off_axis", 0.2512, 0.25)]
    faulty = {**rep, "faults": [{"id": name, "value": value, "limit": limit} for name, value, limit in faults]}
    held, tilted, left = fault_words(one, faulty)
    assert held == "was held for 0.97 s, aim for 1 s"
    assert tilted == "tilted the pelvis sideways by 8.04 deg, stay within 8"
    assert left.startswith("left its line: 25.1 % of the movement")


def test_a_rep_is_told_in_a_line_as_it_comes():
    flexion = np.concatenate([moved.reps(1, 60), moved.rep(60, lift_s=0.6)])
    one = set_json(sets_of("straight_leg_raise", flexion)[0])
    good, flung = (rep_words(one, rep, number) for number, rep in enumerate(one["reps"], 1))
    assert good == "straight leg raise, right, rep 1: lifted in 2.1 s, held for 1.9 s, lowered in 2.8 s, 60 deg; good"
    assert flung.startswith("straight leg raise, right, rep 2: lifted in 0.5 s,")
    assert flung.endswith("60 deg; was flung: lifted in 0.5 s, aim for 2 s")


def test_what_cannot_be_seen_is_said_once():
    twice = [*sets_of("squat", moved.reps(3, 60)), *sets_of("squat", moved.reps(3, 60))]
    assert page(twice).count("Knees falling inwards") == 1


def test_an_empty_set_says_so():
    assert "no repetition found" in page(sets_of("squat", moved.rest(0, 20)))
    assert set_lines([]) == []


def test_breathing_without_a_sensor_on_the_navel_says_what_is_missing():
    text = page(sets_of("hooklying_breathing", moved.rest(50, 20)))
    assert "no sensor is worn where it shows" in text
    assert "only the pace is given" in text


def test_the_last_rep_is_told_while_the_set_goes_on():
    flexion = np.concatenate([moved.reps(2, 60), moved.rep(60, lift_s=0.6)])
    head, fault = last_rep_lines(sets_of("straight_leg_raise", flexion)[0])
    assert head.startswith("straight leg raise: 3 reps, 2 good; last lifted in 0.5 s")
    assert fault.startswith("was flung")
    assert last_rep_lines(sets_of("squat", moved.reps(3, 60))[0])[-1] == "good"
    assert last_rep_lines(sets_of("squat", moved.rest(0, 20))[0]) == ["squat: no rep yet"]


def test_words_stay_coaching():
    told = [page(sets_of(name, moved.reps(3, 40, lift_s=0.5, hold_s=0.0, lower_s=0.5))) for name in CATALOGUE.exercises]
    texts = [*told, *(" ".join(e.cues) for e in CATALOGUE.exercises.values())]
    for text in texts:
        assert not any(word in text.lower() for word in MEDICAL), text
