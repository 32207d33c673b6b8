"""The program ``imuhip``: where its commands are, and how errors reach the user."""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import NoReturn

import click

import imuhip
from imuhip.cli.manual import Program
from imuhip.cli.output import unwritable
from imuhip.errors import ImuhipError

EXIT_UNUSABLE = 2
"""Exit status when an input or output cannot be used; the same that a wrong command line gives."""

COMMANDS = {
    "demo": "playing.demo",
    "import": "files.import_",
    "info": "files.info",
    "analyze": "measuring.analyze",
    "angles": "measuring.angles",
    "plot": "measuring.plot",
    "doctor": "doctor.doctor",
    "scan": "pairing.scan",
    "pair": "pairing.pair",
    "sensors": "pairing.sensors",
    "forget": "pairing.forget",
    "record": "recording.record",
    "replay": "playing.replay",
    "publish": "publishing.publish",
    "broker": "brokers.broker",
    "catalogue": "cataloguing.catalogue",
    "recover": "files.recover",
    "history": "history.history",
    "mqtt": "brokers.mqtt",
}
"""Each command and where it is."""


@click.group(
    "imuhip",
    cls=Program,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="`imuhip COMMAND --help` explains a command and its options. Everything stays on this computer.",
)
@click.version_option(imuhip.__version__, message="imuhip %(version)s", help="Print the version and exit.")
def app() -> None:
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
        _fail(error)
    except OSError as error:
        if error.filename is not None:
            raise
        _fail(unwritable(error))  # of what click writes by itself
    finally:
        gc.freeze()  # nobody looks through what is left before it goes anyway


def _fail(error: ImuhipError) -> NoReturn:
    sys.stderr.write(f"imuhip: {error}\n")
    raise SystemExit(EXIT_UNUSABLE)
