"""The embedded broker serves our own client, on loopback only."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hip_blocks import hip_block
from mosquitto import free_port, wait_for

from imuhip.sinks.mqtt.address import Broker
from imuhip.sinks.mqtt.connection import V311, Connection
from imuhip.sinks.mqtt.sink import MqttSink

MakeSink = Callable[..., MqttSink]
LISTENING = Path("/proc/net/tcp")


@pytest.fixture
def broker() -> Iterator[Broker]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "imuhip", "broker", "--port", str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert f"mqtt://127.0.0.1:{port}" in process.stdout.readline()
    yield Broker("127.0.0.1", port)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()


def test_results_and_commands_pass_through_it_with_mqtt_3(broker: Broker, make_sink: MakeSink) -> None:
    sink = make_sink(broker)
    assert sink.wait_connected(10)
    assert sink.state.protocol == "V311"

    async def other() -> dict[str, int]:
        seen: dict[str, int] = {}
        async with Connection(broker, V311) as connection:
            await connection.subscribe("imuhip/v1/home/otter/#", qos=1)
            sink.frames(hip_block(0, 40), 0)
            for _ in range(5):
                sink.result("flag", {"level": "green"}, t_us=1, quality="none")
            await connection.deliver("imuhip/v1/home/otter/cmd/stop", b"{}")
            async with asyncio.timeout(15):
                async for message in connection.messages:
                    name = str(message.topic).rsplit("/", 1)[1]
                    seen[name] = seen.get(name, 0) + 1
                    if seen.get("flag") == 5 and seen.get("angles") == 10:
                        break
        return seen

    seen = asyncio.run(other())
    assert (seen["angles"], seen["flag"]) == (10, 5)
    wait_for(lambda: sink.state.commands == 1)
    wait_for(lambda: sink.events.acknowledged == 5)


def test_clients_that_hang_up_or_talk_nonsense_do_no_harm_and_print_nothing() -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "imuhip", "broker", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "Ctrl-C" in process.stdout.readline()
    for said in (b"", b"\x10", b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\x7f"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as torn as can be
            client.sendall(said)
    found = subprocess.run(
        [sys.executable, "-m", "imuhip", "mqtt", "check", f"mqtt://127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert found.returncode == 0, found.stdout
    assert error == "Stopped.\n"


def test_without_the_extra_one_line_says_what_to_do() -> None:
    code = "import sys; sys.modules['amqtt.broker'] = None; sys.argv = ['imuhip', 'broker']\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "from imuhip.cli.app import main; main()"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "imuhip: the embedded broker is not installed. Run: pip install 'imuhip[broker]', or install Mosquitto."
    ]


@pytest.mark.skipif(not LISTENING.exists(), reason="reads Linux' table of listening sockets")
def test_it_listens_on_loopback_only(broker: Broker) -> None:
    lines = [line.split() for line in LISTENING.read_text().splitlines()]
    listening = [fields[1] for fields in lines if fields[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{broker.port:04X}")] == [
        f"0100007F:{broker.port:04X}"
    ]


def test_a_port_that_is_taken_is_said_in_one_line(broker: Broker) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "imuhip", "broker", "--port", str(broker.port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert second.returncode == 2
    assert "cannot be used" in second.stderr
    assert "Traceback" not in second.stderr
