"""Arguments and options that several commands share: decorators, each of which hands one keyword to its command."""

from __future__ import annotations

import math
from pathlib import Path

import click


def above_zero(given: str | float) -> float:
    """Read an amount of time, or how many times faster it goes.

    Args:
        given: As it was typed, or a default.

    Returns:
        The number, positive and finite.

    Raises:
        BadParameter: It is no such number.
    """
    try:
        value = float(given)
    except ValueError:
        raise click.BadParameter(f"{given!r} is not a number.") from None
    if not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f"{value:g} is not possible. Give a number above 0.")
    return value


def port_number(given: str | int) -> int:
    """Read a TCP port.

    Args:
        given: As it was typed, or a default.

    Returns:
        The port.

    Raises:
        BadParameter: It is no number from 1 to 65535.
    """
    text = str(given)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise click.BadParameter(f"{given!r} is not a port. Give a number from 1 to 65535.")
    return int(text)


recording = click.argument("recording", metavar="RECORDING", type=Path, help="A recording (.mcap).")
output = click.option("--output", "-o", metavar="FILE", type=Path, required=True, help="Where to write.")
force = click.option("--force", is_flag=True, help="Overwrite the output if it exists.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
causal = click.option(
    "--causal", is_flag=True, help="Use at every moment only what was known by then: exactly what live showed."
)
history = click.option("--history", is_flag=True, help="Judge it by the wearer's earlier sessions, too.")
database = click.option(
    "--database",
    metavar="FILE",
    type=Path,
    envvar="IMUHIP_HISTORY",
    show_envvar=True,
    help="The history's database, if not the one in your data folder.",
)
radio = click.option(
    "--radio", metavar="RADIO", help="hci0, hci1, ... or bumble:TRANSPORT; the system's Bluetooth by default."
)
calibration = click.option(
    "--calibration", metavar="RECORDING", type=Path, help="Begin with the calibration of another recording."
)
catalogue = click.option(
    "--catalogue",
    metavar="FILE",
    type=Path,
    multiple=True,
    help="A TOML file that adds to the tests and exercises; repeatable.",
)

# Of the commands that publish.
broker_url = click.argument(
    "url",
    metavar="[URL]",
    required=False,
    help="mqtt://localhost, or mqtts://HOST:PORT with TLS. Default: IMUHIP_MQTT_URL or the settings file.",
)
mqtt = click.option("--mqtt", metavar="URL", help="Publish to this MQTT broker too.")
speed = click.option(
    "--speed",
    type=click.Choice(["1", "4", "max"]),
    default="1",
    help="Times real time, or max: as fast as it goes.",
)
rate = click.option(
    "--rate",
    metavar="HZ",
    type=float,
    default=25.0,
    help="Angles published per second, 1 to 100; above 50 in batches.",
)
site = click.option("--site", metavar="NAME", help="Second part of the topics. Default: home.")
published_wearer = click.option(
    "--wearer", metavar="NAME", help="The wearer's pseudonym in the topics. Default: the recording's."
)
ca = click.option("--ca", metavar="PEM", type=Path, help="Trust these certificates instead of the system's.")
certificate = click.option("--cert", metavar="PEM", type=Path, help="Client certificate.")
key = click.option("--key", metavar="PEM", type=Path, help="Its private key.")
insecure = click.option("--insecure", is_flag=True, help="Allow mqtt:// (no TLS) to another computer.")
no_discovery = click.option("--no-discovery", is_flag=True, help="Do not announce a device to Home Assistant.")
