"""Prints how accurate imuhip is, target beside measured, as Markdown tables.

Simulated sessions with known truth go through packed notifications with loss and clocks, refined and live; real
recordings are held against their optical reference. Exit code 1 if a figure misses its target.

    python tools/accuracy.py                      everything, some minutes on two cores
    python tools/accuracy.py --quick              a few sessions only, for continuous integration
    python tools/accuracy.py --only simulated     one part: simulated, coverage, dropouts, real, gaps, broad, reps or
                                                  reps-real
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from accuracy_broad import broad
from accuracy_coverage import coverage
from accuracy_dropouts import dropouts
from accuracy_gaps import gaps
from accuracy_real import real
from accuracy_reps_real import reps_real
from accuracy_reps_simulated import reps_simulated
from accuracy_reps_ways import reps_in_other_ways
from accuracy_simulated import simulated
from accuracy_table import Section, markdown, missed

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Recordings that are not ours to ship; their parts are skipped where this folder is missing."""
PARTS = ("simulated", "coverage", "dropouts", "real", "gaps", "broad", "reps", "reps-real")
SEEDS, QUICK_SEEDS = 20, 3
SESSIONS, QUICK_SESSIONS = 120, 12
PRACTICES, QUICK_PRACTICES = 5, 1
"""Sessions of 40 repetitions of each exercise."""

T = TypeVar("T")
R = TypeVar("R")


def measure(part: str, *, quick: bool, seeds: int | None) -> Section:
    """Measure one part.

    Args:
        part: One of :data:`PARTS`.
        quick: Few sessions, and a wider band for what few sessions can show.
        seeds: Simulated sessions on each side, or None for the default.
    """
    if part == "simulated":
        return simulated(_in_parallel, seeds or (QUICK_SEEDS if quick else SEEDS))
    if part == "coverage":
        return coverage(_in_parallel, QUICK_SESSIONS if quick else SESSIONS, quick=quick)
    if part == "dropouts":
        return dropouts(_in_parallel, QUICK_SEEDS if quick else SEEDS // 2)
    if part == "reps":
        section = reps_simulated(_in_parallel, QUICK_PRACTICES if quick else PRACTICES, quick=quick)
        others = [] if quick else reps_in_other_ways(_in_parallel)
        return replace(section, figures=(*section.figures, *others))
    required = os.environ.get("IMUHIP_REQUIRE_ALL") == "1"
    if part == "broad":
        return broad(DATA / "broad", required=required)
    return {"real": real, "gaps": gaps, "reps-real": reps_real}[part](DATA / "hip", required=required)


def _in_parallel(function: Callable[[T], R], cases: Sequence[T]) -> list[R]:
    """Map over cases on two cores, in order; says on stderr how far it is."""
    results: list[R] = []
    with multiprocessing.get_context("spawn").Pool(min(2, os.cpu_count() or 1)) as pool:
        for result in pool.imap(function, cases):
            results.append(result)
            if sys.stderr.isatty() and len(results) % 4 == 0:
                print(f"\r{len(results)} of {len(cases)} sessions", end="\r", file=sys.stderr, flush=True)
    return results


def main() -> int:
    """Measure, print, and tell whether everything was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few sessions, under three minutes on two cores")
    parser.add_argument(
        "--seeds", type=int, help=f"simulated sessions on each side (default {SEEDS}, quick {QUICK_SEEDS})"
    )
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write figures, and every session behind them, to a file"
    )
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process per core: threads inside would only contend
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sections = []
    for part in PARTS if args.only is None else (args.only,):
        sections.append(measure(part, quick=args.quick, seeds=args.seeds))
        print(markdown(sections[-1]), flush=True)
    if args.json is not None:
        args.json.write_text(
            json.dumps(_plain([asdict(each) for each in sections]), indent=1, allow_nan=False), encoding="utf-8"
        )
    misses = missed(sections)
    print(f"{misses} of the figures missed their target." if misses else "Every figure reached its target.")
    return 1 if misses else 0


def _plain(value: object) -> object:
    """The same for JSON, which knows neither infinity nor NaN: null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    sys.exit(main())
