"""From a running pipeline to the sink: what a recorder or player hands on, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imuhip.exercises.catalogue import Catalogue
from imuhip.hip.stage import HipBlock
from imuhip.live_results import Earlier, LiveResults, News
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline
from imuhip.recording.format import SessionInfo
from imuhip.sinks.mqtt.payloads import Frame, frame_values, quality_of, quality_of_values
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.state import now_us

HEALTH_S = 1.0
"""Between two looks at the sensors' health, in the data's time."""


class MqttTap:
    """Hands a pipeline's results to a sink.

    Args:
        sink: Where to.
        pipeline: Fed by the caller.
        session: Ties its clock to UTC; without an anchor the first frames are taken to be of now.
        catalogue: What tests and exercises are, the one that the pipeline has.
        earlier: What flags compare with.
    """

    def __init__(
        self,
        sink: MqttSink,
        pipeline: Pipeline,
        session: SessionInfo,
        catalogue: Catalogue,
        *,
        earlier: Earlier | None = None,
    ) -> None:
        self._sink = sink
        self._pipeline = pipeline
        self._session = session
        self._results = LiveResults(pipeline, catalogue, [each.role for each in session.sensors], earlier=earlier)
        self._start_us: int | None = None
        self._health_due = 0.0
        self._newest: HipBlock | None = None

    def mark(self, mark: Mark) -> None:
        """Take a mark that the pipeline was given."""
        self._results.mark(mark)

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> None:
        """Publish what the pipeline gave.

        Args:
            blocks: In its order.
            last: Whether no more will come.
        """
        blocks = list(blocks)
        for block in blocks:
            if self._start_us is None:
                self._start_us = self._first_frame_us(block)
            self._sink.frames(block, self._start_us)
            self._newest = block if len(block) else self._newest
            if block.start_index / block.rate_hz >= self._health_due:
                self._health_due = block.start_index / block.rate_hz + HEALTH_S
                self._tell_health()
        self._publish(self._results.take(blocks, last=last))

    def _publish(self, news: Iterable[News]) -> None:
        """Publish results; mobilising work is no topic of its own."""
        for each in news:
            if each.kind == "range":
                self.result("range", each.fields, quality=quality_of(each.fields["uncertainty_deg"]))
            elif each.kind == "flag":
                self.result("flag", each.fields, quality="none")
            elif each.of_set is not None:
                about = {key: each.of_set[key] for key in ("exercise", "side", "reference", "controlled_range_deg")}
                fields = about | {"number": each.number} | dict(each.fields)
                self.result("rep", fields, quality=self._quality(each.of_set["side"]))

    def result(self, kind: str, fields: Mapping[str, Any], *, quality: str) -> None:
        """Publish a repetition, range result or flag.

        Args:
            kind: ``rep``, ``range`` or ``flag``.
            fields: Those of the results' JSON contract; ``end_s``, where there is one, says when it happened.
            quality: How sure its numbers are.
        """
        end_s = fields.get("end_s")
        known = self._start_us is not None and end_s is not None
        t_us = (self._start_us or 0) + round(float(end_s or 0.0) * 1e6) if known else now_us()
        self._sink.result(kind, fields, t_us=t_us, quality=quality)

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
