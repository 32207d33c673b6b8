"""Measures how fast recordings are analyzed and how little live costs, and prints it as a Markdown table.

Every measurement is a process of its own: whole runs of ``python -m imuhip analyze FILE --json``, start-up included,
against the bare VQF C++ filter (``updateBatch``, 6D) on the same samples, in turn with it, so that both meet the same
machine. Compared is processor time, of all threads, the least of several rounds on either side: other work on the
machine only ever adds to it. Where there is none it is the time that a user waits, which is printed too. Peak memory is
the kernel's figure for each process. This one stays small (standard library only): on Linux a child begins with its
parent's peak.

Every figure stands beside its target, and a MISS is said. Only ratios and counts are asserted: the whole run exits with
status 1 where one misses its target; what has an aim is reported.

``--quick`` draws a line through a recording of ten minutes and one of half an hour to an hour: start-up counts once and
the rest in proportion. It leaves out the four hours. It is for continuous integration on small, busy machines, so it
fails only where a figure is worse than a bound beside the target that says "something became slow", whether or not the
target itself is reached there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench_processes import PATIENCE_S, Run, analyze, recording_of, run, say, workload

HOUR_S, HALF_HOUR_S = 3600.0, 1800.0
SHORT_S = (60.0, 600.0, HALF_HOUR_S)
"""The recordings of a quick run: the first shows how the time grows, the others tell what an hour takes."""
ROUNDS, QUICK_ROUNDS = 7, 3
ROUNDS_BUDGET_S = 120.0
"""No new round is begun after this: a slow build is measured once."""
MODES = {"--causal": "live (`--causal`)", "": "refined"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure may be at most.

    Attributes:
        limit: The target.
        bound: A quick run fails beyond this: what is reached, and what a busy machine adds.
    """

    limit: float
    bound: float


