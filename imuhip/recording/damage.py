"""What damage to a file cost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from imuhip.recording.loading import Contents
from imuhip.units import IntArray


@dataclass(frozen=True, slots=True)
class Damage:
    """A place in a recording that could not be read.

    Attributes:
        place: Where in the file, as "bytes 4096 to 8192".
        reason: What is wrong there.
        lost: Notifications lost there, of all sensors; None at the end of a file that was never closed.
        lost_s: Time between the readable notifications around it in seconds; None where there is none on one side.
    """

    place: str
    reason: str
    lost: int | None
    lost_s: float | None

    def __str__(self) -> str:
        lost = "an unknown number of" if self.lost is None else str(self.lost)
        seconds = "" if self.lost_s is None or not self.lost else f" within {self.lost_s:.1f} s"
        return f"{self.place}: {self.reason}; {lost} notifications lost{seconds}"


def assess(contents: Contents, n_sensors: int, size_bytes: int) -> tuple[Damage, ...]:
    """Find out what is missing, from what could not be read and from the notifications' running numbers.

    Args:
        contents: What was read.
        n_sensors: Sensors of the recording.
        size_bytes: Size of the file.

    Returns:
        One entry per place, in the order of the file.
    """
    sensor = np.concatenate([segment.block.sensor for segment in contents.segments])
    sequence = np.concatenate([segment.sequence for segment in contents.segments])
    arrival_ns = np.concatenate([segment.block.arrival_ns for segment in contents.segments])
    n = len(sensor)
    missing = _missing(sensor, sequence, contents.counts, n_sensors)
    places = {at: list(faults) for at, faults in groupby(contents.faults, key=lambda fault: fault[0])}
    found: list[tuple[int, Damage]] = []
    for at, faults in places.items():
        here = [gap for gap in missing if gap[0] <= at <= gap[1]]
        missing = [gap for gap in missing if not gap[0] <= at <= gap[1]]
        tail_unknown = at == n and not contents.counts
        lost = None if tail_unknown else sum(count for _, _, count in here)
        start, end = min(fault.start for _, fault in faults), max(fault.end for _, fault in faults)
        reasons = dict.fromkeys(fault.reason for _, fault in faults)
        place = f"bytes {start} to {end}" if end else f"after {at} notifications"
        found.append((at, Damage(place, ", ".join(reasons), lost, _seconds_around(arrival_ns, at))))
    for first, last, count in missing:
        seconds = _seconds_around(arrival_ns, last) if first == last - 1 else None
        found.append((last, Damage(f"after {first} notifications", "notifications are missing", count, seconds)))
    if not contents.closed and n not in places:
        reason = "the recording was never closed; at most its last second is lost"
        found.append((n, Damage(f"byte {size_bytes}", reason, None, None)))
    return tuple(damage for _, damage in sorted(found, key=lambda item: item[0]))


def _missing(
    sensor: IntArray, sequence: IntArray, counts: dict[int, int], n_sensors: int
) -> list[tuple[int, int, int]]:
    """Gaps in the running numbers: (position after which, position before which, how many)."""
    gaps: list[tuple[int, int, int]] = []
    for index in range(n_sensors):
        rows = np.flatnonzero(sensor == index)
        own = sequence[rows]
        # a recording that another program rewrote without running numbers has only zeros: nothing can be told
        if len(own) > 1 and not own.any():
            continue
        after = np.concatenate(([0], rows + 1))
        before = np.concatenate((rows, [len(sensor)]))
        total = max(counts.get(index, 0), int(own[-1]) + 1 if len(own) else 0)
        steps = np.diff(np.concatenate(([-1], own, [total]))) - 1
        gaps += [(int(after[i]), int(before[i]), int(steps[i])) for i in np.flatnonzero(steps > 0)]
    return gaps


def _seconds_around(arrival_ns: IntArray, at: int) -> float | None:
    if not 0 < at < len(arrival_ns):
        return None
    return float(arrival_ns[at] - arrival_ns[at - 1]) / 1e9
