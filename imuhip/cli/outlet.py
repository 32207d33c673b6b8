"""Between a session's player or recorder and the MQTT sink: results out, commands in, and words for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from imuhip.cli.wording import count

if TYPE_CHECKING:
    from imuhip.hip.stage import HipBlock
    from imuhip.live_results import News
    from imuhip.marks import Mark
    from imuhip.pipeline import Pipeline
    from imuhip.radio.supervisor import LinkStatus
    from imuhip.recording import Event
    from imuhip.recording.format import SessionInfo
    from imuhip.sinks.mqtt.sink import MqttSink
    from imuhip.sinks.mqtt.tap import MqttTap


class MqttOutlet:
    """A sink as an outlet of the player, and its commands as events of the source.

    Args:
        sink: Where to.
        session: Of the recording that is played.
        where: For people.
    """

    def __init__(self, sink: MqttSink, session: SessionInfo, where: str) -> None:
        from imuhip.sinks.mqtt.commands import OpenMarks

        self.where = where
        self._sink = sink
        self._session = session
        self._marks = OpenMarks()
        self._tap: MqttTap | None = None

    def begin(self, pipeline: Pipeline) -> None:
        """Follow a pipeline."""
        from imuhip.sinks.mqtt.tap import MqttTap

        self._tap = MqttTap(self._sink, pipeline, self._session)

    def take(self, blocks: Iterable[HipBlock], news: Iterable[News]) -> None:
        """What the pipeline gave, and what is new with it."""
        if self._tap is not None:
            self._tap.take(blocks, news)

    def links(self, roles: Sequence[str], links: Iterable[LinkStatus]) -> None:
        """How the sensors' radio links are.

        Args:
            roles: Where each is worn now.
            links: In the same order.
        """
        self._sink.links(
            {
                role: {
                    "streaming": link.streaming_since_s is not None,
                    "battery_percent": link.battery_percent,
                    "signal_dbm": link.rssi_dbm,
                }
                for role, link in zip(roles, links, strict=True)
            }
        )

    def obey(self, events: Iterable[Event], *, live: bool) -> Iterator[Event]:
        """Lay the marks that commands set between events, and end where one asks to stop.

        Args:
            events: Of the source.
            live: Whether marks can be set; a recording has its own.

        Yields:
            Both.
        """
        from imuhip.packets.notification import NotificationBlock

        now_ns = 0
        for event in events:
            marks, stop = self.asked(now_ns, live=live)
            if stop:
                break
            yield from marks
            yield event
            if isinstance(event, NotificationBlock):
                now_ns = int(event.arrival_ns[-1])
        yield from self.closing(now_ns)

    def asked(self, now_ns: int, *, live: bool) -> tuple[list[Mark], bool]:
        """What commands have asked for since the last look.

        Args:
            now_ns: Host time.
            live: Whether marks can be set; a recording has its own.

        Returns:
            Marks, and whether to stop.
        """
        from imuhip.sinks.mqtt.commands import StopCommand

        marks: list[Mark] = []
        for command in self._sink.commands():
            if isinstance(command, StopCommand):
                return marks, True
            if not live:
                self._sink.ignore("mark", "a recording that is replayed has its own marks")
            elif (mark := self._marks.take(command, now_ns)) is None:
                self._sink.ignore("mark", "what it ends has not begun")
            else:
                marks.append(mark)
        return marks, False

    def closing(self, now_ns: int) -> list[Mark]:
        """What commands began and did not end, closed at the session's end.

        Args:
            now_ns: Host time.
        """
        return self._marks.close(now_ns)

    def note(self) -> str:
        """How the sink is doing, in a few words."""
        state, events = self._sink.state, self._sink.events
        words = ["MQTT connected" if state.connected else "MQTT not connected", f"{state.sent} sent"]
        if self._sink.lost_frames:
            words.append(f"{self._sink.lost_frames} dropped")
        if events.waiting:
            words.append(f"{events.waiting} results wait")
        if problem := events.problem or state.problem:
            words.append(problem)
        return ", ".join(words)

    def summary(self) -> str:
        """What became of everything, for the end."""
        state, events = self._sink.state, self._sink.events
        text = (
            f"MQTT: {state.sent} messages with angles ({self._sink.lost_frames} angles dropped),"
            f" {count(events.acknowledged, 'result')} acknowledged"
        )
        if events.waiting:
            reason = events.problem or state.problem or ("" if state.connections else "the broker has not answered")
            text += f"; {events.waiting} wait on the disk and are sent with the next session of this wearer"
            text += f" ({reason})" if reason else ""
        if events.lost:
            text += f"; {events.lost} RESULTS LOST: {events.problem}"
        return text + "."
