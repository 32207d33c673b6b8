"""Figures of the radio client over the virtual radio; time is the simulation's, CPU is of both ends together.

``--quick`` takes less than a minute and fails where a figure misses its target.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.marks import Mark
from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.drivers import DRIVERS
from imuhip.packets.notification import NotificationBlock
from imuhip.radio.live import LiveSession
from imuhip.radio.pace import run
from imuhip.radio.virtual.own_sensor import OwnSensor
from imuhip.radio.virtual.wearer import VirtualWearer
from imuhip.radio.virtual.world import World, open_world, targets_of
from imuhip.recording import Anchor, Recording, RecordingWriter, SessionInfo, recording_info
from imuhip.samples.stage import SampleStage
from imuhip.simulation.sensors import SensorSamples
from imuhip.timeline.track import Track

ROLES = ("pelvis", "thigh_right", "thigh_left", "shank_right", "shank_left")
PPM = (50.0, -50.0, 20.0, -20.0, 0.0)
CLOCK_TARGET_MS = 5.0
CLOCK_SETTLES_S = 10.0
MEMORY_TARGET_MB_PER_H = 10.0

Beside = Callable[[World, LiveSession, "Sink"], Coroutine[Any, Any, None]]


class Sink:
    """Records, and remembers when each sensor was last heard.

    Args:
        writer: The recording.
    """

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self.heard_ns: dict[int, int] = {}

    def take(self, block: NotificationBlock) -> None:
        """Take notifications."""
        self._writer.write(block)
        self.heard_ns |= dict(zip(block.sensor.tolist(), block.arrival_ns.tolist(), strict=True))

    def mark(self, mark: Mark) -> None:
        """Take a mark."""
        self._writer.mark(mark)

    def tick(self, now_ns: int, lost: Sequence[int]) -> None:
        """Sync."""
        del now_ns, lost
        self._writer.sync()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a session left.

    Attributes:
        samples, lost: Per sensor.
        cpu_s: Processor time while it ran.
        truth: First sample's time and the true step of each sensor, seconds.
    """

    samples: Sequence[int]
    lost: Sequence[int]
    cpu_s: float
    truth: Sequence[tuple[float, float]]


def swinging(count: int, rate_hz: float) -> VirtualWearer:
    """A wearer of ``count`` sensors whose clocks run differently fast."""
    samples: dict[str, SensorSamples] = {}
    for role, ppm in zip(ROLES[:count], PPM, strict=False):
        step_s = 1.0 / (rate_hz * (1.0 + ppm * 1e-6))
        time_s = np.asarray(0.01 + np.arange(round(20 * rate_hz)) * step_s)
        swing = np.sin(2 * np.pi * 0.5 * time_s)
        acc = np.stack([np.zeros_like(swing), 9.81 * np.cos(swing / 2), 9.81 * np.sin(swing / 2)], axis=1)
        gyr = np.stack([np.gradient(swing / 2, time_s), np.zeros_like(swing), np.zeros_like(swing)], axis=1)
        samples[role] = SensorSamples(time_s, np.rint(time_s * 1e6).astype(np.int64), acc, gyr)
    return VirtualWearer(samples)


def session(path: Path, count: int, rate_hz: float, seconds: float, beside: Beside | None = None) -> Ran:
    """Record a session as fast as it goes."""

    async def main() -> Ran:
        worn = swinging(count, rate_hz)
        sensors: Mapping[str, OwnSensor] = {role: OwnSensor(role, worn, rate_hz=rate_hz) for role in worn.roles}
        async with open_world(worn, seed=5, firmwares=sensors) as world:
            targets = [replace(target, rate_hz=rate_hz) for target in targets_of(world)]
            live = LiveSession(world.adapter, targets)
            try:
                infos = await live.connect()
                worn.begin(asyncio.get_running_loop().time())
                stop = asyncio.Event()
                asyncio.get_running_loop().call_later(seconds, stop.set)
                began_s = time.process_time()
                info = SessionInfo(tuple(infos), anchor=Anchor(10**18, live.now_ns()), source="radio")
                with RecordingWriter(path, info, durable=False) as writer:
                    sink = Sink(writer)
                    doing = asyncio.create_task(beside(world, live, sink)) if beside else None
                    await live.feed(sink, stop)
                    if doing is not None:
                        await doing
                cpu_s = time.process_time() - began_s
            finally:
                await live.close()
        about = recording_info(path)["sensors"]
        return Ran(
            [each["samples"] for each in about],
            [each["lost"] for each in about],
            cpu_s,
            [sensor.lattice for sensor in sensors.values()],
        )

    return run(main(), speed=None)


