"""What a recording holds: channels, JSON schemas and the format's version.

A recording is an MCAP file (https://mcap.dev/spec) of zstd chunks of at most about a second each. Every message is JSON
with a schema, so that general tools open it:

- ``/sensor/<index>/notification``: one message per raw notification, ``{"data": <base64>}``. ``publish_time`` is the
  host's monotonic time of arrival in nanoseconds; ``log_time`` is the same moment in UTC where the session has a
  wall-clock anchor, so that tools show real dates; ``sequence`` counts the notifications of the channel, so that losses
  show.
- ``/session``: who, when, and which sensors; first in the file, again every minute and at the end, so that damage to
  one place never makes the rest unreadable. A copy with its CRC is the metadata record ``imuhip.session``.
- ``/wear`` and ``/marks``: :class:`imuhip.marks.Mark`; a mark is written when it opens and again when it closes.
- ``/loss``: what was lost on the way, by cause.

Channels are always numbered alike (:data:`CONTROL_TOPICS` from 1, then the sensors), so that a file that lost its
channel records to damage can still be read. Addresses of sensors are never kept. Unknown channels and fields are
ignored; a newer major version is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from imuhip import __version__
from imuhip.errors import RecordingError
from imuhip.marks import Mark
from imuhip.packets.notification import SensorInfo
from imuhip.records import record

FORMAT_VERSION = (1, 0)
"""Major (a reader must know it) and minor (only additions)."""

PROFILE = "imuhip"
SESSION_TOPIC, WEAR_TOPIC, MARKS_TOPIC, LOSS_TOPIC = CONTROL_TOPICS = ("/session", "/wear", "/marks", "/loss")
FIRST_SENSOR_CHANNEL = len(CONTROL_TOPICS) + 1
SESSION_METADATA = "imuhip.session"

SYNC_INTERVAL_NS = 900_000_000
"""A chunk ends, and the file is synced, when a notification comes this long after the chunk's first. A killed recorder
must lose at most a second: 0.1 s is left for that notification to come and for the disk."""

SESSION_INTERVAL_NS = 60_000_000_000
"""A minute between copies of the session: 0.1 % of the file."""

PAYLOAD_PREFIX, PAYLOAD_SUFFIX = b'{"data":"', b'"}'
"""Around the base64 text of a notification, exactly, so that readers can decode in bulk."""


@record
class Anchor:
    """One moment on both clocks: UTC and the host's monotonic clock, nanoseconds."""

    utc_ns: int
    monotonic_ns: int


@record
class SessionInfo:
    """What is known about a recording as a whole.

    Attributes:
        sensors: The sensors; ``sensors[i].index == i``.
        wearer: The wearer's pseudonym, empty where unknown.
        anchor: Ties the host clock to UTC; None where the date is not known.
        source: Where the notifications came from: ``radio``, ``import``, ``simulation``.
        clock_offset_ns: An import's own clock in nanoseconds plus this is the recording's host clock; None where there
            is no clock but the host's.
        program: What wrote the recording.
    """

    sensors: tuple[SensorInfo, ...]
    wearer: str = ""
    anchor: Anchor | None = None
    source: str = ""
    clock_offset_ns: int | None = None
    program: str = f"imuhip {__version__}"

    def utc_ns(self, host_ns: int) -> int:
        """Return the UTC of a host time; the host time itself where there is no anchor."""
        return host_ns if self.anchor is None else self.anchor.utc_ns + (host_ns - self.anchor.monotonic_ns)


@record
class Loss:
    """What was lost of one sensor since the recording began.

    Attributes:
        sensor: Index of the sensor.
        at_ns: Host time of the count.
        counts: Notifications lost so far by cause, as ``{"queue_full": 3}``.
    """

    sensor: int
    at_ns: int
    counts: Mapping[str, int] = field(default_factory=dict)


def sensor_topic(index: int) -> str:
    """Return the topic of a sensor's notifications."""
    return f"/sensor/{index}/notification"


def check_sensors(session: SessionInfo) -> None:
    """Refuse sensors that cannot be told apart.

    Raises:
        RecordingError: A role is worn twice, or the indices are not 0, 1, 2, ...
    """
    roles = [sensor.role for sensor in session.sensors]
    for role in roles:
        if roles.count(role) > 1:
            raise RecordingError(f"two sensors have the role {role}")
    if [sensor.index for sensor in session.sensors] != list(range(len(roles))):
        raise RecordingError("the sensors are not numbered 0, 1, 2, ...")


def session_to_json(session: SessionInfo) -> dict[str, Any]:
    """Return the session as the payload of its channel."""
    anchor = session.anchor
    return {
        "format_version": ".".join(map(str, FORMAT_VERSION)),
        "program": session.program,
        "wearer": session.wearer,
        "source": session.source,
        "clock_offset_ns": session.clock_offset_ns,
        "anchor": None if anchor is None else {"utc_ns": anchor.utc_ns, "monotonic_ns": anchor.monotonic_ns},
        "sensors": [
            {
                "index": sensor.index,
                "role": sensor.role,
                "model": sensor.model,
                "driver": sensor.driver,
                "descriptor": base64.b64encode(sensor.descriptor).decode("ascii"),
            }
            for sensor in session.sensors
        ],
    }


