"""Commands about brokers: run a small one, check one, forget a wearer at one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from imuhip.cli import options
from imuhip.cli.manual import Manual
from imuhip.cli.output import say
from imuhip.cli.publishing import Target, spool_path
from imuhip.errors import BrokerError

EXIT_NOT_GOOD = 1
"""Exit status when a broker was found wanting."""


@click.command(epilog="Example: imuhip broker")
@click.option("--port", type=options.port_number, metavar="PORT", default=1883, help="TCP port on 127.0.0.1.")
def broker(port: int) -> None:
    """Run a small MQTT broker on this computer, for trying things out.

    It listens on loopback only, asks for no password and keeps nothing. Ctrl-C ends it.
    """
    import asyncio

    from imuhip.sinks.mqtt.embedded import HOST, serve

    async def until_interrupted() -> None:
        say(f"Broker at mqtt://{HOST}:{port}, for this computer only; Ctrl-C ends it.\n")
        await asyncio.Event().wait()

    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(serve(port, until_interrupted))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")


@options.broker_url
@options.site
@options.published_wearer
@options.ca
@options.certificate
@options.key
@options.insecure
def check(
    url: str | None = None,
    *,
    site: str | None = None,
    wearer: str | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    insecure: bool = False,
) -> None:
    """Connect to a broker, publish and read back, and say what is wrong.

    Tries name, port, TLS, credentials and rights in this order and stops at the first that fails; exit status 1 then.
    """
    import asyncio

    from imuhip.sinks.mqtt.check import check as steps_of

    where, identity = Target(url, site, wearer, insecure=insecure, ca=ca, certificate=cert, key=key).resolve()

    async def run() -> bool:
        good = True
        async for step in steps_of(where, identity):
            say(f"{'ok' if step.good else 'FAILED':>6}  {step.name:<8} {step.text}\n")
            good = step.good
        return good

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        good = runner.run(run())
    if not good:
        raise SystemExit(EXIT_NOT_GOOD)


@options.broker_url
@options.site
@options.published_wearer
@options.ca
@options.certificate
@options.key
@options.insecure
def forget(
    url: str | None = None,
    *,
    site: str | None = None,
    wearer: str | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    insecure: bool = False,
) -> None:
    """Remove a wearer's device from Home Assistant, and what broker and spool keep of the wearer."""
    import asyncio

    import aiomqtt

    from imuhip.sinks.mqtt.check import forget as forget_at

    if wearer is None:
        raise BrokerError("nobody is named", remedy="Give --wearer with the pseudonym to forget")
    where, identity = Target(url, site, wearer, insecure=insecure, ca=ca, certificate=cert, key=key).resolve()
    spool = spool_path(identity)
    left = _waiting(spool)
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            refused = runner.run(forget_at(where, identity))
    except aiomqtt.MqttError as error:
        raise BrokerError(f"{identity.base} could not be removed: {error}") from error
    if refused:
        raise BrokerError(
            f"the broker does not let this user clear {' and '.join(refused)}",
            remedy="Give the right to publish there, and run this again",
        )
    say(f"Removed {identity.base} from {where} and from Home Assistant.\n")
    if left:
        say(f"{left} results that no broker has yet are kept in {spool}.\n")
    else:
        spool.unlink(missing_ok=True)


def _waiting(path: Path) -> int:
    """How many events of a spool no broker has."""
    from imuhip.sinks.mqtt.spool import Spool, SpoolError

    if not path.exists():
        return 0
    try:
        spool = Spool(path)
        waiting = spool.count_waiting()
        spool.close()
    except SpoolError as error:
        raise BrokerError(f"cannot be used: {error}", path=path) from error
    return waiting


mqtt = Manual(
    help="Try out a broker, or remove a wearer from it.",
    no_args_is_help=True,
    epilog="Example: imuhip mqtt check mqtt://localhost",
)
mqtt.command(epilog="Example: imuhip mqtt check mqtt://localhost")(check)
mqtt.command(epilog="Example: imuhip mqtt forget mqtt://localhost --wearer otter")(forget)
