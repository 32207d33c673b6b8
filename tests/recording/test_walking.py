import struct

from hypothesis import given
from hypothesis import strategies as st

from imuhip.recording.walking import CHANNEL, FEW, MESSAGE, Records, walk, walk_all


def record(opcode: int, size: int) -> bytes:
    return struct.pack("<BQ", opcode, size) + bytes(size)


def test_walk_stops_where_no_record_can_be() -> None:
    records = record(0x80, 3) + record(MESSAGE, 22)
    assert walk(records, 0, len(records)) == Records([12], [], len(records))
    for tail in (b"\x00" * 9, b"\x05", struct.pack("<BQ", 5, 2**63), record(MESSAGE, 3)):
        assert walk(records + tail, 0, len(records + tail)).end == len(records)


sound = st.tuples(st.sampled_from((MESSAGE, MESSAGE, MESSAGE, CHANNEL, 0x80)), st.integers(22, 40)).map(
    lambda kind_and_size: record(*kind_and_size)
)
TORN = record(MESSAGE, 21), b"\x05", bytes(9), struct.pack("<BQ", 4, 2**63), struct.pack("<BQ", 5, 99)
stretches = st.lists(st.tuples(st.lists(sound, max_size=6), st.sampled_from((b"", *TORN))), max_size=2 * FEW)


@given(stretches=stretches, repeats=st.integers(1, 4))
def test_all_stretches_together_give_what_each_gives_by_itself(
    stretches: list[tuple[list[bytes], bytes]], repeats: int
) -> None:
    parts = [b"".join(records) * repeats + tail for records, tail in stretches]
    found = walk_all(parts)
    assert found.buffer.tobytes() == b"".join(parts)
    messages, others, broken, base = [], [], [], 0
    for at, part in enumerate(parts):
        alone = walk(part, 0, len(part))
        messages += [base + start for start in alone.messages]
        others += [(opcode, base + start, base + end) for opcode, start, end in alone.others]
        broken += [at] * (alone.end < len(part))
        base += len(part)
    assert (found.messages.tolist(), found.others, found.broken) == (messages, others, broken)
    assert found.edge.tolist()[-1] == base
