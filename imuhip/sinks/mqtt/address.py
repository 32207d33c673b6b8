"""The broker's address and credentials: command line > environment > settings file > keyring.

A password is never taken from the command line, where every process of the computer can read it. A connection without
TLS is allowed to the computer itself only, unless asked for.
"""

from __future__ import annotations

import ipaddress
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from imuhip.errors import BrokerError
from imuhip.records import record
from imuhip.sinks.mqtt.topics import DEFAULT_SITE

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEYRING_SERVICE = "imuhip"
KEYS = ("url", "username", "password", "ca", "certificate", "key", "site")
"""What the settings file's table ``[mqtt]`` may hold; the environment's names are ``IMUHIP_MQTT_`` and these."""


@record
class Broker:
    """Where to publish, and as whom.

    Attributes:
        host: Name or address.
        port: TCP port.
        tls: Whether the connection is encrypted; the broker's certificate is then always verified.
        username: None for none.
        password: Never shown.
        ca: Certificates to trust instead of the system's.
        certificate: Client certificate, PEM.
        key: Its private key, where it is not in the same file.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


@record
class Settings:
    """What is known about publishing besides the command line.

    Attributes:
        values: By key of :data:`KEYS`.
        path: The settings file that some of them come from, for messages.
    """

    values: Mapping[str, str]
    path: Path | None = None


def settings_path() -> Path:
    """Where the settings file is looked for; ``IMUHIP_SETTINGS`` names another one."""
    from platformdirs import user_config_path  # noqa: PLC0415  # only commands that publish pay for it

    named = os.environ.get("IMUHIP_SETTINGS")
    return Path(named) if named else user_config_path("imuhip", appauthor=False) / "settings.toml"


def load_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings file and environment.

    Args:
        path: The settings file; it need not exist. By default the user's.
        environment: Variables; by default the process' own.

    Returns:
        The settings; the environment wins.

    Raises:
        BrokerError: The file cannot be read, holds something else, or holds a password that others can read.
    """
    path = settings_path() if path is None else path
    environment = os.environ if environment is None else environment
    values = _from_file(path)
    for key in KEYS:
        if text := environment.get(f"IMUHIP_MQTT_{key.upper()}"):
            values[key] = text
    return Settings(values, path)


def _from_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_bytes().decode("utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"cannot be read: {error}", path=path) from error
    try:
        table: Any = tomllib.loads(text).get("mqtt", {})
    except tomllib.TOMLDecodeError as error:
        raise BrokerError(f"is not TOML: {error}", path=path) from error
    if not isinstance(table, dict):
        raise BrokerError("mqtt must be a table", path=path, remedy="Begin it with [mqtt]")
    for key, value in table.items():
        if key not in KEYS or not isinstance(value, str):
            raise BrokerError(f"[mqtt] {key} is not a known text", path=path, remedy=f"Use {', '.join(KEYS)}")
    if "password" in table and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise BrokerError("holds a password that others can read", path=path, remedy=f"Run: chmod 600 {path}")
    return dict(table)


def resolve_broker(
    url: str | None,
    settings: Settings,
    *,
    insecure: bool = False,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> Broker:
    """Put together where to publish.

    Args:
        url: ``mqtt://host:port`` or ``mqtts://host:port``; None for that of the settings.
        settings: What the command line does not say.
        insecure: Allow a connection without TLS to another computer.
        ca: Certificates to trust.
        certificate: Client certificate.
        key: Its key.

    Raises:
        BrokerError: There is no usable address, a file is missing, or a password stands in the address.
    """
    url = url or settings.values.get("url")
    if not url:
        raise BrokerError("no broker is named", remedy="Give an address like mqtt://localhost or mqtts://broker:8883")
    scheme, host, port, username = _parse(url)
    tls = scheme == "mqtts"
    if not tls and not is_loopback(host) and not insecure:
        raise BrokerError(
            f"{url} is not encrypted: anyone on the way could read and change the wearer's results",
            remedy="Use mqtts://, or --insecure if you trust the network",
        )
    username = username or settings.values.get("username")
    files = {
        "ca": ca or _path(settings, "ca"),
        "certificate": certificate or _path(settings, "certificate"),
        "key": key or _path(settings, "key"),
    }
    for what, path in files.items():
        if path is not None and not path.is_file():
            raise BrokerError(f"the {what} file is missing", path=path)
        if path is not None and not tls:
            raise BrokerError(f"a {what} file is of no use without TLS", remedy="Use mqtts://")
    if files["key"] is not None and files["certificate"] is None:
        raise BrokerError("a key without a client certificate", remedy="Give --cert too")
    return Broker(host, port, tls, username, _password(username, host, settings), **files)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parse(url: str) -> tuple[str, str, int, str | None]:
    example = "Write it like mqtt://localhost or mqtts://broker.example:8883"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BrokerError("the broker's address is not a URL", remedy=example) from error
    if parts.password is not None:
        raise BrokerError(
            "a password in the address can be read by every process of the computer",
            remedy="Put it into IMUHIP_MQTT_PASSWORD, the settings file or the keyring",
        )
    if parts.scheme not in PORTS or not parts.hostname:
        raise BrokerError(f"{url!r} is not the address of a broker", remedy=example)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BrokerError(f"{url!r} has more than a host and a port", remedy=example)
    return parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, parts.username


def _path(settings: Settings, key: str) -> Path | None:
    text = settings.values.get(key)
    return None if text is None else Path(text).expanduser()


def _password(username: str | None, host: str, settings: Settings) -> str | None:
    password = settings.values.get("password")
    if password is not None or username is None:
        return password
    try:
        import keyring  # noqa: PLC0415  # optional
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return keyring.get_password(KEYRING_SERVICE, f"{username}@{host}")
    except KeyringError:  # locked or missing: the broker will say whether it wants a password
        return None


def site_of(site: str | None, settings: Settings) -> str:
    """The site: the command line's, the settings', or ``home``."""
    return site or settings.values.get("site") or DEFAULT_SITE
