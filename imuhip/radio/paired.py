"""The sensors that this computer knows: which is worn where, kept in a file that only the user can read."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imuhip.errors import InputError
from imuhip.recording.output import replacing
from imuhip.records import record
from imuhip.units import ROLES

FILE = "sensors.json"
VERSION = 1


@record
class PairedSensor:
    """A sensor with its role.

    Attributes:
        role: Where it is worn.
        address: As scans report it; never shown unless asked for, never recorded.
        name: What it calls itself.
        driver: Name of its driver.
        rate_hz: The rate to ask for.
        descriptor: What it said about itself when it was paired.
        bonded: Whether it was bonded.
    """

    role: str
    address: str
    name: str
    driver: str
    rate_hz: float
    descriptor: bytes
    bonded: bool


def settings_folder() -> Path:
    """Return the folder for what this program remembers; ``IMUHIP_HOME`` names another one."""
    if own := os.environ.get("IMUHIP_HOME"):
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "imuhip"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "imuhip"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "imuhip"


class PairedSensors:
    """The list of paired sensors, at most one for each role and one role for each.

    Args:
        folder: Where it is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or settings_folder()) / FILE

    def load(self) -> list[PairedSensor]:
        """Return all, in the order of roles.

        Raises:
            InputError: The file is damaged.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self._path) from error
        try:
            found = [_from_json(each) for each in json.loads(text)["sensors"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("is damaged", path=self._path, remedy="Delete it and pair the sensors again") from error
        return sorted(found, key=lambda each: ROLES.index(each.role))

    def add(self, sensor: PairedSensor) -> None:
        """Remember a sensor; it replaces what had its role or was the same sensor.

        Raises:
            OutputError: It cannot be kept.
        """
        others = [
            each for each in self.load() if each.role != sensor.role and each.address.lower() != sensor.address.lower()
        ]
        self._save([*others, sensor])

    def forget(self, role: str) -> PairedSensor | None:
        """Forget the sensor with a role; returns it, or None where there was none.

        Raises:
            OutputError: The file cannot be written.
        """
        known = self.load()
        gone = next((each for each in known if each.role == role), None)
        if gone is not None:
            self._save([each for each in known if each is not gone])
        return gone

    def _save(self, sensors: Iterable[PairedSensor]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"version": VERSION, "sensors": [_to_json(each) for each in sensors]}, indent=2)
        with replacing(self._path, force=True) as path:
            path.write_text(text + "\n", encoding="utf-8")


def _to_json(sensor: PairedSensor) -> dict[str, Any]:
    return {**asdict(sensor), "descriptor": base64.b64encode(sensor.descriptor).decode("ascii")}


def _from_json(payload: Mapping[str, Any]) -> PairedSensor:
    if payload["role"] not in ROLES:
        raise ValueError(f"unknown role {payload['role']!r}")
    return PairedSensor(
        role=str(payload["role"]),
        address=str(payload["address"]),
        name=str(payload["name"]),
        driver=str(payload["driver"]),
        rate_hz=float(payload["rate_hz"]),
        descriptor=base64.b64decode(payload["descriptor"], validate=True),
        bonded=bool(payload["bonded"]),
    )