def session_from_json(payload: Any) -> SessionInfo:
    """Read a session, ignoring what a later minor version added.

    Raises:
        RecordingError: It is of a newer major version.
        ValueError: It is not a session.
    """
    try:
        version = str(payload["format_version"])
        if int(version.split(".", maxsplit=1)[0]) > FORMAT_VERSION[0]:
            raise RecordingError(
                f"its format {version} is newer than this program reads ({FORMAT_VERSION[0]}.x)", remedy="Update imuhip"
            )
        anchor = payload["anchor"]
        offset_ns = payload.get("clock_offset_ns")
        return SessionInfo(
            sensors=tuple(map(_sensor_from_json, payload["sensors"])),
            wearer=str(payload["wearer"]),
            anchor=None if anchor is None else Anchor(int(anchor["utc_ns"]), int(anchor["monotonic_ns"])),
            source=str(payload.get("source", "")),
            clock_offset_ns=None if offset_ns is None else int(offset_ns),
            program=str(payload.get("program", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a session: {error!r}") from error


def _sensor_from_json(payload: Any) -> SensorInfo:
    return SensorInfo(
        index=int(payload["index"]),
        role=str(payload["role"]),
        model=str(payload["model"]),
        driver=str(payload["driver"]),
        descriptor=base64.b64decode(payload["descriptor"], validate=True),
    )


def mark_to_json(mark: Mark) -> dict[str, Any]:
    """Return a mark as the payload of its channel."""
    return asdict(mark)


def mark_from_json(payload: Any) -> Mark:
    """Read a mark.

    Raises:
        ValueError: It is not a mark.
    """
    try:
        end_ns, value, sensor = (payload.get(name) for name in ("end_ns", "value", "sensor"))
        side, mode, position = (payload.get(name) for name in ("side", "mode", "position"))
        return Mark(
            id=int(payload["id"]),
            kind=str(payload["kind"]),
            start_ns=int(payload["start_ns"]),
            end_ns=None if end_ns is None else int(end_ns),
            name=str(payload.get("name", "")),
            side=None if side is None else str(side),
            mode=None if mode is None else str(mode),
            position=None if position is None else str(position),
            value=None if value is None else float(value),
            note=str(payload.get("note", "")),
            sensor=None if sensor is None else int(sensor),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a mark: {error!r}") from error


def loss_to_json(loss: Loss) -> dict[str, Any]:
    """Return a loss as the payload of its channel."""
    return {"sensor": loss.sensor, "at_ns": loss.at_ns, "counts": dict(loss.counts)}


def loss_from_json(payload: Any) -> Loss:
    """Read a loss.

    Raises:
        ValueError: It is not a loss.
    """
    try:
        counts = {str(cause): int(count) for cause, count in payload["counts"].items()}
        return Loss(int(payload["sensor"]), int(payload["at_ns"]), counts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a loss: {error!r}") from error


def _schema(title: str, properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"title": title, "type": "object", "properties": properties, "required": list(required)}


_BASE64 = {"type": "string", "contentEncoding": "base64"}
_TEXT, _INTEGER = {"type": "string"}, {"type": "integer"}


def _or_null(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


NOTIFICATION_SCHEMA = _schema("imuhip.Notification", {"data": _BASE64}, ("data",))

SESSION_SCHEMA = _schema(
    "imuhip.Session",
    {
        "format_version": _TEXT,
        "program": _TEXT,
        "wearer": _TEXT,
        "source": _TEXT,
        "clock_offset_ns": _or_null("integer"),
        "anchor": {"type": ["object", "null"], "properties": {"utc_ns": _INTEGER, "monotonic_ns": _INTEGER}},
        "sensors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": _INTEGER, "role": _TEXT, "model": _TEXT, "driver": _TEXT, "descriptor": _BASE64
                },
                "required": ["index", "role", "model", "driver", "descriptor"],
            },
        },
    },
    ("format_version", "wearer", "anchor", "sensors"),
)  # fmt: skip

MARK_SCHEMA = _schema(
    "imuhip.Mark",
    {
        "id": _INTEGER,
        "kind": _TEXT,
        "start_ns": _INTEGER,
        "end_ns": _or_null("integer"),
        "name": _TEXT,
        "side": _or_null("string"),
        "mode": _or_null("string"),
        "position": _or_null("string"),
        "value": _or_null("number"),
        "note": _TEXT,
        "sensor": _or_null("integer"),
    },
    ("id", "kind", "start_ns", "end_ns"),
)

LOSS_SCHEMA = _schema(
    "imuhip.Loss",
    {"sensor": _INTEGER, "at_ns": _INTEGER, "counts": {"type": "object", "additionalProperties": _INTEGER}},
    ("sensor", "at_ns", "counts"),
)

CONTROL_SCHEMAS = {
    SESSION_TOPIC: SESSION_SCHEMA, WEAR_TOPIC: MARK_SCHEMA, MARKS_TOPIC: MARK_SCHEMA, LOSS_TOPIC: LOSS_SCHEMA
}  # fmt: skip
