"""A small broker on this computer's loopback, for trying things out: amqtt, an extra.

It speaks MQTT 3.1.1 and keeps nothing on the disk; anyone who can log in to this computer can use it. A home with other
devices wants a real broker, such as Mosquitto.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from imuhip.errors import BrokerError

log = logging.getLogger("imuhip.mqtt")

HOST = "127.0.0.1"
CONNECTIONS = 50


async def serve(port: int, while_running: Callable[[], Awaitable[Any]]) -> None:
    """Run the broker.

    Args:
        port: Where it listens, on loopback only.
        while_running: Awaited while it runs; when it ends, the broker does.

    Raises:
        BrokerError: The extra is not installed, or the port is taken.
    """
    try:
        from amqtt.broker import Broker  # noqa: PLC0415  # an extra
        from amqtt.contexts import BrokerConfig, ListenerConfig  # noqa: PLC0415
        from amqtt.errors import AMQTTError  # noqa: PLC0415
        from amqtt.errors import BrokerError as StartError  # noqa: PLC0415
    except ImportError as error:
        raise BrokerError(
            "the embedded broker is not installed", remedy="Run: pip install 'imuhip[broker]', or install Mosquitto"
        ) from error
    for noisy in ("amqtt", "transitions"):  # a client that hangs up is no error of the broker's
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    # Nor is it one that deserves a traceback, which asyncio would print of what amqtt lets through.
    asyncio.get_running_loop().set_exception_handler(_one_connection_ended)
    config = BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"{HOST}:{port}", max_connections=CONNECTIONS)},
        plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    )
    broker = Broker(config, loop=asyncio.get_running_loop())
    try:
        await broker.start()
    except (AMQTTError, StartError, OSError) as error:
        raise BrokerError(
            f"port {port} cannot be used", remedy="Another broker may run already; else give another --port"
        ) from error
    try:
        await while_running()
    finally:
        await broker.shutdown()


def _one_connection_ended(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(context.get("exception"), OSError | asyncio.IncompleteReadError):
        log.debug("A client hung up: %s", context["exception"])
    else:
        loop.default_exception_handler(context)
