"""Dates of sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import HistoryError
from imuhip.history.dates import day_text, epoch_s, far_away, given_date, impossible, utc_text

DAY_S, YEAR_S = 86400.0, 365.25 * 86400.0
NOW_S = epoch_s("2026-03-01T12:00:00Z")


@given(st.floats(0, 4e9))
def test_a_moment_written_and_read_is_the_same_to_the_millisecond(seconds):
    text = utc_text(seconds)
    assert epoch_s(text) == pytest.approx(seconds, abs=0.000_6)
    assert utc_text(epoch_s(text)) == text


def test_zones_are_respected_and_none_means_utc():
    assert epoch_s("2026-01-12T12:00:00+02:00") == epoch_s("2026-01-12T10:00:00Z") == epoch_s("2026-01-12T10:00:00")


def test_a_day_given_keeps_the_recordings_time_of_day():
    own = "1970-01-01T18:05:06.500Z"
    assert utc_text(given_date("2024-02-29", own)) == "2024-02-29T18:05:06.500Z"
    assert utc_text(given_date("2024-02-29", None)) == "2024-02-29T12:00:00.000Z"
    assert utc_text(given_date("2024-02-29T07:30", own)) == "2024-02-29T07:30:00.000Z"


@pytest.mark.parametrize("text", ["", "12.1.2026", "2026-02-30", "2026-01-12T25:00", "yesterday", "2026-01-012"])
def test_what_is_no_date_is_refused_with_an_example(text):
    with pytest.raises(HistoryError, match="2026-01-12T18:30"):
        given_date(text, None)


def test_clocks_never_set_and_clocks_ahead_are_told_from_time_zones():
    assert impossible(NOW_S, NOW_S) is None
    assert impossible(NOW_S + 0.9 * DAY_S, NOW_S) is None
    assert "future" in (impossible(NOW_S + 1.1 * DAY_S, NOW_S) or "")
    for never_set in ("1970-01-01T00:00:10Z", "2000-01-01T00:00:00Z", "2010-01-01T00:00:00Z"):
        assert "never set" in (impossible(epoch_s(never_set), NOW_S) or "")


def test_a_session_years_from_all_others_is_told_by_how_much():
    assert far_away(NOW_S, []) is None
    assert far_away(NOW_S, [NOW_S - 0.9 * YEAR_S, NOW_S - 5 * YEAR_S]) is None
    assert "2.0 years" in (far_away(NOW_S, [NOW_S - 2 * YEAR_S, NOW_S + 3 * YEAR_S]) or "")
    assert day_text(NOW_S) == "2026-03-01"
