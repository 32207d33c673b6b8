"""An agent for pairing on BlueZ: without one, bluetoothd refuses even bonds that ask nothing of the user.

References:
    BlueZ, doc/org.bluez.Agent.rst and doc/org.bluez.AgentManager.rst.
"""

import asyncio
import logging
import select
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

logger = logging.getLogger(__name__)

AGENT_PATH = "/org/imuhip/agent"
BLUEZ, MANAGER_PATH, MANAGER = "org.bluez", "/org/bluez", "org.bluez.AgentManager1"
REJECTED = "org.bluez.Error.Rejected"


LOOK_S = 0.2
"""Between two looks whether a question still stands."""

Ask = Callable[[str, threading.Event], str]
"""Gets the answer to a question, until an event says that nobody waits for it any more."""


def ask_on_terminal(question: str, over: threading.Event) -> str:
    """Ask the user; without a terminal there is no answer, and once ``over`` is set none either."""
    if not sys.stdin.isatty():
        return ""
    sys.stderr.write(question)
    sys.stderr.flush()
    while not over.is_set():
        if select.select([sys.stdin], [], [], LOOK_S)[0]:
            return sys.stdin.readline().strip()
    return ""


@asynccontextmanager
async def pairing_agent(
    radio: str | None, ask: Ask = ask_on_terminal, *, interactive: bool = True
) -> AsyncIterator[None]:
    """Answer bluetoothd's questions while the block runs; does nothing where there is no BlueZ.

    Args:
        radio: As given to :func:`imuhip.radio.opening.open_radio`.
        ask: Gets a passkey from the user.
        interactive: Whether there is somebody to ask; otherwise only bonds that ask nothing are made.
    """
    if sys.platform != "linux" or (radio is not None and not radio.startswith("hci")):
        yield
        return
    from dbus_fast import BusType  # noqa: PLC0415  # Linux only
    from dbus_fast.aio import MessageBus  # noqa: PLC0415
    from dbus_fast.errors import DBusError  # noqa: PLC0415

    capability = "KeyboardDisplay" if interactive and sys.stdin.isatty() else "NoInputNoOutput"
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError, DBusError) as error:
        logger.debug("no agent: %s", error)
        yield
        return
    over = threading.Event()
    try:
        bus.export(AGENT_PATH, _agent(ask, over))
        registered = await _call(bus, "RegisterAgent", "os", [AGENT_PATH, capability])
        if registered:
            await _call(bus, "RequestDefaultAgent", "o", [AGENT_PATH])
        try:
            yield
        finally:
            if registered:
                await _call(bus, "UnregisterAgent", "o", [AGENT_PATH])
    finally:
        over.set()
        bus.disconnect()


async def _call(bus: Any, member: str, signature: str, body: list[Any]) -> bool:
    from dbus_fast import Message, MessageType  # noqa: PLC0415

    message = Message(
        destination=BLUEZ, path=MANAGER_PATH, interface=MANAGER, member=member, signature=signature, body=body
    )
    reply = await bus.call(message)
    if reply is None or reply.message_type is MessageType.ERROR:
        logger.debug("%s: %s", member, None if reply is None else reply.error_name)
        return False
    return True


def _agent(ask: Ask, over: threading.Event) -> Any:  # noqa: C901  # one method for each question that BlueZ may ask
    """Make the object that bluetoothd calls; its annotations are D-Bus signatures."""
    from dbus_fast.errors import DBusError  # noqa: PLC0415
    from dbus_fast.service import ServiceInterface, dbus_method  # noqa: PLC0415

    async def passkey(question: str) -> str:
        over.clear()
        answer = await asyncio.to_thread(ask, question, over)
        if not answer:
            raise DBusError(REJECTED, "no answer")
        return answer

    class Agent(ServiceInterface):
        def __init__(self) -> None:
            super().__init__("org.bluez.Agent1")

        @dbus_method()
        def Release(self) -> None:  # noqa: N802  # the names are BlueZ's
            return None

        @dbus_method()
        def Cancel(self) -> None:  # noqa: N802
            over.set()

        @dbus_method()
        async def RequestPasskey(self, device: "o") -> "u":  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            answer = await passkey("Passkey of the sensor: ")
            if not answer.isdigit():
                raise DBusError(REJECTED, "no number")
            return int(answer)

        @dbus_method()
        async def RequestPinCode(self, device: "o") -> "s":  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            return await passkey("Code of the sensor: ")

        @dbus_method()
        def DisplayPasskey(self, device: "o", passkey: "u", entered: "q") -> None:  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            sys.stderr.write(f"Passkey: {passkey:06d}\n")

        @dbus_method()
        def RequestConfirmation(self, device: "o", passkey: "u") -> None:  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            return None

        @dbus_method()
        def RequestAuthorization(self, device: "o") -> None:  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            return None

        @dbus_method()
        def AuthorizeService(self, device: "o", uuid: "s") -> None:  # type: ignore[name-defined]  # noqa: N802, F821, ARG002
            return None

    return Agent()
