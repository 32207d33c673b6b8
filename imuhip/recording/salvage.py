"""Saving what is readable of a damaged recording."""

from __future__ import annotations

from pathlib import Path

from imuhip.errors import OutputError
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.recording.damage import Damage
from imuhip.recording.format import Loss
from imuhip.recording.output import replacing
from imuhip.recording.reader import Recording
from imuhip.recording.writer import RecordingWriter
from imuhip.records import record

LOST_TO_DAMAGE = "damaged_file"
"""Cause under which a recovered recording counts what the damaged one had lost."""


@record
class RecoverReport:
    """What was saved and what was lost.

    Attributes:
        path: The recording that was made.
        notifications: Notifications saved.
        marks: Marks saved.
        missing: Notifications known to be lost, per sensor.
        damage: Every place of the damaged recording that could not be read.
    """

    path: Path
    notifications: int
    marks: int
    missing: tuple[int, ...]
    damage: tuple[Damage, ...]

    def __str__(self) -> str:
        saved = f"{_count(self.notifications, 'notification')} and {_count(self.marks, 'mark')} saved"
        if not self.damage:
            return f"{saved}, nothing was damaged"
        lost = [_count(sum(self.missing), "notification")] if any(self.missing) else []
        if any(damage.lost is None for damage in self.damage):
            lost.append("an unknown number at the end")
        return f"{saved}, {' and '.join(lost) or 'nothing'} lost at {_count(len(self.damage), 'damaged place')}"


def recover(path: Path | str, out: Path | str, *, force: bool = False) -> RecoverReport:
    """Write everything readable of a recording into a new, whole one.

    Args:
        path: The damaged recording; it is not changed.
        out: The recording to make.
        force: Replace an existing file.

    Returns:
        What was saved and lost.

    Raises:
        RecordingError: Nothing can be saved.
        OutputError: The new recording cannot be written, or is the damaged one.
    """
    path, out = Path(path), Path(out)
    recording = Recording.open(path)
    if out.exists() and out.samefile(path):
        raise OutputError("is the damaged recording itself", path=out, remedy="Choose another name")
    last_ns = 0
    start_ns = next((int(block.arrival_ns[0]) for block in recording.blocks()), None)
    with (
        replacing(out, force=force) as temporary,
        RecordingWriter(temporary, recording.session, force=True, start_ns=start_ns, durable=False) as writer,
    ):
        for event in recording.events():
            if isinstance(event, NotificationBlock):
                writer.write(event)
                last_ns = int(event.arrival_ns[-1])
            elif isinstance(event, Mark):
                writer.mark(event)
            else:
                writer.loss(event)
        for loss in _losses(recording, last_ns):
            writer.loss(loss)
    return RecoverReport(out, len(recording), len(recording.marks), recording.missing, recording.damage)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _losses(recording: Recording, at_ns: int) -> list[Loss]:
    """Count what the damage took as one more cause of loss, on top of an earlier recovery's count."""
    earlier = {loss.sensor: loss.counts.get(LOST_TO_DAMAGE, 0) for loss in recording.losses}
    return [
        Loss(sensor, at_ns, {LOST_TO_DAMAGE: earlier.get(sensor, 0) + count})
        for sensor, count in enumerate(recording.missing)
        if count
    ]
