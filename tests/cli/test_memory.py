"""A process that measures keeps the memory that it frees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
FAULTS_OF_ARRAYS = """
import ctypes, gc, resource
from imuhip.cli.memory import keep_memory

{before}
keep_memory()
import numpy as np

def faults_of_arrays():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [np.ones(125_000) for _ in range(32)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(int(gc.isenabled()), faults_of_arrays(), faults_of_arrays())
"""


def run(before: str = "") -> list[int]:
    script = FAULTS_OF_ARRAYS.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's switches")
def test_what_is_freed_serves_the_next_arrays() -> None:
    collects, first, second = run()
    assert not collects
    assert second < 100, "7,800 pages of 4 kB were taken from the system again"
    if LARGE_PAGES.exists() and "[never]" not in LARGE_PAGES.read_text():
        assert first < 1_000, "the first time they come as large ones"


def test_a_c_library_without_these_switches_is_left_alone() -> None:
    """As on macOS and with musl: measuring works all the same."""
    collects, first, _ = run("ctypes.CDLL = lambda name: object()")
    assert not collects
    assert first > 0
