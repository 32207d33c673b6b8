import base64
import string

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip.recording.base64_texts import decode_texts

ALPHABET = (string.ascii_letters + string.digits + "+/").encode()


def texts(rows: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(map(base64.b64encode, rows)), dtype=np.uint8).reshape(len(rows), -1)


@given(data=st.data(), threes=st.integers(1, 5))
def test_any_bytes_come_back(data: st.DataObject, threes: int) -> None:
    rows = data.draw(st.lists(st.binary(min_size=3 * threes, max_size=3 * threes), min_size=1, max_size=5))
    found = decode_texts(texts(rows))
    assert found is not None
    assert [row.tobytes() for row in found] == rows


def test_any_other_character_is_refused_wherever_it_stands() -> None:
    for character in set(range(256)) - set(ALPHABET):
        for at in range(8):
            text = texts([b"abcdef"]).copy()
            text[0, at] = character
            assert decode_texts(text) is None
