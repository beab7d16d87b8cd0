"""What the columns of a table are, and what a row of it becomes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest

from queries.flatten import json_of
from queries.import_columns import columns_of, json_of_value, person_of_row
from queries.import_values import Unfit
from queries.imports import PersonInput

U1 = "b8c3e778-c1ea-5503-9f33-596db7513f5a"
MORNING = dt.datetime(2020, 1, 1, 8, 30, tzinfo=dt.UTC)


def cells(**row: str | None) -> PersonInput | None:
    """Read a row of text cells; a double underscore in a name stands for a dot."""
    columns = columns_of([name.replace("__", ".") for name in row])
    return person_of_row(columns, list(row.values()), json_of)


def typed(**row: object) -> PersonInput | None:
    columns = columns_of([name.replace("__", ".") for name in row])
    return person_of_row(columns, list(row.values()), json_of_value)


def test_our_own_export() -> None:
    person = cells(
        created_at="2020-01-01T08:30:00Z",
        distinct_ids__0="a",
        distinct_ids__10="c",
        distinct_ids__2="b",
        distinct_ids__3=None,
        id="42",
        is_identified="True",
        last_seen_at=None,
        name="Ann",
        properties__n="1.0",
        properties__tags__0="x",
        properties__gone=None,
        type="person",
        uuid=U1,
    )
    assert person == PersonInput(
        UUID(U1), ("a", "b", "c"), b'{"n":1.0,"tags":["x"]}', MORNING, True, None, None
    )


def test_distinct_ids_beyond_a_thousand_are_a_list() -> None:
    person = cells(distinct_ids__0="a", distinct_ids__1000='["b",5]', uuid=U1)
    assert person is not None
    assert person.distinct_ids == ("a", "b", "5")


def test_columns_of_posthogs_interface() -> None:
    row = {
        "person.id": U1,
        "person.distinct_ids.0": "1",
        "person.is_unresolved": "False",
        "email": "a@b.c",
        "actor.created_at": "2020-01-01T08:30:00Z",
        "person.properties.person.id": "5",
        "_timestamp": "x",
        "matched_recordings.0": "x",
    }
    columns = columns_of(list(row))
    assert person_of_row(columns, list(row.values()), json_of) == (
        PersonInput(
            UUID(U1), ("1",), b'{"email":"a@b.c","person":{"id":5}}', MORNING, None, None, None
        )
    )


def test_a_batch_export_as_a_table() -> None:
    row: dict[str, object] = {
        "team_id": 2,
        "distinct_id": "a",
        "person_id": UUID(U1).bytes,
        "properties": ' {"n":1.0} ',
        "person_version": 3,
        "person_distinct_id_version": 1,
        "created_at": MORNING.replace(tzinfo=None),
        "is_deleted": False,
    }
    assert typed(**row) == PersonInput(UUID(U1), ("a",), b'{"n":1.0}', MORNING, None, None, 3)
    assert typed(**{**row, "is_deleted": True}) is None
    assert typed(id=U1, version=5) == PersonInput(UUID(U1), (), b"{}", None, None, None, 5)


def test_a_typed_table() -> None:
    person = typed(
        uuid=UUID(U1),
        distinct_ids=["a", 5, "a", b"c"],
        properties={"n": 1.5, "gone": None, "list": [{"x": None}, None], "date": MORNING},
        created_at=dt.date(2020, 1, 1),
        is_identified=1,
        last_seen_at=MORNING.astimezone(dt.timezone(dt.timedelta(hours=5))),
    )
    assert person == PersonInput(
        UUID(U1),
        ("a", "5", "c"),
        b'{"n":1.5,"list":[{},null],"date":"2020-01-01T08:30:00Z"}',
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        True,
        MORNING,
        None,
    )


def test_texts_as_bytes() -> None:
    person = typed(
        uuid=U1.encode(),
        distinct_ids=b'["a",1.0]',
        properties=b'{"n":1}',
        created_at=b"2020-01-01T08:30:00Z",
    )
    assert person == PersonInput(UUID(U1), ("a", "1.0"), b'{"n":1}', MORNING, None, None, None)


def test_flat_columns_with_types() -> None:
    person = typed(
        uuid=U1,
        properties__text="5",
        properties__number=5,
        properties__decimal=Decimal("1.50"),
        properties__flag=True,
        properties__none=None,
        properties__list=["x", None],
        properties__bytes=b"x",
        properties__a__b=1.0,
    )
    assert person is not None
    assert person.properties == (
        b'{"text":"5","number":5,"decimal":1.50,"flag":true,"list":["x",null],"bytes":"x",'
        b'"a":{"b":1.0}}'
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "nan is not JSON"),
        ([{"a": float("-inf")}], "-inf is not JSON"),
        (object(), "has no form in JSON"),
        (b"\xff", "`properties` is not UTF-8"),
    ],
)
def test_values_without_json(value: object, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        typed(uuid=U1, properties__a=value)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (["uuid", "plan"], "column 2 is 'plan'; known are uuid"),
        (["uuid", ""], "column 2 is ''"),
        (["uuid", "distinct_ids.x"], "column 2 is 'distinct_ids.x'"),
        (["uuid", "uuid"], "the column 'uuid' is there twice"),
        (["uuid", "email", "properties.email"], "the column 'properties.email' is there twice"),
        (["uuid", "person.uuid"], "the column 'person.uuid' is there twice"),
        (["properties.a", "name"], "no column tells which person a row is of"),
        ([], "no column tells which person a row is of"),
        (["uuid", "properties", "properties.a"], "as well as columns of single properties"),
        (["person_id", "distinct_id", "version"], "`person_distinct_id2` holds no person"),
    ],
)
def test_bad_headers(header: list[str], why: str) -> None:
    with pytest.raises(Unfit, match=why.replace("(", r"\(")):
        columns_of(header)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"uuid": "x"}, "`uuid` must be a UUID"),
        ({"id": "x"}, "`id` must be a UUID"),
        ({"id": "5"}, "neither a UUID nor a distinct id"),
        ({"uuid": U1, "distinct_ids__0": "x" * 401}, "`distinct_ids.0` has 401 characters"),
        ({"uuid": U1, "distinct_ids": "[1"}, "`distinct_ids`: not JSON|`distinct_ids`: Input"),
        ({"uuid": U1, "is_identified": "x"}, "`is_identified` must be true or false"),
        ({"uuid": U1, "properties": "[]"}, "must be an object"),
        ({"uuid": U1, "created_at": "x"}, "`created_at` must be an ISO 8601"),
    ],
)
def test_bad_rows(row: dict[str, str], why: str) -> None:
    with pytest.raises(Unfit, match=why):
        cells(**row)
