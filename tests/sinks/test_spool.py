"""The spool survives crashes, damage and full disks, and keeps order and numbers."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imuhip.errors import BrokerError
from imuhip.sinks.mqtt.spool import KEPT_US, Event, Spool, SpoolError

Opened = Callable[..., Spool]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens spools that are closed in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda path, **options: stack.enter_context(contextlib.closing(Spool(path, **options)))


def event(id_: int, kind: str = "rep", seq: int | None = None) -> Event:
    return Event(id_, kind, id_ if seq is None else seq, b'{"n":%d}' % id_)


def test_events_wait_in_order_until_they_are_delivered(tmp_path: Path, opened: Opened) -> None:
    spool = opened(tmp_path / "a" / "otter.sqlite")
    for id_ in (1, 2, 3, 4):
        spool.add(event(id_))
    assert [e.id for e in spool.waiting(3)] == [1, 2, 3]
    spool.delivered([1, 3], now_us=10)
    assert spool.waiting(9) == [event(2), event(4)]
    assert spool.count_waiting() == 2


def test_only_the_owner_can_read_it(tmp_path: Path, opened: Opened) -> None:
    before = os.umask(0)
    try:
        spool = opened(tmp_path / "spool" / "otter.sqlite")
        spool.add(event(1))
        files = list((tmp_path / "spool").iterdir())
    finally:
        os.umask(before)
    assert len(files) >= 2  # the journal, too
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_a_killed_process_leaves_every_event_that_it_was_told_is_stored(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "otter.sqlite"
    code = f"""
from collections.abc import Callable, Iterator
from pathlib import Path
from imuhip.sinks.mqtt.spool import Event, Spool
spool, id_ = Spool(Path({str(path)!r})), 0
while True:
    id_ += 1
    spool.add(Event(id_, "rep", id_, b"x" * 500))
    print(id_, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    stored = 0
    while stored < 40:
        stored = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    stored = max([stored, *map(int, process.stdout.read().split()[:-1])])
    process.wait()
    process.stdout.close()
    found = [e.id for e in opened(path).waiting(10_000)]
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= stored


def test_what_was_delivered_is_kept_for_a_day_and_can_wait_again(tmp_path: Path, opened: Opened) -> None:
    spool = opened(tmp_path / "s.sqlite")
    for id_ in range(1, 7):
        spool.add(event(id_))
    spool.delivered([1, 2, 3], now_us=1000)
    spool.delivered([4], now_us=1000 + KEPT_US)
    assert spool.again(from_id=2) == 3
    assert [e.id for e in spool.waiting(9)] == [2, 3, 4, 5, 6]
    spool.delivered([2, 3, 4], now_us=1000)
    spool.delivered([5], now_us=1001 + KEPT_US)
    assert spool.again(from_id=0) == 1  # 1 to 4 were delivered more than a day ago
    assert [e.id for e in spool.waiting(9)] == [5, 6]


def test_what_no_broker_has_is_kept_however_old(tmp_path: Path, opened: Opened) -> None:
    spool = opened(tmp_path / "s.sqlite")
    spool.add(event(1))
    spool.add(event(2))
    spool.delivered([2], now_us=100 * KEPT_US)
    assert spool.waiting(9) == [event(1)]


def test_numbers_go_on_where_they_were_even_when_all_is_forgotten(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "s.sqlite"
    spool = opened(path)
    spool.add(event(5, "rep", 0))
    spool.add(event(9, "rep", 1))
    spool.add(event(7, "flag", 0))
    spool.delivered([5, 7, 9], now_us=0)
    spool.delivered([], now_us=2 * KEPT_US)
    spool.close()
    assert opened(path).last() == (9, {"rep": 1, "flag": 0})


def test_a_second_process_for_the_same_wearer_is_refused(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "s.sqlite"
    holder = opened(path)
    code = f"from pathlib import Path; from imuhip.sinks.mqtt.spool import Spool; Spool(Path({str(path)!r}))"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another imuhip publishes for this wearer" in second.stderr
    holder.close()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_within_one_process_too(tmp_path: Path, opened: Opened) -> None:
    holder = opened(tmp_path / "s.sqlite")
    with pytest.raises(BrokerError, match="another imuhip"):
        opened(tmp_path / "s.sqlite")
    holder.close()


def test_a_damaged_file_is_put_aside_and_begun_anew(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    spool = opened(path)
    spool.add(event(1))
    assert spool.waiting(9) == [event(1)]
    assert spool.damaged is not None
    assert spool.damaged.read_bytes().startswith(b"this is no")


def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path, opened: Opened) -> None:
    spool = opened(tmp_path / "s.sqlite", max_bytes=64 * 1024)
    stored = 0
    with pytest.raises(SpoolError, match="full"):  # noqa: PT012  # the number that fits is SQLite's affair
        for id_ in range(1, 1000):
            spool.add(Event(id_, "rep", id_, b"x" * 1000))
            stored = id_
    assert [e.id for e in spool.waiting(1000)] == list(range(1, stored + 1))
    spool.delivered(range(1, stored), now_us=0)
    spool.delivered([], now_us=2 * KEPT_US)
    spool.add(event(1001))  # there is room again


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError):
        opened(tmp_path / "file" / "s.sqlite")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of file sizes are POSIX")
def test_a_disk_that_takes_no_more_is_said_and_used_again_when_it_does(tmp_path: Path) -> None:
    code = f"""
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from imuhip.sinks.mqtt.spool import Event, Spool, SpoolError
spool, stored = Spool(Path({str(tmp_path / "s.sqlite")!r})), []
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
try:
    for id_ in range(1, 1000):
        spool.add(Event(id_, "rep", id_, b"x" * 1000))
        stored.append(id_)
except SpoolError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.add(Event(2000, "rep", 2000, b""))
assert 10 < len(stored) < 400
assert [event.id for event in spool.waiting(5000)] == [*stored, 2000]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
