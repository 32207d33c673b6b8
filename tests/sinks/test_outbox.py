"""Events are numbered and kept, and a disk that refuses is said and survived."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from pathlib import Path

import pytest
from mosquitto import wait_for

from imuhip.sinks.mqtt.outbox import Draft, Outbox
from imuhip.sinks.mqtt.payloads import Session

SESSION = Session("0123abcd", "live", {}, 25.0)


class HandClock:
    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


def outbox(path: Path, **options: object) -> Outbox:
    return Outbox(path / "s.sqlite", SESSION, lambda: None, **options)  # type: ignore[arg-type]


def put(box: Outbox, *numbers: int, kind: str = "rep") -> None:
    for number in numbers:
        box.put(Draft(kind, 5, "good", {"number": number}))


def waiting(box: Outbox) -> list[int]:
    return [json.loads(event.payload)["number"] for event in asyncio.run(box.next(10_000))]


def test_ids_rise_with_time_and_never_fall(tmp_path: Path) -> None:
    clock = HandClock()
    box = outbox(tmp_path, now_us=clock)
    put(box, 0, 1)
    asyncio.run(box.next(1))  # what was put is through
    clock.us = 500  # the wall clock is set back
    put(box, 2)
    events = asyncio.run(box.next(9))
    box.close()
    assert [event.id for event in events] == [1_000_000, 1_000_001, 1_000_002]
    assert [event.seq for event in events] == [0, 1, 2]
    clock.us = 7_000_000
    box = outbox(tmp_path, now_us=clock)
    put(box, 3)
    last = asyncio.run(box.next(9))[-1]
    box.close()
    assert (last.id, last.seq) == (7_000_000, 3)


def test_each_topic_counts_for_itself(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    put(box, 1)
    put(box, 2, kind="flag")
    put(box, 3)
    assert [(e.kind, e.seq) for e in asyncio.run(box.next(9))] == [("rep", 0), ("flag", 0), ("rep", 1)]
    box.close()


def test_a_full_disk_is_loud_and_live_goes_on_in_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    box = outbox(tmp_path, max_bytes=64 * 1024)
    for number in range(200):
        box.put(Draft("rep", 5, "good", {"number": number, "text": "x" * 1000}))
    assert waiting(box) == list(range(200))
    assert 100 < box.counts.unsaved < 200
    assert "full" in box.counts.problem
    loud = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(loud) == 1
    assert "memory only" in loud[0].getMessage()
    events = asyncio.run(box.next(1000))
    asyncio.run(box.delivered([event.id for event in events]))
    assert waiting(box) == []
    assert box.counts.lost == 0
    box.close()


def test_delivered_events_are_not_sent_again_because_the_disk_could_not_note_it(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    put(box, *range(5))
    events = asyncio.run(box.next(9))
    box._spool._db.execute("PRAGMA query_only = 1")  # type: ignore[union-attr]  # the disk becomes read-only
    asyncio.run(box.delivered([event.id for event in events[:3]]))
    assert waiting(box) == [3, 4]
    box._spool._db.execute("PRAGMA query_only = 0")  # type: ignore[union-attr]
    asyncio.run(box.delivered([events[3].id]))
    box.close()
    again = outbox(tmp_path)
    assert waiting(again) == [4]
    again.close()


def test_without_a_place_on_the_disk_events_are_sent_from_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    box = Outbox(tmp_path / "file" / "s.sqlite", SESSION, lambda: None)
    put(box, 1, 2)
    assert waiting(box) == [1, 2]
    assert "memory only" in caplog.text
    box.close()


def test_what_is_no_json_is_counted_as_lost_and_holds_nothing_up(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.put(Draft("rep", 5, "good", {"number": float("nan")}))
    box.put(Draft("rep", 5, "good", {"number": object()}))
    put(box, 3)
    assert waiting(box) == [3]
    assert (box.counts.lost, box.counts.taken) == (2, 3)
    box.close()


def test_putting_never_waits_for_the_disk_and_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imuhip.sinks.mqtt.outbox.MEMORY_EVENTS", 10)
    box = outbox(tmp_path)
    disk = threading.Event()
    box._thread.submit(disk.wait)  # the disk hangs
    put(box, *range(15))
    assert (box.counts.taken, box.counts.lost) == (15, 5)
    disk.set()
    wait_for(lambda: box.counts.waiting == 10)
    assert waiting(box) == list(range(10))
    box.close()


def test_set_aside_events_let_others_pass_and_come_back_when_asked_for(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    put(box, 0, 1, 2)
    bad = asyncio.run(box.next(9))[1]
    asyncio.run(box.set_aside(bad))
    assert waiting(box) == [0, 2]
    asyncio.run(box.delivered([e.id for e in asyncio.run(box.next(9))]))
    assert box.idle
    asyncio.run(box.again(bad.id))
    assert waiting(box) == [1, 2]
    box.close()


def test_what_was_acknowledged_just_before_a_connection_broke_waits_again(tmp_path: Path) -> None:
    clock = HandClock()
    box = outbox(tmp_path, now_us=clock)
    put(box, 0, 1, 2)
    first, second, _ = asyncio.run(box.next(9))
    asyncio.run(box.delivered([first.id]))
    clock.us += 3_000_000
    asyncio.run(box.delivered([second.id]))
    clock.us += 1_000_000
    asyncio.run(box.doubt())
    assert waiting(box) == [1, 2]
    assert box.counts.waiting == 2
    box.close()
