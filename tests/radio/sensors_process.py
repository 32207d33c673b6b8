"""Virtual sensors in a process of their own, and the program as a user runs it against them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "virtual_sensors.py"


class World:
    """The other process."""

    def __init__(self, home: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.radio = f"bumble:tcp-client:127.0.0.1:{port}"
        self.environment = {**os.environ, "IMUHIP_HOME": str(home)}
        arguments = [sys.executable, str(TOOL), "--scenario", "short", "--stand", *options]
        self.process = subprocess.Popen(
            [*arguments, "--transport", f"tcp-server:127.0.0.1:{port}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert "on the air" in self.process.stdout.readline()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def imuhip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "imuhip", *arguments]
        return subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def pair(self, *roles: str) -> subprocess.CompletedProcess[str]:
        """Pair, tapping each sensor when it is asked for."""
        command = [sys.executable, "-m", "imuhip", "pair", *roles, "--radio", self.radio, "--timeout", "20"]
        running = subprocess.Popen(
            command, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        told: list[str] = []

        def listen() -> None:
            assert running.stderr is not None
            for line in running.stderr:
                told.append(line)
                if line.startswith("Tap the"):
                    self.tell(f"tap {line.removeprefix('Tap the ').split(' sensor')[0].replace(' ', '_')}")

        listening = threading.Thread(target=listen)
        listening.start()
        running.wait(timeout=60)
        listening.join()
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        running.stderr.close()
        return subprocess.CompletedProcess(command, running.returncode, "", "".join(told))

    def typed(self, *arguments: str, keys: Mapping[str, str]) -> bytes:
        """Run a command on a terminal, typing each key once its cue is on the screen; returns all that was shown."""
        import pty  # noqa: PLC0415  # not on Windows

        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "imuhip", *arguments]
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as running:
            os.close(theirs)
            shown = b""
            for cue, key in keys.items():
                while cue.encode() not in shown:
                    shown += os.read(ours, 4096)
                os.write(ours, key.encode())
            with contextlib.suppress(OSError):  # how Linux ends a terminal
                while more := os.read(ours, 4096):
                    shown += more
        os.close(ours)
        assert running.returncode == 0, shown.decode()
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
