"""Results on stdout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_stdout_on_a_full_disk_is_told_in_one_line() -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("needs a device that is always full")
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", "from imuhip.cli.output import say; say('x' * 10)"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("imuhip.errors.OutputError: standard output cannot be written")
