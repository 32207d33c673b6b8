from dataclasses import replace

import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.control import RepFigures
from imuhip.exercises.sets import graded_reps, usual_range


@pytest.fixture(scope="module")
def entry():
    return load_catalogue().exercises["lateral_raise"]


def figures(flexion_deg, range_deg=30.0):
    return RepFigures(0.0, 2.0, 5.0, range_deg, range_deg, 0.0, hold_s=1.5, start_pose_deg=(flexion_deg, 0.0, 0.0))


def drifted(flexions_deg, entry):
    reps = graded_reps([figures(each) for each in flexions_deg], entry, entry.limits)
    return ["start_drift" in [fault.id for fault in rep.faults] for rep in reps]


def test_a_leg_that_rests_elsewhere_later_has_drifted(entry):
    assert drifted([0.0, 1.0, -1.0, 2.0, 13.0, 0.0], entry) == [False] * 4 + [True, False]


def test_a_set_begins_with_the_first_start_pose_that_was_seen(entry):
    unknown = replace(figures(0.0), start_pose_deg=None)
    reps = graded_reps([unknown, figures(0.0), figures(0.0), figures(14.0)], entry, entry.limits)
    assert [[fault.id for fault in rep.faults] for rep in reps] == [[], [], [], ["start_drift"]]


def test_the_usual_range_is_that_of_full_repetitions():
    assert usual_range([40.0, 41.0, 20.0, 15.0, 22.0, 40.0, 41.0]) == pytest.approx(40.5)
    assert usual_range([]) is None
