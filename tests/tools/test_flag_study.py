"""The study of rule A must simulate what it says, and must be able to fail."""

from __future__ import annotations

import numpy as np
import pytest
from flag_study import (
    CONDITIONS,
    GAP_SD_DEG,
    REPEAT_SD_DEG,
    Condition,
    false_alarms,
    flagged,
    gains_seen,
    histories,
    main,
    rate,
    study,
)

RIGHT = CONDITIONS[0]


def usual_gaps(first, controlled):
    c_bar = np.mean([controlled[..., 9], controlled[..., 10], controlled[..., 11]], axis=0)
    return first[..., 11] - c_bar


@pytest.mark.parametrize("condition", [CONDITIONS[0], CONDITIONS[2]], ids=lambda c: c.name)
def test_gaps_and_repeats_scatter_as_stated(condition: Condition):
    first, repeat, controlled = histories(condition, 3000, 1)
    gaps = usual_gaps(first, controlled)
    # What the wearer's own level adds is taken out by comparing with the same motion's mean.
    own = gaps - (first.mean(axis=2) - controlled.mean(axis=2))
    on_top = REPEAT_SD_DEG if condition.repeat_on_top else 0.0
    assert np.std(own) == pytest.approx(np.hypot(GAP_SD_DEG, on_top), rel=0.08)
    assert np.std(first - repeat) == pytest.approx(np.sqrt(2) * REPEAT_SD_DEG, rel=0.02)


def test_a_mounting_error_shifts_all_of_one_day_and_nothing_else():
    clean = histories(RIGHT, 50, 1)
    off = histories(Condition("off", mounting_deg=5.0), 50, 1)
    for before, after in zip(clean, off, strict=True):
        shift = np.round(after - before, 9)
        assert set(np.unique(np.abs(shift))) == {0.0, 5.0}
        assert (np.count_nonzero(shift, axis=2) == 1).all()


def test_it_runs_the_shipped_rule():
    steady = np.full(5, 20.0)
    jump = np.array([20.0, 20.0, 20.0, 40.0, 20.0])
    judged, flags = flagged(jump, jump, steady - 5)
    assert judged == [False, False, False, True, True]
    assert flags == [False, False, False, True, False]
    assert flagged(jump, steady, steady - 5)[1] == [False] * 5  # the repeat does not agree


def test_more_noise_means_more_false_alarms_and_fewer_gains_seen():
    noisy = Condition("noisy", repeat_on_top=True, mounting_deg=15.0)
    assert false_alarms(noisy, 100, 1)[0].low > false_alarms(RIGHT, 100, 1)[0].high
    assert gains_seen(noisy, 100, 1)[0].share < gains_seen(RIGHT, 100, 1)[0].share


def test_an_interval_holds_the_mean_and_narrows_with_wearers():
    few, many = rate(np.array([0.0, 1.0] * 10)), rate(np.array([0.0, 1.0] * 1000))
    assert few.low < many.low < 0.5 < many.high < few.high


def test_a_missed_target_is_an_exit_status(monkeypatch, capsys):
    assert main(["--wearers", "40", "--quick"]) == 0
    monkeypatch.setattr("flag_study.SEEN_TARGET", 0.999)
    assert main(["--wearers", "40"]) == 1
    assert "**FAIL**" in capsys.readouterr().out


def test_conditions_without_a_target_only_inform():
    verdicts = {figure.condition: figure.passed for figure in study(20, quick=True).figures if figure.target}
    assert set(verdicts) == {condition.name for condition in CONDITIONS if condition.judged}
