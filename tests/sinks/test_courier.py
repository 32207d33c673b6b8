"""Connecting again and again: soon at first, then ever less often, and never in step with others."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable

import pytest
from hostile import reset, serving, welcome
from mosquitto import wait_for

from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]


@pytest.fixture(autouse=True)
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.FIRST_WAIT_S", 0.05)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.LONGEST_WAIT_S", 0.4)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.1)


def test_attempts_come_ever_less_often_up_to_a_limit_and_with_jitter(make_sink: MakeSink) -> None:
    came_s: list[float] = []

    def hang_up(connection: socket.socket, over: threading.Event) -> None:
        came_s.append(time.monotonic())
        reset(connection, over)

    with serving(hang_up) as port:
        sink = make_sink(Broker("127.0.0.1", port))
        wait_for(lambda: len(came_s) >= 18)
        sink.close()
    # Each attempt is one with MQTT 5 and, because it was hung up on, at once another one with 3.1.1.
    gaps_s = [late - early for early, late in itertools.pairwise(came_s[::2])][:8]
    assert min(gaps_s[:2]) < 0.2
    assert all(gap_s >= 0.2 for gap_s in gaps_s[4:])
    assert max(gaps_s) < 2.0  # the limit, and a busy machine; doubled without a limit it would be 6 s
    assert max(gaps_s[4:]) - min(gaps_s[4:]) > 0.002  # never in step


def test_one_that_hangs_up_after_its_welcome_is_not_besieged_either(make_sink: MakeSink) -> None:
    came = itertools.count()
    seen = [0]

    def hang_up_later(connection: socket.socket, over: threading.Event) -> None:
        seen[0] = next(came) + 1
        welcome(connection)
        reset(connection, over)

    with serving(hang_up_later) as port:
        sink = make_sink(Broker("127.0.0.1", port))
        wait_for(lambda: seen[0] >= 3)
        before = seen[0]
        time.sleep(1.0)
        assert seen[0] - before <= 12
        sink.close()
