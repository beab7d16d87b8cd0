"""What a line of an event file becomes: an event, or a reason."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from queries.event_lines import MAX_EVENT_CHARS, EventInput, EventOutcome, event
from queries.import_values import MAX_PROPERTIES_BYTES
from queries.imports import Reject

U1 = "b8c3e778-c1ea-5503-9f33-596db7513f5a"
AT = "2024-05-01T10:00:00.000001Z"
AT_US = 1_714_557_600_000_001
LINE: dict[str, Any] = {"uuid": U1, "event": "$pageview", "distinct_id": "ann", "timestamp": AT}


def ok(outcome: EventOutcome) -> EventInput:
    assert isinstance(outcome, EventInput), outcome
    return outcome


def read(**changed: Any) -> EventOutcome:
    return event(7, json.dumps({**LINE, **changed}).encode())


def without(*names: str, **changed: Any) -> EventOutcome:
    line = {key: value for key, value in {**LINE, **changed}.items() if key not in names}
    return event(7, json.dumps(line).encode())


def reason(outcome: EventOutcome) -> str:
    assert isinstance(outcome, Reject), outcome
    assert outcome.line == 7
    assert len(outcome.reason) < 400
    return outcome.reason


def test_our_own_form_keeps_the_bytes() -> None:
    line = (
        b'{"uuid":"b8c3e778-c1ea-5503-9f33-596db7513f5a","event":"commit","distinct_id":"ann",'
        b'"timestamp":"2024-05-01T12:00:00.000001+02:00","properties":{ "n" : 1.0,"n":2},'
        b'"person_properties":{"$set":1, "e":"\\u00e9" }}\r'
    )
    found = ok(event(7, line))
    assert found == EventInput(
        UUID(U1), "commit", "ann", AT_US, b'{ "n" : 1.0,"n":2}', b'{"$set":1, "e":"\\u00e9" }'
    )
    assert found.size_bytes() == 17 + 26


def test_what_may_be_left_out() -> None:
    found = ok(without("uuid"))
    assert (found.uuid, found.properties, found.person_properties) == (None, b"{}", b"{}")
    nulls = ok(read(uuid=None, properties=None, person_properties=None))
    assert nulls == found


@pytest.mark.parametrize(
    ("line", "person"),
    [
        ({"properties": {"$set": {"a": 1}, "b": 2}}, {"a": 1}),
        ({"properties": {"$set_once": {"a": 0, "o": 1}, "$set": {"a": 1}}}, {"a": 1, "o": 1}),
        ({"$set": {"a": 1}, "$set_once": {"a": 0, "o": 1}}, {"a": 1, "o": 1}),
        ({"$set": {"a": 1}, "properties": {"$set": {"a": 0, "b": 2}}}, {"a": 1, "b": 2}),
        ({"$set_once": {"a": 1}, "properties": {"$set": {"a": 0}}}, {"a": 0}),
        (
            {"set": '{"a":1}', "set_once": {"a": 0, "o": 1}, "properties": '{"b":1}'},
            {"a": 1, "o": 1},
        ),
        ({"$set": None, "properties": {"$set": None}}, {}),
        ({"person_properties": {"p": 1}, "$set": {"a": 1}}, {"p": 1}),
        ({"person_properties": '{"p":1}'}, {"p": 1}),
        (
            {"person_properties": None, "properties": {"$set": {"a": [1.5, None]}}},
            {"a": [1.5, None]},
        ),
    ],
)
def test_what_an_event_sets(line: dict[str, Any], person: dict[str, Any]) -> None:
    assert json.loads(ok(read(**line)).person_properties) == person


def test_what_is_set_keeps_its_spelling() -> None:
    line = (
        json.dumps(LINE)[:-1].encode()
        + b', "$set": {"n": 1.0, "e": 1e3, "big": 123456789012345678901}}'
    )
    assert ok(event(7, line)).person_properties == b'{"n":1.0,"e":1e3,"big":123456789012345678901}'


def test_what_libraries_send_beside() -> None:
    """An event of posthog-js: its distinct id is among the properties alone."""
    line = {
        "event": "$identify",
        "properties": {"token": "phc_x", "distinct_id": "ann", "$set": {"a": 1}},
        "uuid": U1,
        "offset": 3,
        "timestamp": AT,
        "api_key": "phc_x",
        "_inserted_at": "x",
    }
    found = ok(event(7, json.dumps(line).encode()))
    assert (found.distinct_id, found.event) == ("ann", "$identify")
    assert json.loads(found.properties) == line["properties"]


@pytest.mark.parametrize(
    ("timestamp", "us"),
    [
        ("2024-05-01T10:00:00.000001", AT_US),
        ("2024-05-01 10:00:00.000001+00:00", AT_US),
        (1_714_557_600, AT_US - 1),
        (1_714_557_600_000, AT_US - 1),
        ("1714557600", AT_US - 1),
    ],
)
def test_times(timestamp: object, us: int) -> None:
    assert ok(read(timestamp=timestamp)).at_us == us


def test_a_distinct_id_may_be_a_number() -> None:
    assert ok(read(distinct_id=7)).distinct_id == "7"
    assert ok(read(distinct_id="x" * 400)).distinct_id == "x" * 400


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"timestamp": None}, "there is no `timestamp`"),
        ({"timestamp": "soon"}, "`timestamp` must be an ISO 8601 time"),
        ({"timestamp": "1850-01-01T00:00:00Z"}, "`timestamp` must lie in the years 1900 to 2299"),
        ({"distinct_id": None}, "there is no `distinct_id`"),
        ({"distinct_id": ""}, "`distinct_id` must not be empty"),
        ({"distinct_id": "x" * 401}, "`distinct_id` has 401 characters"),
        ({"distinct_id": ["a"]}, "`distinct_id` must be a text or a number"),
        ({"event": ""}, "`event` must be a text that is not empty"),
        ({"event": 5}, "`event` must be a text that is not empty, not 5"),
        ({"event": "x" * (MAX_EVENT_CHARS + 1)}, "`event` has 401 characters"),
        ({"uuid": "x"}, "`uuid` must be a UUID"),
        ({"properties": []}, "`properties` must be an object"),
        ({"properties": {"a": "x" * MAX_PROPERTIES_BYTES}}, "`properties` has 524297 bytes"),
        ({"person_properties": 5}, "`person_properties` must be an object, not '5'"),
        ({"person_properties": "{"}, "`person_properties`: not JSON"),
        ({"$set": [1]}, "`$set` must be an object"),
        ({"properties": {"$set_once": 1}}, "`$set_once` must be an object"),
        ({"proprties": {}}, "unknown key 'proprties'"),
    ],
)
def test_reasons(changed: dict[str, Any], words: str) -> None:
    assert reason(read(**changed)).startswith(words)


@pytest.mark.parametrize("name", ["event", "distinct_id", "timestamp"])
def test_what_must_be_there(name: str) -> None:
    assert f"`{name}`" in reason(without(name))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"event":"\xff"}', "not UTF-8"),
        (b'{"event":"a","properties":' + b"[" * 5_000, "nested deeper"),
    ],
)
def test_what_is_no_object(line: bytes, words: str) -> None:
    assert words in reason(event(7, line))


def test_properties_that_no_later_decoder_would_take() -> None:
    line = msgspec.json.encode(LINE)[:-1] + b',"person_properties":{"a":1e999}}'
    assert "out of range" in reason(event(7, line))
