"""Makes the shipped recordings and the truth beside them.

``recordings/<name>.mcap`` is what the radio of a simulated session of a real wearer would have handed over;
``<name>_truth.csv`` holds the true angles, with ``time_s`` from the recording's first sample and the columns of
``imuhip angles``, plus the rotation of the skin under the thigh's sensor, which is all that the sensor can follow.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.recording import Anchor, RecordingWriter, SessionInfo
from imuhip.simulation.script import range_test_session, strengthening_session
from imuhip.simulation.simulate import HOST_START_NS, SimulatedSession, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer

FOLDER = Path(__file__).resolve().parents[1] / "recordings"
SESSIONS = {
    "range_test": (range_test_session("right"), 11, datetime(2026, 1, 12, 17, 30, tzinfo=UTC)),
    "strengthening": (strengthening_session("left", repetitions=8), 12, datetime(2026, 1, 14, 17, 30, tzinfo=UTC)),
}
TRUTH_STEP = 5
"""Every fifth moment of the truth's 100 Hz: 20 Hz draws slow movements faithfully."""


def make(name: str) -> SimulatedSession:
    """Simulate one of the shipped sessions: consumer sensors, a real wearer, soft tissue."""
    session, seed, _ = SESSIONS[name]
    return simulate(session, seed=seed, wearer=Wearer.real(seed), soft_tissue=SoftTissue.real(seed))


def mark_messages(marks: tuple[Mark, ...]) -> list[tuple[int, Mark]]:
    """Each mark as it opens and again as it closes, in order of time, as somebody pressing buttons writes them."""
    messages: list[tuple[int, Mark]] = []
    for mark in marks:
        fields = {name: getattr(mark, name) for name in ("name", "side", "mode", "position", "value", "note", "sensor")}
        messages.append((mark.start_ns, Mark(mark.id, mark.kind, mark.start_ns, None, **fields)))
        messages.append((mark.end_ns or mark.start_ns, mark))
    return sorted(messages, key=lambda message: message[0])


def write_recording(path: Path, made: SimulatedSession, started: datetime) -> None:
    """Write notifications and marks in the order in which they happened."""
    anchor = Anchor(utc_ns=int(started.timestamp()) * 10**9, monotonic_ns=HOST_START_NS)
    info = SessionInfo(tuple(made.sensors), wearer="demo", anchor=anchor, source="simulation")
    block = made.notifications()
    with RecordingWriter(path, info, force=True, durable=False) as writer:
        done = 0
        for at_ns, mark in mark_messages(made.marks):
            upto = int(np.searchsorted(block.arrival_ns, at_ns))
            writer.write(slice_block(block, done, upto))
            writer.mark(mark)
            done = upto
        writer.write(slice_block(block, done, len(block)))


def truth_rows(made: SimulatedSession) -> Iterator[list[str]]:
    """Header and rows of the truth file."""
    truth = made.truth
    start_s = min(float(samples.time_s[0]) for samples in made.samples.values())
    names = ("flexion", "adduction", "internal_rotation")
    header = ["time_s"]
    for side in truth.hips:
        header += [f"hip_{side}_{name}_deg" for name in names] + [f"hip_{side}_skin_internal_rotation_deg"]
    yield header
    first = int(np.searchsorted(truth.time_s, start_s))
    for index in range(first, len(truth.time_s), TRUTH_STEP):
        row = [f"{truth.time_s[index] - start_s:.4f}"]
        for hip in truth.hips.values():
            row += [f"{angle:.2f}" for angle in (*hip.bone_deg[index], hip.skin_deg[index, 2])]
        yield row


def main() -> None:
    """Make all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, help="folder to write to")
    folder = parser.parse_args().output
    for name, (_, _, started) in SESSIONS.items():
        made = make(name)
        path = folder / f"{name}.mcap"
        write_recording(path, made, started)
        with (folder / f"{name}_truth.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(truth_rows(made))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {made.truth.time_s[-1]:.0f} s")


if __name__ == "__main__":
    main()
