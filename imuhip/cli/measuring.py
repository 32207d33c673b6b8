"""Commands that measure a recording: numbers, a table, a picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import AsJson, CalibrationFrom, Causal, Force, Output, RecordingFile
from imuhip.cli.output import say
from imuhip.cli.progress import progress
from imuhip.recording.output import refuse_existing, replacing

if TYPE_CHECKING:
    from imuhip.session import Analysis


def measure(recording: Path, *, causal: bool = False, calibration: Path | None = None) -> Analysis:
    """Analyze a recording with progress on stderr.

    Args:
        recording: The recording.
        causal: Only what was known at each moment.
        calibration: Another recording to take the first calibration from.

    Returns:
        Results and angle table.

    Raises:
        InputError: The recording cannot be used.
    """
    from imuhip.session import analyze

    with progress("Measuring") as report:
        return analyze(recording, causal=causal, calibration=calibration, progress=report)


def analyze(
    recording: RecordingFile,
    as_json: AsJson = False,
    causal: Causal = False,
    calibration: CalibrationFrom = None,
) -> None:
    """Measure a recording: range tests and exercises on one page.

    Each peak comes with the half-width of its 95 % interval. "change only" marks a number that is known as a change
    from the start pose but not in absolute terms.
    """
    analysis = measure(recording, causal=causal, calibration=calibration)
    if as_json:
        say(json.dumps(analysis.results, indent=2, allow_nan=False) + "\n")
    else:
        from imuhip.cli.text import summary_text

        say(summary_text(analysis.results, name=recording.name))


def angles(
    recording: RecordingFile,
    output: Output,
    causal: Causal = False,
    calibration: CalibrationFrom = None,
    force: Force = False,
) -> None:
    """Write the angles of a recording as a CSV table.

    Degrees from upright stance, time on the recording's own clock, an empty field where an angle is not known.
    """
    refuse_existing(output, force=force)
    analysis = measure(recording, causal=causal, calibration=calibration)
    with progress("Writing"), replacing(output, force=force) as path:
        analysis.table.write_csv(path)
    _tell_written(output, analysis)


def plot(
    recording: RecordingFile,
    output: Output,
    causal: Causal = False,
    calibration: CalibrationFrom = None,
    reference: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Draw another measurement over it: time_s and columns named as in `angles`."),
    ] = None,
    force: Force = False,
) -> None:
    """Draw the hip and pelvis angles of a recording as a picture.

    Marked tests and exercises are shaded, stretches where the angle is not known are hatched, and the band around
    flexion is its 95 % interval.
    """
    from imuhip.cli import figure
    from imuhip.recording import recording_info

    figure.check_drawable(output)
    refuse_existing(output, force=force)
    overlay = None if reference is None else figure.read_reference(reference)
    analysis = measure(recording, causal=causal, calibration=calibration)
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
