import errno
import json
import os
import random
import resource
import signal
import stat
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from made_recordings import (
    BEGIN_NS,
    MARKS,
    SESSION,
    UTC_NS,
    make_block,
    payloads,
    same,
    write_eventful,
    write_recording,
)
from mcap.reader import make_reader

from imuhip.errors import OutputError, RecordingError
from imuhip.packets.blocks import slice_block
from imuhip.packets.notification import SensorInfo
from imuhip.recording import Anchor, Recording, RecordingWriter, SessionInfo
from imuhip.recording.scan import find_chunks

SECOND_NS = 1_000_000_000


def test_library_reads_every_message_and_all_fit_their_schemas(tmp_path: Path) -> None:
    block = make_block(4.0, sizes=(0, 1, 2, 3, 120))
    write_eventful(tmp_path / "a.mcap", block)
    found = []
    with (tmp_path / "a.mcap").open("rb") as file:
        for schema, channel, message in make_reader(file, validate_crcs=True).iter_messages(log_time_order=False):
            assert schema is not None
            assert (schema.encoding, channel.message_encoding) == ("jsonschema", "json")
            payload = json.loads(message.data)
            Draft202012Validator(json.loads(schema.data)).validate(payload)
            found.append((channel.topic, message))
    topics = [topic for topic, _ in found]
    assert topics.count("/marks") == 3
    assert topics.count("/wear") == 1
    assert topics.count("/loss") == 1
    assert topics.count("/sensor/1/notification") == int((block.sensor == 1).sum())
    notifications = [message for topic, message in found if topic.startswith("/sensor/")]
    assert [message.publish_time for message in notifications] == block.arrival_ns.tolist()
    assert [message.log_time for message in notifications] == (block.arrival_ns - BEGIN_NS + UTC_NS).tolist()


def test_library_finds_the_role_of_a_channel_and_no_address(tmp_path: Path) -> None:
    raw = write_recording(tmp_path / "a.mcap", make_block(1.0))
    with (tmp_path / "a.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    roles = {channel.topic: channel.metadata.get("role") for channel in summary.channels.values()}
    assert roles["/sensor/2/notification"] == "thigh_right"
    assert b"address" not in raw


def test_chunks_hold_at_most_a_second(tmp_path: Path) -> None:
    raw = write_recording(tmp_path / "a.mcap", make_block(10.0))
    spans = [struct.unpack_from("<QQ", raw, place.start + 9) for place in find_chunks(raw)]
    assert len(spans) == 13  # the session, then 10 s in pieces of 0.9 s; the session again is in the last
    assert all(end - start < SECOND_NS for start, end in spans)


def test_file_is_synced_every_second_of_arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    system_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (system_fsync(file), sizes.append(os.fstat(file).st_size))[0])
    block = make_block(5.0)
    with RecordingWriter(tmp_path / "a.mcap", SESSION) as writer:
        before = len(sizes)
        writer.write(block)
        assert len(sizes) - before == 5  # 0.9 s each, the rest waits
        assert sizes[before:] == sorted(set(sizes[before:]))
        writer.sync()
        assert len(Recording.open(tmp_path / "a.mcap")) == len(block)


