"""One connection to a broker: aiomqtt, with the broker's refusals made visible and hanging ones left."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import ssl
from typing import Any, Self

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from imuhip.errors import BrokerError
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.payloads import CONTENT_TYPE
from imuhip.sinks.mqtt.reasons import HungUpError

V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
ANSWER_S = 5.0
"""A broker that takes longer to answer is taken for dead; the connection is made anew."""
FIRST_ANSWER_S = 2.0
"""To a CONNECT of MQTT 5: some brokers that do not know it say nothing at all, and are asked again with 3.1.1."""
KEEPALIVE_S = 15
"""A broker that went away without a word is noticed after at most one and a half of these."""
SEND_BUFFER_BYTES = 65536
"""What the system holds back for a broker that stops reading: about 5 s of angles, instead of minutes of stale ones."""
INCOMING = 64
"""Messages to us that wait; commands come one at a time."""

LARGEST_BYTES = 65536
"""A broker that speaks MQTT 5 keeps larger messages from us; what we read is far smaller."""

_silent = logging.getLogger("imuhip.mqtt.wire")
_silent.setLevel(logging.CRITICAL)  # what goes wrong is said once, in our words


class RefusedError(Exception):
    """The broker acknowledged a message with a refusal.

    Args:
        code: Reason code of MQTT 5.
        reason: Its name.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class Connection(aiomqtt.Client):
    """A connection that is used once; make another one after it broke.

    Args:
        broker: Where to.
        version: MQTT version.
        will: What the broker says when the connection is lost.
    """

    def __init__(self, broker: Broker, version: aiomqtt.ProtocolVersion = V5, will: aiomqtt.Will | None = None) -> None:
        super().__init__(
            broker.host,
            broker.port,
            logger=_silent,
            username=broker.username,
            password=broker.password,
            identifier=f"imuhip-{secrets.token_hex(6)}",
            protocol=version,
            will=will,
            timeout=FIRST_ANSWER_S if version is V5 else ANSWER_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=INCOMING,
            max_queued_outgoing_messages=INCOMING,
            tls_context=tls_context(broker) if broker.tls else None,
            clean_session=True if version is V311 else None,
            properties=_connect_properties() if version is V5 else None,
            socket_options=[
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
            ],
        )
        self.version = version
        self._refusal: ReasonCode | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        try:
            await super().__aenter__()
        except BaseException:
            self.abandon()
            raise
        self.timeout = ANSWER_S
        return self

    async def __aexit__(self, *error: Any) -> None:  # noqa: PYI036  # as aiomqtt has it
        try:
            await super().__aexit__(*error)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the socket at once; aiomqtt leaves it open where connecting timed out or the broker hangs."""
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()  # looked at, so that asyncio does not report it once more
        self._client._sock_close()  # noqa: SLF001  # there is no public way that does not wait for the broker

    async def lost(self) -> None:
        """Wait until the connection breaks.

        Raises:
            MqttError: It broke.
        """
        await asyncio.wait([self._disconnected])
        raise aiomqtt.MqttError("disconnected") from self._disconnected.exception()

    async def send(self, topic: str, payload: bytes, properties: Properties | None = None) -> None:
        """Publish with QoS 0.

        Raises:
            MqttError: The connection broke, or the broker reads too slowly.
        """
        await self.publish(topic, payload, qos=0, properties=properties)

    async def deliver(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Properties | None = None
    ) -> None:
        """Publish with QoS 1 and wait for the acknowledgement.

        Raises:
            MqttError: The connection broke, or no acknowledgement came.
            RefusedError: The broker refused it (which only MQTT 5 can say).
        """
        async with self._one_at_a_time:
            self._refusal = None
            await self.publish(topic, payload, qos=1, retain=retain, properties=properties)
            if self._refusal is not None:
                raise RefusedError(self._refusal.value, str(self._refusal))

    def properties(self, expiry_s: int | None = None) -> Properties | None:
        """What goes with a JSON message; None where MQTT 3.1.1 has no place for it."""
        if self.version is not V5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.PayloadFormatIndicator = 1
        properties.ContentType = CONTENT_TYPE
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        return properties

    def _on_disconnect(
        self, client: Any, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        # aiomqtt would wait for an answer until its time is up.
        if not self._connected.done():
            self._connected.set_exception(HungUpError("hung up before answering"))
            return
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self._refusal = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = LARGEST_BYTES
    return properties


def will_properties(version: aiomqtt.ProtocolVersion) -> Properties | None:
    """What goes with the last will."""
    if version is not V5:
        return None
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.ContentType = CONTENT_TYPE
    return properties


class _TlsSocket(ssl.SSLSocket):
    """Closes itself where the handshake fails; paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # as in the standard library
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(broker: Broker) -> ssl.SSLContext:
    """Make the context that verifies the broker.

    Raises:
        BrokerError: A certificate or key cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=None if broker.ca is None else str(broker.ca))
    except (ssl.SSLError, OSError) as error:
        raise BrokerError(f"is no file of certificates: {error}", path=broker.ca) from error
    context.sslsocket_class = _TlsSocket
    if broker.certificate is not None:
        try:
            # The empty password makes an encrypted key an error instead of a prompt on the terminal.
            context.load_cert_chain(broker.certificate, broker.key, password=lambda: b"")
        except (ssl.SSLError, OSError) as error:
            raise BrokerError(
                f"client certificate and key cannot be used: {error}",
                path=broker.certificate,
                remedy="Give both as PEM, the key without a passphrase",
            ) from error
    return context
