"""A real Mosquitto for the tests, and mosquitto_sub as a reader that is not ours."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 20.0
"""Longer than anything takes on a busy machine; nothing waits for it that goes well."""


def require_mosquitto() -> None:
    """Skip without Mosquitto, or fail where skipping is forbidden."""
    if shutil.which("mosquitto", path=_path()) and shutil.which("mosquitto_sub", path=_path()):
        return
    reason = "needs mosquitto and mosquitto_sub (Debian: mosquitto, mosquitto-clients)"
    if os.environ.get("IMUHIP_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason}, and IMUHIP_REQUIRE_ALL=1 forbids to skip")
    pytest.skip(reason)


def _path() -> str:
    return os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"  # Debian puts the broker there


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], what: str = "", patience_s: float = PATIENCE_S) -> Any:
    """Wait until something is true; fail, saying what, where it never is."""
    ends_s = time.monotonic() + patience_s
    while time.monotonic() < ends_s:
        if value := condition():
            return value
        time.sleep(0.01)
    pytest.fail(f"never came: {what or condition}")


class Mosquitto:
    """One broker on loopback.

    Args:
        folder: For its configuration and data.
        config: Lines besides the listener.
        listener: Lines of the listener (TLS).
    """

    def __init__(self, folder: Path, *config: str, listener: tuple[str, ...] = ()) -> None:
        require_mosquitto()
        self.port = free_port()
        self._folder = folder
        self._log = folder / "mosquitto.log"
        lines = [f"listener {self.port} 127.0.0.1", *listener, *config, "set_tcp_nodelay true", "log_type all"]
        if not any(line.startswith(("allow_anonymous", "password_file", "require_certificate")) for line in lines):
            lines.append("allow_anonymous true")
        if os.geteuid() == 0:
            lines.append("user root")  # else it gives its rights up and cannot read the test's files
        self._file = folder / "mosquitto.conf"
        self._file.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [str(shutil.which("mosquitto", path=_path())), "-c", str(self._file)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: self._listens() or self._process.poll() is not None, "Mosquitto")
        assert self._process.poll() is None, self.log()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)
            self._process = None

    def freeze(self) -> None:
        """Let it hang: connections stand, nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        return self._log.read_text(errors="replace")


@contextmanager
def running(folder: Path, *config: str, listener: tuple[str, ...] = ()) -> Iterator[Mosquitto]:
    folder.mkdir(exist_ok=True)
    broker = Mosquitto(folder, *config, listener=listener)
    try:
        yield broker
    finally:
        if broker._process is not None:
            broker.thaw()
        broker.stop()


class Reader:
    """mosquitto_sub, collecting what arrives on some topics.

    Args:
        broker: Where.
        topic: What to read.
        options: More of its command line.
    """

    def __init__(self, broker: Mosquitto, topic: str, *options: str) -> None:
        self.name = f"reader-{secrets.token_hex(4)}"
        self._lines = broker._folder / f"{self.name}.txt"
        self._out = self._lines.open("wb")
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", topic, "-q", "1", "-F", "%j"]
        command += ["-i", self.name, *options]
        self._process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.STDOUT)
        self._broker = broker

    def messages(self) -> list[dict[str, Any]]:
        """What has come: ``topic``, ``payload`` (read as JSON), ``retain``, ``qos``."""
        out = []
        for line in self._lines.read_bytes().split(b"\n"):
            if line.startswith(b"{") and line.endswith(b"}"):
                message = json.loads(line)
                if isinstance(message["payload"], str) and message["payload"].startswith("{"):
                    message["payload"] = json.loads(message["payload"])
                out.append(message)
        return out

    def payloads(self, ending: str) -> list[dict[str, Any]]:
        """Payloads of the topics that end so."""
        return [m["payload"] for m in self.messages() if m["topic"].endswith(ending) and m["payload"]]

    def wait(self, ending: str, count: int = 1) -> list[dict[str, Any]]:
        wait_for(lambda: len(self.payloads(ending)) >= count, f"{count} of {ending}")
        return self.payloads(ending)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._out.close()


@contextmanager
def reading(broker: Mosquitto, topic: str = "#", *options: str) -> Iterator[Reader]:
    reader = Reader(broker, topic, *options)
    try:
        wait_for(lambda: f"Sending SUBACK to {reader.name}" in broker.log(), "subscription")
        yield reader
    finally:
        reader.close()


def publish(broker: Mosquitto, topic: str, payload: str, *options: str) -> None:
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", topic, "-q", "1", "-m", payload]
    subprocess.run([*command, *options], check=True, timeout=PATIENCE_S)
