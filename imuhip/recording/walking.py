"""Follows the records of an MCAP file from one to the next, through one stretch or through many at a time.

References:
    MCAP specification, https://mcap.dev/spec
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from imuhip.records import record
from imuhip.units import ByteArray, IntArray

FOOTER, CHANNEL, MESSAGE, CHUNK, STATISTICS, METADATA = 0x02, 0x04, 0x05, 0x06, 0x0B, 0x0C
RECORD_HEADER_SIZE = 9  # opcode u8, length u64
MESSAGE_HEADER_SIZE = 31  # opcode u8, length u64, channel u16, sequence u32, log_time u64, publish_time u64

_KEPT = frozenset((FOOTER, CHANNEL, CHUNK, STATISTICS, METADATA))
_HEAD = struct.Struct("<BQ").unpack_from
_HEADS = np.dtype([("opcode", "u1"), ("length", "<i8")])

FEW = 16
"""So many stretches are walked through as fast one after the other as together."""


@dataclass(slots=True)
class Records:
    """Records found in one walk.

    Attributes:
        messages: Start of every message record.
        others: (opcode, start, end) of the body of every other record that is of use.
        end: Where the walk ended; short of the stretch's end where the next record cannot be one.
    """

    messages: list[int] = field(default_factory=list)
    others: list[tuple[int, int, int]] = field(default_factory=list)
    end: int = 0


@record
class Stretches:
    """Records found in many stretches.

    Attributes:
        buffer: The stretches, one after the other.
        edge: (P + 1,) where each begins in the buffer, and where the last ends.
        messages: (N,) start of every message record.
        others: (opcode, start, end) of the body of every other record that is of use.
        broken: Which stretches have something in them that cannot be a record; what comes after it is left out.
    """

    buffer: ByteArray
    edge: IntArray
    messages: IntArray
    others: list[tuple[int, int, int]]
    broken: list[int]


def walk(data: bytes, start: int, end: int) -> Records:
    """Follow records from one to the next.

    Args:
        data: Where they are.
        start: Where the first begins.
        end: Where the last must end.

    Returns:
        What was found.
    """
    found = Records()
    while start + RECORD_HEADER_SIZE <= end:
        opcode, length = _HEAD(data, start)
        after: int = start + RECORD_HEADER_SIZE + length
        if after > end or not opcode:
            break
        if opcode == MESSAGE:
            if after - start < MESSAGE_HEADER_SIZE:
                break
            found.messages.append(start)
        elif opcode in _KEPT:
            found.others.append((opcode, start, after))
        start = after
    found.end = start
    return found


def walk_all(stretches: Sequence[bytes]) -> Stretches:
    """Follow the records of many stretches, a step in all of them at a time.

    Args:
        stretches: P stretches, each from the beginning of a record to the end of one.

    Returns:
        What was found.
    """
    data = b"".join((*stretches, bytes(RECORD_HEADER_SIZE)))  # so that a header can be read wherever a stretch ends
    edge = np.cumsum([0, *map(len, stretches)])
    heads = np.ndarray((len(data) - RECORD_HEADER_SIZE + 1,), dtype=_HEADS, buffer=data, strides=(1,))
    lane, at, end = np.arange(len(stretches)), edge[:-1], edge[1:]
    messages: list[IntArray] = []
    others: list[tuple[int, int, int]] = []
    broken: list[int] = []
    while len(lane) >= FEW:
        opcode, length = heads["opcode"][at], heads["length"][at]
        is_message = opcode == MESSAGE
        least = np.where(is_message, MESSAGE_HEADER_SIZE - RECORD_HEADER_SIZE, 0)
        good = (opcode > 0) & (length >= least) & (length <= end - at - RECORD_HEADER_SIZE)
        if not good.all():
            broken += lane[~good & (at < end)].tolist()
            lane, at, end, length, is_message = lane[good], at[good], end[good], length[good], is_message[good]
        after = at + RECORD_HEADER_SIZE + length
        messages.append(at[is_message])
        others += [(data[a], a, b) for a, b in zip(at[~is_message].tolist(), after[~is_message].tolist(), strict=True)]
        at = after
    for each, start, stop in zip(lane.tolist(), at.tolist(), end.tolist(), strict=True):
        rest = walk(data, start, stop)
        messages.append(np.array(rest.messages, dtype=np.int64))
        others += rest.others
        broken += [each] * (rest.end < stop)
    kept = sorted((one for one in others if one[0] in _KEPT), key=lambda one: one[1])
    starts = np.sort(np.concatenate(messages)) if messages else edge[:0]
    buffer = np.frombuffer(data, dtype=np.uint8, count=int(edge[-1]))
    return Stretches(buffer, edge, starts, kept, sorted(broken))
