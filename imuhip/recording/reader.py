"""Reading a recording: whole, killed or damaged, by the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imuhip.errors import RecordingError
from imuhip.marks import Mark
from imuhip.packets.blocks import concat, slice_block
from imuhip.packets.notification import NotificationBlock, SensorInfo
from imuhip.recording.damage import Damage, assess, find_gaps
from imuhip.recording.format import Loss, SessionInfo, check_sensors
from imuhip.recording.loading import Contents, Segment, load
from imuhip.records import record
from imuhip.units import IntArray

Event = NotificationBlock | Mark | Loss


@record
class Recording:
    """A recording in memory.

    The notifications of an hour of three sensors take about 20 MB, those of an import 65 MB.

    Attributes:
        path: Where it was read from.
        session: Wearer, date, sensors.
        damage: Every place that could not be read and what that cost, in the order of the file; empty for a recording
            that is whole. A recorder that was killed leaves one entry at the end.
        missing: Notifications of each sensor that were written but cannot be read, without those of an end cut off.
        size_bytes: Size of the file.
        segments: The messages, in the order in which they were logged.
    """

    path: Path
    session: SessionInfo
    damage: tuple[Damage, ...]
    missing: tuple[int, ...]
    size_bytes: int
    segments: tuple[Segment, ...]

    @classmethod
    def open(cls, path: Path | str) -> Recording:
        """Read a recording.

        Args:
            path: The file; it may be truncated or damaged.

        Returns:
            Everything in it that can be read.

        Raises:
            RecordingError: It cannot be opened, is not a recording, has a newer format, lost every copy of its session,
                or two of its sensors have the same role.
        """
        path = Path(path)
        try:
            raw = path.read_bytes()
        except OSError as error:
            remedy = "Turn a folder of CSV files into one with `imuhip import`" if path.is_dir() else "Check its name"
            raise RecordingError(f"cannot be read: {error.strerror or error}", path=path, remedy=remedy) from error
        try:
            return cls._from_bytes(path, raw)
        except RecordingError as error:
            raise RecordingError(error.reason, path=path, place=error.place, remedy=error.remedy) from error

    @classmethod
    def _from_bytes(cls, path: Path, raw: bytes) -> Recording:
        contents = load(raw)
        session = contents.session
        if session is None and contents.closed and not contents.faults:
            raise RecordingError("this is an MCAP file, but not a recording of imuhip", remedy="Import its data as CSV")
        if session is None:
            reasons = ", ".join(dict.fromkeys(fault.reason for _, fault in contents.faults[:3])) or "its end is missing"
            raise RecordingError(
                f"nothing in it says which sensors were worn: {reasons}", remedy="Use another copy of the recording"
            )
        check_sensors(session)
        n_sensors = len(session.sensors)
        gaps = find_gaps(contents, n_sensors)
        return cls(
            path=path,
            session=session,
            damage=assess(contents, gaps, len(raw)),
            missing=tuple(sum(gap.count for gap in gaps if gap.sensor == index) for index in range(n_sensors)),
            size_bytes=len(raw),
            segments=_in_order(contents, n_sensors),
        )

    @property
    def sensors(self) -> tuple[SensorInfo, ...]:
        """The sensors; a notification's ``sensor`` is the position in here."""
        return self.session.sensors

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks in their final state, by start; one that was never closed has ``end_ns`` None."""
        marks: dict[int, Mark] = {}
        for segment in self.segments:
            marks |= {event.id: event for _, event in segment.events if isinstance(event, Mark)}
        return tuple(sorted(marks.values(), key=lambda mark: (mark.start_ns, mark.id)))

    def lost_notifications(self, sensor: int) -> dict[str, int]:
        """Return how many notifications of a sensor were lost on this host, by cause."""
        causes: dict[str, int] = {}
        for loss in self.losses:
            if loss.sensor == sensor:
                causes.update(loss.counts)
        if self.missing[sensor]:
            causes["unreadable"] = self.missing[sensor]
        return causes

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was lost on the way, the last count of each sensor and cause."""
        counts: dict[int, dict[str, int]] = {}
        at_ns: dict[int, int] = {}
        for segment in self.segments:
            for _, event in segment.events:
                if isinstance(event, Loss):
                    counts.setdefault(event.sensor, {}).update(event.counts)
                    at_ns[event.sensor] = event.at_ns
        return tuple(Loss(sensor, at_ns[sensor], counts[sensor]) for sensor in sorted(counts))

    def __len__(self) -> int:
        return sum(len(segment.block) for segment in self.segments)

    def notifications(self) -> NotificationBlock:
        """Return all notifications as one block, by arrival."""
        return concat([segment.block for segment in self.segments])

    def blocks(self, seconds: float | None = None) -> Iterator[NotificationBlock]:
        """Yield the notifications in blocks, by arrival.

        Args:
            seconds: Length of a block at most; None for blocks of 3-9 min, as they lie in memory.

        Yields:
            Blocks that are not empty.
        """
        for event in self.events(seconds):
            if isinstance(event, NotificationBlock):
                yield event

    def events(self, seconds: float | None = None) -> Iterator[Event]:
        """Yield notifications, marks and losses in the order in which they were logged.

        Blocks end where a mark or loss was logged, so that a replay sees each at the moment at which live saw it.

        Args:
            seconds: Length of a block at most; None for the largest blocks.

        Yields:
            Blocks that are not empty, marks and losses.
        """
        for segment in self.segments:
            at = 0
            for row, event in segment.events:
                yield from _cut(segment.block, at, row, seconds)
                yield event
                at = row
            yield from _cut(segment.block, at, len(segment.block), seconds)


