"""Sessions that can be played as if they were live: a recording, or a virtual one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock
from imuhip.records import record

if TYPE_CHECKING:
    from imuhip.recording import Event
    from imuhip.recording.format import SessionInfo

VIRTUAL_SEED = 20
"""Of the wearer and the sensors; the same session every time, so that what is shown can be compared."""


@record
class Live:
    """A session to play.

    Attributes:
        session: Who wears which sensors, and when.
        events: Notifications in short blocks, and marks.
        duration_s: Length.
        takes_marks: Whether marks can be set while it plays.
        path: Where it was recorded; None where it is not.
    """

    session: SessionInfo
    events: Iterable[Event]
    duration_s: float
    takes_marks: bool
    path: Path | None = None


def recorded_session(path: Path, slice_s: float) -> Live:
    """A recording.

    Args:
        path: The recording.
        slice_s: Notifications are fed this much at a time.

    Raises:
        RecordingError: It cannot be read.
    """
    from imuhip.recording import Recording, recording_info

    source = Recording.open(path)
    duration_s = recording_info(path)["duration_s"]
    return Live(source.session, source.events(slice_s), duration_s, takes_marks=False, path=path)


def virtual_session(name: str) -> Live:
    """A simulated session that begins now, its notifications one at a time as a radio would bring them.

    Args:
        name: ``range_test``, ``strengthening``, ``both_legs`` or ``short``.
    """
    from imuhip.recording.format import Anchor, SessionInfo
    from imuhip.recording.importer import in_log_order
    from imuhip.simulation import script
    from imuhip.simulation.simulate import simulate

    made = simulate(getattr(script, f"{name}_session")(), seed=VIRTUAL_SEED)
    block = made.notifications()
    first_ns, last_ns = int(block.arrival_ns[0]), int(block.arrival_ns[-1])
    session = SessionInfo(
        tuple(made.sensors), wearer="virtual", anchor=Anchor(time.time_ns(), first_ns), source="simulation"
    )
    return Live(session, _one_by_one(in_log_order(block, made.marks)), (last_ns - first_ns) * 1e-9, takes_marks=True)


def _one_by_one(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, NotificationBlock):
            for row in range(len(event)):
                yield slice_block(event, row, row + 1)
        else:
            yield event
