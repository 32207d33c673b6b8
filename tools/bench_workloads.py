"""The workloads of bench_pipeline.py, each run in a process of its own that prints one JSON object.

``make``    simulate a long recording: one wearer, three sensors, one session that goes on and on
``filter``  the bare VQF C++ filter on a recording's samples, what the pipeline is measured against
``live``    a recording through the live path, one notification at a time
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from make_recordings import mark_messages
from vqf import VQF

from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block, split_by_sensor
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, Recording, RecordingWriter, SessionInfo
from imuhip.samples.stage import SampleStage
from imuhip.simulation.script import Session, range_test_session, strengthening_session
from imuhip.simulation.simulate import HOST_START_NS, simulate
from imuhip.simulation.wearer import SoftTissue, Wearer
from imuhip.units import FloatArray

SEED = 3
ROUND_S = 700.0
"""Range tests and strengthening exercises take a little longer than this; no two rounds are alike."""
RATE_HZ = 100.0
FILTER_RUNS = 5


def make(path: Path, seconds: float) -> dict[str, float]:
    """Simulate a recording of exactly some length: range tests and exercises in turn, as one continuous session.

    The clocks, the biases and the wearer run on from round to round; nothing is repeated and nothing is glued together.
    """
    steps = range_test_session().steps + strengthening_session().steps
    session = Session("long", "right", steps * int(seconds / ROUND_S + 1))
    made = simulate(
        session,
        seed=SEED,
        wearer=Wearer.real(SEED),
        soft_tissue=SoftTissue.real(SEED),
        both_thighs=True,
        rate_hz=RATE_HZ,
    )
    end_ns = HOST_START_NS + round(seconds * 1e9)
    anchor = Anchor(utc_ns=int(datetime(2026, 1, 12, tzinfo=UTC).timestamp()) * 10**9, monotonic_ns=HOST_START_NS)
    info = SessionInfo(tuple(made.sensors), wearer="bench", anchor=anchor, source="simulation")
    block = made.notifications()
    done, last = 0, int(np.searchsorted(block.arrival_ns, end_ns))
    with RecordingWriter(path, info, durable=False) as writer:
        for at_ns, mark in mark_messages(made.marks):
            if at_ns >= end_ns:
                break
            upto = int(np.searchsorted(block.arrival_ns, at_ns))
            writer.write(slice_block(block, done, upto))
            writer.mark(mark)
            done = upto
        writer.write(slice_block(block, done, last))
    return {"notifications": last}


def run_filter(path: Path) -> dict[str, float]:
    """Processor time of the filter alone on every sensor's samples, one after the other; the median of some runs."""
    samples = _samples(Recording.open(path))
    taken = []
    for _ in range(FILTER_RUNS):
        start_s = time.process_time()
        for gyr_rad_s, acc_m_s2 in samples:
            VQF(1 / RATE_HZ).updateBatch(gyr_rad_s, acc_m_s2)
        taken.append(time.process_time() - start_s)
    return {"seconds": statistics.median(taken), "samples": sum(len(gyr) for gyr, _ in samples)}


def run_live(path: Path) -> dict[str, float]:
    """Feed a recording one notification at a time; CPU and latency of the calls alone."""
    recording = Recording.open(path)
    pipeline = Pipeline(recording.sensors)
    cpu_s, taken_s, span_ns = 0.0, [], []
    for event in recording.events():
        if isinstance(event, NotificationBlock):
            span_ns += [int(event.arrival_ns[0]), int(event.arrival_ns[-1])]
            for row in range(len(event)):
                one = slice_block(event, row, row + 1)
                cpu_start_s, start_s = time.process_time(), time.perf_counter()
                pipeline.feed(one)
                taken_s.append(time.perf_counter() - start_s)
                cpu_s += time.process_time() - cpu_start_s
        elif isinstance(event, Mark):
            cpu_start_s = time.process_time()
            pipeline.mark(event)
            cpu_s += time.process_time() - cpu_start_s
    p50_s, p99_s = np.quantile(taken_s, (0.5, 0.99)).tolist()
    session_s = (span_ns[-1] - span_ns[0]) * 1e-9
    return {
        "calls": len(taken_s),
        "cpu_share": cpu_s / session_s,
        "p50_s": p50_s,
        "p99_s": p99_s,
        "worst_s": max(taken_s),
    }


def _samples(recording: Recording) -> list[tuple[FloatArray, FloatArray]]:
    """Gyr and acc (N, 3) of every sensor, contiguous, as the pipeline decodes them."""
    stages = [SampleStage(sensor) for sensor in recording.sensors]
    blocks = [
        [stage.feed(part) for stage, part in zip(stages, split_by_sensor(event, len(stages)), strict=True)]
        for event in recording.events()
        if isinstance(event, NotificationBlock)
    ]
    return [
        (
            np.ascontiguousarray(np.concatenate([block.gyr_rad_s for block in own])),
            np.ascontiguousarray(np.concatenate([block.acc_m_s2 for block in own])),
        )
        for own in zip(*blocks, strict=True)
    ]


def main() -> None:
    """Run one workload."""
    parser = argparse.ArgumentParser(description="A workload of bench_pipeline.py.")
    parser.add_argument("workload", choices=("make", "filter", "live"))
    parser.add_argument("recording", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0, help="length of the recording to make")
    given = parser.parse_args()
    if given.workload == "make":
        result = make(given.recording, given.seconds)
    elif given.workload == "filter":
        result = run_filter(given.recording)
    else:
        result = run_live(given.recording)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
