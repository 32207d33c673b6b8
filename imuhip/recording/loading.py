"""From a file's bytes to notifications, marks and losses, whatever its state."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zstandard

from imuhip.errors import RecordingError
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.recording import scan, walking
from imuhip.recording.format import (
    CONTROL_TOPICS,
    FIRST_SENSOR_CHANNEL,
    LOSS_TOPIC,
    SESSION_METADATA,
    SESSION_TOPIC,
    Loss,
    SessionInfo,
    loss_from_json,
    mark_from_json,
    sensor_topic,
    session_from_json,
)
from imuhip.recording.payloads import Messages, decode_payloads, read_headers
from imuhip.records import record
from imuhip.units import IntArray

SEGMENT_BYTES = 1 << 22
"""Chunks are decoded together until they hold this much (4 MiB, 3-9 min of three sensors): large enough that numpy's
overhead vanishes, small enough that the scratch memory is reused; 16 MiB are a tenth slower."""

SENSOR_LIMIT = 64
"""More than anybody wears; sensor channels up to here are told from their number where the channel records are lost."""

_SENSOR_NUMBERS = {str(i): i for i in range(SENSOR_LIMIT)}

_IGNORED, _CONTROL = -2, -1  # what a channel is, where it is not a sensor


@record
class Segment:
    """Decoded messages of consecutive chunks.

    Attributes:
        block: The notifications in the order of the file.
        sequence: (N,) running number of each within its sensor.
        events: (row, mark or loss), each logged before the notification of that row.
    """

    block: NotificationBlock
    sequence: IntArray
    events: tuple[tuple[int, Mark | Loss], ...]


@dataclass(slots=True)
class Contents:
    """Everything that a file holds.

    Attributes:
        session: None where no copy of it is readable.
        segments: The messages.
        faults: (notifications before it, what) of every place that could not be read.
        counts: Notifications per sensor that the file says were written; empty where it does not say.
        closed: Whether the recording was closed properly.
    """

    session: SessionInfo | None = None
    segments: list[Segment] = field(default_factory=list)
    faults: list[tuple[int, scan.Fault]] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    closed: bool = False


def load(raw: bytes) -> Contents:
    """Read everything that can be read.

    Args:
        raw: The whole file.

    Returns:
        What it holds.

    Raises:
        RecordingError: It is not a recording, or of a newer format.
    """
    loader = _Loader(raw)
    for piece in loader.survey():
        loader.take(piece)
    return loader.finish()


class _Loader:
    """Goes through the file twice: once around the chunks, for what names the channels, then through the chunks."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._contents = Contents()
        self._unpacker = zstandard.ZstdDecompressor()
        self._kinds = np.full(1 << 16, _IGNORED, dtype=np.int8)
        self._topics = dict(enumerate(CONTROL_TOPICS, start=1))
        self._topics |= {FIRST_SENSOR_CHANNEL + i: sensor_topic(i) for i in range(SENSOR_LIMIT)}
        for channel, topic in self._topics.items():
            self._kinds[channel] = _kind(topic)
        self._notifications = 0
        self._statistics: dict[int, int] = {}
        self._spare_session: SessionInfo | None = None
        self._begin_segment()

    def survey(self) -> list[scan.ChunkPlace | scan.Fault | walking.Records]:
        """Find the pieces of the file in order, and read the records outside the chunks."""
        pieces: list[scan.ChunkPlace | scan.Fault | walking.Records] = []
        raw, at = self._raw, 0
        if raw.startswith(scan.MAGIC):
            at = len(scan.MAGIC)
        else:
            pieces.append(scan.Fault(0, len(scan.MAGIC), "its first bytes are not those of a recording"))
        for place in scan.find_chunks(raw):
            if at < place.start:
                pieces += self._between(at, place.start)
            pieces.append(place)
            at = place.end
        ended = raw.endswith(scan.MAGIC) and len(raw) >= at + len(scan.MAGIC)
        pieces += self._between(at, len(raw) - len(scan.MAGIC) if ended else len(raw))
        if not raw.startswith(scan.MAGIC) and not any(isinstance(piece, scan.ChunkPlace) for piece in pieces):
            raise RecordingError(
                "this is not a recording", place="byte 0", remedy="Turn CSV files into one with `imuhip import`"
            )
        return pieces

    def take(self, piece: scan.ChunkPlace | scan.Fault | walking.Records) -> None:
        """Read one piece of the file."""
        if isinstance(piece, scan.Fault):
            self._faults.append((len(self._parts), piece))
        elif isinstance(piece, walking.Records):  # messages outside of chunks, which other programs may write
            self._collect(self._raw[piece.messages[0] : piece.end], None)
        else:
            data = scan.unpack(self._raw, piece, self._unpacker)
            if isinstance(data, scan.Fault):
                self._faults.append((len(self._parts), data))
            else:
                self._collect(data, piece)

    def finish(self) -> Contents:
        """Decode what is left and sum up."""
        self._end_segment()
        contents = self._contents
        contents.session = contents.session or self._spare_session
        for channel, count in self._statistics.items():
            sensor = int(self._kinds[channel])
            if sensor >= 0:
                contents.counts[sensor] = count
        return contents

    def _between(self, start: int, end: int) -> list[scan.ChunkPlace | scan.Fault | walking.Records]:
        found = walking.walk(self._raw, start, end)
        pieces: list[scan.ChunkPlace | scan.Fault | walking.Records] = []
        for opcode, first, after in found.others:
            body = self._raw[first + walking.RECORD_HEADER_SIZE : after]
            if opcode == walking.CHUNK:
                damaged = scan.Fault(first, after, "the header of its chunk is damaged")
                pieces.append(scan.chunk_place(self._raw, first) or damaged)
            elif opcode == walking.CHANNEL:
                self._name_channel(body)
            elif opcode == walking.METADATA:
                self._spare_session = self._spare_session or _spare_session(body)
            elif opcode == walking.STATISTICS:
                self._statistics = scan.read_statistics(body)
            elif opcode == walking.FOOTER:
                self._contents.closed = after == len(self._raw) - len(scan.MAGIC)
                damage = scan.check_summary(self._raw, first)
                if damage is not None:
                    self._statistics = {}
                    pieces.append(damage)
        if found.messages:
            pieces.append(found)
        if found.end != end:
            reason = "the file ends inside a record" if end == len(self._raw) else "its records are damaged"
            pieces.append(scan.Fault(found.end, end, reason))
        return pieces

    def _name_channel(self, body: bytes) -> None:
        named = scan.read_channel(body)
        if named is not None:
            channel, topic = named
            self._topics[channel] = topic
            self._kinds[channel] = _kind(topic)

    def _begin_segment(self) -> None:
        self._parts: list[bytes] = []
        self._places: list[scan.ChunkPlace | None] = []
        self._size = 0
        self._faults: list[tuple[int, scan.Fault]] = []  # with the number of parts before it

    def _collect(self, data: bytes, place: scan.ChunkPlace | None) -> None:
        self._parts.append(data)
        self._places.append(place)
        self._size += len(data)
        if self._size >= SEGMENT_BYTES:
            self._end_segment()

    def _end_segment(self) -> None:
        found = walking.walk_all(self._parts)
        faults = self._faults_of(found)
        for opcode, start, end in found.others:
            if opcode == walking.CHANNEL:
                self._name_channel(found.buffer[start + walking.RECORD_HEADER_SIZE : end].tobytes())
        messages = read_headers(found.buffer, found.messages)
        kind = self._kinds[messages.channel].astype(np.int64)
        rows = np.flatnonzero(kind >= 0)
        ours = messages if len(rows) == len(kind) else messages.take(rows)
        data, length, good = decode_payloads(found.buffer, ours)
        for row in np.flatnonzero(~good).tolist():
            faults.append((int(rows[row]), scan.Fault(0, 0, "a notification is malformed")))
        before = np.zeros(len(kind) + 1, dtype=np.int64)  # notifications before each message
        before[rows[good] + 1] = 1
        np.cumsum(before, out=before)
        faults.sort(key=lambda fault: fault[0])
        self._contents.faults += [(self._notifications + int(before[at]), fault) for at, fault in faults]
        events = self._read_events(found.buffer, messages, kind, before)
        block = NotificationBlock(
            arrival_ns=ours.publish_ns[good],
            sensor=kind[rows][good],
            data=data,
            offset=np.concatenate(([0], np.cumsum(length[good]))),
        )
        self._contents.segments.append(Segment(block, ours.sequence[good], tuple(events)))
        self._notifications += len(block)
        self._begin_segment()

    def _faults_of(self, found: walking.Stretches) -> list[tuple[int, scan.Fault]]:
        """Return the segment's faults with the number of messages before each."""
        faults: list[tuple[int, scan.Fault]] = []
        for part in found.broken:
            place = self._places[part]
            if place is not None:
                reason = "the records of its chunk are malformed"
                faults.append((part + 1, scan.Fault(place.start, place.end, reason)))
        before = np.searchsorted(found.messages, found.edge).tolist()
        return [(before[part], fault) for part, fault in sorted(faults + self._faults, key=lambda fault: fault[0])]

    def _read_events(
        self, buffer: np.ndarray[Any, Any], messages: Messages, kind: IntArray, before: IntArray
    ) -> list[tuple[int, Mark | Loss]]:
        events: list[tuple[int, Mark | Loss]] = []
        for row in np.flatnonzero(kind == _CONTROL).tolist():
            start, length = int(messages.start[row]), int(messages.length[row])
            topic = self._topics[int(messages.channel[row])]
            try:
                payload = json.loads(buffer[start : start + length].tobytes())
                if topic == SESSION_TOPIC:
                    self._contents.session = self._contents.session or session_from_json(payload)
                else:
                    event = loss_from_json(payload) if topic == LOSS_TOPIC else mark_from_json(payload)
                    events.append((int(before[row]), event))
            except (ValueError, RecursionError) as error:
                at = self._notifications + int(before[row])
                self._contents.faults.append((at, scan.Fault(0, 0, f"a message of {topic} is malformed: {error}")))
        return events


def _kind(topic: str) -> int:
    if topic in CONTROL_TOPICS:
        return _CONTROL
    parts = topic.split("/")
    if len(parts) == 4 and parts[1] == "sensor" and parts[3] == "notification" and parts[2] in _SENSOR_NUMBERS:
        return _SENSOR_NUMBERS[parts[2]]
    return _IGNORED


def _spare_session(body: bytes) -> SessionInfo | None:
    """Read the copy of the session that the metadata holds; None where it is damaged or something else."""
    name, entries = scan.read_metadata(body) or ("", {})
    text = entries.get("json", "").encode()
    if name != SESSION_METADATA or entries.get("crc32") != f"{zlib.crc32(text):08x}":
        return None
    try:
        return session_from_json(json.loads(text))
    except ValueError:
        return None