def streaming(folder: Path, count: int, rate_hz: float, seconds: float) -> bool:
    """Print loss and CPU of a session; returns whether nothing was lost."""
    ran = session(folder / f"{count}.mcap", count, rate_hz, seconds)
    print(
        f"{count} sensors x {rate_hz:.0f}/s, {seconds:.0f} s: {sum(ran.samples)} samples, lost {sum(ran.lost)},"
        f" CPU {100 * ran.cpu_s / seconds:.1f} % of a core (sensors, both stacks, client, recorder)"
    )
    return sum(ran.lost) == 0


def reconnecting(folder: Path, times: int) -> bool:
    """Print how long it takes from a forced disconnect to the first new sample."""
    took_s: list[float] = []

    async def beside(world: World, live: LiveSession, sink: Sink) -> None:
        await asyncio.sleep(2.0)
        for _ in range(times):
            await world.sensors["thigh_right"].peripheral.drop()
            dropped_ns = live.now_ns()
            while sink.heard_ns[1] <= dropped_ns:  # noqa: ASYNC110  # the sink is plain code
                await asyncio.sleep(0.02)
            took_s.append((sink.heard_ns[1] - dropped_ns) * 1e-9)
            await asyncio.sleep(1.0 + 0.013 * len(took_s))

    ran = session(folder / "reconnect.mcap", 2, 100.0, times * 3.5 + 10, beside)
    print(
        f"{times} forced disconnects: back with a new sample after {statistics.median(took_s):.2f} s (median),"
        f" {max(took_s):.2f} s (worst); lost after refill {sum(ran.lost)}"
    )
    return len(took_s) == times and sum(ran.lost) == 0


def memory(folder: Path, minutes: float) -> bool:
    """Print how memory grows over a session."""
    seen_mb: list[float] = []

    async def beside(*_: object) -> None:
        for _step in range(10):
            await asyncio.sleep(minutes * 6 - 1)
            seen_mb.append(resident_mb())

    session(folder / "memory.mcap", 2, 100.0, minutes * 60, beside)
    slope = float(np.polyfit(np.arange(2, len(seen_mb)), seen_mb[2:], 1)[0]) * 10 / minutes * 60
    print(
        f"memory over {minutes:.0f} min of streaming: {seen_mb[0]:.0f} MB, {seen_mb[-1]:.0f} MB at the end,"
        f" {slope:+.1f} MB an hour"
    )
    return slope < MEMORY_TARGET_MB_PER_H


def resident_mb() -> float:
    """Memory of this process that is in use now; its peak where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return pages * resource.getpagesize() / 1e6


def clocks(folder: Path, minutes: float) -> bool:
    """Print how far samples are placed from when they were taken."""
    path = folder / "clocks.mcap"
    ran = session(path, 2, 100.0, minutes * 60)
    recording = Recording.open(path)
    fine = True
    for info, part, (first_s, step_s), ppm in zip(
        recording.sensors, split_by_sensor(recording.notifications(), 2), ran.truth, PPM, strict=False
    ):
        stage = SampleStage(info)
        timed = Track(stage.traits, fill=False).feed(stage.feed(part))
        if timed is None:
            return False
        packets = DRIVERS[info.driver].decode(part)
        number = np.repeat(packets.sequence, packets.count) + (
            np.arange(int(packets.count.sum())) - np.repeat(np.cumsum(packets.count) - packets.count, packets.count)
        )
        off_ms = np.abs(timed.host_ns * 1e-9 - (first_s + number * step_s)) * 1e3
        settled = off_ms[(number - number[0]) * step_s > CLOCK_SETTLES_S]
        p95 = float(np.percentile(settled, 95))
        fine &= p95 < CLOCK_TARGET_MS
        worst = settled.max()
        print(f"clock {ppm:+.0f} ppm, {minutes:.0f} min: placed within {p95:.1f} ms (95 %), worst {worst:.1f} ms")
    return fine


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    quick = parser.parse_args().quick
    logging.disable(logging.WARNING)  # the disconnects are ours
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fine = [
            streaming(folder, 2, 100.0, 120 if quick else 600),
            streaming(folder, 5, 200.0, 30 if quick else 300),
            reconnecting(folder, 10 if quick else 50),
            memory(folder, 5 if quick else 60),
            clocks(folder, 3 if quick else 30),
        ]
    if not all(fine):
        sys.exit("a figure misses its target")


if __name__ == "__main__":
    main()
