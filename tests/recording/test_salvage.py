import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_recordings import MARKS, SESSION, make_block, payloads, same, write_eventful, write_recording

from imuhip.errors import OutputError, RecordingError
from imuhip.packets.notification import NotificationBlock
from imuhip.recording import Loss, Recording, import_folder, recover
from imuhip.recording.scan import ChunkPlace, find_chunks

Notifications = list[tuple[int, int, bytes]]


class Original:
    """A whole recording and which of its notifications lie in which chunk."""

    def __init__(self, folder: Path, raw: bytes) -> None:
        self.raw = raw
        self.places = list(find_chunks(raw))
        self.path = folder / "damaged.mcap"
        self.out = folder / "recovered.mcap"
        self.path.write_bytes(raw)
        self.session = Recording.open(self.path).session
        self.in_chunk = [self._only(place) for place in self.places]

    def _only(self, place: ChunkPlace) -> Notifications:
        """Notifications of one chunk: read from a file of the beginning, which holds the session, and that chunk."""
        head = self.raw[: self.places[0].end]
        self.path.write_bytes(head + self.raw[place.start : place.end] if place.start else head)
        return payloads(Recording.open(self.path).notifications())

    def expected(self, damaged: bytes, hits: list[int]) -> Notifications:
        """Notifications that must survive: those of chunks that are whole and that no changed byte lies in."""
        kept: Notifications = []
        for place, notifications in zip(self.places, self.in_chunk, strict=True):
            if place.end <= len(damaged) and not any(place.start <= hit < place.end for hit in hits):
                kept += notifications
        return kept

    def check(self, damaged: bytes, hits: list[int]) -> None:
        """Read and recover; nothing readable may be lost, and nothing lost may go unsaid."""
        self.path.write_bytes(damaged)
        expected = self.expected(damaged, hits)
        try:
            recording = Recording.open(self.path)
        except RecordingError:
            assert not expected or len(hits) > 1
            return
        found = payloads(recording.notifications())
        self.check_found(found, expected)
        everything = sum(map(len, self.in_chunk))
        assert len(found) == everything or recording.damage
        if all(damage.lost is not None for damage in recording.damage):
            assert sum(recording.missing) == sum(damage.lost or 0 for damage in recording.damage)
            assert sum(recording.missing) == everything - len(found)
        report = recover(self.path, self.out, force=True)
        assert (report.notifications, report.damage) == (len(found), recording.damage)
        again = Recording.open(self.out)
        assert again.damage == ()
        assert payloads(again.notifications()) == found
        assert again.marks == recording.marks
        assert again.session == self.session

    def check_found(self, found: Notifications, expected: Notifications) -> None:
        """What must survive did, in order, and nothing was altered; a byte may be hit that costs nothing."""
        kept = set(found)
        assert kept.issuperset(expected)
        assert found == [one for notifications in self.in_chunk for one in notifications if one in kept]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("salvage")
    return Original(folder, write_eventful(folder / "a.mcap", make_block(8.0, sizes=(54, 120))))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Original:
    folder = tmp_path_factory.mktemp("real")
    import_folder(shared_data / "hip" / "cmu_stepuph", folder / "a.mcap")
    return Original(folder, (folder / "a.mcap").read_bytes())


def test_whole_recording_is_copied_bit_for_bit(original: Original) -> None:
    original.check(original.raw, [])
    report = recover(original.path, original.out, force=True)
    assert str(report) == "300 notifications and 3 marks saved, nothing was damaged"
    assert Recording.open(original.out).losses == (Loss(1, MARKS[0].start_ns + 3_000_000_000, {"queue_full": 2}),)


@given(data=st.data())
def test_truncated_anywhere_keeps_every_whole_chunk(original: Original, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(original.raw)))
    original.check(original.raw[:length], [])


