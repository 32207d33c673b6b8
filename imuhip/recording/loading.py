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
from imuhip.recording import scan
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
from imuhip.units import IntArray

SEGMENT_BYTES = 1 << 22
"""Chunks are decoded together until they hold this much (4 MiB, 3-9 min of three sensors): large enough that numpy's
overhead vanishes, small enough that the scratch memory is reused; 16 MiB are a tenth slower."""

SENSOR_LIMIT = 64
"""More than anybody wears; sensor channels up to here are told from their number where the channel records are lost."""

_SENSOR_NUMBERS = {str(i): i for i in range(SENSOR_LIMIT)}

_IGNORED, _CONTROL = -2, -1  # what a channel is, where it is not a sensor


@dataclass(frozen=True, slots=True)
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
        self._kinds = np.full(1 << 16, _IGNORED, dtype=np.int64)
        self._topics = dict(enumerate(CONTROL_TOPICS, start=1))
        self._topics |= {FIRST_SENSOR_CHANNEL + i: sensor_topic(i) for i in range(SENSOR_LIMIT)}
        for channel, topic in self._topics.items():
            self._kinds[channel] = _kind(topic)
        self._notifications = 0
        self._statistics: dict[int, int] = {}
        self._spare_session: SessionInfo | None = None
        self._begin_segment()

    def survey(self) -> list[scan.ChunkPlace | scan.Fault | scan.Records]:
        """Find the pieces of the file in order, and read the records outside the chunks."""
        pieces: list[scan.ChunkPlace | scan.Fault | scan.Records] = []
        raw, at = self._raw, 0
        if raw.startswith(scan.MAGIC):
            at = len(scan.MAGIC)
        else:
            pieces.append(scan.Fault(0, len(scan.MAGIC), "its first bytes are not those of a recording"))
        for place in scan.find_chunks(raw):
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

    def take(self, piece: scan.ChunkPlace | scan.Fault | scan.Records) -> None:
        """Read one piece of the file."""
        if isinstance(piece, scan.Fault):
            self._faults.append((len(self._starts), piece))
        elif isinstance(piece, scan.Records):  # messages outside of chunks, which other programs may write
            stretch = self._raw[piece.messages[0] : piece.end]
            self._collect(stretch, scan.walk(stretch, 0, len(stretch)))
        else:
            data = scan.unpack(self._raw, piece, self._unpacker)
            if isinstance(data, scan.Fault):
                self._faults.append((len(self._starts), data))
                return
            found = scan.walk(data, 0, len(data))
            if found.end != len(data):
                fault = scan.Fault(piece.start, piece.end, "the records of its chunk are malformed")
                self._faults.append((len(self._starts) + len(found.messages), fault))
            for opcode, start, end in found.others:
                if opcode == scan.CHANNEL:
                    self._name_channel(data[start + 9 : end])
            self._collect(data, found)

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

    def _between(self, start: int, end: int) -> list[scan.ChunkPlace | scan.Fault | scan.Records]:
        found = scan.walk(self._raw, start, end)
        pieces: list[scan.ChunkPlace | scan.Fault | scan.Records] = []
        for opcode, first, after in found.others:
            body = self._raw[first + 9 : after]
            if opcode == scan.CHUNK:
                damaged = scan.Fault(first, after, "the header of its chunk is damaged")
                pieces.append(scan.chunk_place(self._raw, first) or damaged)
            elif opcode == scan.CHANNEL:
                self._name_channel(body)
            elif opcode == scan.METADATA:
                self._spare_session = self._spare_session or _spare_session(body)
            elif opcode == scan.STATISTICS:
                self._statistics = scan.read_statistics(body)
            elif opcode == scan.FOOTER:
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
        self._size = 0
        self._starts: list[int] = []
        self._faults: list[tuple[int, scan.Fault]] = []

    def _collect(self, data: bytes, found: scan.Records) -> None:
        base = self._size
        self._starts += [base + start for start in found.messages] if base else found.messages
        self._parts.append(data)
        self._size += len(data)
        if self._size >= SEGMENT_BYTES:
            self._end_segment()

    def _end_segment(self) -> None:
        buffer = np.frombuffer(b"".join(self._parts), dtype=np.uint8)
        messages = read_headers(buffer, np.array(self._starts, dtype=np.int64))
        kind = self._kinds[messages.channel]
        rows = np.flatnonzero(kind >= 0)
        ours = messages.take(rows)
        data, length, good = decode_payloads(buffer, ours)
        for row in np.flatnonzero(~good).tolist():
            self._faults.append((int(rows[row]), scan.Fault(0, 0, "a notification is malformed")))
        notification = np.zeros(len(kind), dtype=np.int64)
        notification[rows[good]] = 1
        before = np.concatenate(([0], np.cumsum(notification)))  # notifications before each message
        self._faults.sort(key=lambda fault: fault[0])
        self._contents.faults += [(self._notifications + int(before[at]), fault) for at, fault in self._faults]
        events = self._read_events(buffer, messages, kind, before)
        sensor = kind[rows]
        block = NotificationBlock(
            arrival_ns=ours.publish_ns[good],
            sensor=sensor[good],
            data=data,
            offset=np.concatenate(([0], np.cumsum(length[good]))),
        )
        self._contents.segments.append(Segment(block, ours.sequence[good], tuple(events)))
        self._notifications += len(block)
        self._begin_segment()

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
