"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RecordingFile = Annotated[Path, typer.Argument(metavar="RECORDING", help="A recording (.mcap).")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output if it exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Causal = Annotated[
    bool,
    typer.Option("--causal", help="Use at every moment only what was known by then: exactly what live showed."),
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