@given(data=st.data())
def test_flipped_bit_costs_at_most_its_chunk(original: Original, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(original.raw) - 1))
    original.check(_flipped(original.raw, [bit]), [bit // 8])


@given(data=st.data())
def test_several_flips_and_a_cut_never_trace_back(original: Original, data: st.DataObject) -> None:
    bits = data.draw(st.lists(st.integers(0, 8 * len(original.raw) - 1), min_size=2, max_size=6))
    length = data.draw(st.integers(0, len(original.raw)))
    original.check(_flipped(original.raw, bits)[:length], [bit // 8 for bit in bits])


@given(data=st.data())
def test_bytes_in_the_middle_may_be_missing_or_too_many(original: Original, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(original.raw)))
    cut = data.draw(st.integers(0, 3000))
    added = data.draw(st.binary(max_size=50))
    original.path.write_bytes(original.raw[:at] + added + original.raw[at + cut :])
    whole = [place for place in original.places if place.end <= at or place.start >= at + cut]
    expected = [
        one
        for place, notifications in zip(original.places, original.in_chunk, strict=True)
        if place in whole
        for one in notifications
    ]
    original.check_found(payloads(Recording.open(original.path).notifications()), expected)


@given(raw=st.binary(max_size=400), begun=st.booleans())
def test_any_bytes_are_a_recording_or_a_recording_error(original: Original, raw: bytes, begun: bool) -> None:
    original.path.write_bytes(original.raw[:200] + raw if begun else raw)
    with pytest.raises(RecordingError):
        Recording.open(original.path)


@pytest.mark.parametrize("part", range(5))
def test_real_recording_survives_500_cuts_and_flips(real: Original, part: int) -> None:
    chance = random.Random(part)
    for _ in range(50):
        real.check(real.raw[: chance.randrange(len(real.raw))], [])
        bit = chance.randrange(8 * len(real.raw))
        real.check(_flipped(real.raw, [bit]), [bit // 8])


def test_every_part_of_the_smallest_recording_may_be_damaged(tmp_path: Path) -> None:
    small = Original(tmp_path, write_recording(tmp_path / "a.mcap", make_block(1.5)))
    for at in range(0, len(small.raw), 29):
        small.check(_flipped(small.raw, [8 * at + at % 8]), [at])


def test_lost_notifications_are_counted_by_sensor_and_place(original: Original) -> None:
    place, lost = original.places[3], original.in_chunk[3]
    original.path.write_bytes(_flipped(original.raw, [8 * (place.end - 100)]))
    recording = Recording.open(original.path)
    (damage,) = recording.damage
    assert damage.place == f"bytes {place.start} to {place.end}"
    assert damage.lost == len(lost)
    assert damage.lost_s == pytest.approx((len(lost) + 1) / 37.5, abs=1e-6)
    assert recording.missing == tuple(sum(sensor == index for _, sensor, _ in lost) for index in range(3))
    assert str(damage).endswith(f"its chunk fails its checksum; {len(lost)} notifications lost within 0.9 s") or (
        "cannot be decompressed" in str(damage)
    )
    recover(original.path, original.out, force=True)
    counted = {loss.sensor: loss.counts.get("damaged_file") for loss in Recording.open(original.out).losses}
    assert counted == dict(enumerate(recording.missing))


def test_killed_recording_is_told_apart_from_a_closed_one(original: Original) -> None:
    original.path.write_bytes(original.raw[: original.places[4].end])
    (damage,) = Recording.open(original.path).damage
    assert damage.lost is None
    assert str(damage).endswith("at most its last second is lost; an unknown number of notifications lost")
    report = recover(original.path, original.out, force=True)
    assert str(report).endswith("an unknown number at the end lost at 1 damaged place")


def test_session_damaged_everywhere_is_told(tmp_path: Path) -> None:
    raw = write_recording(tmp_path / "a.mcap", make_block(1.0))
    places = list(find_chunks(raw))
    bad = bytearray(raw[: places[0].end])
    bad[places[0].end - 20] ^= 1
    bad[bad.index(b"imuhip.session")] ^= 1
    (tmp_path / "a.mcap").write_bytes(bad)
    with pytest.raises(RecordingError, match="nothing in it says which sensors were worn"):
        Recording.open(tmp_path / "a.mcap")


def test_session_is_repeated_every_minute(tmp_path: Path) -> None:
    block = make_block(130.0)
    raw = write_recording(tmp_path / "a.mcap", block)
    at = list(find_chunks(raw))[100].start
    (tmp_path / "b.mcap").write_bytes(raw[at:])
    recording = Recording.open(tmp_path / "b.mcap")
    assert recording.session == SESSION
    assert same(recording.notifications(), _tail(block, len(recording)))


def test_recovering_onto_itself_or_an_existing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    raw = write_recording(path, make_block(1.0))
    with pytest.raises(OutputError, match="the damaged recording itself"):
        recover(path, path, force=True)
    (tmp_path / "b.mcap").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        recover(path, tmp_path / "b.mcap")
    assert path.read_bytes() == raw


def _flipped(raw: bytes, bits: list[int]) -> bytes:
    copy = bytearray(raw)
    for bit in bits:
        copy[bit // 8] ^= 1 << bit % 8
    return bytes(copy)


def _tail(block: NotificationBlock, n: int) -> NotificationBlock:
    first = len(block) - n
    return NotificationBlock(
        block.arrival_ns[first:],
        block.sensor[first:],
        block.data[block.offset[first] :],
        block.offset[first:] - block.offset[first],
    )
