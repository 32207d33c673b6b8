"""From a running pipeline to the sink: what a recorder or player hands on, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imuhip.exercises.as_json import set_json
from imuhip.exercises.catalogue import Catalogue
from imuhip.flags.judge import controls_of
from imuhip.flags.results import judged
from imuhip.hip.stage import HipBlock
from imuhip.live_tests import LiveTests
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline
from imuhip.recording.format import SessionInfo
from imuhip.sinks.mqtt.payloads import Frame, frame_values, quality_of, quality_of_values
from imuhip.sinks.mqtt.repetitions import Repetitions, replaced
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.state import now_us

LOOK_S = 1.0
"""Between two looks at the sensors' health and at the repetitions so far, in the data's time."""


class MqttTap:
    """Hands a pipeline's results to a sink.

    Args:
        sink: Where to.
        pipeline: Fed by the caller.
        session: Ties its clock to UTC; without an anchor the first frames are taken to be of now.
        catalogue: What tests and exercises are, the one that the pipeline has.
    """

    def __init__(self, sink: MqttSink, pipeline: Pipeline, session: SessionInfo, catalogue: Catalogue) -> None:
        self._sink = sink
        self._pipeline = pipeline
        self._session = session
        self._catalogue = catalogue
        self._tests = LiveTests(pipeline, catalogue)
        self._tested: list[dict[str, Any]] = []
        self._marks: dict[int, Mark] = {}
        self._start_us: int | None = None
        self._look_due_s = 0.0
        self._newest: HipBlock | None = None
        self._sets: list[Mapping[str, Any]] = []
        self._latest: tuple[Any, ...] | None = None
        self._all_sets_due = False
        self._reps = Repetitions()
        self._flags: set[tuple[Any, ...]] = set()
        self._judge_due = False

    def mark(self, mark: Mark) -> None:
        """Take a mark that the pipeline was given."""
        self._tests.mark(mark)
        self._marks[mark.id] = mark
        self._judge_due |= mark.kind in ("pain", "mobilise")
        self._all_sets_due |= mark.kind == "repetition"

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> None:
        """Publish what the pipeline gave.

        Args:
            blocks: In its order.
            last: Whether no more will come.
        """
        blocks = list(blocks)
        looked = False
        for block in blocks:
            if self._start_us is None:
                self._start_us = self._first_frame_us(block)
            self._sink.frames(block, self._start_us)
            self._newest = block if len(block) else self._newest
            if block.start_index / block.rate_hz >= self._look_due_s:
                self._look_due_s = block.start_index / block.rate_hz + LOOK_S
                looked = True
        if looked:
            self._tell_health()
        for test in self._tests.take(blocks, last=last):
            self._tested.append(test)
            self._judge_due = True
            self.result("range", test, quality=quality_of(test["uncertainty_deg"]))
        if looked or last:
            self._look_at_sets(last=last)
        if self._judge_due or last:
            self._judge(last=last)

    def _look_at_sets(self, *, last: bool) -> None:
        """Look for new repetitions: in the latest set; in all where another has begun, or repetitions were marked."""
        latest = self._pipeline.latest_set()
        which = None if latest is None else (latest.exercise, latest.side, latest.start_s)
        self._all_sets_due |= which != self._latest
        self._latest = which
        if last or (self._all_sets_due and not self._in_marked_repetition()):
            self._all_sets_due = False
            self._sets = []
            self.sets([set_json(one) for one in self._pipeline.sets()])
        elif latest is not None:
            self.sets([set_json(latest)])

    def _in_marked_repetition(self) -> bool:
        """Whether the newest frame is in a repetition that is marked, which cannot be measured before its end."""
        now_ns = self._now_ns()
        return any(m.kind == "repetition" and (m.end_ns is None or m.end_ns >= now_ns) for m in self._marks.values())

    def _judge(self, *, last: bool) -> None:
        """Publish the flags of what is known by now: what a wearer feels, and new range, matter at once."""
        self._judge_due = False
        sensors = [{"role": sensor.role} for sensor in self._session.sensors]
        whole = {"recording": {"sensors": sensors}, "tests": self._tested, "sets": self._sets}
        # Pain within a test that goes on is told as belonging to it, as it is when the test has ended.
        upto_ns = max((m.end_ns or m.start_ns for m in self._marks.values()), default=0)
        marks = [
            replace(m, end_ns=upto_ns) if m.kind == "test" and m.end_ns is None and not last else m
            for m in self._marks.values()
        ]
        results = judged(whole, marks, self._pipeline.start_ns or 0, controls_of(self._catalogue))
        # What matters most comes last: dashboards show the newest.
        self.flags(results["flags"][::-1])

    def sets(self, sets: Sequence[Mapping[str, Any]]) -> None:
        """Publish the repetitions that are not published yet.

        Args:
            sets: As the results' JSON shows them, the one that is going on included.
        """
        for one in sets:
            self._sets = replaced(self._sets, one)
            about = {key: one[key] for key in ("exercise", "side", "reference", "controlled_range_deg")}
            for number, rep in self._reps.new(one):
                self._judge_due = True
                self.result("rep", {**about, "number": number, **rep}, quality=self._quality(one["side"]))

    def flags(self, flags: Sequence[Mapping[str, Any]]) -> None:
        """Publish the flags that are not published yet; what is said otherwise by now is a flag of its own.

        Args:
            flags: Those so far, as the results' JSON shows them.
        """
        for flag in flags:
            key = tuple(flag[name] for name in ("rule", "level", "motion", "side", "position", "message"))
            if key not in self._flags:
                self._flags.add(key)
                self.result("flag", flag, quality="none")

    def result(self, kind: str, fields: Mapping[str, Any], *, quality: str) -> None:
        """Publish a repetition, range result or flag.

        Args:
            kind: ``rep``, ``range`` or ``flag``.
            fields: Those of the results' JSON contract; ``end_s``, where there is one, says when it happened, else it
                is the newest frame's time.
            quality: How sure its numbers are.
        """
        end_s = fields.get("end_s")
        time_s = self._time_s() if end_s is None else float(end_s)
        t_us = now_us() if self._start_us is None else self._start_us + round(time_s * 1e6)
        self._sink.result(kind, fields, t_us=t_us, quality=quality)

    def _time_s(self) -> float:
        """Up to when frames have come, from the first on."""
        newest = self._newest
        return 0.0 if newest is None else (newest.start_index + len(newest)) / newest.rate_hz

    def _now_ns(self) -> int:
        """The same on the host's clock."""
        return (self._pipeline.start_ns or 0) + round(self._time_s() * 1e9)

    def _quality(self, side: str | None) -> str:
        """How well a side's hip is known just now; with both sides, or none, the worst."""
        if self._newest is None:
            return "none"
        values = frame_values(Frame(self._newest, len(self._newest) - 1, 0, 0.0))
        hip = values.get("hips", {}).get(side)
        return quality_of_values(values) if hip is None else str(hip["quality"])

    def _first_frame_us(self, block: HipBlock) -> int:
        start_ns = self._pipeline.start_ns
        if self._session.anchor is None or start_ns is None:
            return now_us() - round((block.start_index + len(block)) * 1e6 / block.rate_hz)
        return self._session.utc_ns(start_ns) // 1000

    def _tell_health(self) -> None:
        self._sink.sensors(
            {
                sensor.role: {
                    "rate_hz": round(sensor.rate_hz, 2),
                    "lost": sensor.lost,
                    "gaps_s": round(sensor.gaps_s, 2),
                }
                for sensor in self._pipeline.health()
            }
        )
