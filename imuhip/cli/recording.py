"""The command that records a live session."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from imuhip.cli.mqtt_options import Insecure, NoDiscovery, Rate, ReplayTo
from imuhip.cli.options import CatalogueFiles, Database, Force, History, Output, RadioSpec, above_zero

DEFAULT_SCENARIO = "range_test"


class OptionalScenario(TyperCommand):
    """Lets ``--virtual`` stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default scenario where none is named."""
        given = list(args)
        for at, word in enumerate(given):
            if word == "--virtual" and (at + 1 == len(given) or given[at + 1].startswith("-")):
                given.insert(at + 1, DEFAULT_SCENARIO)
        return super().parse_args(ctx, given)


def record(
    output: Output,
    force: Force = False,
    radio: RadioSpec = None,
    virtual: Annotated[
        str | None,
        typer.Option(metavar="[SCENARIO]", help="Virtual sensors on a virtual wearer: range_test, strengthening, ..."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of everything virtual; the same seed gives the same session.")
    ] = 1,
    speed: Annotated[str, typer.Option(metavar="TIMES", help="With --virtual: times real time, or max.")] = "1",
    minutes: Annotated[
        float | None, typer.Option(metavar="MINUTES", help="Stop after this long.", callback=above_zero)
    ] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate/--no-calibrate", help="Begin with the countdown.")] = True,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="How long to wait for all sensors before beginning without some.",
            callback=above_zero,
        ),
    ] = 20.0,
    wearer: Annotated[str, typer.Option(metavar="NAME", help="A pseudonym to keep in the recording.")] = "",
    mqtt: ReplayTo = None,
    rate: Rate = 25.0,
    insecure: Insecure = False,
    no_discovery: NoDiscovery = False,
    catalogue: CatalogueFiles = None,
    history: History = False,
    database: Database = None,
    acquire_notify: Annotated[
        bool, typer.Option("--acquire-notify", help="BlueZ: take notifications over a socket, for high rates.")
    ] = False,
) -> None:
    """Record a live session from all paired sensors.

    It begins with the calibration by countdown: stand still, swing the leg, lie on your back. Then keys mark what you
    do. A sensor that drops out is looked for until the end, and what is missing is fetched from its log where it has
    one. Every repetition and test is told as it ends; with --history and --wearer flags compare with earlier sessions
    at once, and a range that needs a repeat is asked for while you can still give it. Stops on q, Ctrl-C or the time
    limit; killed at any moment, a recording loses at most its last second. With --mqtt the results are published, too;
    whatever the broker does, the recording is the same.
    """
    from imuhip.cli.live_session import Wishes, record_session
    from imuhip.cli.publishing import Target
    from imuhip.radio.pace import run
    from imuhip.recording.output import refuse_existing

    factor = _speed(speed, virtual=virtual is not None)
    refuse_existing(output, force=force)
    wishes = Wishes(
        output=output,
        force=force,
        radio=radio,
        notify_by_socket=acquire_notify,
        scenario=virtual,
        seed=seed,
        speed=factor,
        minutes=minutes,
        calibrate=calibrate and virtual is None,
        wait_s=wait,
        wearer=wearer,
        mqtt=None if mqtt is None else Target(mqtt, rate_hz=rate, insecure=insecure, discovery=not no_discovery),
        catalogues=tuple(catalogue or ()),
        history=history,
        database=database,
    )
    run(record_session(wishes), speed=factor)


def _speed(text: str, *, virtual: bool) -> float | None:
    if text != "max":
        try:
            factor = float(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is neither a number nor max", param_hint="--speed") from None
        if factor == 1.0 or virtual:
            return above_zero(factor)
    if not virtual:
        raise typer.BadParameter("real sensors know real time only; it goes with --virtual", param_hint="--speed")
    return None
