"""Measures publishing against a real Mosquitto on loopback, and prints it as a Markdown table.

- *Latency*: from the notification that completes a frame, handed to the pipeline, to the frame's message at a second
  process; the pipeline's work is in it, the time that frames wait for late sensors is not. Simulated sensors, one
  notification at a time, at their own pace.
- *CPU*: processor time of the publishing process, all threads, and what the pipeline alone takes of it.
- *Broker killed*: SIGKILL again and again while events are published, with Mosquitto's persistence and without.
- *Broker away*: a simulated hour at the full rate, as fast as it goes.

Counts (events lost, order, frames lost, what waits in memory) are asserted: exit status 1 where one is wrong. Times and
shares are reported beside their aims.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import math
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from mqtt_peers import PATIENCE_S, Broker, Message, Subscriber, Table, percentile, publish

from imuhip.catalogue_files import load_catalogue
from imuhip.live_results import LiveResults
from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import NotificationBlock
from imuhip.pipeline import Pipeline
from imuhip.recording.format import Anchor, SessionInfo
from imuhip.recording.importer import in_log_order
from imuhip.simulation.script import range_test_session
from imuhip.simulation.simulate import simulate
from imuhip.sinks.mqtt import address
from imuhip.sinks.mqtt.sink import MqttSink, Publishing
from imuhip.sinks.mqtt.tap import MqttTap
from imuhip.sinks.mqtt.topics import Identity

UTC_NS = 1_763_704_800_000_000_000
SESSION_S = 240.0
"""Every simulated session of range tests is longer than this."""
EVENT = {"exercise": "bridge", "side": "right", "range_deg": 41.2, "good": True, "faults": []}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    latency_s: float
    wearers_s: float
    events: int
    kills: int


FULL, QUICK = Size(300.0, 60.0, 10_000, 20), Size(6.0, 6.0, 600, 3)


class Wearer:
    """A simulated wearer whose notifications come at their own pace.

    Args:
        number: Another one for each; also the seed.
        sink: Where the results go; None for nowhere.
        seconds: How long it must be at least.
    """

    def __init__(self, number: int, sink: MqttSink | None, seconds: float = SESSION_S) -> None:
        once = range_test_session()
        made = simulate(replace(once, steps=once.steps * math.ceil(seconds / SESSION_S)), seed=number)
        block = made.notifications()
        self.first_ns = int(block.arrival_ns[0])
        self.events = list(_one_by_one(in_log_order(block, made.marks)))
        session = SessionInfo(tuple(made.sensors), anchor=Anchor(UTC_NS, self.first_ns))
        self.pipeline = Pipeline(made.sensors)
        self.tap = None if sink is None else MqttTap(sink, self.pipeline, session)
        self.results = LiveResults(self.pipeline, load_catalogue(), [each.role for each in made.sensors])
        self.fed_s: list[tuple[int, float, float]] = []
        """First frame number after a notification, when that was handed to the pipeline, and when it came out."""

    def feed(self, event: NotificationBlock | Mark) -> None:
        """Hand over one notification or mark."""
        at_s = time.monotonic()
        blocks = self.pipeline.mark(event) if isinstance(event, Mark) else self.pipeline.feed(event)
        if blocks:
            self.fed_s.append((blocks[-1].start_index + len(blocks[-1]), at_s, time.monotonic()))
        if self.tap is not None:
            if isinstance(event, Mark):
                self.results.mark(event)
            self.tap.take(blocks, self.results.take(blocks))


def _one_by_one(events: Iterator[NotificationBlock | Mark]) -> Iterator[NotificationBlock | Mark]:
    for event in events:
        if isinstance(event, Mark):
            yield event
        else:
            yield from (slice_block(event, row, row + 1) for row in range(len(event)))


def play(wearers: Sequence[Wearer], seconds: float) -> float:
    """Feed wearers side by side at their own pace; returns the processor time of this process per second."""
    queue: list[tuple[int, int, NotificationBlock | Mark]] = []
    for n, wearer in enumerate(wearers):
        at_ns = 0
        for event in wearer.events:
            at_ns = at_ns if isinstance(event, Mark) else int(event.arrival_ns[-1]) - wearer.first_ns
            queue.append((at_ns, n, event))
    queue.sort(key=lambda item: item[0])
    began_s, cpu_s = time.monotonic(), time.process_time()
    for at_ns, n, event in queue:
        if at_ns > seconds * 1e9:
            break
        if (wait_s := began_s + at_ns * 1e-9 - time.monotonic()) > 0:
            time.sleep(wait_s)
        wearers[n].feed(event)
    return (time.process_time() - cpu_s) / (time.monotonic() - began_s)


def open_sink(broker: Broker | None, folder: Path, name: str, rate_hz: float = 25.0) -> MqttSink:
    """A sink of a wearer of this name, connected where there is a broker."""
    port = 1 if broker is None else broker.port  # nothing listens at 1
    sensors = {"pelvis": "virtual", "thigh_right": "virtual"}
    where, identity = address.Broker("127.0.0.1", port), Identity("bench", name)
    sink = MqttSink(Publishing(where, identity, "virtual", sensors, folder / f"{name}.sqlite", rate_hz))
    if not sink.wait_connected(PATIENCE_S) and broker is not None:
        raise SystemExit(sink.state.problem)
    return sink


def bench_latency(table: Table, folder: Path, seconds: float, rate_hz: float, wearers: int = 1) -> None:
    """Latency, processor time and lost frames of some wearers in this process."""
    with ExitStack() as stack:
        broker = stack.enter_context(closing(Broker(folder)))
        reader = stack.enter_context(closing(Subscriber(broker, "imuhip/v1/bench/+/angles", folder)))
        sinks = [stack.enter_context(open_sink(broker, folder, f"w{n}", rate_hz)) for n in range(wearers)]
        played = [Wearer(n + 1, sink, seconds) for n, sink in enumerate(sinks)]
        cpu_share = play(played, seconds)
        reader.settle(0.5)
        lost = sum(sink.lost_frames for sink in sinks)
        sent = sum(sink.state.sent for sink in sinks)
        messages = reader.messages()
    late = [pair for n, w in enumerate(played) for pair in _latencies(w, messages, f"/w{n}/")]
    name = f"{wearers} wearers, {rate_hz:g} Hz" if wearers > 1 else f"{rate_hz:g} Hz"
    for what, values in (
        ("notification in to message", [a for a, _ in late]),
        ("of it publishing", [b for _, b in late]),
    ):
        p50, p99, worst = (percentile(values, share) * 1e3 for share in (0.5, 0.99, 1.0))
        text = f"{p50:.1f} / {p99:.1f} / {worst:.0f} ms"
        table.time(f"{name}: {what}, p50 / p99 / worst over {seconds:g} s", text, "p99 10 ms")
    table.time(f"{name}: CPU, pipeline and publishing", f"{100 * cpu_share:.1f} % of a core")
    table.time(f"{name}: frames dropped", str(lost), "0")
    table.count(f"{name}: messages missing at the subscriber", sent - len(messages), 0, f" of {sent}")


def _latencies(wearer: Wearer, messages: Sequence[Message], topic: str) -> Iterator[tuple[float, float]]:
    """From the notification that completed a frame to its message, and from the pipeline's result to it."""
    upto, at = 0, iter(wearer.fed_s)
    fed_s = out_s = 0.0
    start_us = (UTC_NS + (wearer.pipeline.start_ns or 0) - wearer.first_ns) // 1000
    for message in messages:
        if topic not in message.topic:
            continue
        payload = json.loads(message.payload)
        for t_us in payload["batch"]["t_us"] if "batch" in payload else [payload["t_us"]]:
            frame = round((t_us - start_us) * wearer.pipeline.rate_hz / 1e6)
            while frame >= upto:
                upto, fed_s, out_s = next(at)
            yield message.at_s - fed_s, message.at_s - out_s


