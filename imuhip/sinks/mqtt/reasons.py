"""Why there is no connection, or no delivery: what aiomqtt and the system raise, in words that say what to do."""

from __future__ import annotations

import socket
import ssl

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from imuhip.sinks.mqtt.address import Broker

UNSUPPORTED_VERSION, PACKET_TOO_LARGE = 132, 149
PERMANENT = {PACKET_TOO_LARGE, 144, 153}
"""Reason codes of MQTT 5 (section 2.4) that say that this message will never be taken: packet too large, topic name
invalid, payload format invalid."""
_BROKE = {None: "went away", 128: "hung up", 139: "is shutting down", 141: "hung up: it heard nothing from us"}
_BAD_CREDENTIALS, _NOT_AUTHORIZED = 134, 135


class HungUpError(aiomqtt.MqttError):
    """The broker closed the connection instead of answering to CONNECT."""


def unsupported(error: BaseException) -> bool:
    """Whether the broker said that it does not speak our version."""
    return isinstance(error, aiomqtt.MqttCodeError) and _code(error) == UNSUPPORTED_VERSION


def maybe_unsupported(error: BaseException) -> bool:
    """Whether a broker that does not speak our version may have done this to our CONNECT."""
    return unsupported(error) or isinstance(error, HungUpError) or "timed out" in str(error)


def too_large(error: BaseException) -> bool:
    """Whether the broker closed the connection because a message was too large."""
    cause = error.__cause__ if isinstance(error, aiomqtt.MqttError) else None
    return any(isinstance(e, aiomqtt.MqttCodeError) and _code(e) == PACKET_TOO_LARGE for e in (error, cause))


def explain(error: BaseException, broker: Broker, *, served: bool = False) -> str:
    """Say in words why there is no connection.

    Args:
        error: What aiomqtt raised.
        broker: Where the connection should go.
        served: Whether there was one already.

    Returns:
        One sentence without a full stop, with a remedy where there is one.
    """
    if isinstance(error, aiomqtt.MqttError) and "timed out" in str(error):
        if served:
            return f"{broker} has stopped answering"
        return f"{broker} took the connection but does not answer: is it an MQTT broker, or does it want mqtts://"
    if isinstance(error, HungUpError):
        return f"{broker} hangs up at once: {_wanted(broker)}"
    source = error.__context__ if isinstance(error.__context__, OSError) else error
    if isinstance(source, ssl.SSLCertVerificationError):
        return _certificate(source, broker)
    if isinstance(source, ssl.SSLError):
        return (
            f"no TLS with {broker} ({source.reason or source}): does this port speak mqtt:// instead, or does the "
            "broker want a client certificate"
        )
    if not served and (words := _no_way(source, broker)):
        return words
    if isinstance(error.__cause__, aiomqtt.MqttCodeError):
        error = error.__cause__
    if isinstance(error, aiomqtt.MqttCodeError):
        return _refused(error, broker)
    if isinstance(source, OSError):
        return f"no connection to {broker}: {source.strerror or source}"
    return f"the connection to {broker} broke: {error}"


def _no_way(error: BaseException, broker: Broker) -> str:
    """What the network says, where there is more to it than its own words; else empty."""
    if isinstance(error, socket.gaierror):
        return f"the name {broker.host} is not known: check its spelling and your network"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {broker}: check the port, and whether the broker runs"
    if isinstance(error, ConnectionResetError) and broker.tls:
        return f"{broker} hangs up instead of talking TLS: does this port speak mqtt:// instead"
    if isinstance(error, TimeoutError):
        return f"{broker} does not answer: check host, port and firewall"
    return ""


def _wanted(broker: Broker) -> str:
    if not broker.tls:
        return "does it want mqtts://"
    return "does it want a client certificate" if broker.certificate is None else "does it know the client certificate"


def _certificate(error: ssl.SSLCertVerificationError, broker: Broker) -> str:
    what = f"the certificate of {broker} cannot be trusted: {error.verify_message.rstrip('.')}"
    own = "give the broker's own CA with --ca if it has one"
    trust = f"; {own if broker.ca is None else f'nobody in {broker.ca} has signed it'}"
    # Numbers of OpenSSL's X509_V_ERR_*: expired, not yet valid; the others are about who signed it or for whom.
    other_name = "; use the name that it is made out to"
    remedy = {10: "; it has to be renewed", 9: "; check the clocks", 62: other_name, 64: other_name}
    return what + remedy.get(error.verify_code, trust)


def _refused(error: aiomqtt.MqttCodeError, broker: Broker) -> str:
    code = _code(error)
    refused = isinstance(error, aiomqtt.exceptions.MqttConnectError)
    if code == _BAD_CREDENTIALS or (code == _NOT_AUTHORIZED and refused):
        who = "anybody without a user name" if broker.username is None else "the user name or the password"
        return (
            f"{broker} does not accept {who}: set IMUHIP_MQTT_USERNAME and IMUHIP_MQTT_PASSWORD, the settings file, "
            "or the keyring"
        )
    if code == PACKET_TOO_LARGE:
        return f"{broker} closed the connection because a message was larger than it allows: raise its limit"
    if code == UNSUPPORTED_VERSION:
        return f"{broker} speaks another version of MQTT"
    if words := _BROKE.get(code):
        return f"{broker} {words}"
    return f"the connection to {broker} broke: {error}"


def _code(error: aiomqtt.MqttCodeError) -> int | None:
    # What a broker says reaches us as a reason code of MQTT 5, from MQTT 3.1.1 too; plain numbers are paho's errors.
    return error.rc.value if isinstance(error.rc, ReasonCode) else None
