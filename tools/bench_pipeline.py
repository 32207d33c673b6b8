"""Measures how fast recordings are analyzed and how little live costs, and prints it as a Markdown table.

Every measurement is a process of its own: whole runs of ``python -m imuhip analyze FILE --json``, start-up included,
against the bare VQF C++ filter (``updateBatch``, 6D) on the same samples, in turn with it, so that both meet the same
machine. Peak memory is the kernel's figure for each process. This one stays small (standard library only): on Linux a
child begins with its parent's peak.

Only ratios and counts are asserted: exit status 1 where one misses its limit. What has an aim is reported.

``--quick`` runs on ten minutes instead of an hour and draws a line through a recording of one minute and one of ten to
an hour: start-up counts once and the rest in proportion. It leaves out the four hours.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
HOUR_S = 3600.0
ROUNDS, QUICK_ROUNDS = 5, 3
ROUNDS_BUDGET_S = 120.0
"""No new round is begun after this: a slow build is measured once."""
PATIENCE_S = 900.0
"""A process that takes longer is stopped and counts as infinitely slow."""
MODES = {"--causal": "live (`--causal`)", "": "refined"}
VQF_LIMITS = {"--causal": 5.0, "": 40.0}
MEMORY_LIMIT_MB = 600.0
FOUR_HOURS_LIMIT = 4.4


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: The measurement, in the unit of the limit.
        limit: What it may be at most.
        unit: Of both.
        note: More about the measurement.
        asserted: Whether a miss fails the run; an aim is only reported.
    """

    name: str
    value: float
    limit: float
    unit: str
    note: str = ""
    asserted: bool = True

    @property
    def missed(self) -> bool:
        """Whether an asserted limit is exceeded."""
        return self.asserted and not self.value <= self.limit

    def row(self) -> str:
        """The line in Markdown."""
        limit = f"{'' if self.asserted else 'aim '}{self.limit:g} {self.unit}"
        note = f" ({self.note})" if self.note else ""
        share = f"{self.value / self.limit:.2f}" if self.limit else "-"
        mark = " **missed**" if self.missed else ""
        return f"| {self.name} | {self.value:.3g} {self.unit}{note} | {limit} | {share}{mark} |"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    seconds: float
    peak_mb: float
    stdout: str


def run(*arguments: str) -> Run:
    """Run a Python process to its end and measure it as a whole.

    Raises:
        SystemExit: If it fails.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        start_s = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, stdin=subprocess.DEVNULL)
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
        return Run(math.inf, peak_mb, "")
    return Run(seconds, peak_mb, text)


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


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of some rounds over one recording.

    Attributes:
        filter_s: Of the bare filter.
        seconds: Of each mode's processes.
        peak_mb: The largest of each mode's.
        rounds: How many there were.
        kept: Share of the file's samples that the results tell of.
    """

    filter_s: float
    seconds: dict[str, float]
    peak_mb: dict[str, float]
    rounds: int
    kept: float


def measure(recording: Path, rounds: int) -> Measured:
    """Measure filter and both modes in turn, several times."""
    filter_s: list[float] = []
    runs: dict[str, list[Run]] = {mode: [] for mode in MODES}
    samples = 0.0
    begin_s = time.perf_counter()
    while len(filter_s) < rounds and time.perf_counter() - begin_s < ROUNDS_BUDGET_S:
        say(f"{recording.stem}: round {len(filter_s) + 1} of {rounds}")
        bare = workload("filter", recording)
        filter_s.append(bare["seconds"])
        samples = bare["samples"]
        for mode, own in runs.items():
            own.append(analyze(recording, mode))
    return Measured(
        statistics.median(filter_s),
        {mode: statistics.median(one.seconds for one in own) for mode, own in runs.items()},
        {mode: max(one.peak_mb for one in own) for mode, own in runs.items()},
        len(filter_s),
        min(_samples_told(one) for own in runs.values() for one in own) / samples,
    )


