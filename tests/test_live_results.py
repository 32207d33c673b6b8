"""What a running session tells: each result once, as soon as it is known, and as `analyze --causal` has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import played
import pytest

from imuhip.catalogue_files import load_catalogue
from imuhip.flags.motion import Motion
from imuhip.flags.session import MotionRow, SessionRow
from imuhip.live_results import Earlier, LiveResults, News
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording import Recording
from imuhip.session import analyze
from imuhip.simulation.manner import Manner
from imuhip.simulation.script import FINAL_STANCE, STANCE, SWINGS, Session, Step
from imuhip.simulation.simulate import simulate

CATALOGUE = load_catalogue()


def followed(path: Path, *more: Mark, until_s: float = 1e9, earlier: Earlier | None = None) -> list[tuple[float, News]]:
    """What is told, and when, from the recording's start."""
    recording = Recording.open(path)
    pipeline = Pipeline(recording.sensors, catalogue=CATALOGUE)
    results = LiveResults(pipeline, CATALOGUE, [sensor.role for sensor in recording.sensors], earlier=earlier)
    told: list[tuple[float, News]] = []
    waiting = sorted(more, key=lambda mark: mark.end_ns or mark.start_ns)
    now_s = 0.0
    for event in recording.events(0.1):
        blocks = []
        if isinstance(event, NotificationBlock):
            now_ns = int(event.arrival_ns[-1])
            blocks = list(pipeline.feed(event))
            now_s = 0.0 if pipeline.start_ns is None else (now_ns - pipeline.start_ns) * 1e-9
            while waiting and (waiting[0].end_ns or waiting[0].start_ns) <= now_ns:
                mark = waiting.pop(0)
                blocks += pipeline.mark(mark)
                results.mark(mark)
        elif isinstance(event, Mark):
            blocks = list(pipeline.mark(event))
            results.mark(event)
        told += [(now_s, news) for news in results.take(blocks)]
        if now_s > until_s:
            return told
    return told + [(now_s, news) for news in results.take(pipeline.flush(), last=True)]


def reps_of(told: Sequence[tuple[float, News]]) -> list[tuple[object, ...]]:
    return [(n.of_set["exercise"], n.number, n.fields["start_s"], n.fields["range_deg"]) for _, n in told if n.of_set]


