"""Processes of bench_pipeline.py, measured as wholes, and the recordings they work on."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
PATIENCE_S = 900.0
"""A process that takes longer is stopped and counts as infinitely slow."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process.

    Attributes:
        seconds: From start to end.
        cpu_s: Processor time of all its threads.
        peak_mb: Largest resident memory.
        stdout: What it printed.
    """

    seconds: float
    cpu_s: float
    peak_mb: float
    stdout: str


def run(*arguments: str) -> Run:
    """Run a Python process to its end and measure it as a whole, its modules compiled before as an installer does it.

    Raises:
        SystemExit: If it fails.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        start_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=output, stdin=subprocess.DEVNULL, env=_with_bytecode()
        )
        patience = threading.Timer(PATIENCE_S, process.kill)
        patience.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start_s
        patience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    peak_mb = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    if process.returncode != 0:
        if seconds < PATIENCE_S:
            raise SystemExit(f"failed with status {process.returncode}: python {' '.join(arguments)}")
        return Run(math.inf, math.inf, peak_mb, "")
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak_mb, text)


def _with_bytecode() -> dict[str, str]:
    """The environment, with a place for compiled modules even where none are to be written beside the sources."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "imuhip-bench-bytecode")}


def workload(name: str, recording: Path, *more: str) -> dict[str, float]:
    """Run a part of bench_workloads.py."""
    done = run(str(TOOLS / "bench_workloads.py"), name, str(recording), *more)
    result: dict[str, float] = json.loads(done.stdout or "{}")
    return result


def analyze(recording: Path, mode: str) -> Run:
    """Run ``imuhip analyze`` as a user does."""
    return run("-m", "imuhip", "analyze", str(recording), "--json", *mode.split())


def recording_of(seconds: float) -> Path:
    """A recording of three sensors at 100 Hz, made once and kept in the temporary folder."""
    digest = hashlib.sha256((TOOLS / "bench_workloads.py").read_bytes())
    for source in sorted((TOOLS.parent / "imuhip" / "simulation").glob("*.py")):
        digest.update(source.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"imuhip-bench-{digest.hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{seconds:.0f}s.mcap"
    if not path.exists():
        say(f"simulating {seconds / 60:.0f} minutes")
        partial = path.with_suffix(f".{os.getpid()}.part")
        workload("make", partial, "--seconds", str(seconds))
        partial.replace(path)
    return path


def say(text: str) -> None:
    """Tell on stderr what goes on."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
