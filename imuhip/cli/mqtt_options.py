"""Arguments and options of the commands that publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

URL_HELP = "mqtt://localhost, or mqtts://HOST:PORT with TLS. Default: IMUHIP_MQTT_URL or the settings file."

BrokerUrl = Annotated[str | None, typer.Argument(metavar="URL", show_default=False, help=URL_HELP)]
ReplayTo = Annotated[str | None, typer.Option("--mqtt", metavar="URL", help="Publish to this MQTT broker too.")]
Virtual = Annotated[bool, typer.Option("--virtual", help="Simulated sensors, for trying it out.")]
SessionName = Annotated[
    Literal["range_test", "strengthening", "both_legs", "short"],
    typer.Option("--session", help="What the simulated wearer does."),
]
Speed = Annotated[Literal["1", "4", "max"], typer.Option(help="Times real time, or max: as fast as it goes.")]
Rate = Annotated[float, typer.Option(metavar="HZ", help="Angles published per second, 1 to 100; above 50 in batches.")]
Site = Annotated[str | None, typer.Option(metavar="NAME", help="Second part of the topics. Default: home.")]
Wearer = Annotated[
    str | None, typer.Option(metavar="NAME", help="The wearer's pseudonym in the topics. Default: the recording's.")
]
Ca = Annotated[Path | None, typer.Option(metavar="PEM", help="Trust these certificates instead of the system's.")]
Certificate = Annotated[Path | None, typer.Option(metavar="PEM", help="Client certificate.")]
Key = Annotated[Path | None, typer.Option(metavar="PEM", help="Its private key.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Allow mqtt:// (no TLS) to another computer.")]
NoDiscovery = Annotated[bool, typer.Option("--no-discovery", help="Do not announce a device to Home Assistant.")]
