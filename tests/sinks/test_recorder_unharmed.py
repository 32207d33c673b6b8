"""A broker that hangs, refuses, resets or trickles changes nothing in the recording or the live view."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from followed import Followed
from hip_blocks import hip_block
from hostile import BEHAVIOURS, Behaviour, serving, stall_after_welcome, trickle
from mosquitto import free_port, reading, running, wait_for
from played import Event, events_of

from imuhip.cli.views import LineView
from imuhip.cli.watching import Watch
from imuhip.marks import Mark
from imuhip.packets.blocks import slice_block
from imuhip.pipeline import Pipeline
from imuhip.recording import Anchor, RecordingWriter, SessionInfo
from imuhip.simulation.script import short_session
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]


@dataclass(frozen=True)
class Recorded:
    recording: bytes
    view: str
    longest_s: float


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    return simulate(short_session(), seed=3)


@pytest.fixture(scope="module")
def slices(made: SimulatedSession) -> list[Event]:
    out: list[Event] = []
    for event in events_of(made):
        if isinstance(event, Mark):
            out.append(event)
        else:
            out += [slice_block(event, row, min(row + 4, len(event))) for row in range(0, len(event), 4)]
    return out


def record(made: SimulatedSession, slices: list[Event], path: Path, sink: MqttSink | None) -> Recorded:
    """Record, show and publish as a recorder does; the pace is the machine's."""
    session = SessionInfo(tuple(made.sensors), wearer="otter", anchor=Anchor(1_763_704_800_000_000_000, 0))
    pipeline, watch, shown = Pipeline(made.sensors), Watch(60.0), io.StringIO()
    view, longest_s = LineView(shown, 1.0), 0.0
    tap = None if sink is None else Followed(sink, pipeline, session)
    with RecordingWriter(path, session, durable=False) as writer:
        for n, event in enumerate(slices):
            if isinstance(event, Mark):
                writer.mark(event)
                blocks = pipeline.mark(event)
            else:
                writer.write(event)
                blocks = pipeline.feed(event)
            watch.take(blocks)
            if n % 100 == 0:
                view.show(watch.state(pipeline.health()))
            if tap is not None:
                began_s = time.perf_counter()
                if isinstance(event, Mark):
                    tap.mark(event)
                tap.take(blocks)
                longest_s = max(longest_s, time.perf_counter() - began_s)
    return Recorded(path.read_bytes(), shown.getvalue(), longest_s)


@pytest.fixture(scope="module")
def alone(made: SimulatedSession, slices: list[Event], tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(made, slices, tmp_path_factory.mktemp("alone") / "session.mcap", None)


@pytest.mark.parametrize("behaviour", [*BEHAVIOURS, None], ids=lambda b: getattr(b, "__name__", "refuse"))
def test_a_hostile_broker_changes_no_byte_of_the_recording_and_nothing_in_the_view(
    made: SimulatedSession,
    slices: list[Event],
    alone: Recorded,
    tmp_path: Path,
    make_sink: MakeSink,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour | None,
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.connection.ANSWER_S", 0.3)
    monkeypatch.setattr("imuhip.sinks.mqtt.connection.FIRST_ANSWER_S", 0.3)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.3)
    with ExitStack() as stack:
        port = free_port() if behaviour is None else stack.enter_context(serving(behaviour))
        sink = make_sink(Broker("127.0.0.1", port))
        sink.wait_connected(5)  # the harm, if any, is being done
        sink.result("flag", {"level": "green"}, t_us=1, quality="none")
        published = record(made, slices, tmp_path / "session.mcap", sink)
        assert published.recording == alone.recording
        assert published.view == alone.view
        assert published.longest_s < 2.0  # a wait for the network would be far longer on any machine
        sink.close()
    assert sink.events.waiting == 2  # the flag, and the session's range test: kept for a better broker
    assert sink.events.acknowledged == 0


@pytest.mark.parametrize("behaviour", [stall_after_welcome, trickle], ids=lambda b: b.__name__)
def test_a_stalled_broker_costs_old_angles_only_and_every_loss_is_counted(
    make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.connection.ANSWER_S", 0.5)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.3)
    with serving(behaviour) as port:
        sink = make_sink(Broker("127.0.0.1", port), rate_hz=100.0)
        for start in range(0, 40_000, 400):
            sink.frames(hip_block(start, 400), 0)
            time.sleep(0.005)
        wait_for(lambda: sink.state.problem)
        sink.close()
    frames_left = len(sink._frames)
    assert sink.lost_frames + frames_left + sink.state.sent * 50 >= 40_000
    assert sink.lost_frames > 20_000
    assert frames_left <= 256


@pytest.mark.parametrize("limit", ["message_size_limit 2000", "max_packet_size 2000"])
def test_a_message_over_the_brokers_limit_is_set_aside_and_the_others_arrive(
    tmp_path: Path, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.FIRST_WAIT_S", 0.02)
    with running(tmp_path / "broker", limit) as broker, reading(broker, "#") as reader:
        sink = make_sink(broker, discovery=False)
        assert sink.wait_connected(10)
        for text in ("before", "x" * 3000, "after"):
            sink.result("flag", {"message": text}, t_us=1, quality="none")
        wait_for(lambda: sink.events.set_aside == 1)
        wait_for(lambda: {f["message"] for f in reader.payloads("/flag")} == {"before", "after"})
        sink.close()
        assert sink.events.waiting == 1
