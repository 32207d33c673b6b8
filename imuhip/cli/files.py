"""Commands that make, describe and mend recordings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from imuhip.cli.options import AsJson, Force, Output, RecordingFile
from imuhip.cli.output import say
from imuhip.cli.progress import progress
from imuhip.cli.text import count, info_text, words
from imuhip.recording.output import refuse_existing

TimeUnit = Literal["s", "ms", "us"]
AccUnit = Literal["m_s2", "g", "mg"]
GyrUnit = Literal["rad_s", "deg_s"]
MissingValues = Literal["refuse", "gap"]


def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with a CSV file per sensor.")],
    output: Output,
    force: Force = False,
    time_unit: Annotated[TimeUnit, typer.Option(help="Unit of the column time_s.")] = "s",
    acc_unit: Annotated[AccUnit, typer.Option(help="Unit of the columns acc_*.")] = "m_s2",
    gyr_unit: Annotated[GyrUnit, typer.Option(help="Unit of the columns gyr_*.")] = "rad_s",
    nan: Annotated[
        MissingValues, typer.Option(help="What a missing value means: refuse the file, or a gap in the recording.")
    ] = "refuse",
) -> None:
    """Turn a folder of CSV files into a recording.

    The folder holds <role>.csv for each sensor: pelvis, thigh_left, thigh_right, shank_left, ... with the header
    time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyr_x_rad_s,gyr_y_rad_s,gyr_z_rad_s, times on one common clock, 20-400 Hz,
    gaps allowed. Optional: marks.csv (start_s,end_s,kind,name,side,mode,position,value,note) and session.json.

    Units are never guessed: values that look like another unit are refused with the option that converts them.
    """
    from imuhip.recording import import_folder

    refuse_existing(output, force=force)
    with progress("Importing"):
        report = import_folder(
            folder, output, force=force, time_unit=time_unit, acc_unit=acc_unit, gyr_unit=gyr_unit, nan=nan
        )
    for warning in report.warnings:
        _tell(f"Note: {warning}.")
    sensors = ", ".join(f"{words(sensor.role)} {sensor.rate_hz:.0f} Hz" for sensor in report.sensors)
    _tell(f"Wrote {output}: {sensors}; {count(report.marks, 'mark')}.")


def info(recording: RecordingFile, as_json: AsJson = False) -> None:
    """Say what is in a recording: sensors, length, loss and marks."""
    from imuhip.recording import recording_info

    with progress("Reading"):
        about = recording_info(recording)
    if as_json:
        say(json.dumps(about, indent=2, allow_nan=False) + "\n")
    else:
        say(info_text(about, name=recording.name))


def recover(recording: RecordingFile, output: Output, force: Force = False) -> None:
    """Save what is readable of a damaged recording into a new one."""
    from imuhip.recording import recover as recover_recording

    refuse_existing(output, force=force)
    with progress("Recovering"):
        report = recover_recording(recording, output, force=force)
    _tell(f"Wrote {output}: {report}.")


def _tell(message: str) -> None:
    """Say on stderr what was done; stdout is for results."""
    sys.stderr.write(f"{message}\n")
