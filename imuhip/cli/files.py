"""Commands that make, describe and mend recordings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal, get_args

import click

from imuhip.cli import options
from imuhip.cli.output import say
from imuhip.cli.progress import progress
from imuhip.cli.wording import count, words

TimeUnit = Literal["s", "ms", "us"]
AccUnit = Literal["m_s2", "g", "mg"]
GyrUnit = Literal["rad_s", "deg_s"]
MissingValues = Literal["refuse", "gap"]


@click.command(epilog="Example: imuhip import my_session/ -o session.mcap")
@click.argument("folder", metavar="FOLDER", type=Path, help="A folder with a CSV file per sensor.")
@options.output
@options.force
@click.option("--time-unit", type=click.Choice(get_args(TimeUnit)), default="s", help="Unit of the column time_s.")
@click.option("--acc-unit", type=click.Choice(get_args(AccUnit)), default="m_s2", help="Unit of the columns acc_*.")
@click.option("--gyr-unit", type=click.Choice(get_args(GyrUnit)), default="rad_s", help="Unit of the columns gyr_*.")
@click.option(
    "--nan",
    type=click.Choice(get_args(MissingValues)),
    default="refuse",
    help="What a missing value means: refuse the file, or a gap in the recording.",
)
def import_(
    folder: Path,
    output: Path,
    *,
    force: bool,
    time_unit: TimeUnit,
    acc_unit: AccUnit,
    gyr_unit: GyrUnit,
    nan: MissingValues,
) -> None:
    """Turn a folder of CSV files into a recording.

    The folder holds <role>.csv for each sensor: pelvis, thigh_left, thigh_right, shank_left, ... with the header
    time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyr_x_rad_s,gyr_y_rad_s,gyr_z_rad_s, times on one common clock, 20-400 Hz,
    gaps allowed. Optional: marks.csv (start_s,end_s,kind,name,side,mode,position,value,note) and session.json.

    Units are never guessed: values that look like another unit are refused with the option that converts them.
    """
    from imuhip.recording import import_folder
    from imuhip.recording.output import refuse_existing

    refuse_existing(output, force=force)
    with progress("Importing"):
        report = import_folder(
            folder, output, force=force, time_unit=time_unit, acc_unit=acc_unit, gyr_unit=gyr_unit, nan=nan
        )
    for warning in report.warnings:
        _tell(f"Note: {warning}.")
    sensors = ", ".join(f"{words(sensor.role)} {sensor.rate_hz:.0f} Hz" for sensor in report.sensors)
    _tell(f"Wrote {output}: {sensors}; {count(report.marks, 'mark')}.")


@click.command(epilog="Example: imuhip info session.mcap")
@options.recording
@options.as_json
def info(recording: Path, *, as_json: bool) -> None:
    """Say what is in a recording: sensors, length, loss and marks."""
    from imuhip.recording import recording_info

    with progress("Reading"):
        about = recording_info(recording)
    if as_json:
        say(json.dumps(about, indent=2, allow_nan=False) + "\n")
    else:
        from imuhip.cli.text import info_text

        say(info_text(about, name=recording.name))


@click.command(epilog="Example: imuhip recover broken.mcap -o good.mcap")
@options.recording
@options.output
@options.force
def recover(recording: Path, output: Path, *, force: bool) -> None:
    """Save what is readable of a damaged recording into a new one."""
    from imuhip.recording import recover as recover_recording
    from imuhip.recording.output import refuse_existing

    refuse_existing(output, force=force)
    with progress("Recovering"):
        report = recover_recording(recording, output, force=force)
    _tell(f"Wrote {output}: {report}.")


def _tell(message: str) -> None:
    """Say on stderr what was done; stdout is for results."""
    sys.stderr.write(f"{message}\n")
