"""What a record of an import file becomes: a person, nothing, or a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queries.import_foreign import mixpanel, posthog
from queries.import_values import MAX_DEPTH, MAX_PROPERTIES_BYTES, moment_of
from queries.imports import Outcome, PersonInput, Reject, natural

U1 = "b8c3e778-c1ea-5503-9f33-596db7513f5a"
MORNING = datetime(2020, 1, 1, 8, 30, tzinfo=UTC)


def ok(outcome: Outcome) -> PersonInput:
    assert isinstance(outcome, PersonInput), outcome
    return outcome


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Reject), outcome
    assert outcome.line == 7
    # 200 characters of data at most, beside our own words.
    assert len(outcome.reason) < 400
    return outcome.reason


def with_properties(raw: bytes) -> Outcome:
    return natural(7, b'{"uuid":"' + U1.encode() + b'","properties":' + raw + b"}")


def with_value(key: str, value: object) -> Outcome:
    return natural(7, json.dumps({"uuid": U1, key: value}).encode())


def test_our_own_form() -> None:
    line = (
        b'{"uuid":"b8c3e778-c1ea-5503-9f33-596db7513f5a","distinct_ids":["b","a","b"],'
        b'"properties":{ "n" : 1.0,"n":2, "e":"\\u00e9" },"created_at":"2020-01-01T08:30:00Z",'
        b'"is_identified":true,"last_seen_at":"2020-01-01T10:30:00+02:00"}\r'
    )
    assert natural(7, line) == PersonInput(
        uuid=UUID(U1),
        distinct_ids=("b", "a"),
        properties=b'{ "n" : 1.0,"n":2, "e":"\\u00e9" }',
        created_at=MORNING,
        is_identified=True,
        last_seen_at=MORNING,
        source_version=None,
    )


def test_how_much_memory_a_person_takes() -> None:
    assert ok(with_properties(b'{"a":1}')).size_bytes() == 7


def test_a_row_of_the_api() -> None:
    row = {
        "type": "person",
        "id": 42,
        "uuid": U1,
        "name": "Ann",
        "distinct_ids": ["a"],
        "properties": {"plan": "pro"},
        "created_at": "2020-01-01T08:30:00.000000Z",
        "last_seen_at": None,
        "is_identified": False,
        "matched_recordings": [],
        "value_at_data_point": None,
        "_dlt_id": "x",
    }
    person = ok(natural(7, json.dumps(row).encode()))
    assert person.uuid == UUID(U1)
    assert person.distinct_ids == ("a",)
    assert (person.created_at, person.last_seen_at) == (MORNING, None)
    assert person.is_identified is False


def test_what_is_absent() -> None:
    person = ok(natural(7, b'{"distinct_ids":["a"]}'))
    assert person == PersonInput(None, ("a",), b"{}", None, None, None, None)
    nulls = {"uuid": None, "distinct_ids": ["a"], "properties": None, "created_at": None}
    assert natural(7, json.dumps({**nulls, "is_identified": None, "id": None}).encode()) == person
    assert ok(with_value("distinct_ids", None)).distinct_ids == ()
    assert "neither a UUID nor a distinct id" in reason(natural(7, b"{}"))
    assert "neither a UUID nor a distinct id" in reason(natural(7, b'{"distinct_ids":[],"id":5}'))


@pytest.mark.parametrize("text", [U1, U1.upper(), U1.replace("-", ""), "{" + U1 + "}"])
def test_uuids(text: str) -> None:
    assert ok(natural(7, json.dumps({"uuid": text}).encode())).uuid == UUID(U1)
    assert ok(natural(7, json.dumps({"id": text}).encode())).uuid == UUID(U1)


@pytest.mark.parametrize("value", ["", "x", U1[:-1], 5, [], True])
def test_bad_uuids(value: object) -> None:
    bad = reason(natural(7, json.dumps({"uuid": value, "distinct_ids": ["a"]}).encode()))
    assert "`uuid` must be a UUID" in bad


@pytest.mark.parametrize("value", [5, "5", None])
def test_a_number_as_id_is_not_the_uuid(value: object) -> None:
    line = json.dumps({"id": value, "distinct_ids": ["a"]}).encode()
    assert ok(natural(7, line)).uuid is None


def test_bad_ids() -> None:
    line = json.dumps({"id": "abc", "distinct_ids": ["a"]}).encode()
    assert reason(natural(7, line)) == "`id` must be a UUID, not 'abc'"


def test_distinct_ids_may_be_numbers() -> None:
    person = ok(natural(7, b'{"distinct_ids":["a",1,1.0,1e5,-0.50,"1",12345678901234567890]}'))
    assert person.distinct_ids == ("a", "1", "1.0", "1e5", "-0.50", "12345678901234567890")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([""], "`distinct_ids.0` must not be empty"),
        (["a", None], "`distinct_ids.1` must be a text or a number, not None"),
        (["a", True], "`distinct_ids.1` must be a text or a number, not True"),
        ([["a"]], "`distinct_ids.0` must be a text or a number"),
        (["é" * 401], "`distinct_ids.0` has 401 characters, at most 400 are kept"),
        ("a", "`distinct_ids` must be a list, not 'a'"),
        ({"a": 1}, "`distinct_ids` must be a list"),
    ],
)
def test_bad_distinct_ids(value: object, why: str) -> None:
    assert why in reason(with_value("distinct_ids", value))


def test_the_longest_distinct_id() -> None:
    assert ok(with_value("distinct_ids", ["é" * 400])).distinct_ids == ("é" * 400,)


@pytest.mark.parametrize(
    "value",
    [
        "2020-01-01T08:30:00Z",
        "2020-01-01T08:30:00",
        "2020-01-01t08:30z",
        "2020-01-01 08:30:00",
        "2020-01-01 08:30:00.000000",
        "2020-01-01 08:30:00+00:00",
        "2020-01-01 08:30:00 UTC",
        "2020-01-01 08:30:00.000000 +0000",
        "2020-01-01 09:30:00,0+01",
        "20200101T083000Z",
        " 2020-01-01T00:30:00-08:00 ",
        1577867400,
        1577867400.0,
        1577867400000,
        "1577867400",
        "1577867400.0",
        "1577867400000",
        "2020-01-01T08:30:00.0000001Z",
    ],
)
def test_times(value: object) -> None:
    assert ok(with_value("created_at", value)).created_at == MORNING
    assert ok(with_value("last_seen_at", value)).last_seen_at == MORNING


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-02-29", datetime(2020, 2, 29, tzinfo=UTC)),
        ("20200229", datetime(2020, 2, 29, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2299-12-31T23:59:59.999999Z", datetime(2299, 12, 31, 23, 59, 59, 999999, UTC)),
        ("1899-12-31T23:00:00-02:00", datetime(1900, 1, 1, 1, tzinfo=UTC)),
        (-2208988800, datetime(1900, 1, 1, tzinfo=UTC)),
        (1577867400.25, MORNING + timedelta(milliseconds=250)),
        (1577867400250, MORNING + timedelta(milliseconds=250)),
        ("2020-01-01T08:30:00.1234567Z", MORNING + timedelta(microseconds=123457)),
        # The same digits in a form that takes the slower way.
        ("2020-01-01T08:30:00.1234567 UTC", MORNING + timedelta(microseconds=123457)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_moments(value: object, moment: datetime) -> None:
    assert ok(with_value("created_at", value)).created_at == moment


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "yesterday", "2020", "2020-13-01", "2020-02-30", "2020-01-01T25:00:00Z"),
        *("2020-01-01T00:00:60Z", "2020-01-01-05:00", "2020-W01-1", "08/25/2020", "1612120400000x"),
        *("\uff12020-01-01", "\u0661577867400", "2020-01-01T00:00:00+99:99"),
        *(True, [], {}),
    ],
)
def test_bad_times(value: object) -> None:
    bad = reason(with_value("created_at", value))
    assert "`created_at` must be an ISO 8601 time or Unix seconds" in bad


@pytest.mark.parametrize(
    "value",
    [
        *("1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "1900-01-01T00:00:00+01:00"),
        *("2299-12-31T23:00:00-02:00", "9999-01-01", -2208988801, 10**13 * 2),
    ],
)
def test_times_out_of_range(value: object) -> None:
    assert "must lie in the years 1900 to 2299" in reason(with_value("last_seen_at", value))


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", 10**30, -(10**30), 1e308])
def test_times_that_overflow(value: object) -> None:
    assert "`created_at` must" in reason(with_value("created_at", value))


def test_a_number_of_seconds_out_of_range() -> None:
    line = b'{"uuid":"' + U1.encode() + b'","created_at":1e400}'
    assert reason(natural(7, line)) == "`created_at`: a number is out of range"


@pytest.mark.parametrize("value", [True, 1, "true", "True", "1"])
def test_flags(value: object) -> None:
    assert ok(with_value("is_identified", value)).is_identified is True


@pytest.mark.parametrize("value", [2, "yes", "", 1.0, []])
def test_bad_flags(value: object) -> None:
    assert "`is_identified` must be true or false" in reason(with_value("is_identified", value))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"[]", "must be an object, not '[]'"),
        (b'"{}"', "must be an object"),
        (b"5", "must be an object"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"a":-Infinity}', "not JSON"),
        (b'{"a":1e400}', "`properties`: a number is out of range"),
        (b'{"a":[{"b":-1e400}]}', "`properties`: a number is out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "`properties`: a number is out of range"),
        (b'{"a":"\\ud83d"}', "not JSON"),
        (b'{"a":"\\ud83d\\u0041"}', "not JSON: invalid utf-16 surrogate pair"),
        (b'{"\\udc00":1}', "not JSON"),
        (b'{"a":"\xff"}', "`properties`: not UTF-8"),
        (b'{"\xff":1}', "`properties`: not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "`properties`: not UTF-8"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":1,}', "not JSON: trailing comma"),
        (b'{"a":"\x01"}', "not JSON"),
        (b'{"a":1}}', "not JSON"),
        (b"{", "not JSON"),
    ],
)
def test_bad_properties(raw: bytes, why: str) -> None:
    assert why in reason(with_properties(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\u0000"}',
        b'{"a":1e-400,"b":123456789012345678901234567890,"c":-0}',
        b'{"a":1,"a":2}',
        b'{"":{"":[]}}',
        b'{"a":"\\ud83d\\ude00","b":"\xf0\x9f\x98\x80"}',
        b'{\t"a" : [ 1 , 2 ]\n}',
    ],
)
def test_properties_are_kept_byte_for_byte(raw: bytes) -> None:
    assert ok(with_properties(raw)).properties == raw
    assert ok(with_properties(b"  " + raw + b" ")).properties == raw


def test_the_size_of_properties() -> None:
    most = b'{"a":"' + b"x" * (MAX_PROPERTIES_BYTES - 8) + b'"}'
    assert ok(with_properties(most)).properties == most
    bad = reason(with_properties(most[:-2] + b'x"}'))
    assert bad == "`properties` has 524289 bytes, at most 524288 are kept"


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 2_000, 100_000])
def test_deep_properties(levels: int) -> None:
    deep = b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    assert f"nested deeper than {MAX_DEPTH} levels" in reason(with_properties(deep))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}",
        b'{"a":[' + b",".join([b"[]", b"{}"] * MAX_DEPTH) + b"]}",
        b'{"a":"' + b'[\\"{' * MAX_DEPTH + b'"}',
    ],
    ids=["deep", "wide", "text"],
)
def test_brackets_that_are_not_deep(raw: bytes) -> None:
    assert ok(with_properties(raw)).properties == raw


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[1]", "must be a JSON object, not '[1]'"),
        (b" 5", "must be a JSON object, not '5'"),
        (b"x" * 5_000, "not JSON"),
        (b'{"uuid":', "not JSON"),
        (b'{"distinct_ids":["a"]} {}', "not JSON: trailing characters"),
        (b'{"distinct_ids":["\xff"]}', "`distinct_ids`: not UTF-8"),
        (b'{"\xff":1}', "not UTF-8"),
        (b'{"distinct_ids":["\\ud800"]}', "not JSON"),
        (b'{"propertis":{}}', "unknown key 'propertis'; known are created_at,"),
        (b'{"id":' + b"[" * 100_000, "nested deeper"),
        (b'{"created_at":' + b"[" * 990 + b"]" * 990 + b"}", "nested deeper"),
    ],
    ids=range(11),
)
def test_bad_lines(line: bytes, why: str) -> None:
    assert why in reason(natural(7, line))


def test_reasons_show_little_of_the_data() -> None:
    for bad in (
        natural(7, b'"' + b"s" * 9_999 + b'"'),
        natural(7, json.dumps({"k" * 9_999: 1}).encode()),
        with_value("uuid", "u" * 9_999),
        with_value("uuid", [9] * 9_999),
        with_value("distinct_ids", ["d" * 9_999]),
        with_value("created_at", 10**400),
        with_properties(b'"' + b"p" * 9_999 + b'"'),
    ):
        reason(bad)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
LINES = st.dictionaries(
    st.sampled_from(["uuid", "id", "distinct_ids", "properties", "created_at", "is_identified"]),
    JSON | st.just(U1) | st.dictionaries(st.text(max_size=3), JSON),
).map(lambda line: json.dumps(line).encode())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(line=LINES | st.binary(max_size=40), at=st.integers(0, 60), junk=st.binary(max_size=2))
def test_nothing_crashes_and_what_passes_can_be_decoded(line: bytes, at: int, junk: bytes) -> None:
    for text in (line, line[:at] + junk + line[at:]):
        for decode in (natural, posthog, mixpanel):
            outcome = decode(7, text)
            if isinstance(outcome, PersonInput):
                assert isinstance(msgspec.json.decode(outcome.properties), dict)
                assert outcome.uuid or outcome.distinct_ids
            elif outcome is not None:
                reason(outcome)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    moment=st.datetimes(
        datetime(1900, 1, 2),
        datetime(2299, 12, 30),
        timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_any_moment(moment: datetime) -> None:
    assert ok(with_value("created_at", moment.isoformat())).created_at == moment
    assert ok(with_value("created_at", str(moment))).created_at == moment
    assert moment_of("t", moment) == moment
