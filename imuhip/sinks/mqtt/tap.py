"""From a running pipeline to the sink: what a recorder or player hands on, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imuhip.hip.stage import HipBlock
from imuhip.live_results import News
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
    """

    def __init__(self, sink: MqttSink, pipeline: Pipeline, session: SessionInfo) -> None:
        self._sink = sink
        self._pipeline = pipeline
        self._session = session
        self._start_us: int | None = None
        self._health_due = 0.0
        self._newest: HipBlock | None = None

    def take(self, blocks: Iterable[HipBlock], news: Iterable[News] = ()) -> None:
        """Publish what the pipeline gave.

        Args:
            blocks: In its order.
            news: Results that came with them; mobilising work is no topic of its own.
        """
        for block in blocks:
            if self._start_us is None:
                self._start_us = self._first_frame_us(block)
            self._sink.frames(block, self._start_us)
            self._newest = block if len(block) else self._newest
            if block.start_index / block.rate_hz >= self._health_due:
                self._health_due = block.start_index / block.rate_hz + HEALTH_S
                self._tell_health()
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
