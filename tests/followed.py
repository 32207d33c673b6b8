"""A pipeline whose results go to a sink, as player and recorder do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imuhip.catalogue_files import load_catalogue
from imuhip.hip.stage import HipBlock
from imuhip.live_results import LiveResults
from imuhip.marks import Mark
from imuhip.pipeline import Pipeline
from imuhip.recording import SessionInfo
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.tap import MqttTap


class Followed:
    """What follows a pipeline that the test feeds."""

    def __init__(self, sink: MqttSink, pipeline: Pipeline, session: SessionInfo) -> None:
        self.results = LiveResults(pipeline, load_catalogue(), [sensor.role for sensor in session.sensors])
        self._tap = MqttTap(sink, pipeline, session)

    def mark(self, mark: Mark) -> None:
        self.results.mark(mark)

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> None:
        blocks = list(blocks)
        self._tap.take(blocks, self.results.take(blocks, last=last))

    def sets(self, sets: Sequence[Mapping[str, Any]]) -> None:
        self._tap.take([], self.results.new_reps(sets))

    def flags(self, flags: Sequence[Mapping[str, Any]]) -> None:
        self._tap.take([], self.results.new_flags(flags))
