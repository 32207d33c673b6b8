"""Finds the records of an MCAP file, whole or damaged: the same way in both cases.

Chunks are found by their fixed bytes and not by following the lengths of the records before them, so damage anywhere
costs only what it hits. What lies between the chunks is walked record by record (:mod:`imuhip.recording.walking`).
Nothing here knows what the messages mean.

References:
    MCAP specification, https://mcap.dev/spec
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import zstandard

from imuhip.recording.walking import CHUNK, RECORD_HEADER_SIZE
from imuhip.records import record

MAGIC = b"\x89MCAP0\r\n"
_U64 = struct.Struct("<Q").unpack_from
_CHUNK_HEAD = struct.Struct("<QQQQII")  # length, start, end, size unpacked, CRC, length of the compression's name
_ZSTD_NAME = b"\x04\0\0\0zstd"
_NAME_AT = 1 + _CHUNK_HEAD.size - 4

CHUNK_LIMIT = 1 << 28
"""Bytes that a chunk may unpack to (256 MiB; ours have 30 kB, other writers' default is 4 MiB): a damaged size must not
exhaust the memory."""


class ChunkPlace(NamedTuple):
    """Where a chunk lies in the file, all as byte offsets, and how it is packed."""

    start: int
    data_start: int
    end: int
    compression: str
    size: int
    crc: int


@record
class Fault:
    """Bytes of the file that could not be read.

    Attributes:
        start: The first of them.
        end: The first after them.
        reason: What is wrong.
        costly: Whether messages may be lost with them.
    """

    start: int
    end: int
    reason: str
    costly: bool = True


def find_chunks(raw: bytes) -> Iterator[ChunkPlace]:
    """Yield every zstd chunk whose header is whole, in the order of the file; they do not overlap."""
    previous: ChunkPlace | None = None
    name = -1
    while (name := raw.find(_ZSTD_NAME, name + 1)) >= 0:
        start = name - _NAME_AT
        if start < 0 or raw[start] != CHUNK or (place := chunk_place(raw, start)) is None:
            continue
        if previous is not None:
            # a chunk that another begins in has bytes missing: it must not take the other one with it
            yield previous if previous.end <= start else previous._replace(end=start)
        previous = place
    if previous is not None:
        yield previous


def chunk_place(raw: bytes, start: int) -> ChunkPlace | None:
    """Read the header of a chunk record.

    Args:
        raw: The file.
        start: Where the record begins.

    Returns:
        Where it lies, or None where its lengths contradict each other or the file's end.
    """
    name_at = start + 1 + _CHUNK_HEAD.size
    if name_at > len(raw):
        return None
    length, _, _, size, crc, name_length = _CHUNK_HEAD.unpack_from(raw, start + 1)
    data_start = name_at + name_length + 8
    if name_length > 16 or data_start > len(raw):
        return None
    end = start + RECORD_HEADER_SIZE + length
    if data_start + _U64(raw, data_start - 8)[0] != end or end > len(raw):
        return None
    compression = raw[name_at : name_at + name_length].decode("ascii", "replace")
    return ChunkPlace(start, data_start, end, compression, size, crc)


def unpack(raw: bytes, place: ChunkPlace, unpacker: zstandard.ZstdDecompressor) -> bytes | Fault:
    """Decompress a chunk and check it.

    Args:
        raw: The file.
        place: Where the chunk lies.
        unpacker: Reused from chunk to chunk.

    Returns:
        The chunk's records, or why they cannot be trusted.
    """
    packed = raw[place.data_start : place.end]
    try:
        if place.compression == "zstd":
            size = zstandard.frame_content_size(packed)
            if place.size > CHUNK_LIMIT or size not in (place.size, -1):  # -1: the packer did not tell
                return Fault(place.start, place.end, "its chunk tells an impossible size")
            data = unpacker.decompress(packed, max_output_size=place.size)
        elif not place.compression:
            data = packed
        else:
            return Fault(place.start, place.end, f"its chunk is packed in an unknown way ({place.compression!r})")
    except zstandard.ZstdError:
        return Fault(place.start, place.end, "its chunk cannot be decompressed")
    if place.crc and zlib.crc32(data) != place.crc:
        return Fault(place.start, place.end, "its chunk fails its checksum")
    return data


def read_channel(body: bytes) -> tuple[int, str] | None:
    """Read a channel record.

    Args:
        body: The record without opcode and length.

    Returns:
        (id, topic), or None where it is damaged.
    """
    try:
        channel, _, length = struct.unpack_from("<HHI", body)
        topic = body[8 : 8 + length].decode("utf-8")
    except (struct.error, UnicodeDecodeError):
        return None
    return (channel, topic) if len(body) >= 8 + length else None


def read_metadata(body: bytes) -> tuple[str, dict[str, str]] | None:
    """Read a metadata record.

    Args:
        body: The record without opcode and length.

    Returns:
        (name, entries), or None where it is damaged.
    """
    try:
        name, at = _text(body, 0)
        (length,) = struct.unpack_from("<I", body, at)
        at += 4
        end = at + length
        entries: dict[str, str] = {}
        while at < end:
            key, at = _text(body, at)
            entries[key], at = _text(body, at)
    except (struct.error, UnicodeDecodeError, IndexError):
        return None
    return name, entries


def read_statistics(body: bytes) -> dict[int, int]:
    """Return the number of messages per channel of a statistics record; empty where it is damaged."""
    fixed = struct.Struct("<QHIIIIQQI")
    if len(body) < fixed.size or (len(body) - fixed.size) % 10:
        return {}
    return dict(struct.iter_unpack("<HQ", body[fixed.size :]))


def check_summary(raw: bytes, footer: int) -> Fault | None:
    """Check the summary that ends a closed file.

    Args:
        raw: The file.
        footer: Where the footer record begins.

    Returns:
        Why the summary cannot be trusted, or None.
    """
    fixed = struct.Struct("<QQI")
    body = footer + RECORD_HEADER_SIZE
    if body + fixed.size > len(raw):
        return Fault(footer, len(raw), "its footer is damaged", costly=False)
    start, _, crc = fixed.unpack_from(raw, body)
    if crc and (start > footer or zlib.crc32(raw[start : body + fixed.size - 4]) != crc):
        return Fault(min(start, footer), body + fixed.size, "its index fails its checksum", costly=False)
    return None


def _text(body: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", body, at)
    end = at + 4 + length
    if end > len(body):
        raise IndexError("text ends after its record")
    return body[at + 4 : end].decode("utf-8"), end
