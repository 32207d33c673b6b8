"""TLS, credentials and rights against a real Mosquitto; what is wrong is said, and said by `mqtt check` too."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Authority, Issued
from hip_blocks import hip_block
from hostile import old_broker, serving
from mosquitto import Mosquitto, free_port, publish, reading, require_mosquitto, running, wait_for

from imuhip.errors import BrokerError
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.check import Step, check, forget
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.topics import Identity

OTTER = Identity("home", "otter")
MakeSink = Callable[..., MqttSink]


@contextmanager
def with_tls(folder: Path, server: Issued, ca: Path, *more: str) -> Iterator[Mosquitto]:
    listener = (f"certfile {server.certificate}", f"keyfile {server.key}", f"cafile {ca}", *more)
    with running(folder / "broker", listener=listener) as broker:
        yield broker


def steps(broker: Broker) -> dict[str, Step]:
    async def run() -> list[Step]:
        return [step async for step in check(broker, OTTER)]

    return {step.name: step for step in asyncio.run(run())}


def failed(broker: Broker) -> Step:
    """The only step of a check that failed, which is its last."""
    found = list(steps(broker).values())
    assert [step.good for step in found] == [True] * (len(found) - 1) + [False]
    return found[-1]


def test_tls_with_an_own_authority_works(tmp_path: Path, make_sink: MakeSink) -> None:
    authority = Authority(tmp_path / "ca")
    with with_tls(tmp_path, authority.issue("server"), authority.certificate) as mosquitto:
        broker = Broker("127.0.0.1", mosquitto.port, tls=True, ca=authority.certificate)
        assert all(step.good for step in steps(broker).values())
        assert "TLSv1" in steps(broker)["TLS"].text
        sink = make_sink(broker)
        assert sink.wait_connected(10)
        sink.result("flag", {"level": "green"}, t_us=1, quality="none")
        wait_for(lambda: sink.events.acknowledged == 1)


def test_a_client_certificate_is_shown_to_a_broker_that_wants_one(tmp_path: Path, make_sink: MakeSink) -> None:
    authority = Authority(tmp_path / "ca")
    client = authority.issue("client")
    wanted = ("require_certificate true", "use_identity_as_username true")
    with with_tls(tmp_path, authority.issue("server"), authority.certificate, *wanted) as mosquitto:
        plain = Broker("127.0.0.1", mosquitto.port, tls=True, ca=authority.certificate)
        shown = Broker(
            "127.0.0.1", mosquitto.port, tls=True, ca=plain.ca, certificate=client.certificate, key=client.key
        )
        assert make_sink(shown).wait_connected(10)
        assert all(step.good for step in steps(shown).values())
        assert failed(plain).text.endswith("hangs up at once: does it want a client certificate")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("own", "--ca"),
        ("other", r"nobody in .*other\.pem has signed it"),
        ("expired", "renewed"),
        ("name", "made out to"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_never_accepted(
    tmp_path: Path, make_sink: MakeSink, case: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path / "ca")
    server = authority.issue(
        "server", address="192.0.2.1" if case == "name" else "127.0.0.1", expired=case == "expired"
    )
    trusted = {"own": None, "other": Authority(tmp_path / "ca2", "other").certificate}.get(case, authority.certificate)
    with with_tls(tmp_path, server, authority.certificate) as mosquitto:
        broker = Broker("127.0.0.1", mosquitto.port, tls=True, ca=trusted)
        step = failed(broker)
        assert step.name == "TLS"
        assert "cannot be trusted" in step.text
        sink = make_sink(broker)
        assert not sink.wait_connected(10)
        sink.close()
    assert "cannot be trusted" in sink.state.problem
    assert re.search(reason, step.text), step.text
    assert sum(record.levelno >= logging.WARNING for record in caplog.records) == 1


def test_certificate_files_that_cannot_be_used_are_said_at_once(tmp_path: Path, make_sink: MakeSink) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    with pytest.raises(BrokerError, match=r"junk\.pem"):
        make_sink(Broker("127.0.0.1", 1, tls=True, ca=junk))
    with pytest.raises(BrokerError, match=r"junk\.pem"):
        make_sink(Broker("127.0.0.1", 1, tls=True, certificate=junk))


def test_tls_to_a_plain_port_and_plain_to_a_tls_port_are_told_apart(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("check", "connection"):
        monkeypatch.setattr(f"imuhip.sinks.mqtt.{module}.ANSWER_S", 1.0)
    step = failed(Broker("127.0.0.1", mosquitto.port, tls=True))
    assert step.name == "TLS"
    assert "mqtt://" in step.text
    authority = Authority(tmp_path / "ca")
    (tmp_path / "tls").mkdir()
    with with_tls(tmp_path / "tls", authority.issue("server"), authority.certificate) as other:
        step = failed(Broker("127.0.0.1", other.port))
        assert step.name == "MQTT"
        assert "mqtts://" in step.text


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """Users otter (own topics only) and mute (may read all, publish nothing)."""
    require_mosquitto()
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    passwords.touch(mode=0o600)
    for user in ("otter", "mute"):
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, f"{user}-secret"], check=True)
    acl.write_text("user otter\ntopic readwrite imuhip/v1/home/otter/#\n\nuser mute\ntopic read #\n")
    with running(
        tmp_path / "broker", f"password_file {passwords}", f"acl_file {acl}", "allow_anonymous false"
    ) as broker:
        yield broker


def user(mosquitto: Mosquitto, name: str | None, password: str | None = None) -> Broker:
    secret = f"{name}-secret" if password is None else password
    return Broker("127.0.0.1", mosquitto.port, username=name, password=secret if name else None)


def test_user_and_password_open_the_door_to_own_topics(
    guarded: Mosquitto, make_sink: MakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    assert all(step.good for step in steps(user(guarded, "otter")).values())
    with reading(guarded, "#", "-u", "mute", "-P", "mute-secret") as reader:
        sink = make_sink(user(guarded, "otter"))
        assert sink.wait_connected(10)
        sink.frames(hip_block(0, 8), 1)
        sink.result("flag", {"level": "green"}, t_us=1, quality="none")
        reader.wait("/angles")
        reader.wait("/flag")
    # It may not write Home Assistant's topics, which is said but holds nothing up.
    assert "device message for Home Assistant" in sink.state.problem
    assert "give the right to publish to homeassistant/device/imuhip_4_home_otter/config" in caplog.text


def test_forgetting_clears_what_it_may_and_names_what_it_may_not(guarded: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(user(guarded, "otter"))
    assert sink.wait_connected(10)
    sink.close()
    refused = asyncio.run(forget(user(guarded, "otter"), OTTER))
    assert refused == ["homeassistant/device/imuhip_4_home_otter/config"]
    with reading(guarded, "#", "-u", "mute", "-P", "mute-secret") as reader:
        publish(guarded, "imuhip/v1/home/otter/last", "{}", "-u", "otter", "-P", "otter-secret")
        wait_for(reader.messages)
    assert [message["topic"] for message in reader.messages()] == ["imuhip/v1/home/otter/last"]


def test_only_those_whom_the_broker_lets_can_command(guarded: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(user(guarded, "otter"))
    assert sink.wait_connected(10)
    publish(guarded, "imuhip/v1/home/otter/cmd/stop", "{}", "-u", "mute", "-P", "mute-secret")
    publish(guarded, "imuhip/v1/home/otter/cmd/mark", '{"kind":"pain"}', "-u", "otter", "-P", "otter-secret")
    wait_for(lambda: sink.state.commands == 1)
    assert "Stop" not in str(sink.commands())


@pytest.mark.parametrize("who", [("otter", "wrong"), ("nobody", "x"), (None, None)])
def test_wrong_credentials_are_said_and_never_logged(
    guarded: Mosquitto, make_sink: MakeSink, who: tuple[str | None, str | None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broker = user(guarded, *who)
    step = failed(broker)
    assert step.name == "MQTT"
    assert "IMUHIP_MQTT_PASSWORD" in step.text
    sink = make_sink(broker)
    assert not sink.wait_connected(10)
    wait_for(lambda: "does not accept" in sink.state.problem)
    sink.close()
    said = caplog.text + sink.state.problem + step.text
    assert "wrong" not in said
    assert "nobody " not in said


def test_no_right_to_publish_is_seen_and_nothing_is_lost(
    guarded: Mosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.1)
    step = failed(user(guarded, "mute"))
    assert step.name == "publish"
    assert "right" in step.text
    sink = make_sink(user(guarded, "mute"))
    assert sink.wait_connected(10)
    sink.result("flag", {"level": "green"}, t_us=1, quality="none")
    wait_for(lambda: "the broker refuses flag" in sink.state.problem)
    sink.close()
    assert (sink.events.waiting, sink.events.acknowledged) == (1, 0)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_broker_that_only_knows_mqtt_3_is_served_and_its_silent_refusals_are_seen(
    guarded: Mosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.check.READ_BACK_S", 0.5)
    monkeypatch.setattr("imuhip.sinks.mqtt.reports.ECHO_S", 0.3)
    monkeypatch.setattr("imuhip.sinks.mqtt.courier.GRACE_S", 0.1)
    with serving(old_broker(guarded.port, says_so=says_so)) as port:
        otter = Broker("127.0.0.1", port, username="otter", password="otter-secret")
        mute = Broker("127.0.0.1", port, username="mute", password="mute-secret")
        assert steps(otter)["MQTT"].text == "connected with MQTT 3.1.1"
        assert "does not come back" in failed(mute).text
        sink = make_sink(mute)
        sink.result("flag", {"level": "red"}, t_us=1, quality="none")
        wait_for(lambda: "does not give our own status back" in sink.state.problem)
        assert sink.state.protocol == "V311"
        sink.close()
        assert (sink.events.waiting, sink.events.acknowledged) == (1, 0)  # it would have acknowledged and dropped it
        sink = make_sink(otter)
        sink.result("flag", {"level": "green"}, t_us=1, quality="none")
        wait_for(lambda: sink.events.acknowledged == 2)
        wait_for(lambda: sink.state.connected)
        assert not sink.state.problem
        sink.close()


def test_a_port_where_nothing_listens_and_a_name_that_nobody_knows(make_sink: MakeSink) -> None:
    assert failed(Broker("127.0.0.1", free_port())).name == "port"
    assert failed(Broker("no-such-host.invalid", 1883)).name == "name"
    sink = make_sink(Broker("no-such-host.invalid", 1883))
    assert not sink.wait_connected(10)
    assert "is not known" in sink.state.problem