def bench_pipeline_alone(table: Table, seconds: float) -> None:
    """Processor time of the pipeline without publishing, for comparison."""
    table.time("pipeline alone: CPU", f"{100 * play([Wearer(1, None, seconds)], seconds):.1f} % of a core")


def bench_kills(table: Table, folder: Path, size: Size, *, persistent: bool) -> None:
    """Kill the broker while events are published, and look what arrived."""
    config = ("persistence true", f"persistence_location {folder}/", "autosave_on_changes true", "autosave_interval 1")
    name = "persistence" if persistent else "no persistence"
    with ExitStack() as stack:
        folder.mkdir()
        broker = stack.enter_context(closing(Broker(folder, *(config if persistent else ()))))
        topic = "imuhip/v1/bench/otter/rep"
        reader = stack.enter_context(closing(Subscriber(broker, topic, folder, session="reader")))
        sink = stack.enter_context(open_sink(broker, folder, "otter"))
        began_s, chance = time.monotonic(), random.Random(1)
        for kill in range(size.kills):
            for number in range(size.events // size.kills):
                sink.result("rep", EVENT | {"number": number + 1}, t_us=UTC_NS // 1000, quality="good")
            while sink.events.acknowledged < (kill + 0.5) * size.events / size.kills:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.05))  # the broker dies anywhere in the middle of what is being sent
            broker.kill()
            broker.start()
        _wait(lambda: sink.events.waiting == 0 and sink.events.taken == size.events)
        reader.settle(2.5)
        seconds = time.monotonic() - began_s
        found = [json.loads(m.payload)["id"] for m in reader.messages()]
        kinds = f"broker killed {size.kills} times during {size.events} events, {name}"
        table.time(f"{kinds}: took", f"{seconds:.0f} s")
        missing = size.events - len(set(found))
        if persistent:
            table.count(f"{kinds}: events that never arrived", missing, 0)
        else:
            table.time(f"{kinds}: acknowledged, then lost by the broker", str(missing))
            publish(broker, "imuhip/v1/bench/otter/cmd/resend", '{"from_id": 0}')
            _wait(lambda: sink.state.commands == 1)
            _wait(lambda: sink.events.waiting == 0)
            reader.settle(2.0)
            every = {json.loads(m.payload)["id"] for m in reader.messages()}
            table.count(f"{kinds}: not found again by cmd/resend", size.events - len(every), 0)
        table.time(f"{kinds}: repeats", str(len(found) - len(set(found))))
        if persistent:
            firsts = list(dict.fromkeys(found))
            table.count(f"{kinds}: events out of order", _descents(firsts), 0)
        else:
            # What the broker lost and is sent again after a break comes after what it had not lost.
            backwards = max(_descents(found) - size.kills, 0)
            table.count(f"{kinds}: steps back in order beyond one for each kill", backwards, 0)