VQF_TARGETS = {"--causal": Target(5.0, bound=8.0), "": Target(40.0, bound=12.0)}
"""Reached on two cores: 4.5 and 5.8; drawn out from half an hour, 4.9 and 6.0."""
MEMORY_MB = {"--causal": Target(600.0, bound=200.0), "": Target(600.0, bound=400.0)}
"""Reached: 108 and 257."""
FOUR_HOURS = Target(4.4, bound=5.5)
"""Reached: 3.9 live, 4.2 refined; touching new memory takes more than its share of either."""
HALF_HOUR = Target(1.6, bound=2.2)
"""Reached: 0.7 live, because the first ten minutes ask for most solutions, and 1.2 refined."""
NONE_LACKING = Target(0.0, bound=0.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: The measurement, in the unit of the target.
        target: What it may be at most.
        unit: Of both.
        note: More about the measurement.
        asserted: Whether a miss fails the run; an aim is only reported.
    """

    name: str
    value: float
    target: Target
    unit: str
    note: str = ""
    asserted: bool = True

    @property
    def missed(self) -> bool:
        """Whether the target is not reached."""
        return not self.value <= self.target.limit

    def fails(self, *, quick: bool) -> bool:
        """Whether the run fails by it."""
        return self.asserted and not self.value <= (self.target.bound if quick else self.target.limit)

    def row(self) -> str:
        """The line in Markdown."""
        target = f"{'<=' if self.asserted else 'aim'} {self.target.limit:g} {self.unit}"
        note = f" ({self.note})" if self.note else ""
        result = "**MISS**" if self.missed else "PASS"
        return f"| {self.name} | {self.value:.3g} {self.unit}{note} | {target} | {result} |"


@dataclass(frozen=True, slots=True)
class Measured:
    """The least of some rounds over one recording.

    Attributes:
        filter_s: Of the bare filter.
        seconds: Of each mode's processes.
        cpu_s: Processor time of the same.
        peak_mb: The largest of each mode's.
        rounds: How many there were.
        kept: Share of the file's samples that the results tell of.
    """

    filter_s: float
    seconds: dict[str, float]
    cpu_s: dict[str, float]
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
        min(filter_s),
        {mode: min(one.seconds for one in own) for mode, own in runs.items()},
        {mode: min(one.cpu_s for one in own) for mode, own in runs.items()},
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
    """The figures of an hour, and how they grow."""
    if quick:
        shortest, short, measured = (measure(recording_of(length_s), QUICK_ROUNDS) for length_s in SHORT_S)
        cpu_s = {mode: drawn_out(short.cpu_s[mode], measured.cpu_s[mode]) for mode in MODES}
        peak_mb = {mode: drawn_out(short.peak_mb[mode], measured.peak_mb[mode]) for mode in MODES}
        filter_s = measured.filter_s * HOUR_S / HALF_HOUR_S
        notes = dict.fromkeys(MODES, "drawn out from half an hour")
        growth = half_hour_figures(shortest, short, measured)
    else:
        measured = measure(recording_of(HOUR_S), ROUNDS)
        cpu_s, peak_mb, filter_s = measured.cpu_s, measured.peak_mb, measured.filter_s
        notes = {mode: f"{measured.seconds[mode]:.2f} s on the clock, least of {measured.rounds}" for mode in MODES}
        growth = four_hour_figures(measured)
    times = [
        Figure(
            f"An hour, {name}",
            cpu_s[mode] / filter_s,
            VQF_TARGETS[mode],
            "x VQF",
            f"{cpu_s[mode]:.2f} s against {filter_s:.3f} s, {notes[mode]}",
        )
        for mode, name in MODES.items()
    ]
    memory = [
        Figure(f"Peak memory of an hour, {name}", peak_mb[mode], MEMORY_MB[mode], "MB") for mode, name in MODES.items()
    ]
    lacking = Figure("Samples of the file that the results lack", 100 * (1 - measured.kept), NONE_LACKING, "%")
    return [*times, *memory, lacking, *growth]


def drawn_out(at_short: float, at_half: float) -> float:
    """Continue the line through what ten minutes and half an hour took to an hour."""
    return at_half + (at_half - at_short) * (HOUR_S - SHORT_S[2]) / (SHORT_S[2] - SHORT_S[1])


def half_hour_figures(shortest: Measured, short: Measured, half: Measured) -> list[Figure]:
    """Whether half an hour keeps to the line through the short ones; squared growth is three times as steep."""
    out, proportion = [], (SHORT_S[2] - SHORT_S[0]) / (SHORT_S[1] - SHORT_S[0])
    for mode, name in MODES.items():
        cpu_s, first_s = half.cpu_s[mode], shortest.cpu_s[mode]
        steeper = (cpu_s - first_s) / (short.cpu_s[mode] - first_s) / proportion
        told = f"Half an hour against ten minutes, {name}"
        out.append(Figure(told, steeper, HALF_HOUR, "x in proportion", f"{cpu_s:.2f} s"))
    return out


def four_hour_figures(hour: Measured) -> list[Figure]:
    """How the time grows: the least of three through four hours, unless an hour already took too long to try."""
    recording, out = recording_of(4 * HOUR_S), []
    for mode, name in MODES.items():
        slow = hour.seconds[mode] > PATIENCE_S / 4
        say(f"four hours, {name}" + (": left out, an hour is too slow" if slow else ""))
        done = (
            Run(math.inf, math.inf, math.nan, "")
            if slow
            else min((analyze(recording, mode) for _ in range(3)), key=_cpu_s)
        )
        note = f"{done.seconds:.2f} s, {done.peak_mb:.0f} MB"
        growth = done.cpu_s / hour.cpu_s[mode]
        out.append(Figure(f"Four hours, {name}", growth, FOUR_HOURS, "x an hour", note))
    return out


def _cpu_s(done: Run) -> float:
    return done.cpu_s


def live_figures(*, quick: bool) -> list[Figure]:
    """What ``feed()`` costs, and how long the program takes to say its version."""
    say("live, one notification at a time")
    live = workload("live", recording_of(600.0 if quick else HOUR_S))
    versions = [run("-m", "imuhip", "--version").seconds for _ in range(ROUNDS)]
    calls = f"{live['calls']:.0f} calls"
    p99 = f"p50 {1e3 * live['p50_s']:.2f} ms, worst {1e3 * live['worst_s']:.0f} ms"
    return [
        Figure("Live, share of one core", 100 * live["cpu_share"], _aim(2.0), "%", calls, asserted=False),
        Figure("Live, p99 of a `feed()`", 1e3 * live["p99_s"], _aim(3.0), "ms", p99, asserted=False),
        Figure("`imuhip --version`", statistics.median(versions), _aim(0.25), "s", asserted=False),
    ]


def _aim(limit: float) -> Target:
    return Target(limit, bound=math.inf)


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    head = ["| Three sensors at 100 Hz | Measured | Target | Result |", "|---|---|---|---|"]
    return "\n".join([*head, *(figure.row() for figure in figures)])


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="under a minute: half an hour instead of hours")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to a file too")
    given = parser.parse_args()
    figures = hour_figures(quick=given.quick) + live_figures(quick=given.quick)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{table(figures)}\n\n{machine}")
    if given.json is not None:
        content: dict[str, Any] = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
        given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if figure.missed]
    print(f"MISS: {'; '.join(missed)}" if missed else "Every target is reached.")
    failed = [figure.name for figure in figures if figure.fails(quick=given.quick)]
    if failed:
        raise SystemExit(f"worse than {'its bound' if given.quick else 'its target'}: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