def test_every_repetition_is_told_once_within_seconds_and_as_the_causal_analysis_has_it(recordings: Path) -> None:
    path = recordings / "strengthening.mcap"
    told = followed(path)
    sets = analyze(path, causal=True, catalogue=CATALOGUE).results["sets"]
    wanted = [
        (one["exercise"], number, rep["start_s"], rep["range_deg"])
        for one in sets
        for number, rep in enumerate(one["reps"], 1)
    ]
    assert reps_of(told) == wanted
    assert len(wanted) == 56
    late_s = [at_s - news.fields["end_s"] for at_s, news in told if news.kind == "rep"]
    assert sorted(late_s)[len(late_s) // 2] < 3.0
    assert max(late_s) < 6.0
    same = [news.fields["good"] for _, news in told if news.kind == "rep"]
    assert same == [rep["good"] for one in sets for rep in one["reps"]]


def test_every_test_is_told_when_it_has_ended_and_as_the_causal_analysis_has_it(recordings: Path) -> None:
    path = recordings / "range_test.mcap"
    told = [(at_s, news) for at_s, news in followed(path) if news.kind == "range"]
    assert [dict(news.fields) for _, news in told] == analyze(path, causal=True, catalogue=CATALOGUE).results["tests"]
    assert all(0 < at_s - news.fields["end_s"] < 2.5 for at_s, news in told)


def test_pain_is_answered_at_once_and_only_once(recordings: Path) -> None:
    path = recordings / "strengthening.mcap"
    start_ns = Recording.open(path).marks[0].start_ns
    pain = Mark(900, "pain", start_ns + 20 * 10**9, None, "groin", "left", value=6.0)
    told = [(at_s, news) for at_s, news in followed(path, pain, until_s=60.0) if news.kind == "flag"]
    ((at_s, news),) = told
    assert at_s < 25.0
    assert (news.fields["rule"], news.fields["level"]) == ("pain", "red")


@pytest.mark.parametrize("closed", [False, True])
def test_mobilising_is_told_at_its_cap_while_it_goes_on_and_when_it_ends(recordings: Path, closed: bool) -> None:
    path = recordings / "range_test.mcap"
    start_ns = Recording.open(path).marks[0].start_ns
    begun = Mark(900, "mobilise", start_ns - 400 * 10**9, None, "lateral_hip", "right")
    ended = replace(begun, end_ns=start_ns + 80 * 10**9)
    told = followed(path, begun, *([ended] if closed else []), until_s=110.0)
    first, *rest = [news.fields for _, news in told if news.kind == "mobilise"]
    assert (first["end_s"], first["over_cap"]) == (None, True)
    assert len(rest) == closed
    if closed:
        assert rest[0]["retest_due"]


def test_flags_come_as_their_level_changes_and_end_as_the_causal_analysis_has_them(tmp_path: Path) -> None:
    def tested(share: float) -> Step:
        return Step("test", "abduction", "standing", manners=(Manner(range_share=share, rest_s=1.5),) * 3)

    pause = Step("still", "pause", "standing", still_s=2.0)
    supine = Step("still", "second_pose", "supine", still_s=4.0)
    steps = (STANCE, SWINGS, supine, tested(0.8), pause, tested(1.2), FINAL_STANCE)
    made = simulate(Session("x", "right", steps), seed=3)
    marks = [replace(m, kind="mobilise", name="adductors") if m.name == "pause" else m for m in made.marks]
    path = played.write(tmp_path / "x.mcap", made.sensors, played.events_of(made, marks=marks))
    told = [news for _, news in followed(path)]
    assert [news.kind for news in told if news.kind != "flag"] == ["range", "mobilise", "range"]
    flags = [news.fields for news in told if news.kind == "flag"]
    assert [(flag["rule"], flag["level"]) for flag in flags if flag["rule"] == "B"] == [("B", "red")]
    assert {flag["rule"] for flag in flags} == {"B", "carry_over"}
    key = str
    assert sorted(flags, key=key) == sorted(analyze(path, causal=True, catalogue=CATALOGUE).results["flags"], key=key)


def test_with_history_a_repeat_is_asked_for_while_it_can_still_be_given(recordings: Path) -> None:
    path = recordings / "range_test.mcap"
    motion, day_s = Motion("extension", "prone", "right"), 86400.0
    rows = [SessionRow(k * 3 * day_s, {motion: MotionRow(range_deg=-9.0, controlled_deg=-9.0)}) for k in range(4)]
    earlier = Earlier(rows, 12 * day_s)
    told = [(at_s, n.fields) for at_s, n in followed(path, until_s=160.0, earlier=earlier) if n.kind == "flag"]
    ((at_s, flag),) = [(at_s, flag) for at_s, flag in told if flag["motion"] == "extension"]
    assert (flag["rule"], flag["evidence"]["verdict"]) == ("A", "repeat_due")
    assert "Repeat the test" in flag["message"]
    assert at_s < 160.0
    assert not [n for _, n in followed(path, until_s=160.0) if n.kind == "flag"]


def test_a_flag_is_told_again_only_where_its_level_changes_or_at_the_end(recordings: Path) -> None:
    sensors = Recording.open(recordings / "range_test.mcap").sensors
    results = LiveResults(Pipeline(sensors, catalogue=CATALOGUE), CATALOGUE, [])
    flag = {"rule": "B", "level": "amber", "motion": "extension", "position": "prone", "side": "left", "evidence": {}}
    first, other = {**flag, "message": "+5"}, {**flag, "message": "+6"}
    assert len(list(results.new_flags([first]))) == 1
    assert not list(results.new_flags([other]))
    assert len(list(results.new_flags([other], last=True))) == 1
    assert len(list(results.new_flags([{**first, "level": "red"}]))) == 1
    assert len(list(results.new_flags([{**first, "side": "right"}]))) == 1
