import struct
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from made_recordings import make_block, write_recording
from mcap.reader import make_reader

from imuhip.recording import scan
from imuhip.recording.walking import CHUNK


def test_chunks_are_those_of_the_index(tmp_path: Path) -> None:
    raw = write_recording(tmp_path / "a.mcap", make_block(10.0))
    with (tmp_path / "a.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    indexed = [
        (index.chunk_start_offset, index.chunk_start_offset + index.chunk_length) for index in summary.chunk_indexes
    ]
    assert [(place.start, place.end) for place in scan.find_chunks(raw)] == indexed


@given(body=st.binary(max_size=60))
def test_any_bytes_of_a_record_are_read_or_told(body: bytes) -> None:
    for read in (scan.read_channel, scan.read_metadata):
        assert read(body) is None or isinstance(read(body), tuple)
    assert isinstance(scan.read_statistics(body), dict)


@pytest.mark.parametrize("told", [2**20, 2**40, 0])
def test_a_size_that_the_chunk_does_not_have_is_not_believed(told: int) -> None:
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(2**24))
    name = struct.pack("<I4s", 4, b"zstd")
    body = struct.pack("<QQQI", 0, 0, told, 0) + name + struct.pack("<Q", len(packed)) + packed
    raw = struct.pack("<BQ", CHUNK, len(body)) + body
    (place,) = scan.find_chunks(raw)
    assert isinstance(scan.unpack(raw, place, zstandard.ZstdDecompressor()), scan.Fault)
