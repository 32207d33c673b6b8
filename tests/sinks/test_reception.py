"""Commands from a real broker: obeyed, or ignored with a warning."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mosquitto import Mosquitto, publish, reading, wait_for
from mqtt_results import BASE, range_result

from imuhip.sinks.mqtt.commands import MarkCommand, StopCommand
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]


def test_a_command_fetches_what_the_broker_lost(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(mosquitto)
    for number in range(10):
        range_result(sink, number)
    wait_for(lambda: sink.events.acknowledged == 10)  # nobody was listening: they are gone
    with reading(mosquitto, f"{BASE}/range") as reader:
        publish(mosquitto, f"{BASE}/cmd/resend", '{"from_id": 0}')
        again = reader.wait("/range", 10)
        assert [r["peak_deg"] for r in again] == [float(n) for n in range(10)]
        publish(mosquitto, f"{BASE}/cmd/resend", '{"from_id": 0}')
        wait_for(lambda: sink.state.bad_commands == 1)  # at once again: refused, or a stranger could keep us busy
        assert len(reader.payloads("/range")) == 10


def test_resend_begins_at_the_id_that_was_asked_for(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, f"{BASE}/range") as reader:
        sink = make_sink(mosquitto)
        for number in range(5):
            range_result(sink, number)
        ranges = reader.wait("/range", 5)
        publish(mosquitto, f"{BASE}/cmd/resend", json.dumps({"from_id": ranges[3]["id"]}))
        everything = reader.wait("/range", 7)
    assert everything[5:] == ranges[3:]


def test_commands_reach_the_feeding_side_and_bad_ones_are_warned_of(
    mosquitto: Mosquitto, make_sink: MakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    publish(mosquitto, f"{BASE}/cmd/mark", '{"kind": "pain", "value": 4}')
    publish(mosquitto, f"{BASE}/cmd/mark", '{"kind": "evil", "note": "secret"}')
    publish(mosquitto, f"{BASE}/cmd/format_disk", "{}")
    publish(mosquitto, f"{BASE}/cmd/stop", "{}")
    wait_for(lambda: sink.state.commands == 2 and sink.state.bad_commands == 2)
    assert sink.commands() == [MarkCommand("moment", "pain", value=4.0), StopCommand()]
    assert sink.commands() == []
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 2
    assert "kind is not one of" in warnings[0]
    assert "secret" not in caplog.text
    assert "format_disk" not in caplog.text


def test_a_retained_stop_does_not_end_every_session(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    publish(mosquitto, f"{BASE}/cmd/stop", "{}", "-r")
    sink = make_sink(mosquitto)
    wait_for(lambda: sink.state.bad_commands == 1)
    assert sink.commands() == []


def test_a_flood_of_commands_is_bounded(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    lines = "{}\n" * 300
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(mosquitto.port), "-t", f"{BASE}/cmd/stop", "-l", "-q", "1"]
    subprocess.run(command, input=lines, text=True, check=True, timeout=20)
    wait_for(lambda: sink.state.commands + sink.state.bad_commands >= 33)
    assert len(sink.commands()) == 32
    range_result(sink, 1)
    wait_for(lambda: sink.events.acknowledged == 1)


def test_a_giant_command_does_not_even_reach_us(mosquitto: Mosquitto, make_sink: MakeSink, tmp_path: Path) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    giant = tmp_path / "giant.json"
    giant.write_text('{"kind": "pain", "note": "' + "x" * 1_000_000 + '"}')
    command = [
        "mosquitto_pub",
        "-h",
        "127.0.0.1",
        "-p",
        str(mosquitto.port),
        "-t",
        f"{BASE}/cmd/mark",
        "-f",
        str(giant),
    ]
    subprocess.run([*command, "-q", "1"], check=True, timeout=20)
    publish(mosquitto, f"{BASE}/cmd/mark", '{"kind": "pain"}')
    wait_for(lambda: sink.state.commands == 1)
    assert (sink.state.bad_commands, sink.state.connections) == (0, 1)
