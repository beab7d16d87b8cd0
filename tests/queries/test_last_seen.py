"""When persons were seen last; the statements' whole texts are in golden/."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from queries.events import Owner, Range, find_last_told
from queries.last_seen import (
    SeenRow,
    has_events,
    hours,
    latest,
    list_events_of,
    list_staged,
    put_seen,
    seen_now,
    without,
)
from queries.lists import rows_of
from queries.statement import Statement
from queries.stored import StoredPerson
from queries.upserts import draft
from tests.queries.test_statement import GOLDEN, golden_text

STATEMENTS: dict[str, Statement[Any]] = {
    "events_last_told": find_last_told(Range(7, Owner(UUID(int=1), ["a"], 1, 0), 0, 9)),
    "last_seen_events": list_events_of(7, rows_of("Array(String)", ["a", "b"])),
    "last_seen_has_events": has_events(7),
    "last_seen_staged": list_staged("staged", "a", limit=10),
}
PERSON = StoredPerson(UUID(int=1), 5, False, None, ["a", "b"], "{}", 9, 0, False, 3)
SEEN = {"a": 10, "b": 20, "c": 30}


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_an_hour_begins_where_its_time_is() -> None:
    hour = 3_600_000_000
    rows = [SeenRow("a", hour), SeenRow("b", 2 * hour - 1), SeenRow("c", -1)]
    assert hours(rows) == {"a": hour, "b": hour, "c": -hour}


@pytest.mark.parametrize(
    ("ids", "expected"), [(["a", "b"], 20), (["a", "x"], 10), (["x"], None), ([], None)]
)
def test_the_latest_of_some_ids(ids: list[str], expected: int | None) -> None:
    assert latest(ids, SEEN) == expected


@pytest.mark.parametrize(
    ("before", "deleted", "expected"),
    [(None, False, [20]), (19, False, [20]), (20, False, []), (21, False, []), (None, True, [])],
)
def test_who_was_seen_later_is_written(
    before: int | None, deleted: bool, expected: list[int]
) -> None:
    person = replace(PERSON, last_seen_us=before, is_deleted=deleted)
    rows = seen_now([person], SEEN)
    assert [row.last_seen_us for row in rows] == expected
    assert all(row.changed and row.base == 9 and row.before for row in rows)


def test_who_never_was_seen_is_not_written() -> None:
    assert seen_now([PERSON], {"c": 30}) == []


@pytest.mark.parametrize(
    ("before", "new", "expected"),
    [(None, ["b"], 20), (15, ["b"], 20), (25, ["b"], 25), (None, [], None), (5, ["x"], 5)],
)
def test_new_ids_bring_their_events(
    before: int | None, new: list[str], expected: int | None
) -> None:
    row = draft(replace(PERSON, last_seen_us=before))
    row.new_ids = new
    put_seen([row], SEEN)
    assert row.last_seen_us == expected


@pytest.mark.parametrize(("before", "expected"), [(None, None), (20, 10), (21, 21), (10, 10)])
def test_who_loses_an_id_was_seen_with_those_left(before: int | None, expected: int | None) -> None:
    assert without(replace(PERSON, last_seen_us=before), ["b"], ["a"], SEEN) == expected
