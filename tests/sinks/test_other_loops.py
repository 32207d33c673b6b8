"""aiomqtt needs a loop that can watch sockets; Windows' default one cannot. Everything here runs as it would there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import aiomqtt
import pytest
from mosquitto import Mosquitto, reading, wait_for
from mqtt_results import BASE, range_result

from imuhip.cli import brokers
from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.connection import Connection
from imuhip.sinks.mqtt.sink import MqttSink


class LikeWindows(asyncio.SelectorEventLoop):
    """Refuses what Windows' ProactorEventLoop refuses."""

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> NoReturn:
        raise NotImplementedError

    def add_writer(self, fd: Any, callback: Any, *args: Any) -> NoReturn:
        raise NotImplementedError

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> NoReturn:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for module in (asyncio, asyncio.events):
        monkeypatch.setattr(module, "new_event_loop", LikeWindows)


def test_a_live_session_on_such_a_loop_publishes_all_the_same(
    mosquitto: Mosquitto, make_sink: Callable[..., MqttSink]
) -> None:
    async def session() -> None:
        with pytest.raises(aiomqtt.MqttError, match="timed out"):  # the trap is real
            await Connection(Broker("127.0.0.1", mosquitto.port)).__aenter__()
        sink = make_sink(mosquitto)
        assert await asyncio.to_thread(sink.wait_connected, 10)
        range_result(sink, 1)
        await asyncio.to_thread(wait_for, lambda: sink.events.acknowledged == 1)

    with reading(mosquitto, f"{BASE}/#") as reader:
        asyncio.run(session())
        reader.wait("/range")


def test_the_commands_about_brokers_work_there(mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]) -> None:
    brokers.check(mosquitto.url)
    assert "read back" in capsys.readouterr().out
    brokers.forget(mosquitto.url, wearer="otter")
    assert "Removed" in capsys.readouterr().out
