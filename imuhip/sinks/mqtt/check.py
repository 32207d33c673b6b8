"""What is wrong between us and a broker, found one step after the other."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator

import aiomqtt

from imuhip.records import record
from imuhip.sinks.mqtt import discovery, payloads
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.connection import ANSWER_S, V5, V311, Connection, RefusedError, tls_context
from imuhip.sinks.mqtt.reasons import explain, maybe_unsupported
from imuhip.sinks.mqtt.state import now_us
from imuhip.sinks.mqtt.topics import Identity

READ_BACK_S = 3.0
NAMES = {V5: "MQTT 5", V311: "MQTT 3.1.1"}


@record
class Step:
    """One step: what was tried, whether it worked, and what was seen or what to do."""

    name: str
    good: bool
    text: str


async def check(broker: Broker, identity: Identity) -> AsyncIterator[Step]:
    """Try a broker.

    Args:
        broker: Which.
        identity: Whose topics; only ``.../check`` is written.

    Yields:
        Steps; the first that is not good is the last.
    """
    for step in (_name, _port, _tls):
        result = await step(broker)
        if result is None:
            continue
        yield result
        if not result.good:
            return
    connection, result = await _connect(broker)
    yield result
    if connection is None:
        return
    try:
        async for result in _rights(connection, broker, identity):
            yield result
    finally:
        connection.abandon()


async def forget(broker: Broker, identity: Identity) -> list[str]:
    """Remove a wearer's device from Home Assistant, and what the broker keeps for new subscribers.

    Args:
        broker: Where.
        identity: Whose.

    Returns:
        Topics that the broker does not let us clear.

    Raises:
        MqttError: The broker cannot be reached.
    """
    connection, result = await _connect(broker)
    if connection is None:
        raise aiomqtt.MqttError(result.text)
    refused = []
    try:
        for topic in (discovery.config_topic(identity), identity.topic("status"), identity.topic("meta")):
            try:
                await connection.deliver(topic, b"", retain=True)
            except RefusedError:
                refused.append(topic)
    finally:
        await connection.__aexit__(None, None, None)
    return refused


async def _name(broker: Broker) -> Step:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Step(
            "name", good=False, text=f"the name {broker.host} is not known: check its spelling and your network"
        )
    address = found[0][4][0]
    told = "is an address" if address == broker.host else f"is {address}"
    return Step("name", good=True, text=f"{broker.host} {told}")


async def _port(broker: Broker) -> Step:
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
    except OSError as error:
        return Step("port", good=False, text=explain(error, broker))
    writer.close()
    return Step("port", good=True, text=f"something listens at {broker.port}")


async def _tls(broker: Broker) -> Step | None:
    if not broker.tls:
        return None
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=tls_context(broker))
    except TimeoutError:
        return Step("TLS", good=False, text=f"port {broker.port} does not speak TLS: is it the one for mqtt://")
    except OSError as error:
        return Step("TLS", good=False, text=explain(error, broker))
    session = writer.get_extra_info("ssl_object")
    writer.close()
    return Step("TLS", good=True, text=f"{session.version()}, certificate verified")


async def _connect(broker: Broker) -> tuple[Connection | None, Step]:
    text = ""
    for version in (V5, V311):
        connection = Connection(broker, version)
        try:
            await connection.__aenter__()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            text = explain(error, broker)
            if not maybe_unsupported(error):
                break
        else:
            return connection, Step("MQTT", good=True, text=f"connected with {NAMES[version]}")
    return None, Step("MQTT", good=False, text=text)


async def _rights(connection: Connection, broker: Broker, identity: Identity) -> AsyncIterator[Step]:
    topic, token = identity.topic("check"), secrets.token_hex(8)
    try:
        codes = await connection.subscribe(topic, qos=1)
        if any((code if isinstance(code, int) else code.value) >= 0x80 for code in codes):
            yield Step("read", good=False, text=f"the broker does not let this user read {topic}: give it the right")
            return
        message = {"v": payloads.VERSION, "t_us": now_us(), "token": token}
        began_s = time.monotonic()
        await connection.deliver(topic, payloads.encode(message), properties=connection.properties(10))
        yield Step("publish", good=True, text=f"{topic} was acknowledged")
        async with asyncio.timeout(READ_BACK_S):
            async for received in connection.messages:
                if token.encode() in received.payload:
                    break
        yield Step("read", good=True, text=f"read back after {(time.monotonic() - began_s) * 1e3:.0f} ms")
    except RefusedError as error:
        yield Step(
            "publish", good=False, text=f"the broker refuses {topic} ({error}): give this user the right to publish"
        )
    except TimeoutError:
        yield Step(
            "read",
            good=False,
            text=f"what was published to {topic} does not come back: this user has no right to publish there, or none "
            f"to read; give it {identity.base}/#",
        )
    except aiomqtt.MqttError as error:
        yield Step("publish", good=False, text=explain(error, broker))
