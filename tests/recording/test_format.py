import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from made_recordings import MARKS, SESSION

from imuhip.errors import RecordingError
from imuhip.marks import Mark
from imuhip.recording.format import (
    LOSS_SCHEMA,
    MARK_SCHEMA,
    SESSION_SCHEMA,
    Loss,
    loss_from_json,
    loss_to_json,
    mark_from_json,
    mark_to_json,
    session_from_json,
    session_to_json,
)

anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def through_json(payload: object) -> object:
    return json.loads(json.dumps(payload, allow_nan=False))


def test_session_survives_json() -> None:
    assert session_from_json(through_json(session_to_json(SESSION))) == SESSION


@pytest.mark.parametrize("mark", MARKS)
def test_mark_survives_json(mark: Mark) -> None:
    assert mark_from_json(through_json(mark_to_json(mark))) == mark


def test_loss_survives_json() -> None:
    loss = Loss(2, 10**12, {"queue_full": 3, "bad_packet": 1})
    assert loss_from_json(through_json(loss_to_json(loss))) == loss


def test_payloads_fit_their_schemas() -> None:
    Draft202012Validator(SESSION_SCHEMA).validate(session_to_json(SESSION))
    Draft202012Validator(LOSS_SCHEMA).validate(loss_to_json(Loss(0, 1, {"queue_full": 1})))
    for mark in MARKS:
        Draft202012Validator(MARK_SCHEMA).validate(mark_to_json(mark))


def test_unknown_fields_and_newer_minor_versions_are_ignored() -> None:
    payload = session_to_json(SESSION) | {"format_version": "1.7", "weather": "rain"}
    assert session_from_json(payload) == SESSION
    assert mark_from_json(mark_to_json(MARKS[1]) | {"colour": "red"}) == MARKS[1]


def test_newer_major_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(RecordingError, match=r"its format 2\.0 is newer .* Update imuhip\."):
        session_from_json(session_to_json(SESSION) | {"format_version": "2.0"})


@given(payload=anything)
def test_any_json_is_a_value_or_a_value_error(payload: object) -> None:
    for read in (session_from_json, mark_from_json, loss_from_json):
        with pytest.raises(ValueError, match="not a "):
            read(payload)


def test_utc_follows_the_anchor() -> None:
    assert SESSION.anchor is not None
    assert SESSION.utc_ns(SESSION.anchor.monotonic_ns + 7) == SESSION.anchor.utc_ns + 7
