"""What damage to a file cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from imuhip.recording.loading import Contents
from imuhip.records import record
from imuhip.units import IntArray


@record
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


@record
class Gap:
    """Notifications of one sensor that were written but cannot be read.

    Attributes:
        sensor: Index of the sensor.
        after: Number of readable notifications, of all sensors, up to the sensor's last one before the gap.
        before: Number of readable notifications before the sensor's next one.
        count: How many are missing.
    """

    sensor: int
    after: int
    before: int
    count: int


def find_gaps(contents: Contents, n_sensors: int) -> tuple[Gap, ...]:
    """Find what is missing from the running numbers of the notifications.

    Args:
        contents: What was read.
        n_sensors: Sensors of the recording.

    Returns:
        The gaps, sensor by sensor.
    """
    sensor = np.concatenate([segment.block.sensor for segment in contents.segments])
    sequence = np.concatenate([segment.sequence for segment in contents.segments])
    gaps: list[Gap] = []
    for index in range(n_sensors):
        rows = np.flatnonzero(sensor == index)
        own = sequence[rows]
        # a recording that another program rewrote without running numbers has only zeros: nothing can be told
        if len(own) > 1 and not own.any():
            continue
        total = max(contents.counts.get(index, 0), int(own[-1]) + 1 if len(own) else 0)
        missing = np.diff(own, prepend=-1, append=total) - 1
        for i in np.flatnonzero(missing > 0).tolist():
            after = int(rows[i - 1]) + 1 if i else 0
            before = int(rows[i]) if i < len(rows) else len(sensor)
            gaps.append(Gap(index, after, before, int(missing[i])))
    return tuple(gaps)


def assess(contents: Contents, gaps: Sequence[Gap], size_bytes: int) -> tuple[Damage, ...]:
    """Tell what could not be read and what that cost.

    Args:
        contents: What was read.
        gaps: What is missing.
        size_bytes: Size of the file.

    Returns:
        One entry per place, in the order of the file.
    """
    arrival_ns = np.concatenate([segment.block.arrival_ns for segment in contents.segments])
    n = len(arrival_ns)
    open_gaps = list(gaps)
    found: list[tuple[int, Damage]] = []
    places = {at: list(faults) for at, faults in groupby(contents.faults, key=lambda fault: fault[0])}
    for at, faults in places.items():
        here = [gap for gap in open_gaps if gap.after <= at <= gap.before]
        open_gaps = [gap for gap in open_gaps if gap not in here]
        unknown = at == n and not contents.counts and any(fault.costly for _, fault in faults)
        lost = None if unknown else sum(gap.count for gap in here)
        start, end = min(fault.start for _, fault in faults), max(fault.end for _, fault in faults)
        reasons = ", ".join(dict.fromkeys(fault.reason for _, fault in faults))
        place = f"bytes {start} to {end}" if end else f"after {at} notifications"
        found.append((at, Damage(place, reasons, lost, _seconds_around(arrival_ns, at))))
    for gap in open_gaps:
        place = f"after {gap.after} notifications"
        found.append((gap.after, Damage(place, f"notifications of sensor {gap.sensor} are missing", gap.count, None)))
    if not contents.closed and n not in places:
        if contents.counts:
            found.append((n, Damage(f"byte {size_bytes}", "the end of the file is damaged", 0, None)))
        else:
            reason = "the recording was never closed; at most its last second is lost"
            found.append((n, Damage(f"byte {size_bytes}", reason, None, None)))
    return tuple(damage for _, damage in sorted(found, key=lambda item: item[0]))


def _seconds_around(arrival_ns: IntArray, at: int) -> float | None:
    if not 0 < at < len(arrival_ns):
        return None
    return float(arrival_ns[at] - arrival_ns[at - 1]) / 1e9
