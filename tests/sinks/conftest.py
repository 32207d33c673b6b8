"""A sink, a broker and a reader for the tests of publishing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mosquitto import Mosquitto, running

from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.sink import MqttSink, Publishing
from imuhip.sinks.mqtt.topics import Identity

OTTER = Identity("home", "otter")
SENSORS = {"pelvis": "imuhip virtual sensor", "thigh_right": "imuhip virtual sensor"}


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with running(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def make_sink(tmp_path: Path) -> Iterator[Callable[..., MqttSink]]:
    """Makes sinks of the wearer otter, closed at the end."""
    made: list[MqttSink] = []

    def make(broker: Broker | Mosquitto, **options: object) -> MqttSink:
        if isinstance(broker, Mosquitto):
            broker = Broker("127.0.0.1", broker.port)
        spool = options.pop("spool", tmp_path / "otter.sqlite")
        settings = {"identity": OTTER, "source": "live", "sensors": SENSORS, "spool": spool} | options
        sink = MqttSink(Publishing(broker, **settings))  # type: ignore[arg-type]
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close()
