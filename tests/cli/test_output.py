"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from imuhip.cli.output import refuse_existing, replacing
from imuhip.errors import OutputError


def write(path: Path, text: str, *, force: bool = False) -> None:
    with replacing(path, force=force) as temporary:
        temporary.write_text(text)


def test_a_new_file_is_written_for_its_owner_only(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "new")
    assert (tmp_path / "a.csv").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_an_existing_file_is_kept_without_force_and_replaced_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(OutputError, match="--force"):
        write(path, "new")
    assert path.read_text() == "old"
    write(path, "new", force=True)
    assert path.read_text() == "new"


def write_half(path: Path) -> None:
    with replacing(path, force=True) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError


def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_as_an_output_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(OutputError, match="disk is full"), replacing(path, force=False):
        raise OSError(28, os.strerror(28))
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with replacing(pipe, force=True) as path:
        assert path == pipe
    assert stat.S_ISFIFO(pipe.stat().st_mode)


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


def test_a_missing_folder_and_a_folder_as_output_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder does not exist"):
        refuse_existing(tmp_path / "missing" / "a.csv", force=False)
    with pytest.raises(OutputError, match="is a folder"):
        refuse_existing(tmp_path, force=True)