def test_recording_of_a_recorder_killed_at_once_can_be_read(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a.mcap", SESSION)
    assert Recording.open(tmp_path / "a.mcap").session == SESSION
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the child touches no thread of ours
def test_killed_recorder_loses_at_most_the_last_second(tmp_path: Path) -> None:
    """A recorder runs a few thousand times faster than life and is killed at 50 random moments.

    Its clock is that of its data: what it synced and when depends on arrival times only. Before each write it tells us
    the arrival time of what it is about to write; when it is killed, everything a second older must be in the file.
    """
    block = make_block(1200.0)
    expected = payloads(block)
    chance = random.Random(1)
    ends = []
    for kill in range(50):
        path = tmp_path / f"{kill}.mcap"
        told = _record_until_killed(path, block, chance.randrange(2000), chance.uniform(0.0, 0.005))
        if told is None:
            assert not path.exists() or not path.stat().st_size or len(Recording.open(path)) == 0
            continue
        recording = Recording.open(path)
        kept = recording.notifications()
        assert payloads(kept) == expected[: len(kept)]
        sure = int(np.searchsorted(block.arrival_ns, block.arrival_ns[told] - SECOND_NS))
        assert len(kept) >= sure
        assert recording.damage
        ends.append(told)
        path.unlink()
    assert len(set(ends)) > 20


def _record_until_killed(path: Path, block: object, writes: int, then_s: float) -> int | None:
    """Fork a recorder, kill it some time after so many writes, and return which notification it began to write last."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(receiver)
            writer = RecordingWriter(path, SESSION)
            for i in range(len(block)):  # type: ignore[arg-type]
                os.write(sender, struct.pack("<I", i))
                writer.write(slice_block(block, i, i + 1))  # type: ignore[arg-type]
            signal.pause()
        finally:
            os._exit(1)
    os.close(sender)
    told = bytearray()
    while len(told) < 4 * writes and (piece := os.read(receiver, 65536)):
        told += piece
    time.sleep(then_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(receiver, 65536):
        told += piece
    os.close(receiver)
    return struct.unpack_from("<I", told, len(told) - 4)[0] if told else None


def test_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    path.write_text("precious")
    with pytest.raises(OutputError, match=r"exists already\. Choose another name or give --force"):
        RecordingWriter(path, SESSION)
    assert path.read_text() == "precious"
    path.chmod(0o644)
    RecordingWriter(path, SESSION, force=True).close()
    assert Recording.open(path).session == SESSION
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_recording_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mcap", make_block(1.0))
    assert stat.S_IMODE((tmp_path / "a.mcap").stat().st_mode) == 0o600


def test_missing_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"its folder does not exist\. Make the folder first"):
        RecordingWriter(tmp_path / "no" / "a.mcap", SESSION)
    with pytest.raises(OutputError, match=r"is a folder"):
        RecordingWriter(tmp_path, SESSION, force=True)


def test_full_disk_is_told_and_leaves_a_readable_file(tmp_path: Path) -> None:
    """A limit of the file's size stands for the full disk: the system refuses to write in the same way."""
    block = make_block(60.0)
    path = tmp_path / "a.mcap"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = RecordingWriter(path, SESSION)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="What was written until then can be read") as raised:
            writer.write(block)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.EFBIG
    writer.close()
    with pytest.raises(OutputError, match="closed already"):
        writer.write(block)
    kept = Recording.open(path).notifications()
    assert len(kept) > 300
    assert same(kept, slice_block(block, 0, len(kept)))


def test_disk_full_from_the_start_leaves_no_file(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OutputError):
            RecordingWriter(tmp_path / "a.mcap", SESSION)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_role_twice_is_refused(tmp_path: Path) -> None:
    twice = SessionInfo(tuple(SensorInfo(index, "pelvis", "m", "imuhip", b"") for index in range(2)))
    with pytest.raises(RecordingError, match="two sensors have the role pelvis"):
        RecordingWriter(tmp_path / "a.mcap", twice)
    assert not list(tmp_path.iterdir())


def test_closing_twice_and_leaving_by_an_exception_are_harmless(tmp_path: Path) -> None:
    def record_and_fail() -> None:
        with RecordingWriter(tmp_path / "a.mcap", SESSION) as writer:
            writer.mark(MARKS[0])
            raise KeyError

    with pytest.raises(KeyError):
        record_and_fail()
    recording = Recording.open(tmp_path / "a.mcap")
    assert not recording.damage
    assert recording.marks == (MARKS[0],)


def test_recording_without_a_date_keeps_host_times(tmp_path: Path) -> None:
    undated = SessionInfo(SESSION.sensors)
    write_recording(tmp_path / "a.mcap", make_block(2.0), session=undated)
    with (tmp_path / "a.mcap").open("rb") as file:
        messages = [message for _, channel, message in make_reader(file).iter_messages() if "sensor" in channel.topic]
    assert all(message.log_time == message.publish_time for message in messages)
    assert Anchor(1, 2) != Recording.open(tmp_path / "a.mcap").session.anchor is None
