"""Live results at a real Mosquitto, read by mosquitto_sub."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hip_blocks import hip_block
from jsonschema import Draft202012Validator
from mosquitto import Mosquitto, free_port, reading, wait_for
from mqtt_results import BASE, FLAG, NOW_US, RANGE, REP, range_result

from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]


def test_everything_published_fits_its_schema(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, f"{BASE}/#") as reader:
        sink = make_sink(mosquitto)
        assert sink.wait_connected(10)
        sink.frames(hip_block(0, 8), NOW_US)
        sink.frames(hip_block(8, 8, known=False), NOW_US)
        sink.frames(hip_block(16, 8, roles=("thigh_right",)), NOW_US)
        sink.sensors({"pelvis": {"rate_hz": 99.9, "lost": 3, "gaps_s": 0.0, "battery_percent": 80}})
        sink.result("range", RANGE, t_us=NOW_US, quality="good")
        sink.result("rep", REP, t_us=NOW_US, quality="fair")
        sink.result("flag", FLAG, t_us=NOW_US, quality="none")
        reader.wait("/flag")
        reader.wait("/summary")
        sink.close()
        wait_for(lambda: len(reader.payloads("/status")) >= 2)
        messages = reader.messages()
    kinds = {message["topic"].removeprefix(f"{BASE}/") for message in messages}
    assert kinds == {"angles", "summary", "status", "meta", "rep", "range", "flag"}
    for message in messages:
        name = message["topic"].removeprefix(f"{BASE}/")
        Draft202012Validator(load_schema(name)).validate(message["payload"])
        assert message["qos"] == (0 if name in ("angles", "summary") else 1)
    assert reader.payloads("/range")[0].items() >= RANGE.items()
    assert reader.payloads("/rep")[0].items() >= REP.items()


def test_a_subscriber_sees_every_angle_with_quality_and_uncertainty(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, f"{BASE}/angles") as reader:
        sink = make_sink(mosquitto)
        assert sink.wait_connected(10)
        sink.frames(hip_block(0, 100), NOW_US)
        angles = reader.wait("/angles", 25)
    assert [a["seq"] for a in angles] == list(range(25))
    assert [a["hips"]["right"]["flexion_deg"] for a in angles] == [float(n) for n in range(3, 100, 4)]
    assert [a["t_us"] for a in angles] == [NOW_US + 10_000 * n for n in range(3, 100, 4)]
    assert {(a["quality"], a["hips"]["right"]["uncertainty_deg"]) for a in angles} == {("good", 3.0)}


def test_the_full_rate_comes_in_batches_that_lose_no_frame(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, f"{BASE}/angles") as reader:
        sink = make_sink(mosquitto, rate_hz=100.0)
        assert sink.wait_connected(10)
        for start in range(0, 200, 8):
            sink.frames(hip_block(start, 8), NOW_US)
        wait_for(lambda: sum(len(a.get("batch", {"t_us": [0]})["t_us"]) for a in reader.payloads("/angles")) >= 200)
        angles = reader.payloads("/angles")
    assert len(angles) <= 25
    flexion = [x for a in angles for x in a["batch"]["hips"]["right"]["flexion_deg"]]
    assert flexion == [float(n % 100) for n in range(200)]
    assert all(a["hips"]["right"]["flexion_deg"] == a["batch"]["hips"]["right"]["flexion_deg"][-1] for a in angles)


def test_mqtt_5_messages_carry_their_type_and_stale_angles_expire(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, f"{BASE}/#", "-V", "5") as reader:
        sink = make_sink(mosquitto)
        assert sink.wait_connected(10)
        sink.frames(hip_block(0, 8), NOW_US)
        range_result(sink, 1)
        reader.wait("/range")
        reader.wait("/angles")
        by_kind = {m["topic"].rsplit("/", 1)[1]: m.get("properties", {}) for m in reader.messages()}
    assert sink.state.protocol == "V5"
    assert {p["content-type"] for p in by_kind.values()} == {"application/json"}
    assert by_kind["angles"]["message-expiry-interval"] <= 2
    assert "message-expiry-interval" not in by_kind["range"]


def test_results_reach_the_broker_in_order_after_it_was_away(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    mosquitto.kill()
    for number in range(40):
        range_result(sink, number)
    wait_for(lambda: sink.events.waiting == 40)
    mosquitto.start()
    with reading(mosquitto, f"{BASE}/range") as reader:
        ranges = reader.wait("/range", 40)
    wait_for(lambda: sink.events.waiting == 0)
    assert sink.state.connections == 2
    assert [r["peak_deg"] for r in ranges][-40:] == [float(n) for n in range(40)]
    assert [r["seq"] for r in ranges] == list(range(40))
    assert sorted({r["id"] for r in ranges}) == [r["id"] for r in ranges]


def test_results_of_a_session_without_broker_are_sent_in_the_next(
    mosquitto: Mosquitto, make_sink: MakeSink, tmp_path: Path
) -> None:
    mosquitto.stop()
    first = make_sink(mosquitto)
    range_result(first, 1)
    first.close()
    assert first.events.waiting == 1
    mosquitto.start()
    with reading(mosquitto, f"{BASE}/range") as reader:
        second = make_sink(mosquitto)
        range_result(second, 2)
        old, new = reader.wait("/range", 2)
    assert (old["peak_deg"], new["peak_deg"]) == (1.0, 2.0)
    assert (old["seq"], new["seq"]) == (0, 1)
    assert old["session"] != new["session"]
    assert old["id"] < new["id"]


def test_status_is_retained_and_tells_a_lost_connection_from_a_wanted_end(
    mosquitto: Mosquitto, make_sink: MakeSink, tmp_path: Path
) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from conftest import OTTER, SENSORS
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.sink import MqttSink, Publishing
MqttSink(Publishing(Broker("127.0.0.1", {mosquitto.port}), OTTER, "live", SENSORS, Path({str(tmp_path)!r}) / "s"))
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    with reading(mosquitto, f"{BASE}/status") as reader:
        online = reader.wait("/status")[-1]
        assert online["state"] == "online"
        assert set(online["sensors"]) == {"pelvis", "thigh_right"}
        process.kill()
        process.wait()
        wait_for(lambda: reader.payloads("/status")[-1]["state"] == "lost")
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    sink.close()
    with reading(mosquitto, f"{BASE}/status") as reader:
        (offline,) = reader.wait("/status")
        assert reader.messages()[0]["retain"] == 1
    assert offline["state"] == "offline"
    Draft202012Validator(load_schema("status")).validate(offline)


def test_a_broker_that_hangs_is_left_and_found_again(mosquitto: Mosquitto, make_sink: MakeSink, monkeypatch) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.connection.ANSWER_S", 0.6)
    monkeypatch.setattr("imuhip.sinks.mqtt.reports.STATUS_S", 0.3)
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    mosquitto.freeze()
    range_result(sink, 1)
    wait_for(lambda: not sink.state.connected)
    assert "stopped answering" in sink.state.problem
    mosquitto.thaw()
    with reading(mosquitto, f"{BASE}/range") as reader:
        wait_for(lambda: sink.events.acknowledged == 1)
        range_result(sink, 2)
        wait_for(lambda: reader.payloads("/range") and reader.payloads("/range")[-1]["peak_deg"] == 2.0)


def test_two_programs_that_publish_as_one_wearer_are_noticed(
    mosquitto: Mosquitto, make_sink: MakeSink, tmp_path: Path
) -> None:
    first = make_sink(mosquitto)
    assert first.wait_connected(10)
    second = make_sink(mosquitto, spool=tmp_path / "another.sqlite")
    assert second.wait_connected(10)
    wait_for(lambda: "another program publishes" in first.state.problem)


def test_feeding_takes_no_time_and_ends_quickly_without_a_broker(make_sink: MakeSink) -> None:
    sink = make_sink(Broker("127.0.0.1", free_port()))
    for start in range(0, 6000, 8):
        sink.frames(hip_block(start, 8), NOW_US)
    wait_for(lambda: sink.lost_frames + len(sink._frames) == 1500)
    began_s = time.monotonic()
    sink.close()
    assert time.monotonic() - began_s < 4
    assert not sink._thread.is_alive()


def test_it_ends_in_time_though_the_broker_hangs(
    mosquitto: Mosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.3)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.LAST_S", 0.3)
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    mosquitto.freeze()
    range_result(sink, 1)
    began_s = time.monotonic()
    sink.close()
    assert time.monotonic() - began_s < 3  # not the 5 s that an answer may take
    assert not sink._thread.is_alive()
    assert sink.events.waiting == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_ours_is_not_shown_as_connected(
    mosquitto: Mosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    sink._frames.take = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    sink.frames(hip_block(0, 8), NOW_US)
    wait_for(lambda: not sink.state.connected)
    assert "error in imuhip" in sink.state.problem
    sink.frames(hip_block(8, 8), NOW_US)  # the feeding side does not notice
    range_result(sink, 1)
    wait_for(lambda: sink.events.waiting == 1)


def test_with_a_full_disk_everything_is_published_all_the_same_and_said(
    mosquitto: Mosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.reports.STATUS_S", 0.2)
    mosquitto.stop()  # what waits fills the disk
    sink = make_sink(mosquitto, spool_bytes=64 * 1024)
    for number in range(300):
        range_result(sink, number)
    wait_for(lambda: sink.events.taken == 300 and sink.events.unsaved)
    mosquitto.start()
    with reading(mosquitto, f"{BASE}/#") as reader:
        wait_for(lambda: reader.payloads("/status"))
        told = reader.payloads("/status")[0]
        sink.frames(hip_block(0, 8), NOW_US)
        reader.wait("/angles")
        wait_for(lambda: sink.events.acknowledged >= 300)
    assert told["events"]["unsaved"] > 0
    assert "full" in told["problem"]
    assert sink.events.lost == 0
    assert (
        sum("memory only" in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING) == 1
    )
