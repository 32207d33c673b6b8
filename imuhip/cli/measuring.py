"""Commands that measure a recording: numbers, a table, a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imuhip.cli import options
from imuhip.cli.memory import keep_memory
from imuhip.cli.output import say
from imuhip.cli.progress import progress

if TYPE_CHECKING:
    from imuhip.session import Analysis


def measure(
    recording: Path,
    *,
    causal: bool = False,
    calibration: Path | None = None,
    catalogue: Sequence[Path] = (),
    angles: bool = False,
) -> Analysis:
    """Analyze a recording with progress on stderr.

    Args:
        recording: The recording.
        causal: Only what was known at each moment.
        calibration: Another recording to take the first calibration from.
        catalogue: Files that add to the catalogue of tests and exercises.
        angles: Whether the angles are asked for, too.

    Returns:
        Results and angle table.

    Raises:
        InputError: The recording, or a catalogue, cannot be used.
    """
    keep_memory()
    from imuhip.catalogue_files import load_catalogue
    from imuhip.session import analyze

    known = load_catalogue(catalogue)
    with progress("Measuring") as report:
        return analyze(
            recording, causal=causal, calibration=calibration, catalogue=known, angles=angles, progress=report
        )


@click.command(epilog="Example: imuhip analyze session.mcap --json > results.json")
@options.recording
@options.as_json
@options.causal
@options.calibration
@options.history
@options.database
@options.catalogue
def analyze(
    recording: Path,
    *,
    as_json: bool,
    causal: bool,
    calibration: Path | None,
    history: bool,
    database: Path | None,
    catalogue: Sequence[Path],
) -> None:
    """Measure a recording: range tests and exercises on one page.

    Each peak comes with the half-width of its 95 % interval. "change only" marks a number that is known as a change
    from the start pose but not in absolute terms. Every repetition of an exercise is graded for slow control; what is
    asked of each exercise is data, which a catalogue of your own can add to.
    """
    analysis = measure(recording, causal=causal, calibration=calibration, catalogue=catalogue)
    if history:
        from imuhip.catalogue_files import load_catalogue
        from imuhip.cli.history import flags_with_history
        from imuhip.flags.judge import controls_of

        controls = controls_of(load_catalogue(catalogue))
        analysis.results["flags"] = flags_with_history(analysis.results, recording, controls, database)
    if as_json:
        say(json.dumps(analysis.results, indent=2, allow_nan=False) + "\n")
    else:
        from imuhip.cli.text import summary_text

        say(summary_text(analysis.results, name=recording.name))


@click.command(epilog="Example: imuhip angles session.mcap -o angles.csv")
@options.recording
@options.output
@options.causal
@options.calibration
@options.force
def angles(recording: Path, output: Path, *, causal: bool, calibration: Path | None, force: bool) -> None:
    """Write the angles of a recording as a CSV table.

    Degrees from upright stance, time on the recording's own clock, an empty field where an angle is not known.
    """
    from imuhip.recording.output import refuse_existing, replacing

    refuse_existing(output, force=force)
    analysis = measure(recording, causal=causal, calibration=calibration, angles=True)
    with progress("Writing"), replacing(output, force=force) as path:
        analysis.table.write_csv(path)
    _tell_written(output, analysis)


@click.command(epilog="Example: imuhip plot session.mcap -o angles.png")
@options.recording
@options.output
@options.causal
@options.calibration
@click.option(
    "--reference",
    metavar="CSV",
    type=Path,
    help="Draw another measurement over it: time_s and columns named as in `angles`.",
)
@options.force
def plot(
    recording: Path, output: Path, *, causal: bool, calibration: Path | None, reference: Path | None, force: bool
) -> None:
    """Draw the hip and pelvis angles of a recording as a picture.

    Marked tests and exercises are shaded, stretches where the angle is not known are hatched, and the band around
    flexion is its 95 % interval.
    """
    from imuhip.cli import figure
    from imuhip.recording import recording_info
    from imuhip.recording.output import refuse_existing, replacing

    figure.check_drawable(output)
    refuse_existing(output, force=force)
    overlay = None if reference is None else figure.read_reference(reference)
    analysis = measure(recording, causal=causal, calibration=calibration, angles=True)
    offset_s = analysis.results["recording"]["time_offset_s"] or 0.0
    intervals = figure.marked_intervals(recording_info(recording)["marks"])
    title = f"{recording.name}, as live shows it" if causal else recording.name
    with progress("Drawing"), replacing(output, force=force) as path:
        columns = analysis.table.columns
        figure.draw(columns, intervals, title=title, offset_s=offset_s, reference=overlay).savefig(path)
    _tell_written(output, analysis)


def _tell_written(output: Path, analysis: Analysis) -> None:
    """Say on stderr what was done, and why it shows nothing where it does not."""
    import numpy as np

    angles = [column for name, column in analysis.table.columns.items() if name.endswith("_deg")]
    if all(np.isnan(column).all() for column in angles):
        reasons = [warning for each in analysis.results["calibration"] for warning in each["warnings"]]
        sys.stderr.write(f"Note: no angle is known. {'. '.join(reasons)}.\n")
    sys.stderr.write(f"Wrote {output}.\n")
