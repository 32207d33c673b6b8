"""Decodes the messages of many records at once."""

from __future__ import annotations

import binascii
import json

import numpy as np
import numpy.typing as npt

from imuhip.packets.gather import gather_records
from imuhip.recording.base64_texts import decode_texts
from imuhip.recording.format import PAYLOAD_PREFIX, PAYLOAD_SUFFIX
from imuhip.recording.walking import MESSAGE_HEADER_SIZE, RECORD_HEADER_SIZE
from imuhip.records import record
from imuhip.units import BoolArray, ByteArray, IntArray

_HEADER = np.dtype(
    [("opcode", "u1"), ("length", "<u8"), ("channel", "<u2"), ("sequence", "<u4"), ("log", "<u8"), ("publish", "<u8")]
)
_FRAME = len(PAYLOAD_PREFIX) + len(PAYLOAD_SUFFIX)
_PADDING, _ZERO = b"=A"  # "A" stands for the value 0

Rows = npt.NDArray[np.intp]


@record
class Messages:
    """N messages found in one buffer.

    Attributes:
        channel: (N,) channel each came on.
        sequence: (N,) running number in its channel.
        publish_ns: (N,) ``publish_time``.
        start: (N,) where the payload begins in the buffer.
        length: (N,) length of the payload.
    """

    channel: IntArray
    sequence: IntArray
    publish_ns: IntArray
    start: IntArray
    length: IntArray

    def take(self, rows: Rows) -> Messages:
        """Return the messages of these rows."""
        return Messages(
            self.channel[rows], self.sequence[rows], self.publish_ns[rows], self.start[rows], self.length[rows]
        )


def read_headers(buffer: ByteArray, starts: IntArray) -> Messages:
    """Read the headers of message records.

    Args:
        buffer: The records.
        starts: (N,) where each begins; all lie inside.

    Returns:
        The messages.
    """
    head = gather_records(buffer, starts, _HEADER.itemsize).view(_HEADER)
    payload = MESSAGE_HEADER_SIZE - RECORD_HEADER_SIZE  # the record's length counts the rest of the header too
    return Messages(
        channel=head["channel"].astype(np.int64),
        sequence=head["sequence"].astype(np.int64),
        publish_ns=head["publish"].astype(np.int64),
        start=starts + MESSAGE_HEADER_SIZE,
        length=head["length"].astype(np.int64) - payload,
    )


def decode_payloads(buffer: ByteArray, messages: Messages) -> tuple[ByteArray, IntArray, BoolArray]:
    """Decode the payloads ``{"data": <base64>}`` of notifications.

    Payloads of one length are decoded together. Those that another program wrote in another JSON style are decoded one
    by one.

    Args:
        buffer: Where they are.
        messages: N messages of sensor channels.

    Returns:
        (B,) the notifications' bytes one after the other, (N,) their lengths, and (N,) whether the message is one;
        others have length 0.
    """
    n = len(messages.start)
    length = np.zeros(n, dtype=np.int64)
    good = np.ones(n, dtype=np.bool_)
    text_length = messages.length - _FRAME
    pieces: list[tuple[Rows, ByteArray]] = []
    odd = np.flatnonzero((text_length < 0) | (text_length % 4 != 0)).tolist()
    for size in _values(text_length):
        if size < 0 or size % 4:
            continue
        rows = np.flatnonzero(text_length == size)
        start = messages.start[rows]
        ours = _is_there(PAYLOAD_PREFIX, buffer, start)
        ours &= _is_there(PAYLOAD_SUFFIX, buffer, start + (len(PAYLOAD_PREFIX) + size))
        if not ours.all():
            odd += rows[~ours].tolist()
            rows, start = rows[ours], start[ours]
        decoded = _decode_equal(buffer, start + len(PAYLOAD_PREFIX), size)
        if decoded is None:
            odd += rows.tolist()
        else:
            pieces += [(rows[part], data) for part, data in decoded]
    for row in odd:
        payload = _decode_one(buffer[messages.start[row] : messages.start[row] + messages.length[row]].tobytes())
        good[row] = payload is not None
        pieces.append((np.array([row]), np.frombuffer(payload or b"", dtype=np.uint8).reshape(1, -1)))
    for rows, data in pieces:
        length[rows] = data.shape[1]
    return _lay_out(pieces, length), length, good


def _values(numbers: IntArray) -> list[int]:
    """Return the different numbers, in order; mostly it is one."""
    if len(numbers) and (numbers == numbers[0]).all():
        return [int(numbers[0])]
    values: list[int] = np.unique(numbers).tolist()
    return values


def _is_there(text: bytes, buffer: ByteArray, start: IntArray) -> BoolArray:
    """Tell for each place (N,) whether a text begins there."""
    there: BoolArray = gather_records(buffer, start, len(text)).view(f"S{len(text)}") == text
    return there


def _decode_equal(buffer: ByteArray, start: IntArray, size: int) -> list[tuple[Rows | slice, ByteArray]] | None:
    """Decode base64 texts of one size at once; None where one of them is not base64."""
    n = len(start)
    if not n or not size:
        return [(slice(None), np.empty((n, 0), dtype=np.uint8))]
    text = gather_records(buffer, start, size).view(np.uint8).reshape(n, size)
    padded = text[:, -2:] == _PADDING
    if padded.any():
        if (padded[:, 0] & ~padded[:, 1]).any():
            return None
        text[:, -2:][padded] = _ZERO  # then the texts can be decoded as one; the padding's bytes are cut off after
    data = decode_texts(text)
    if data is None or not padded.any():
        return None if data is None else [(slice(None), data)]
    pads = padded.sum(axis=1)
    rows = [np.flatnonzero(pads == pad) for pad in range(3)]
    return [(part, data[part, : data.shape[1] - pad]) for pad, part in enumerate(rows) if len(part)]


def _decode_one(payload: bytes) -> bytes | None:
    try:
        return binascii.a2b_base64(json.loads(payload)["data"], strict_mode=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _lay_out(pieces: list[tuple[Rows, ByteArray]], length: IntArray) -> ByteArray:
    if len(pieces) == 1:  # of all messages
        return pieces[0][1].ravel()
    offset = np.cumsum(length) - length
    data = np.empty(int(length.sum()), dtype=np.uint8)
    for rows, part in pieces:
        size = part.shape[1]
        if size:
            record = np.dtype((np.void, size))
            places = np.ndarray((len(data) - size + 1,), dtype=record, buffer=data.data, strides=(1,))
            places[offset[rows]] = np.ascontiguousarray(part).view(record)[:, 0]
    return data
