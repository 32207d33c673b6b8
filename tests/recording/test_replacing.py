"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import re
import resource
import stat
import subprocess
from pathlib import Path

import pytest
from made_folders import make_folder, rocking
from made_recordings import SESSION, make_block

from imuhip.errors import OutputError
from imuhip.recording import Recording, RecordingWriter, import_folder, recover
from imuhip.recording.output import refuse_existing, replacing


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


def test_a_missing_folder_and_a_folder_as_output_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder does not exist"):
        refuse_existing(tmp_path / "missing" / "a.csv", force=False)
    with pytest.raises(OutputError, match="is a folder"):
        refuse_existing(tmp_path, force=True)


def test_a_failed_import_or_recovery_leaves_the_old_recording(tmp_path: Path) -> None:
    old, out = tmp_path / "old.mcap", tmp_path / "out.mcap"
    folder = make_folder(tmp_path / "in", {f"{role}.csv": rocking() for role in ("pelvis", "thigh_left")})
    import_folder(folder, old)
    import_folder(folder, out)
    before, limits = out.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    for make in (import_folder, recover):
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            with pytest.raises(OutputError, match=re.escape(f"{out}: the file may not grow further. Raise the limit.")):
                make(folder if make is import_folder else old, out, force=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert out.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"in", "old.mcap", "out.mcap"}


def test_a_full_device_is_told_and_stays(tmp_path: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("needs a device that is always full")
    link = tmp_path / "full.mcap"
    link.symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"the disk is full. Free some space.$"):
        RecordingWriter(link, SESSION, force=True)
    assert link.is_symlink()


def test_a_recording_goes_into_a_pipe(tmp_path: Path) -> None:
    pipe, copy = tmp_path / "pipe", tmp_path / "copy.mcap"
    os.mkfifo(pipe)
    with (
        copy.open("wb") as file,
        subprocess.Popen(["cat", pipe], stdout=file),
        RecordingWriter(pipe, SESSION, force=True) as writer,
    ):
        writer.write(make_block(3.0))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert not Recording.open(copy).damage
