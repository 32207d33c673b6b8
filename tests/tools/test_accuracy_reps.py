"""The scores of simulated repetitions must not flatter: what is missed, wrong, late or too many has to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from accuracy_reps_judge import RepCase, judge, simulated_practice, true_multiples
from accuracy_reps_manners import CLEAN, FAULTY, Task, draw_set, shipped_catalogue, span_s
from accuracy_reps_simulated import fault_figures, found_figures, time_figures
from accuracy_reps_ways import Counted, WayCase, count, ways_figures

from imuhip.simulation.graded import true_repetitions
from imuhip.simulation.manner import Manner
from imuhip.simulation.script import practice_session
from imuhip.simulation.simulate import simulate
from imuhip.simulation.wearer import Wearer

CASE = RepCase("lateral_raise", 4000, 1)


@pytest.fixture(scope="module")
def task():
    return Task(shipped_catalogue().exercises["lateral_raise"])


@pytest.fixture(scope="module")
def made(task):
    return simulated_practice(task, CASE.seed, CASE.sets)


@pytest.fixture(scope="module")
def perfect(task, made):
    """Repetitions as a perfect program would report them."""
    offset_s = min(float(samples.time_s[0]) for samples in made.samples.values())
    truth = true_repetitions(made.truth)
    usual_deg = float(np.percentile([each.range_deg for each in truth], 75))
    return [
        {
            "start_s": true.lift.start_s - offset_s,
            "top_s": true.lift.end_s - offset_s,
            "end_s": true.lower.end_s - offset_s,
            "lower_s": true.lower.duration_s,
            "faults": [
                {"id": fault}
                for fault, times in true_multiples(task, true, truth[0], usual_deg).items()
                if times >= FAULTY
            ],
        }
        for true in truth
    ]


def _outcome(task, made, reps):
    return judge(CASE, task, made, [{"reps": reps}])


def test_a_perfect_report_has_perfect_scores(task, made, perfect):
    outcome = _outcome(task, made, perfect)
    assert outcome.extra == ()
    assert all(figure.passed for figure in found_figures([outcome]))
    assert all(figure.passed for figure in time_figures([outcome]))
    drawn = {one.meant for one in outcome.judged} - {""}
    assert len(drawn) >= 3
    for figure in fault_figures([outcome]):
        if figure.name.split(",")[0] in drawn:
            assert figure.passed, figure


def test_missed_and_superfluous_repetitions_lower_the_score(task, made, perfect):
    late = [{**rep, "start_s": rep["start_s"] + 60.0, "end_s": rep["end_s"] + 60.0} for rep in perfect[-1:]]
    missed = _outcome(task, made, perfect[1:])
    extra = _outcome(task, made, [*perfect, *late])
    assert sum(one.found for one in missed.judged) == len(perfect) - 1
    assert len(extra.extra) == 1
    for outcome in (missed, extra):
        assert [figure.passed for figure in found_figures([outcome])] == [False]


def test_two_repetitions_taken_for_one_are_one_missed(task, made, perfect):
    merged = [{**perfect[0], "end_s": perfect[1]["end_s"]}, *perfect[2:]]
    assert sum(one.found for one in _outcome(task, made, merged).judged) <= len(perfect) - 1


def test_late_phases_show(task, made, perfect):
    late = [{**rep, "top_s": rep["top_s"] + 0.3} for rep in perfect]
    passed = {figure.name.split(",")[0]: figure.passed for figure in time_figures([_outcome(task, made, late)])}
    assert passed == {
        "time of start": True,
        "time of top": False,
        "time of lower": True,
        "time of end": True,
    }


def test_silence_has_no_recall_and_crying_wolf_no_precision(task, made, perfect):
    silent = _outcome(task, made, [{**rep, "faults": []} for rep in perfect])
    wolf = _outcome(task, made, [{**rep, "faults": [{"id": "shaky"}, {"id": "pelvis_list"}]} for rep in perfect])
    assert not any(figure.passed for figure in fault_figures([silent]))
    figures = {figure.name.split(",")[0]: figure for figure in fault_figures([wolf])}
    assert not figures["shaky"].passed
    assert not figures["pelvis_list"].passed


@pytest.mark.parametrize(
    "name", ["bridge", "squat", "clamshell", "seated_knee_extension", "step_up", "ninety_ninety_rails"]
)
def test_what_is_drawn_clean_is_clean_and_what_is_drawn_faulty_is_faulty(name):
    task = Task(shipped_catalogue().exercises[name])
    made = simulated_practice(task, 4100, 3)
    sets: dict[int, list] = {}
    for each in true_repetitions(made.truth):
        sets.setdefault(each.plan.mark_id, []).append(each)
    clean, faulty = [], []
    for group in sets.values():
        usual_deg = float(np.percentile([each.range_deg for each in group], 75))
        for true in group:
            times = true_multiples(task, true, group[0], usual_deg)
            if true.plan.manner.meant:
                faulty.append(times[true.plan.manner.meant] >= FAULTY)
            else:
                clean.append(max(times.values()))
    assert np.mean(faulty) >= 0.8
    assert np.mean(np.array(clean) <= CLEAN) >= 0.8, "what sway adds may take one between clean and faulty: not judged"
    assert max(clean) < FAULTY


def test_the_first_repetition_of_a_set_is_clean_and_half_of_the_others_are_not(task):
    manners = draw_set(task, 200, np.random.default_rng(1))
    assert manners[0].meant == ""
    assert 80 < sum(bool(manner.meant) for manner in manners) < 120
    assert {manner.meant for manner in manners} - {""} == set(task.faults())


def test_spans_are_chosen_for_the_phase_that_the_rule_finds():
    still = replace(Wearer.perfect(), sway_deg=0.0, breath_deg=0.0, range_sd=0.0)
    for phase_s in (0.8, 1.9, 2.6):
        manner = Manner(lift=((span_s(phase_s, 32.0), 1.0),))
        session = practice_session("lateral_raise", "side_lying", [(manner,)])
        (rep,) = true_repetitions(simulate(session, seed=1, wearer=still).truth)
        assert rep.lift.duration_s == pytest.approx(phase_s, abs=0.03)


def test_other_ways_are_counted_and_a_miss_shows():
    counted = count(WayCase("fast and slow, whole and half, pauses", "squat", 6000))
    assert counted.true == 20
    assert counted.hits >= 19
    figures = {figure.condition: figure for figure in ways_figures([counted, *_all_found("unmarked")], ["unmarked"])}
    assert figures["unmarked"].passed
    missed = [replace(each, hits=each.true // 2) for each in _all_found("unmarked")]
    assert [figure.passed for figure in ways_figures(missed, ["unmarked"])] == [False]


def _all_found(way):
    return [Counted(WayCase(way, "squat", 6000), 20, 20, 0)]
