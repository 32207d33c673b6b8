"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer


def above_zero(value: float | None) -> float | None:
    """Refuse what is no amount of time.

    Raises:
        BadParameter: It is not positive and finite.
    """
    if value is not None and not (math.isfinite(value) and value > 0):
        raise typer.BadParameter(f"{value:g} is not possible. Give a number above 0.")
    return value


RecordingFile = Annotated[Path, typer.Argument(metavar="RECORDING", help="A recording (.mcap).")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output if it exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Causal = Annotated[
    bool,
    typer.Option("--causal", help="Use at every moment only what was known by then: exactly what live showed."),
]
History = Annotated[bool, typer.Option("--history", help="Judge it by the wearer's earlier sessions, too.")]
Database = Annotated[
    Path | None,
    typer.Option(
        "--database",
        metavar="FILE",
        envvar="IMUHIP_HISTORY",
        help="The history's database, if not the one in your data folder.",
    ),
]
RadioSpec = Annotated[
    str | None,
    typer.Option(
        "--radio", metavar="RADIO", help="hci0, hci1, ... or bumble:TRANSPORT; the system's Bluetooth by default."
    ),
]
CalibrationFrom = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="RECORDING", help="Begin with the calibration of another recording."),
]
CatalogueFiles = Annotated[
    list[Path] | None,
    typer.Option("--catalogue", metavar="FILE", help="A TOML file that adds to the tests and exercises; repeatable."),
]
