"""Commands that play a recording through the live path."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imuhip.cli import options
from imuhip.cli.output import say
from imuhip.errors import ImuhipError

if TYPE_CHECKING:
    from imuhip.cli.live import Live
    from imuhip.cli.outlet import MqttOutlet
    from imuhip.cli.screens import View
    from imuhip.cli.watching import LiveState
    from imuhip.live_results import Earlier

DEMO_RECORDING = "range_test.mcap"
SLICE_S = 0.05
"""Notifications are fed as they would arrive, 50 ms at a time: smooth to the eye, cheap to run."""

DEMO_S = 12.0
"""The demo's replay takes about this long, whatever the recording's length."""


@click.command(epilog="Example: imuhip replay session.mcap --speed 4")
@options.recording
@options.speed
@options.catalogue
@options.mqtt
@options.rate
@options.published_wearer
@options.insecure
@options.no_discovery
@options.history
@options.database
def replay(
    recording: Path,
    *,
    speed: str,
    catalogue: Sequence[Path],
    mqtt: str | None,
    rate: float,
    wearer: str | None,
    insecure: bool,
    no_discovery: bool,
    history: bool,
    database: Path | None,
) -> None:
    """Play a recording through the live path and watch the angles.

    On a terminal angles move as bars with their last peak marked, with every repetition and test as it ends and what to
    do better, the sensors' rate and loss and the time left; q or Ctrl-C stops. Elsewhere a line is printed every few
    seconds, and one for every repetition and test. The numbers are the provisional ones of a live session, exactly
    those of `imuhip analyze --causal`. With --mqtt they are published too; what else a broker needs (credentials,
    certificates, site) comes from the environment or the settings file, as for `imuhip publish`. With --history flags
    compare with the wearer's earlier sessions.
    """
    from imuhip.cli.earlier import earlier_than
    from imuhip.cli.live import recorded_session

    factor = None if speed == "max" else float(speed)
    live, title = recorded_session(recording, SLICE_S), f"{recording.name} at speed {speed}"
    before = earlier_than(live.session, database) if history else None
    if mqtt is None:
        ended = show(live, factor, title=title, own=catalogue, earlier=before)
    else:
        from imuhip.cli.publishing import Target, publishing

        target = Target(mqtt, wearer=wearer, rate_hz=rate, insecure=insecure, discovery=not no_discovery)
        with publishing(target, live.session, source="replay") as outlet:
            ended = show(live, factor, title=title, own=catalogue, outlet=outlet, earlier=before)
        say(outlet.summary() + "\n")
    if not ended:
        sys.stderr.write("Stopped.\n")


@click.command(epilog="Example: imuhip demo")
def demo() -> None:
    """Show hip angles from a recording that comes with imuhip, then what they add up to.

    Needs no sensors and no display, and ends by itself.
    """
    from imuhip.cli.live import recorded_session
    from imuhip.cli.measuring import measure
    from imuhip.cli.text import summary_text
    from imuhip.recording import recording_info

    recording = shipped_recording(DEMO_RECORDING)
    duration_s = float(recording_info(recording)["duration_s"])
    say(f"A simulated session of range tests, {duration_s / 60:.0f} minutes, played fast.\n")
    live = recorded_session(recording, SLICE_S)
    if show(live, max(duration_s / DEMO_S, 1.0), title=recording.name, line_s=1.0):
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


def show(
    live: Live,
    speed: float | None,
    *,
    title: str,
    line_s: float = 3.0,
    own: Sequence[Path] = (),
    outlet: MqttOutlet | None = None,
    earlier: Earlier | None = None,
) -> bool:
    """Play a session and show it, to its end or until the user stops.

    Args:
        live: The session.
        speed: Times real time; None for as fast as it goes.
        title: What the bars are headed.
        line_s: Seconds between lines where there is no terminal.
        own: The wearer's own catalogues.
        outlet: Where the results go besides.
        earlier: What flags compare with.

    Returns:
        Whether the end was reached.
    """
    from imuhip.catalogue_files import load_catalogue
    from imuhip.cli.following import Following
    from imuhip.cli.keys import quit_key
    from imuhip.cli.pacing import WallClock, play
    from imuhip.cli.watching import Watch
    from imuhip.live_results import LiveResults
    from imuhip.pipeline import Pipeline

    catalogue = load_catalogue(own)
    pipeline, events = Pipeline(live.session.sensors, catalogue=catalogue), live.events
    roles = [each.role for each in live.session.sensors]
    results, watch = LiveResults(pipeline, catalogue, roles, earlier=earlier), Watch(live.duration_s)
    following = Following(pipeline, watch, results=results, outlet=outlet)
    if outlet is not None:
        outlet.begin(pipeline)
        events = outlet.obey(events, live=live.takes_marks)
    try:
        with quit_key() as stopped, _view(title, line_s) as view:
            whole = play(events, following, view, speed=speed, clock=WallClock(), stopped=stopped)
    except KeyboardInterrupt:
        return False
    if whole and watch.knew_nothing:
        why = "" if live.path is None else f": `imuhip analyze {live.path} --causal` says why"
        say(f"No angle was known at any time{why}.\n")
    return whole


def _view(title: str, line_s: float) -> View[LiveState]:
    from rich.console import Console

    from imuhip.cli.views import BarView, LineView

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return BarView(console, title)
    return LineView(sys.stdout, line_s)
