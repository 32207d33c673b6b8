"""Prints how long a history of 500 sessions takes to answer, beyond the program's start.

    python tools/bench_history.py

A wearer trains 500 times: 8 motions tested twice each, 6 sets of 10 repetitions. Every command runs as a process of its
own; the least of several runs counts, because everything else on the computer only adds.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imuhip.catalogue_files import load_catalogue
from imuhip.flags.judge import controls_of
from imuhip.history.database import reading, writing
from imuhip.history.dates import utc_text
from imuhip.history.sessions import NewSession, add, earlier

SESSIONS = 500
TARGET_S = 0.2
RUNS = 5
FIRST_S = 1.7e9
EVERY_S = 3 * 86400.0
MOTIONS = [
    (name, position, side)
    for name, position in (
        ("flexion", "supine"), ("extension", "prone"), ("abduction", "side_lying"), ("external_rotation", "prone")
    )
    for side in ("left", "right")
]  # fmt: skip
EXERCISES = ("bridge", "clamshell", "lateral_raise")


def results(noise: random.Random, started_s: float) -> dict[str, Any]:
    """Results of one session as the analysis gives them."""
    tests = [_test(noise, *motion, start_s=60.0 * i) for i, motion in enumerate([*MOTIONS, *MOTIONS])]
    sets = [_set(noise, name, side, 1200.0 + i) for i, name in enumerate(EXERCISES) for side in ("left", "right")]
    roles = ("pelvis", "thigh_left", "thigh_right")
    return {
        "recording": {
            "started_utc": utc_text(started_s),
            "wearer": "bench",
            "duration_s": 1800.0,
            "time_offset_s": 0.0,
            "sensors": [{"role": role} for role in roles],
        },
        "calibration": [],
        "tests": tests,
        "sets": sets,
        "flags": [],
        "pain": [],
        "mobilise": [],
    }


def _test(noise: random.Random, name: str, position: str, side: str, *, start_s: float) -> dict[str, Any]:
    peak = noise.gauss(30.0, 2.5)
    trials = [peak + noise.gauss(0.0, 1.0) for _ in range(3)]
    return {
        "name": name,
        "side": side,
        "mode": "active",
        "position": position,
        "phase": "pre",
        "start_s": start_s,
        "end_s": start_s + 20.0,
        "trials_deg": trials,
        "peak_deg": sorted(trials)[1],
        "uncertainty_deg": 2.0,
        "relative_only": False,
        "start_deg": 0.0,
        "pelvis_excursion_deg": 5.0,
        "thigh_deg": 30.0,
        "reference": "pelvis",
    }


def _set(noise: random.Random, exercise: str, side: str, start_s: float) -> dict[str, Any]:
    reps = [
        {"start_s": start_s + 6 * i, "peak_deg": noise.gauss(20.0, 1.5), "faults": [], "good": True} for i in range(10)
    ]
    return {
        "exercise": exercise,
        "side": side,
        "start_s": start_s,
        "end_s": start_s + 60.0,
        "good_reps": 10,
        "controlled_range_deg": 20.0,
        "reference": "pelvis",
        "reps": reps,
    }


def fill(path: Path, sessions: int) -> float:
    """Put a wearer's sessions into a history.

    Args:
        path: The history.
        sessions: How many.

    Returns:
        Seconds that adding the last one took.
    """
    noise = random.Random(1)
    controls = controls_of(load_catalogue())
    took_s = 0.0
    for i in range(sessions):
        started_s = FIRST_S + EVERY_S * i
        new = NewSession(
            wearer="bench",
            sha256=f"{i}",
            started_s=started_s,
            date_given=False,
            date_doubtful=False,
            results=results(noise, started_s),
        )
        before = time.perf_counter()
        with writing(path) as connection:
            add(connection, new, controls)
        took_s = time.perf_counter() - before
    return took_s


def best_s(arguments: Sequence[str]) -> float:
    """The least time of several runs of the program, s.

    Args:
        arguments: Of the command line.
    """
    times = []
    for _ in range(RUNS):
        before = time.perf_counter()
        subprocess.run([sys.executable, "-m", "imuhip", *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - before)
    return min(times)


def main() -> int:
    """Print the table.

    Returns:
        1 if an answer takes longer than its target.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    sessions = parser.parse_args().sessions
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        add_s = fill(path, sessions)
        start_s = best_s(["--version"])
        commands = (["history"], ["history", "--json"], ["history", "--motion", "extension"])
        answers = {" ".join(c): best_s([*c, "--database", str(path)]) - start_s for c in commands}
        before = time.perf_counter()
        with reading(path) as connection:
            earlier(connection, "bench", FIRST_S + EVERY_S * sessions)
        look_up_s = time.perf_counter() - before
        size_mb = path.stat().st_size / 1e6
    print(f"### History of {sessions} sessions ({size_mb:.1f} MB)\n")
    print("| command | target, s | beyond start-up, s | result |\n|---|---|---|---|")
    for command, took_s in answers.items():
        print(f"| imuhip {command} | <= {TARGET_S} | {took_s:.3f} | {'PASS' if took_s <= TARGET_S else '**FAIL**'} |")
    print(f"\nStart-up {start_s:.3f} s. One more session: {add_s:.3f} s. Reading all for analyze: {look_up_s:.3f} s.")
    return int(any(took_s > TARGET_S for took_s in answers.values()))


if __name__ == "__main__":
    sys.exit(main())