def _cut(block: NotificationBlock, start: int, stop: int, seconds: float | None) -> Iterator[NotificationBlock]:
    """Yield rows ``start`` to ``stop - 1`` in blocks of at most ``seconds``."""
    while start < stop:
        end = stop
        if seconds is not None:
            limit_ns = int(block.arrival_ns[start]) + round(seconds * 1e9)
            end = max(start + 1, start + int(np.searchsorted(block.arrival_ns[start:stop], limit_ns)))
        yield slice_block(block, start, end)
        start = end


def _in_order(contents: Contents, n_sensors: int) -> tuple[Segment, ...]:
    """Return the segments sorted by arrival, without notifications of unknown sensors.

    The recorder writes them like that; other programs that copy recordings need not.
    """
    segments = [_of_known_sensors(segment, n_sensors) for segment in contents.segments]
    arrival_ns = np.concatenate([segment.block.arrival_ns for segment in segments])
    if bool((np.diff(arrival_ns) >= 0).all()):
        return tuple(segment for segment in segments if len(segment.block) or segment.events)
    starts = np.cumsum([0, *(len(segment.block) for segment in segments)]).tolist()
    return (
        Segment(
            block=_take(concat([segment.block for segment in segments]), np.argsort(arrival_ns, kind="stable")),
            sequence=np.concatenate([segment.sequence for segment in segments]),
            events=tuple(
                (start + row, event)
                for start, segment in zip(starts[:-1], segments, strict=True)
                for row, event in segment.events
            ),
        ),
    )


def _of_known_sensors(segment: Segment, n_sensors: int) -> Segment:
    known = segment.block.sensor < n_sensors
    if bool(known.all()):
        return segment
    before = np.concatenate(([0], np.cumsum(known)))
    return Segment(
        block=_take(segment.block, np.flatnonzero(known)),
        sequence=segment.sequence[known],
        events=tuple((int(before[row]), event) for row, event in segment.events),
    )


def _take(block: NotificationBlock, rows: IntArray) -> NotificationBlock:
    return concat([slice_block(block, row, row + 1) for row in rows.tolist()])
