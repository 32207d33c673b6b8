"""Measures what finding and grading repetitions adds to the analysis of an hour, as a share of the core's time.

    python tools/bench_exercises.py              an hour; --seconds for less

The core is everything up to hip angles, on the whole recording. Both are processor time, the least of some rounds.
Exit status 1 if the exercises cost more than half of the core.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program itself: it is read when numpy is first imported

from bench_processes import recording_of

from imuhip.catalogue_files import load_catalogue
from imuhip.exercises.catalogue import Catalogue
from imuhip.marks import Mark
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import refine
from imuhip.recording import Recording

LIMIT = 0.5
ROUNDS = 3


def seconds_of(recording: Recording, catalogue: Catalogue | None) -> tuple[float, int]:
    """Processor time of an analysis, and how many repetitions it found.

    Args:
        recording: To measure.
        catalogue: What exercises are; None for the core alone.
    """
    events = [event for event in recording.events() if isinstance(event, NotificationBlock | Mark)]
    start_s = time.process_time()
    refined = refine(recording.sensors, events, catalogue=catalogue)
    return time.process_time() - start_s, sum(len(one.reps) for one in refined.sets)


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3600.0, help="length of the recording")
    given = parser.parse_args()
    recording = Recording.open(recording_of(given.seconds))
    catalogue = load_catalogue()
    core_s = with_s = float("inf")
    reps = 0
    for _ in range(ROUNDS):
        core_s = min(core_s, seconds_of(recording, None)[0])
        taken_s, reps = seconds_of(recording, catalogue)
        with_s = min(with_s, taken_s)
    share = with_s / core_s - 1.0
    print("| Added to the core by | Measured | Limit |")
    print("|---|---|---|")
    print(f"| {reps} repetitions in {given.seconds / 60:.0f} minutes | {share:.2f} x ({core_s:.2f} s) | {LIMIT} x |")
    if share > LIMIT:
        raise SystemExit("missed: exercises cost more than half of the core")


if __name__ == "__main__":
    main()