def _samples_told(done: Run) -> int:
    """Samples that the results count as received; those too late for the grid are among the lost."""
    if not done.stdout:
        return 0
    return sum(sensor["samples"] for sensor in json.loads(done.stdout)["recording"]["sensors"])


def hour_figures(*, quick: bool) -> list[Figure]:
    """The figures of an hour, measured or drawn out from ten minutes."""
    length_s = 600.0 if quick else HOUR_S
    rounds = QUICK_ROUNDS if quick else ROUNDS
    measured = measure(recording_of(length_s), rounds)
    seconds, filter_s, how = dict(measured.seconds), measured.filter_s, f"median of {measured.rounds}"
    if quick:
        short_s = 60.0
        short = measure(recording_of(short_s), rounds)
        for mode, long in measured.seconds.items():
            seconds[mode] = long + (long - short.seconds[mode]) * (HOUR_S - length_s) / (length_s - short_s)
        filter_s *= HOUR_S / length_s
        how = "drawn out from 10 minutes"
    out = [
        Figure(
            f"An hour, {name}",
            seconds[mode] / filter_s,
            VQF_LIMITS[mode],
            "x VQF",
            f"{seconds[mode]:.2f} s against {filter_s:.3f} s, {how}",
        )
        for mode, name in MODES.items()
    ]
    span = "ten minutes" if quick else "an hour"
    out += [
        Figure(f"Peak memory of {span}, {name}", measured.peak_mb[mode], MEMORY_LIMIT_MB, "MB")
        for mode, name in MODES.items()
    ]
    out.append(Figure("Samples of the file that the results lack", 100 * (1 - measured.kept), 0.0, "%"))
    if not quick:
        out += four_hour_figures(measured)
    return out


def four_hour_figures(hour: Measured) -> list[Figure]:
    """How the time grows: once through four hours, unless an hour already took too long to try."""
    recording, out = recording_of(4 * HOUR_S), []
    for mode, name in MODES.items():
        slow = hour.seconds[mode] > PATIENCE_S / 4
        say(f"four hours, {name}" + (": left out, an hour is too slow" if slow else ""))
        done = Run(math.inf, math.nan, "") if slow else min((analyze(recording, mode) for _ in range(2)), key=_seconds)
        note = f"{done.seconds:.2f} s, {done.peak_mb:.0f} MB"
        growth = done.seconds / hour.seconds[mode]
        out.append(Figure(f"Four hours, {name}", growth, FOUR_HOURS_LIMIT, "x an hour", note))
    return out


def _seconds(done: Run) -> float:
    return done.seconds


def live_figures(*, quick: bool) -> list[Figure]:
    """What ``feed()`` costs, and how long the program takes to say its version."""
    say("live, one notification at a time")
    live = workload("live", recording_of(600.0 if quick else HOUR_S))
    versions = [run("-m", "imuhip", "--version").seconds for _ in range(ROUNDS)]
    calls = f"{live['calls']:.0f} calls"
    p99 = f"p50 {1e3 * live['p50_s']:.2f} ms, worst {1e3 * live['worst_s']:.0f} ms"
    return [
        Figure("Live, share of one core", 100 * live["cpu_share"], 2.0, "%", calls, asserted=False),
        Figure("Live, p99 of a `feed()`", 1e3 * live["p99_s"], 3.0, "ms", p99, asserted=False),
        Figure("`imuhip --version`", statistics.median(versions), 0.25, "s", asserted=False),
    ]


def say(text: str) -> None:
    """Tell on stderr what goes on."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    head = ["| Three sensors at 100 Hz | Measured | Limit | Of the limit |", "|---|---|---|---|"]
    return "\n".join([*head, *(figure.row() for figure in figures)])


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="under a minute: ten minutes instead of hours")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to a file too")
    given = parser.parse_args()
    figures = hour_figures(quick=given.quick) + live_figures(quick=given.quick)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{table(figures)}\n\n{machine}")
    if given.json is not None:
        content: dict[str, Any] = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
        given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if figure.missed]
    if missed:
        raise SystemExit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
