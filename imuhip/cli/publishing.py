"""Commands that publish to a broker, and what replaying with `--mqtt` adds."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imuhip.cli import options
from imuhip.cli.outlet import MqttOutlet
from imuhip.cli.output import say
from imuhip.records import record

if TYPE_CHECKING:
    from imuhip.recording.format import SessionInfo
    from imuhip.sinks.mqtt.address import Broker
    from imuhip.sinks.mqtt.topics import Identity

FIRST_ANSWER_S = 6.0
"""A replay waits this long for the broker before it begins, so that its first angles are not lost on the way."""
ANONYMOUS = "wearer"
"""Whom a recording without a pseudonym is published as."""


@record
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

    def resolve(self, recorded: str = "") -> tuple[Broker, Identity]:
        """The broker, with credentials, and whose results they are.

        Args:
            recorded: The recording's wearer, for when the command line names none.

        Raises:
            BrokerError: The broker cannot be used, or a name does not fit into a topic.
        """
        from imuhip.sinks.mqtt.address import load_settings, resolve_broker, site_of
        from imuhip.sinks.mqtt.topics import Identity

        settings = load_settings()
        broker = resolve_broker(
            self.url, settings, insecure=self.insecure, ca=self.ca, certificate=self.certificate, key=self.key
        )
        return broker, Identity(site_of(self.site, settings), self.wearer or recorded or ANONYMOUS)


@click.command(epilog="Example: imuhip publish mqtt://localhost --virtual")
@options.broker_url
@click.option("--virtual", is_flag=True, help="Simulated sensors, for trying it out.")
@options.radio
@click.option(
    "--session",
    type=click.Choice(["range_test", "strengthening", "both_legs", "short"]),
    default="range_test",
    help="What the simulated wearer does.",
)
@options.speed
@options.rate
@options.site
@options.published_wearer
@options.ca
@options.certificate
@options.key
@options.insecure
@options.no_discovery
def publish(
    url: str | None,
    *,
    virtual: bool,
    radio: str | None,
    session: str,
    speed: str,
    rate: float,
    site: str | None,
    wearer: str | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    insecure: bool,
    no_discovery: bool,
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
    from imuhip.sinks.mqtt.sink import MqttSink, Publishing

    broker, identity = target.resolve(session.wearer)
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


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Show the sink's warnings as lines on stderr, and nowhere else: libraries hang handlers of theirs on the root."""
    handler = _Stderr(logging.WARNING)
    handler.setFormatter(logging.Formatter("imuhip: %(message)s"))
    log = logging.getLogger("imuhip")
    log.addHandler(handler)
    passed_on, log.propagate = log.propagate, False
    try:
        yield
    finally:
        log.propagate = passed_on
        log.removeHandler(handler)


class _Stderr(logging.Handler):
    """Writes to what stderr is at the moment: moving bars put their own in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")
