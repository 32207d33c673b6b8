import base64
import json
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imuhip.recording.payloads import decode_payloads, read_headers

BAD = (
    b"",
    b"{}",
    b"[]",
    b'{"data":"=AAA"}',
    b'{"data":"A=BC"}',
    b'{"data":"AA=A"}',
    b'{"data":"A"}',
    b'{"data":7}',
    b"\xff" * 15,
)

styles = st.sampled_from(['{"data":"%s"}', '{"data": "%s"}', '{"a":"\\"","data":"%s"}', '{"data":"%s","z":"y"}'])
messages = st.lists(st.tuples(styles, st.binary(max_size=9)) | st.sampled_from(BAD), max_size=20)


@given(messages=messages)
def test_any_style_of_json_is_decoded_and_the_rest_told(messages: list[bytes | tuple[str, bytes]]) -> None:
    records, expected = [], []
    for i, message in enumerate(messages):
        if isinstance(message, bytes):
            text, content = message, None
        else:
            style, content = message
            text = (style % base64.b64encode(content).decode()).encode()
            assert json.loads(text)
        records.append(struct.pack("<BQHIQQ", 5, 22 + len(text), 7, i, 1000 + i, 2000 + i) + text)
        expected.append(content)
    buffer = np.frombuffer(b"".join(records), dtype=np.uint8)
    starts = np.cumsum([0, *map(len, records)], dtype=np.int64)[:-1]
    found = read_headers(buffer, starts)
    assert found.publish_ns.tolist() == [2000 + i for i in range(len(messages))]
    assert found.sequence.tolist() == list(range(len(messages)))
    data, length, good = decode_payloads(buffer, found)
    assert good.tolist() == [content is not None for content in expected]
    assert length.tolist() == [len(content or b"") for content in expected]
    assert data.tobytes() == b"".join(content or b"" for content in expected)
