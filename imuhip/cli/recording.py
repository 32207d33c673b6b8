"""The command that records a live session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from imuhip.cli import options


@click.command(epilog="Example: imuhip record -o session.mcap")
@options.output
@options.force
@options.radio
@click.option(
    "--virtual",
    metavar="[SCENARIO]",
    is_flag=False,
    flag_value="range_test",
    help="Virtual sensors on a virtual wearer: range_test, strengthening, ...",
)
@click.option(
    "--seed",
    metavar="NUMBER",
    type=int,
    default=1,
    help="Of everything virtual; the same seed gives the same session.",
)
@click.option("--speed", metavar="TIMES", default="1", help="With --virtual: times real time, or max.")
@click.option("--minutes", metavar="MINUTES", type=options.above_zero, help="Stop after this long.")
@click.option("--calibrate/--no-calibrate", default=True, help="Begin with the countdown.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=options.above_zero,
    default=20.0,
    help="How long to wait for all sensors before beginning without some.",
)
@click.option("--wearer", metavar="NAME", default="", show_default=False, help="A pseudonym to keep in the recording.")
@options.mqtt
@options.rate
@options.insecure
@options.no_discovery
@options.catalogue
@options.history
@options.database
@click.option("--acquire-notify", is_flag=True, help="BlueZ: take notifications over a socket, for high rates.")
def record(
    output: Path,
    *,
    force: bool,
    radio: str | None,
    virtual: str | None,
    seed: int,
    speed: str,
    minutes: float | None,
    calibrate: bool,
    wait: float,
    wearer: str,
    mqtt: str | None,
    rate: float,
    insecure: bool,
    no_discovery: bool,
    catalogue: Sequence[Path],
    history: bool,
    database: Path | None,
    acquire_notify: bool,
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
        catalogues=tuple(catalogue),
        history=history,
        database=database,
    )
    run(record_session(wishes), speed=factor)


def _speed(text: str, *, virtual: bool) -> float | None:
    if text != "max":
        try:
            factor = float(text)
        except ValueError:
            raise click.BadParameter(f"{text!r} is neither a number nor max", param_hint="--speed") from None
        if factor == 1.0 or virtual:
            return options.above_zero(factor)
    if not virtual:
        raise click.BadParameter("real sensors know real time only; it goes with --virtual", param_hint="--speed")
    return None
