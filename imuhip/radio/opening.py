"""Which radio is used: the system's, or one of our own over bumble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from imuhip.errors import RadioError
from imuhip.radio.adapter import Adapter
from imuhip.radio.paired import settings_folder

BUMBLE = "bumble:"
KEYS = "bumble_keys.json"


@asynccontextmanager
async def open_radio(spec: str | None, *, notify_by_socket: bool = False) -> AsyncIterator[Adapter]:
    """Open a radio.

    Args:
        spec: None for the system's Bluetooth, ``hci1`` for another adapter of BlueZ, ``bumble:TRANSPORT`` for a
            controller that bumble reaches without the system's help.
        notify_by_socket: Let BlueZ hand notifications over a socket (AcquireNotify), better at high rates, though some
            sensors do not bear it.

    Yields:
        The adapter.

    Raises:
        RadioError: It cannot be opened.
    """
    if spec is None or spec.startswith("hci"):
        bluez = {} if spec is None else {"bluez": {"adapter": spec}}
        yield Adapter(bluez, bluez, notify={"bluez": {"use_start_notify": not notify_by_socket}})
        return
    if not spec.startswith(BUMBLE) or spec == BUMBLE:
        raise RadioError(f"{spec!r} names no radio", remedy="Give hci0, hci1, ... or bumble:TRANSPORT")
    require_bumble()
    from imuhip.radio.bumble_host import open_host  # noqa: PLC0415  # an optional dependency
    from imuhip.radio.virtual.world import adapter_over  # noqa: PLC0415

    keys = settings_folder() / KEYS
    keys.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.parent.chmod(0o700)  # bumble writes the file anew each time, with whatever mode
    async with open_host(spec.removeprefix(BUMBLE), keys) as host:
        yield adapter_over(host)


def require_bumble() -> None:
    """Say how to install bumble where it is missing.

    Raises:
        RadioError: It is missing.
    """
    if find_spec("bumble") is None:
        raise RadioError("the virtual radio is not installed", remedy='Run: pip install "imuhip[radio-virtual]"')
