"""What records of other makers become: of Airbyte, PostHog's exports and Mixpanel."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from queries.import_foreign import mixpanel, posthog, shape_of
from queries.imports import Outcome, PersonInput, Reject, natural

U1 = "b8c3e778-c1ea-5503-9f33-596db7513f5a"
MORNING = datetime(2020, 1, 1, 8, 30, tzinfo=UTC)


def ok(outcome: Outcome) -> PersonInput:
    assert isinstance(outcome, PersonInput), outcome
    return outcome


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Reject), outcome
    return outcome.reason


AIRBYTE = {"uuid": U1, "distinct_ids": ["a"], "properties": {"n": 1}}


def test_airbyte_records() -> None:
    record = {"stream": "persons", "emitted_at": 1, "data": AIRBYTE}
    person = natural(7, json.dumps(AIRBYTE).encode())
    assert natural(7, json.dumps({"type": "RECORD", "record": record}).encode()) == person
    stored = {"_airbyte_raw_id": "x", "_airbyte_data": AIRBYTE, "_airbyte_meta": {}}
    assert natural(7, json.dumps(stored).encode()) == person


@pytest.mark.parametrize(
    "message",
    [
        {"type": "STATE", "state": {}},
        {"type": "LOG", "log": {"message": "x"}},
        {"type": "RECORD", "record": {"stream": "cohorts", "data": {}}},
    ],
)
def test_other_messages_of_airbyte(message: dict[str, object]) -> None:
    assert natural(7, json.dumps(message).encode()) is None


def test_bad_messages_of_airbyte() -> None:
    why = "an Airbyte RECORD must have `record.stream` and `record.data`"
    assert reason(natural(7, b'{"type":"RECORD"}')) == why
    assert reason(natural(7, b'{"type":"RECORD","record":{"stream":"persons"}}')) == why
    deep = b'{"type":"RECORD","record":{"stream":"persons","data":[]}}'
    assert "must be a JSON object" in reason(natural(7, deep))


def test_a_person_named_record_is_no_message() -> None:
    assert ok(natural(7, b'{"distinct_ids":["a",1],"name":"RECORD","type":"person"}'))


EXPORT = {
    "team_id": 2,
    "distinct_id": "a",
    "person_id": U1,
    "properties": {"plan": "pro"},
    "person_version": 3,
    "person_distinct_id_version": 1,
    "created_at": "2020-01-01 08:30:00.000000",
    "is_deleted": False,
    "_inserted_at": "2021-01-01",
}


def exported(**changes: object) -> Outcome:
    return posthog(7, json.dumps({**EXPORT, **changes}).encode())


def test_a_row_of_the_batch_export() -> None:
    person = PersonInput(UUID(U1), ("a",), b'{"plan": "pro"}', MORNING, None, None, 3)
    assert exported() == person
    assert exported(properties=' {"plan": "pro"}\n') == person
    assert exported(person_version="3", created_at=1577867400) == person
    assert exported(is_deleted=0) == person
    assert ok(exported(distinct_id=5)).distinct_ids == ("5",)
    assert ok(exported(properties=None)).properties == b"{}"


def test_a_text_that_does_not_end_takes_one_look() -> None:
    text = '{"a' + '["' * 300 + '\\"' * 250_000
    assert "not JSON" in reason(exported(properties=text))


@pytest.mark.parametrize("flag", [True, 1, "1", "true"])
def test_deleted_rows_are_no_persons(flag: object) -> None:
    assert exported(is_deleted=flag, properties="") is None


def test_a_row_of_the_ducklake_view() -> None:
    row = {**EXPORT, "id": U1, "is_identified": 1, "_timestamp": "x"}
    del row["person_id"]
    person = ok(posthog(7, json.dumps(row).encode()))
    assert (person.uuid, person.is_identified, person.source_version) == (UUID(U1), True, 3)


def test_a_row_of_clickhouse() -> None:
    row = {
        "id": U1,
        "created_at": "2020-01-01 08:30:00.000",
        "team_id": 2,
        "properties": '{"plan":"pro"}',
        "is_identified": 0,
        "is_deleted": 0,
        "version": "12",
    }
    assert posthog(7, json.dumps(row).encode()) == PersonInput(
        UUID(U1), (), b'{"plan":"pro"}', MORNING, False, None, 12
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"person_id": "x"}, "`person_id` must be a UUID"),
        ({"distinct_id": ""}, "`distinct_id` must not be empty"),
        ({"distinct_id": None, "person_id": None}, "neither a UUID nor a distinct id"),
        ({"person_version": -1}, "`person_version` must be a whole number"),
        ({"person_version": 1.5}, "`person_version` must be a whole number"),
        ({"person_version": True}, "`person_version` must be a whole number"),
        ({"person_version": "9" * 19}, "`person_version` must be a whole number"),
        ({"person_version": "9" * 5000}, "`person_version` must be a whole number"),
        ({"properties": ""}, "`properties` must be an object"),
        ({"properties": "[]"}, "`properties` must be an object"),
        ({"properties": '{"a":NaN}'}, "not JSON"),
        ({"is_deleted": "maybe"}, "`is_deleted` must be true or false"),
        ({"event": "x"}, "unknown key 'event'"),
        ({"version": 3}, "`person_distinct_id2` holds no person"),
    ],
)
def test_bad_rows_of_the_batch_export(changes: dict[str, object], why: str) -> None:
    assert why in reason(exported(**changes))


def test_a_profile_of_mixpanel() -> None:
    row = (
        b'{"$distinct_id":4.0,"$properties":{"$email":"a@b.c","$first_name":"Ann","$last_name":"Lee",'
        b'"$created":"2020-01-01T08:30:00","$last_seen":"2020-01-01T08:30:00","$city":"Oslo","n":1.0}}'
    )
    assert mixpanel(7, row) == PersonInput(
        None,
        ("4.0",),
        b'{"email":"a@b.c","$first_name":"Ann","$last_name":"Lee","$city":"Oslo","n":1.0,'
        b'"name":"Ann Lee"}',
        MORNING,
        None,
        MORNING,
        None,
    )


@pytest.mark.parametrize(
    ("properties", "kept"),
    [
        ({"$name": "Ann", "$last_name": "Lee"}, {"name": "Ann", "$last_name": "Lee"}),
        ({"$name": "Ann", "name": "Bob"}, {"$name": "Ann", "name": "Bob"}),
        ({"$email": "a", "email": "b"}, {"$email": "a", "email": "b"}),
        ({"$last_name": "Lee"}, {"$last_name": "Lee", "name": "Lee"}),
        ({"$first_name": 5, "$last_name": ""}, {"$first_name": 5, "$last_name": ""}),
        ({}, {}),
        (None, {}),
    ],
)
def test_what_is_renamed(properties: object, kept: dict[str, object]) -> None:
    line = json.dumps({"$distinct_id": "a", "$properties": properties}).encode()
    assert msgspec.json.decode(ok(mixpanel(7, line)).properties) == kept


def test_an_update_of_mixpanel() -> None:
    person = mixpanel(7, b'{"$token":"t","$ip":"0","$distinct_id":"a","$set":{"n":1}}')
    assert person == PersonInput(None, ("a",), b'{"n":1}', None, None, None, None)
    assert ok(mixpanel(7, b'{"$distinct_id":"a"}')).properties == b"{}"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"$properties": {}}, "`$distinct_id` must be a text or a number, not None"),
        ({"$distinct_id": "", "$set": {}}, "`$distinct_id` must not be empty"),
        ({"$distinct_id": "a", "$set": {}, "$properties": {}}, "not both"),
        ({"$distinct_id": "a", "$add": {"n": 1}}, "unknown key '$add'"),
        ({"$distinct_id": "a", "$set": []}, "must be an object"),
        ({"$distinct_id": "a", "$set": {"$created": "x"}}, "`created_at` must be an ISO 8601"),
    ],
)
def test_bad_profiles(row: dict[str, object], why: str) -> None:
    assert why in reason(mixpanel(7, json.dumps(row).encode()))


@pytest.mark.parametrize(
    ("record", "decode"),
    [
        ({"distinct_ids": []}, natural),
        ({"uuid": U1, "team_id": 1}, natural),
        ({"type": "RECORD", "record": {}}, natural),
        ({"_airbyte_data": {}}, natural),
        ({"$distinct_id": 1}, mixpanel),
        (EXPORT, posthog),
        ({"id": U1, "version": 1}, posthog),
        ({"id": U1, "properties": {}}, None),
        ({}, None),
        ([], None),
    ],
)
def test_shapes(record: object, decode: object) -> None:
    assert shape_of(json.dumps(record).encode()) is decode


def test_the_shape_of_no_json() -> None:
    assert shape_of(b"{") is None
