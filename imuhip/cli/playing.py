"""Commands that play a recording through the live path."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from imuhip.cli.measuring import measure
from imuhip.cli.options import CatalogueFiles, RecordingFile
from imuhip.cli.output import say
from imuhip.errors import ImuhipError

if TYPE_CHECKING:
    from imuhip.cli.views import View

DEMO_RECORDING = "range_test.mcap"
SLICE_S = 0.05
"""Notifications are fed as they would arrive, 50 ms at a time: smooth to the eye, cheap to run."""

DEMO_S = 12.0
"""The demo's replay takes about this long, whatever the recording's length."""


Speed = Literal["1", "4", "max"]


def replay(
    recording: RecordingFile,
    speed: Annotated[Speed, typer.Option(help="Times real time, or max: as fast as it goes.")] = "1",
    catalogue: CatalogueFiles = None,
) -> None:
    """Play a recording through the live path and watch the angles.

    On a terminal angles move as bars with their last peak marked, with the last repetition of an exercise and what to
    do better, the sensors' rate and loss and the time left; q or Ctrl-C stops. Elsewhere a line is printed every few
    seconds. The numbers are the provisional ones of a live session, exactly those of `imuhip analyze --causal`.
    """
    factor = None if speed == "max" else float(speed)
    if not _play(recording, factor, title=f"{recording.name} at speed {speed}", own=catalogue or ()):
        sys.stderr.write("Stopped.\n")


def demo() -> None:
    """Show hip angles from a recording that comes with imuhip, then what they add up to.

    Needs no sensors and no display, and ends by itself.
    """
    from imuhip.cli.text import summary_text
    from imuhip.recording import recording_info

    recording = shipped_recording(DEMO_RECORDING)
    duration_s = float(recording_info(recording)["duration_s"])
    say(f"A simulated session of range tests, {duration_s / 60:.0f} minutes, played fast.\n")
    if _play(recording, max(duration_s / DEMO_S, 1.0), title=recording.name, line_s=1.0):
        results = measure(recording).results
        say("\n" + summary_text(results, name=recording.name))


def shipped_recording(name: str) -> Path:
    """Find a recording that comes with imuhip.

    Args:
        name: Its file name in ``recordings/``.

    Returns:
        Where it is: in the checkout, or inside the installed package.

    Raises:
        ImuhipError: It is in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "recordings", package / "shipped_recordings"):
        if (folder / name).is_file():
            return folder / name
    raise ImuhipError(f"the shipped recording {name} is missing. Install imuhip again.")


def _play(
    recording: Path, speed: float | None, *, title: str, line_s: float = 3.0, own: Sequence[Path] = ()
) -> bool:
    """Play to the end or until the user stops; returns whether the end was reached."""
    from imuhip.catalogue_files import load_catalogue
    from imuhip.cli.keys import quit_key
    from imuhip.cli.pacing import WallClock, play
    from imuhip.cli.watching import Watch
    from imuhip.pipeline import Pipeline
    from imuhip.recording import Recording, recording_info

    source = Recording.open(recording)
    watch = Watch(recording_info(recording)["duration_s"])
    try:
        with quit_key() as stopped, _view(title, line_s) as view:
            return play(
                source.events(SLICE_S),
                Pipeline(source.sensors, catalogue=load_catalogue(own)),
                watch,
                view,
                speed=speed,
                clock=WallClock(),
                stopped=stopped,
            )
    except KeyboardInterrupt:
        return False


def _view(title: str, line_s: float) -> View:
    from rich.console import Console

    from imuhip.cli.views import BarView, LineView

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return BarView(console, title)
    return LineView(sys.stdout, line_s)
