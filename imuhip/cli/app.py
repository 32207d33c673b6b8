"""The program ``imuhip``: its commands, its manual and how errors reach the user."""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import imuhip
from imuhip.cli import (
    brokers,
    cataloguing,
    doctor,
    files,
    history,
    measuring,
    pairing,
    playing,
    publishing,
    recording,
)
from imuhip.errors import ImuhipError

EXIT_UNUSABLE = 2
"""Exit status when an input or output cannot be used; the same that a wrong command line gives."""


class Manual(TyperGroup):
    """A command group whose help shows each command with an example (its epilog)."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, an example under each.

        Args:
            ctx: The command line's context.
            formatter: The help formatter to write to.
        """
        names = self.list_commands(ctx)
        width = max(map(len, names))
        with formatter.section("Commands"):
            indent = " " * (formatter.current_indent + width + 2)
            for name in names:
                command = self.commands[name]
                summary = (command.help or "").split("\n\n")[0]
                formatter.write_dl([(name.ljust(width), " ".join(summary.split()))])
                formatter.write(f"{indent}$ {(command.epilog or '').removeprefix('Example: ')}\n")


app = typer.Typer(
    cls=Manual,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`imuhip COMMAND --help` explains a command and its options. Everything stays on this computer.",
)

app.command("demo", epilog="Example: imuhip demo")(playing.demo)
app.command("import", epilog="Example: imuhip import my_session/ -o session.mcap")(files.import_)
app.command("info", epilog="Example: imuhip info session.mcap")(files.info)
app.command("analyze", epilog="Example: imuhip analyze session.mcap --json > results.json")(measuring.analyze)
app.command("angles", epilog="Example: imuhip angles session.mcap -o angles.csv")(measuring.angles)
app.command("plot", epilog="Example: imuhip plot session.mcap -o angles.png")(measuring.plot)
app.command("doctor", epilog="Example: imuhip doctor")(doctor.doctor)
app.command("scan", epilog="Example: imuhip scan")(pairing.scan)
app.command("pair", epilog="Example: imuhip pair pelvis thigh_right")(pairing.pair)
app.command("sensors", epilog="Example: imuhip sensors")(pairing.sensors)
app.command("forget", epilog="Example: imuhip forget pelvis")(pairing.forget)
app.command("record", cls=recording.OptionalScenario, epilog="Example: imuhip record -o session.mcap")(recording.record)
app.command("replay", epilog="Example: imuhip replay session.mcap --speed 4")(playing.replay)
app.add_typer(history.app, name="history", epilog="Example: imuhip history")
app.command("publish", epilog="Example: imuhip publish mqtt://localhost --virtual")(publishing.publish)
app.command("broker", epilog="Example: imuhip broker")(brokers.broker)
app.command("catalogue", epilog="Example: imuhip catalogue bridge")(cataloguing.catalogue)
app.command("recover", epilog="Example: imuhip recover broken.mcap -o good.mcap")(files.recover)

mqtt = typer.Typer(
    cls=Manual, no_args_is_help=True, help="Try out a broker, or remove a wearer from it.", rich_markup_mode=None
)
mqtt.command("check", epilog="Example: imuhip mqtt check mqtt://localhost")(brokers.check)
mqtt.command("forget", epilog="Example: imuhip mqtt forget mqtt://localhost --wearer otter")(brokers.forget)
app.add_typer(mqtt, name="mqtt", epilog="Example: imuhip mqtt check mqtt://localhost")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imuhip {imuhip.__version__}")
        raise typer.Exit


@app.callback()
def manual(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hip angles from two or three motion sensors worn on the pelvis and the thighs.

    A recording holds what the sensors sent, nothing derived. Every number is computed from it again, so what a replay
    shows is what was shown live. Angles are in degrees from upright stance: flexion, adduction and internal rotation
    count positive, on both sides.

    imuhip is a training aid, not a medical device, and makes no diagnosis. Ask a clinician first after a hip or groin
    injury or surgery, with hypermobility or in pregnancy.
    """


def main() -> None:
    """Run the command line and exit; an error of ours becomes one message on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a plus-minus sign shows a question mark
    # Our matrices are small: threads of BLAS only wait for each other, which doubles the time on two cores, and the
    # number of cores would decide how sums are cut, which shows in the bits. It is read when numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What is made here is freed by its references; looking for cycles all the time costs a tenth of a run.
    gc.set_threshold(50_000, 20, 100)
    try:
        app()
    except ImuhipError as error:
        sys.stderr.write(f"imuhip: {error}\n")
        raise SystemExit(EXIT_UNUSABLE) from None
