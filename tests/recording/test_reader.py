import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_recordings import MARKS, SESSION, make_block, payloads, same, write_eventful, write_recording
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from imuhip.errors import RecordingError
from imuhip.marks import Mark
from imuhip.packets.blocks import concat
from imuhip.packets.notification import NotificationBlock
from imuhip.recording import Loss, Recording, loading


@pytest.mark.parametrize("sizes", [(120,), (119,), (118,), (0, 1, 2, 3, 4, 5, 54, 564, 804)])
def test_notifications_come_back_bit_for_bit(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    block = make_block(30.0, sizes=sizes)
    write_recording(tmp_path / "a.mcap", block)
    recording = Recording.open(tmp_path / "a.mcap")
    assert same(recording.notifications(), block)
    assert recording.session == SESSION
    assert recording.damage == ()
    assert recording.missing == (0, 0, 0)


@given(contents=st.lists(st.binary(max_size=40), max_size=30))
def test_any_payloads_come_back(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("any") / "a.mcap"
    n = len(contents)
    block = NotificationBlock(
        arrival_ns=np.arange(n) * 300_000_000,
        sensor=np.arange(n) % 3,
        data=np.frombuffer(b"".join(contents), dtype=np.uint8),
        offset=np.cumsum([0, *map(len, contents)]),
    )
    write_recording(path, block)
    assert same(Recording.open(path).notifications(), block)


def test_empty_recording_has_its_session(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mcap", make_block(0.0))
    recording = Recording.open(tmp_path / "a.mcap")
    assert len(recording) == len(recording.notifications()) == 0
    assert list(recording.events()) == []
    assert recording.damage == ()


def test_marks_and_losses_come_at_their_place_and_in_their_final_state(tmp_path: Path) -> None:
    block = make_block(5.0)
    write_eventful(tmp_path / "a.mcap", block)
    recording = Recording.open(tmp_path / "a.mcap")
    events = list(recording.events())
    step = len(block) // 5
    assert [len(event) if isinstance(event, NotificationBlock) else event for event in events] == [
        step, MARKS[0], step, MARKS[1], step, MARKS[2], step, MARKS[3],
        Loss(1, MARKS[0].start_ns + 3_000_000_000, {"queue_full": 2}), len(block) - 4 * step,
    ]  # fmt: skip
    assert recording.marks == (MARKS[2], MARKS[1], MARKS[3])
    assert recording.losses == (Loss(1, MARKS[0].start_ns + 3_000_000_000, {"queue_full": 2}),)
    assert same(concat(list(recording.blocks())), block)


def test_blocks_are_as_short_as_asked(tmp_path: Path) -> None:
    block = make_block(10.0)
    write_recording(tmp_path / "a.mcap", block)
    recording = Recording.open(tmp_path / "a.mcap")
    blocks = list(recording.blocks(seconds=0.5))
    assert all(np.ptp(one.arrival_ns) < 500_000_000 for one in blocks)
    assert same(concat(blocks), block)
    assert [len(one) for one in recording.blocks(seconds=1e-9)] == [1] * len(block)


def test_large_recordings_are_decoded_in_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SEGMENT_BYTES", 20_000)
    block = make_block(20.0)
    write_eventful(tmp_path / "a.mcap", block)
    recording = Recording.open(tmp_path / "a.mcap")
    assert len(recording.segments) > 3
    assert same(recording.notifications(), block)
    assert [event for event in recording.events() if isinstance(event, Mark)] == list(MARKS)


@pytest.mark.parametrize("compression", [CompressionType.NONE, CompressionType.ZSTD])
def test_copies_by_other_programs_can_be_read(tmp_path: Path, compression: CompressionType) -> None:
    """Other chunks, compression, channel numbers, spaces in the JSON, unknown channels, and sorted by another key."""
    block = make_block(5.0, sizes=(60, 120))
    write_eventful(tmp_path / "a.mcap", block)
    path = tmp_path / f"{compression.name}.mcap"
    _copy(tmp_path / "a.mcap", path, Writer(io.BytesIO(), compression=compression, chunk_size=4096))
    recording = Recording.open(path)
    assert payloads(recording.notifications()) == payloads(block)
    assert recording.marks == (MARKS[2], MARKS[1], MARKS[3])
    assert recording.damage == ()


def test_unknown_compression_is_told(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mcap", make_block(2.0))
    _copy(tmp_path / "a.mcap", tmp_path / "b.mcap", Writer(io.BytesIO(), compression=CompressionType.LZ4))
    with pytest.raises(RecordingError, match=r"packed in an unknown way \('lz4'\)"):
        Recording.open(tmp_path / "b.mcap")


def test_messages_outside_of_chunks_can_be_read(tmp_path: Path) -> None:
    block = make_block(2.0)
    write_recording(tmp_path / "a.mcap", block)
    _copy(tmp_path / "a.mcap", tmp_path / "b.mcap", Writer(io.BytesIO(), use_chunking=False))
    recording = Recording.open(tmp_path / "b.mcap")
    assert same(recording.notifications(), block)
    assert recording.damage == ()


def _copy(source: Path, target: Path, writer: Writer) -> None:
    stream = writer._Writer__stream  # type: ignore[attr-defined]
    writer.start()
    unknown = writer.register_channel("/weather", "json", 0)
    channels: dict[str, int] = {}
    with source.open("rb") as file:
        messages = list(make_reader(file).iter_messages(log_time_order=False))
    messages.sort(key=lambda item: item[1].topic)
    for _, channel, message in messages:
        if channel.topic not in channels:
            channels[channel.topic] = writer.register_channel(channel.topic, "json", 0)
        spaced = json.dumps({"later": [1], **json.loads(message.data)}).encode()
        data = spaced if message.sequence % 2 else message.data
        writer.add_message(channels[channel.topic], message.log_time, data, message.publish_time, message.sequence)
        writer.add_message(unknown, message.log_time, b'{"rain": true}', message.publish_time)
    writer.finish()
    target.write_bytes(stream.getvalue())


@pytest.mark.parametrize(
    "content", [b"", b"\x89MCAP0\r\n", b"time_s,acc_x\n0,1\n", bytes(5000), b"\x06" + bytes(50) + b"\x04\0\0\0zstd" * 9]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mcap"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as raised:
        Recording.open(path)
    assert raised.value.path == path
    assert raised.value.remedy


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mcap", tmp_path):
        with pytest.raises(RecordingError, match="cannot be read"):
            Recording.open(path)


def test_recording_of_another_program_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_message(writer.register_channel("/camera", "json", 0), 0, b"{}", 0)
        writer.finish()
    with pytest.raises(RecordingError, match="not a recording of imuhip"):
        Recording.open(tmp_path / "a.mcap")


def test_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imuhip.recording.format.FORMAT_VERSION", (2, 0))
    write_recording(tmp_path / "a.mcap", make_block(1.0))
    monkeypatch.undo()
    with pytest.raises(RecordingError, match=r"a\.mcap: its format 2\.0 is newer .* Update imuhip"):
        Recording.open(tmp_path / "a.mcap")


def test_role_twice_is_refused_when_opened(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.mcap", make_block(1.0))
    with (tmp_path / "b.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        with (tmp_path / "a.mcap").open("rb") as source:
            for _, channel, message in make_reader(source).iter_messages():
                data = message.data.replace(b"thigh_left", b"pelvis")
                writer.add_message(writer.register_channel(channel.topic, "json", 0), 0, data, 0)
        writer.finish()
    with pytest.raises(RecordingError, match="two sensors have the role pelvis"):
        Recording.open(tmp_path / "b.mcap")


def test_malformed_messages_are_told_and_the_others_kept(tmp_path: Path) -> None:
    block = make_block(1.0)
    write_recording(tmp_path / "a.mcap", block)
    with (tmp_path / "b.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        with (tmp_path / "a.mcap").open("rb") as source:
            channels: dict[str, int] = {}
            for _, channel, message in make_reader(source).iter_messages(log_time_order=False):
                if channel.topic not in channels:
                    channels[channel.topic] = writer.register_channel(channel.topic, "json", 0)
                bad = channel.topic == "/sensor/1/notification" and message.sequence == 3
                data = message.data.replace(b"A", b"!") + b"?" if bad else message.data
                writer.add_message(channels[channel.topic], 0, data, message.publish_time, message.sequence)
        writer.add_message(writer.register_channel("/marks", "json", 0), 0, b'{"id": "x"}', 0)
        writer.finish()
    recording = Recording.open(tmp_path / "b.mcap")
    kept = [item for i, item in enumerate(payloads(block)) if i != 10]
    assert payloads(recording.notifications()) == kept
    assert [damage.reason.split(":")[0] for damage in recording.damage] == [
        "a notification is malformed",
        "a message of /marks is malformed",
    ]
    assert recording.missing == (0, 1, 0)


def test_reading_imports_nothing_heavy() -> None:
    code = (
        "import sys, imuhip.recording.reader; "
        "print(*{'scipy', 'mcap', 'lz4', 'pydantic', 'vqf', 'matplotlib', 'click'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def damaged(raw: bytes, change: Callable[[bytearray], None]) -> bytes:
    """A changed copy of a file."""
    copy = bytearray(raw)
    change(copy)
    return bytes(copy)


def test_first_chunk_damaged_costs_nothing_but_itself(tmp_path: Path) -> None:
    block = make_block(3.0)
    raw = write_recording(tmp_path / "a.mcap", block)
    at = raw.index(b"\x28\xb5\x2f\xfd")  # the first zstd frame: schemas, channels and the session
    for cut in (len(raw), len(raw) - 2000):
        (tmp_path / "a.mcap").write_bytes(damaged(raw[:cut], lambda copy: struct.pack_into("<I", copy, at, 0)))
        recording = Recording.open(tmp_path / "a.mcap")
        kept = recording.notifications()
        assert recording.session == SESSION
        assert len(kept) > 70
        assert payloads(kept) == payloads(block)[: len(kept)]
