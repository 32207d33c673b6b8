"""Writing a recording so that it survives whatever stops the recorder."""

from __future__ import annotations

import binascii
import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from mcap.writer import Writer

from imuhip.errors import OutputError
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.recording.format import (
    CONTROL_SCHEMAS,
    LOSS_TOPIC,
    MARKS_TOPIC,
    NOTIFICATION_SCHEMA,
    PAYLOAD_PREFIX,
    PAYLOAD_SUFFIX,
    PROFILE,
    SESSION_INTERVAL_NS,
    SESSION_METADATA,
    SESSION_TOPIC,
    SYNC_INTERVAL_NS,
    WEAR_TOPIC,
    Loss,
    SessionInfo,
    check_sensors,
    loss_to_json,
    mark_to_json,
    sensor_topic,
    session_to_json,
)
from imuhip.recording.output import Output, output_error


class RecordingWriter:
    """Writes one recording; a context manager.

    Everything is on the disk a second after it arrived: when a notification arrives 0.9 s or more after the first one
    not yet synced, those before it are flushed and synced. Where notifications may stop coming, the caller adds a timer
    that calls :meth:`sync`.

    Args:
        path: The file to make, readable by its owner only.
        session: What is known about the recording.
        force: Replace an existing file.
        start_ns: Host time at which the recording begins; the anchor's where there is one.
        durable: Sync to the disk every second. Off where the data can be made again (imports, simulations): then the
            file is synced once, when it is closed; its chunks are the same.

    Raises:
        OutputError: The file exists, its folder is missing, or the disk is full.
        RecordingError: Two sensors of the session have the same role.
    """

    def __init__(
        self,
        path: Path | str,
        session: SessionInfo,
        *,
        force: bool = False,
        start_ns: int | None = None,
        durable: bool = True,
    ) -> None:
        check_sensors(session)
        self._session = session
        self._durable = durable
        self._output = Output(Path(path), force=force)
        self._mcap = Writer(cast("IO[Any]", self._output))
        self._chunk_since_ns: int | None = None
        self._session_due_ns: int | None = None
        if start_ns is None:
            start_ns = 0 if session.anchor is None else session.anchor.monotonic_ns
        self._last_ns = start_ns
        with self._closing_on_error():
            self._start()

    def write(self, block: NotificationBlock) -> None:
        """Write notifications.

        Args:
            block: Notifications in arrival order, none older than those written before.

        Raises:
            OutputError: The disk is full or gone; the file then ends at the last sync and can be read.
        """
        data = block.data.tobytes()
        arrivals, sensors, offsets = block.arrival_ns.tolist(), block.sensor.tolist(), block.offset.tolist()
        for i, (arrival_ns, sensor) in enumerate(zip(arrivals, sensors, strict=True)):
            if self._chunk_since_ns is None:
                self._chunk_since_ns = arrival_ns
            elif arrival_ns - self._chunk_since_ns >= SYNC_INTERVAL_NS:
                self.sync()
                self._chunk_since_ns = arrival_ns
            self._last_ns = arrival_ns
            text = binascii.b2a_base64(data[offsets[i] : offsets[i + 1]], newline=False)
            self._add(sensor_topic(sensor), PAYLOAD_PREFIX + text + PAYLOAD_SUFFIX)

    def mark(self, mark: Mark) -> None:
        """Write a mark as it opens, closes or, for a moment, happens; ``wear`` marks go to their own channel.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._last_ns = max(self._last_ns, mark.start_ns, mark.end_ns or 0)
        self._add(WEAR_TOPIC if mark.kind == "wear" else MARKS_TOPIC, _json(mark_to_json(mark)))

    def loss(self, loss: Loss) -> None:
        """Write what has been lost of a sensor so far.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._last_ns = max(self._last_ns, loss.at_ns)
        self._add(LOSS_TOPIC, _json(loss_to_json(loss)))

    @property
    def size_bytes(self) -> int:
        """Size of the file, what is not flushed yet included where it is known."""
        return self._output.tell()

    def sync(self) -> None:
        """Bring everything written so far to the disk, in a chunk of its own.

        Raises:
            OutputError: The disk is full or gone.
        """
        if self._session_due_ns is None:
            self._session_due_ns = self._last_ns + SESSION_INTERVAL_NS
        elif self._last_ns >= self._session_due_ns:
            self._session_due_ns = self._last_ns + SESSION_INTERVAL_NS
            self._add(SESSION_TOPIC, self._session_json)
        with self._closing_on_error():
            self._mcap.flush()  # type: ignore[no-untyped-call]
            if self._durable:
                self._output.sync()
        self._chunk_since_ns = None

    def close(self) -> None:
        """Write the index and close the file; calling it again does nothing.

        Raises:
            OutputError: The disk is full or gone; the file can be read all the same.
        """
        if self._output.closed:
            return
        with self._closing_on_error():
            self._add(SESSION_TOPIC, self._session_json)
            self._mcap.finish()  # type: ignore[no-untyped-call]
            self._output.flush()
            self._output.sync()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        self._session_json = _json(session_to_json(self._session))
        self._mcap.start(profile=PROFILE, library=self._session.program)
        text = self._session_json.decode("ascii")
        self._mcap.add_metadata(SESSION_METADATA, {"json": text, "crc32": f"{zlib.crc32(self._session_json):08x}"})
        self._channels: dict[str, int] = {}
        schemas: dict[str, int] = {}
        for topic, schema in CONTROL_SCHEMAS.items():
            if schema["title"] not in schemas:
                schemas[schema["title"]] = self._mcap.register_schema(schema["title"], "jsonschema", _json(schema))
            self._channels[topic] = self._mcap.register_channel(topic, "json", schemas[schema["title"]])
        title = NOTIFICATION_SCHEMA["title"]
        schema_id = self._mcap.register_schema(title, "jsonschema", _json(NOTIFICATION_SCHEMA))
        for sensor in self._session.sensors:
            topic = sensor_topic(sensor.index)
            self._channels[topic] = self._mcap.register_channel(topic, "json", schema_id, _about(sensor))
        self._counts = dict.fromkeys(self._channels, 0)
        self._add(SESSION_TOPIC, self._session_json)
        self.sync()

    def _add(self, topic: str, payload: bytes) -> None:
        self._output.require_open()
        self._mcap.add_message(
            channel_id=self._channels[topic],
            log_time=max(self._session.utc_ns(self._last_ns), 0),
            data=payload,
            publish_time=max(self._last_ns, 0),
            sequence=self._counts[topic],
        )
        self._counts[topic] += 1

    @contextlib.contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        """Translate what the disk says; after that the file is closed at its last good place."""
        self._output.require_open()
        try:
            yield
        except OSError as error:
            self._output.abandon()
            told = output_error(error, self._output.path)
            remedies = [told.remedy, None if self._output.empty else "What was written until then can be read"]
            raise OutputError(told.reason, path=told.path, remedy=". ".join(filter(None, remedies))) from error


def _about(sensor: SensorInfo) -> dict[str, str]:
    return {"role": sensor.role, "model": sensor.model, "driver": sensor.driver}


def _json(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":"), allow_nan=False).encode("ascii")
