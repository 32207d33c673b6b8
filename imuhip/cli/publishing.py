"""Commands that publish to a broker, and what replaying with `--mqtt` adds."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.cli import mqtt_options as options
from imuhip.cli.options import RadioSpec
from imuhip.cli.output import say

if TYPE_CHECKING:
    from imuhip.exercises.catalogue import Catalogue
    from imuhip.hip.stage import HipBlock
    from imuhip.live_results import Earlier
    from imuhip.marks import Mark
    from imuhip.pipeline import Pipeline
    from imuhip.recording import Event
    from imuhip.recording.format import SessionInfo
    from imuhip.sinks.mqtt.address import Broker, Settings
    from imuhip.sinks.mqtt.sink import MqttSink
    from imuhip.sinks.mqtt.tap import MqttTap
    from imuhip.sinks.mqtt.topics import Identity

FIRST_ANSWER_S = 6.0
"""A replay waits this long for the broker before it begins, so that its first angles are not lost on the way."""
ANONYMOUS = "wearer"
"""Whom a recording without a pseudonym is published as."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the user wants results published; what is None comes from environment, settings file or recording."""

    url: str | None
    site: str | None = None
    wearer: str | None = None
    rate_hz: float = 25.0
    insecure: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    discovery: bool = True

    def broker(self, settings: Settings) -> Broker:
        """The broker, with credentials.

        Raises:
            BrokerError: It cannot be used.
        """
        from imuhip.sinks.mqtt.address import resolve_broker

        return resolve_broker(
            self.url, settings, insecure=self.insecure, ca=self.ca, certificate=self.certificate, key=self.key
        )

    def identity(self, settings: Settings, recorded: str = "") -> Identity:
        """Whose results: the command line's wearer, or the recording's.

        Raises:
            BrokerError: A name does not fit into a topic.
        """
        from imuhip.sinks.mqtt.address import site_of
        from imuhip.sinks.mqtt.topics import Identity

        return Identity(site_of(self.site, settings), self.wearer or recorded or ANONYMOUS)


def publish(
    url: options.BrokerUrl = None,
    virtual: options.Virtual = False,
    radio: RadioSpec = None,
    session: options.SessionName = "range_test",
    speed: options.Speed = "1",
    rate: options.Rate = 25.0,
    site: options.Site = None,
    wearer: options.Wearer = None,
    ca: options.Ca = None,
    cert: options.Certificate = None,
    key: options.Key = None,
    insecure: options.Insecure = False,
    no_discovery: options.NoDiscovery = False,
) -> None:
    """Publish live results to an MQTT broker.

    The sensors are all paired ones, or with --virtual simulated ones. Nothing is recorded: `imuhip record --mqtt` does
    both. Angles, repetitions, range results, flags and status appear under imuhip/v1/SITE/WEARER, and in Home Assistant
    by themselves. The password comes from IMUHIP_MQTT_PASSWORD, the settings file or the keyring, never from the
    command line. `imuhip mqtt check` says what is wrong where nothing arrives.
    """
    target = Target(url, site, wearer, rate, insecure, ca, cert, key, not no_discovery)
    if not virtual:
        from imuhip.cli.live_session import Wishes, record_session
        from imuhip.radio.pace import run

        run(record_session(Wishes(output=None, radio=radio, mqtt=target)), speed=1.0)
        return
    from imuhip.cli.live import virtual_session

    live = virtual_session(session)
    factor = None if speed == "max" else float(speed)
    with publishing(target, live.session, source="virtual") as outlet:
        from imuhip.cli.playing import show

        ended = show(live, factor, title=f"virtual {session} session", outlet=outlet)
    say(outlet.summary() + "\n")
    if not ended:
        sys.stderr.write("Stopped.\n")


@contextmanager
def publishing(
    target: Target, session: SessionInfo, *, source: str, first_answer_s: float = FIRST_ANSWER_S
) -> Iterator[MqttOutlet]:
    """Publish while the block runs.

    Args:
        target: Where to.
        session: Of the recording that is played, or of the sensors.
        source: ``live``, ``replay`` or ``virtual``.
        first_answer_s: How long to wait for the broker.

    Yields:
        What `play` hands its results to.

    Raises:
        BrokerError: The target cannot be used. A broker that does not answer is only warned of: it may come.
    """
    from imuhip.sinks.mqtt.address import load_settings
    from imuhip.sinks.mqtt.sink import MqttSink, Publishing

    settings = load_settings()
    broker, identity = target.broker(settings), target.identity(settings, session.wearer)
    wanted = Publishing(
        broker,
        identity,
        source,
        {sensor.role: sensor.model for sensor in session.sensors},
        spool_path(identity),
        rate_hz=target.rate_hz,
        discovery=target.discovery,
    )
    with warnings_on_stderr(), MqttSink(wanted) as sink:
        outlet = MqttOutlet(sink, session, f"{broker}, topics {identity.base}/#")
        if sink.wait_connected(first_answer_s):
            sys.stderr.write(f"Publishing to {outlet.where}.\n")
        yield outlet


def spool_path(identity: Identity) -> Path:
    """Where a wearer's events wait for a broker."""
    from platformdirs import user_data_path

    return user_data_path("imuhip", appauthor=False) / "mqtt" / f"{identity.key}.sqlite"


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

    def begin(self, pipeline: Pipeline, catalogue: Catalogue, earlier: Earlier | None = None) -> None:
        """Follow a pipeline that knows the tests and exercises of a catalogue; flags may compare with the past."""
        from imuhip.sinks.mqtt.tap import MqttTap

        self._tap = MqttTap(self._sink, pipeline, self._session, catalogue, earlier=earlier)

    def mark(self, mark: Mark) -> None:
        """A mark that the pipeline was given."""
        if self._tap is not None:
            self._tap.mark(mark)

    def take(self, blocks: Iterable[HipBlock], *, last: bool = False) -> None:
        """What the pipeline gave."""
        if self._tap is not None:
            self._tap.take(blocks, last=last)

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
                return
            yield from marks
            yield event
            if isinstance(event, NotificationBlock):
                now_ns = int(event.arrival_ns[-1])

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
            f" {events.acknowledged} results acknowledged"
        )
        if events.waiting:
            text += f"; {events.waiting} wait on the disk and are sent with the next session of this wearer"
        if events.lost:
            text += f"; {events.lost} RESULTS LOST: {events.problem}"
        return text + "."


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Show the sink's warnings as lines on stderr."""
    handler = _Stderr(logging.WARNING)
    handler.setFormatter(logging.Formatter("imuhip: %(message)s"))
    log = logging.getLogger("imuhip")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Stderr(logging.Handler):
    """Writes to what stderr is at the moment: moving bars put their own in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")
