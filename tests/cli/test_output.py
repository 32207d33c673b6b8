"""Results on stdout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["--version", "--help", "catalogue bridge"])
def test_stdout_on_a_full_disk_is_told_in_one_line(command: str) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("needs a device that is always full")
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "imuhip", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("imuhip: standard output cannot be written")