def _descents(ids: Sequence[int]) -> int:
    return sum(a > b for a, b in itertools.pairwise(ids))


def bench_away(table: Table, folder: Path) -> None:
    """An hour at the full rate without a broker, as fast as it goes."""
    sink = open_sink(None, folder, "otter", 100.0)
    wearer = Wearer(1, None)
    blocks = [b for e in wearer.events[:1500] if not isinstance(e, Mark) for b in wearer.pipeline.feed(e)]
    frames, before_mb = 0, 0.0
    while frames < 360_000:
        for block in blocks:
            sink.frames(block, UTC_NS // 1000)
            frames += len(block)
        sink.result("rep", EVENT, t_us=UTC_NS // 1000, quality="good")
        if not before_mb and frames > 36_000:
            before_mb = _peak_mb()
    grown_mb = _peak_mb() - before_mb
    _wait(lambda: sink.events.waiting == sink.events.taken)
    table.time("broker away for an hour: memory grew after its first six minutes", f"{grown_mb:.1f} MB", "0 MB")
    unseen = frames - sink.lost_frames - sink.waiting_frames
    table.count("broker away: frames neither counted as dropped nor waiting", unseen, 0)
    table.count("broker away: events not kept", sink.events.taken - sink.events.waiting, 0)
    sink.close()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _wait(condition: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + 10 * PATIENCE_S
    while not condition():
        if time.monotonic() > ends_s:
            raise SystemExit("the sink or the broker hangs")
        time.sleep(0.002)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    size = QUICK if parser.parse_args().quick else FULL
    logging.getLogger("imuhip").setLevel(logging.ERROR)  # a broker that is killed is no news here
    table = Table()
    if hasattr(os, "getloadavg"):
        table.time("others' load on the machine at the start", f"{os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench_away(table, folder)
        bench_pipeline_alone(table, size.latency_s)
        for rate_hz in (25.0, 100.0):
            bench_latency(table, folder / f"{rate_hz:g}", size.latency_s, rate_hz)
        bench_latency(table, folder / "wearers", size.wearers_s, 25.0, wearers=8)
        for persistent in (True, False):
            bench_kills(table, folder / f"kills-{persistent}", size, persistent=persistent)
    sys.exit(0 if table.good else 1)


if __name__ == "__main__":
    main()
