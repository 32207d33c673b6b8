"""The MQTT bench's peers, a real Mosquitto and a subscriber in a process of its own, and its table."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 60.0


class Broker:
    """Mosquitto on a free port of loopback.

    Args:
        folder: For its files.
        config: More lines of its configuration.
    """

    def __init__(self, folder: Path, *config: str) -> None:
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
        if program is None:
            raise SystemExit("mosquitto is missing (Debian: apt-get install mosquitto)")
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true"]
        # By default only 1,000 messages are kept for a subscriber that is away.
        lines += ["max_queued_messages 0", "user root" if os.geteuid() == 0 else "", *config]
        file = folder / "mosquitto.conf"
        file.write_text("\n".join(lines) + "\n")
        self._command = [program, "-c", str(file)]
        self._log = (folder / "mosquitto.log").open("ab")
        self.start()

    def start(self) -> None:
        """Start it, again after a kill; returns when it listens."""
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.005)
        raise SystemExit("mosquitto does not start")

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._log.close()


@dataclass(frozen=True, slots=True)
class Message:
    """One message at the subscriber: when it came, on the clock that all processes share, and what."""

    at_s: float
    topic: str
    payload: bytes


class Subscriber:
    """A process that writes down what it receives.

    Args:
        broker: Where.
        topic: What.
        folder: For its file.
        session: Name of a session that the broker keeps while it is away; None for none.
    """

    def __init__(self, broker: Broker, topic: str, folder: Path, session: str | None = None) -> None:
        self._file = folder / f"received-{time.monotonic_ns()}"
        command = [sys.executable, __file__, str(broker.port), topic, str(self._file), session or ""]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self._process.stdout is None or self._process.stdout.readline() != "ready\n":
            raise SystemExit("the subscriber does not start")

    def messages(self) -> list[Message]:
        """What has come."""
        out = []
        for line in self._file.read_bytes().split(b"\n")[:-1]:
            at_ns, topic, payload = line.split(b" ", 2)
            out.append(Message(int(at_ns) * 1e-9, topic.decode(), payload))
        return out

    def count(self) -> int:
        """How many have come."""
        return self._file.read_bytes().count(b"\n")

    def settle(self, quiet_s: float = 1.0) -> None:
        """Wait until nothing more comes."""
        last, since_s = -1, time.monotonic()
        while time.monotonic() - since_s < quiet_s:
            if (now := self.count()) != last:
                last, since_s = now, time.monotonic()
            time.sleep(0.05)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()


def receive(port: int, topic: str, file: Path, session: str) -> None:
    """The subscriber's process: one line a message, for ever."""
    out = file.open("wb", buffering=0)

    def write(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        out.write(b"%d %s %s\n" % (time.monotonic_ns(), message.topic.encode(), message.payload))

    version = CallbackAPIVersion.VERSION2
    client = paho.Client(version, client_id=session or None, clean_session=not session, reconnect_on_failure=True)
    client.reconnect_delay_set(1, 1)
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_message = write
    client.connect("127.0.0.1", port)
    client.loop_forever()


def publish(broker: Broker, topic: str, payload: str) -> None:
    """Publish one message as somebody else."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


class Table:
    """Prints lines as they are measured and remembers whether a count was wrong."""

    def __init__(self) -> None:
        self.good = True
        print("| measured | value | aim |\n|---|---|---|")

    def time(self, name: str, value: str, aim: str = "") -> None:
        """A figure with an aim."""
        print(f"| {name} | {value} | {aim} |", flush=True)

    def count(self, name: str, value: int, wanted: int, note: str = "") -> None:
        """A count that has to be right."""
        self.good &= value == wanted
        wrong = "" if value == wanted else " **wrong**"
        print(f"| {name} | {value}{wrong}{note} | must be {wanted} |", flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    receive(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
