"""Only a person's latest version counts, and none that is deleted, whatever has been merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from msgspec import Struct

from queries.candidates import count_candidates
from queries.filter_text import decode_filter
from queries.persons import Selection, export_persons, get_persons, list_persons
from queries.settled import count_persons
from queries.sql import bind, sql
from queries.statement import Statement
from queries.values import list_distinct_ids, list_values
from service.counts import Counts
from service.engine import Engine
from service.pages import read_page
from tests.engine.people import FOREVER_US, command, count, insert, person

OLD = '{"email":"old@example.com","plan":"old","rare":"old","gone":"old","n":1}'
NEW = '{"email":"new@example.com","plan":"new","rare":"new","n":2}'
PERSONS = 300


class Parts(Struct):
    """How many parts of `persons` there are."""

    parts: int


@pytest.fixture
def unmerged(engine: Engine) -> Iterator[Engine]:
    """An engine that merges nothing of `persons`, which is empty."""
    command(engine, "TRUNCATE TABLE persons SYNC")
    command(engine, "TRUNCATE TABLE distinct_ids SYNC")
    command(engine, "TRUNCATE TABLE person_keys SYNC")
    command(engine, "SYSTEM STOP MERGES persons")
    yield engine
    command(engine, "SYSTEM START MERGES persons")


def parts(engine: Engine) -> int:
    asked = sql(
        "SELECT count() AS parts FROM system.parts"
        " WHERE database = currentDatabase() AND table = {} AND active",
        bind("String", engine.place_of("persons").table),
    )
    (row,) = engine.fetch_now(Statement("tests.parts", asked, Parts))
    return row.parts


def merge(engine: Engine) -> None:
    command(engine, "SYSTEM START MERGES persons")
    command(engine, "OPTIMIZE TABLE persons FINAL")


def found(engine: Engine, project: int = 1, filter: str = "", **narrowed: Any) -> list[int]:
    """The persons of a selection, by list, page, export and counts alike."""
    selection = Selection(project, FOREVER_US, decode_filter(filter), **narrowed)
    listed = engine.fetch_now(list_persons(selection, limit=1_000))
    assert engine.fetch_now(export_persons(selection)) == listed
    assert read_page(engine, selection, limit=1_000, offset=0) == listed
    assert engine.fetch_now(count_persons(selection))[0].persons == len(listed)
    assert engine.fetch_now(count_candidates(selection))[0].persons == len(listed)
    assert count(Counts(engine), selection) == len(listed)
    return sorted(row.uuid.int for row in listed)


def test_of_one_key_there_is_one_row(unmerged: Engine) -> None:
    for version in (3, 1, 2):
        insert(unmerged, 1, [person(1, f'{{"v":{version}}}')], version=version)
    assert parts(unmerged) == 3
    (row,) = unmerged.fetch_now(list_persons(Selection(1, FOREVER_US), limit=10))
    assert (row.properties, row.version) == ('{"v":3}', 3)


OF_THE_OLD: list[dict[str, str]] = [
    {"filter": '{"email":"old@example.com"}'},
    {"filter": '{"plan":"old"}'},
    {"filter": '{"rare":"old"}'},
    {"filter": '[{"key":"gone","operator":"is_set"}]'},
    {"filter": '[{"key":"email","operator":"icontains","value":"OLD"}]'},
    {"filter": '[{"key":"n","operator":"lt","value":2}]'},
    {"email": "old@example.com"},
    {"search": "old@exa"},
]


@pytest.mark.parametrize("first", ["old", "new"], ids=["old-first", "new-first"])
@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_a_superseded_version_lets_no_person_through(
    unmerged: Engine, merged: bool, first: str
) -> None:
    moved = PERSONS + 1
    old = [person(n, OLD, ids=[f"id {n}", f"moved {n}"]) for n in range(PERSONS)]
    new = [person(n, NEW, ids=[f"id {n}"], base=1) for n in range(PERSONS)]
    owner = person(moved, '{"email":"owner"}', ids=[f"moved {n}" for n in range(PERSONS)])
    versions = [(old, 1), ([*new, owner], 2)]
    for persons, version in versions if first == "old" else reversed(versions):
        insert(unmerged, 1, persons, version=version)
    if merged:
        merge(unmerged)
    else:
        assert parts(unmerged) == 2
    for narrowed in OF_THE_OLD:
        assert found(unmerged, 1, **narrowed) == [], narrowed
    assert found(unmerged, filter='[{"key":"rare","operator":"is_not","value":"new"}]') == [moved]
    assert found(unmerged, distinct_ids=("moved 7",)) == [moved]
    assert found(unmerged, distinct_ids=("id 7",)) == [7]
    assert found(unmerged, filter='{"rare":"new"}') == list(range(PERSONS))


def test_values_are_those_of_the_latest_versions(unmerged: Engine) -> None:
    insert(unmerged, 1, [person(n, OLD, ids=[f"old {n}"]) for n in range(3)], version=1)
    insert(unmerged, 1, [person(n, NEW, ids=[f"new {n}"], base=1) for n in range(2)], version=2)
    for key in ("plan", "rare"):
        rows = unmerged.fetch_now(list_values(Selection(1, FOREVER_US), key, "", None))
        assert [(row.name, row.count) for row in rows] == [("new", 2), ("old", 1)]
    ids = unmerged.fetch_now(list_distinct_ids(1, ""))
    assert [row.name for row in ids] == ["new 0", "new 1", "old 2"]


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_a_deleted_person_never_shows(unmerged: Engine, merged: bool) -> None:
    insert(unmerged, 1, [person(n, OLD, ids=[f"id {n}"]) for n in (1, 2)], version=1)
    insert(unmerged, 1, [person(1, base=1)], version=2, deleted=True)
    if merged:
        merge(unmerged)
    everyone = '[{"key":"nobody","operator":"is_not_set"}]'
    assert found(unmerged) == found(unmerged, filter=everyone) == [2]
    assert found(unmerged, filter='{"plan":"old"}') == found(unmerged, search="id ") == [2]
    assert found(unmerged, distinct_ids=("id 1",)) == found(unmerged, distinct_ids=("id 3",)) == []
    assert unmerged.fetch_now(get_persons(1, uuid=UUID(int=1))) == []
    assert unmerged.fetch_now(get_persons(1, number=1)) == []
    assert len(unmerged.fetch_now(get_persons(1, number=2))) == 1
    (value,) = unmerged.fetch_now(list_values(Selection(1, FOREVER_US), "plan", "", None))
    assert (value.name, value.count) == ("old", 1)
    assert [row.name for row in unmerged.fetch_now(list_distinct_ids(1, ""))] == ["id 2"]


def test_a_deleted_person_that_is_written_again_shows(unmerged: Engine) -> None:
    insert(unmerged, 1, [person(1, OLD)], version=1)
    insert(unmerged, 1, [person(1, base=1)], version=2, deleted=True)
    insert(unmerged, 1, [person(1, NEW, base=2)], version=3)
    assert found(unmerged) == found(unmerged, filter='{"rare":"new"}') == [1]
    assert found(unmerged, filter='{"rare":"old"}') == []


def test_another_projects_persons_are_others(unmerged: Engine) -> None:
    insert(unmerged, 1, [person(1, OLD, ids=["same"])], version=1)
    insert(unmerged, 2, [person(1, NEW, ids=["same"])], version=9)
    insert(unmerged, 3, [person(1, base=1)], version=10, deleted=True)
    assert found(unmerged, project=1, filter='{"plan":"old"}', distinct_ids=("same",)) == [1]
    assert found(unmerged, project=2, filter='{"plan":"new"}', distinct_ids=("same",)) == [1]
    assert found(unmerged, project=3) == found(unmerged, project=2, search="old@") == []


def test_two_persons_of_one_number_are_both_found(unmerged: Engine) -> None:
    twins = [person(5), person((1 << 53) + 5)]
    insert(unmerged, 1, twins, version=1)
    rows = unmerged.fetch_now(get_persons(1, number=5))
    assert sorted(row.uuid.int for row in rows) == [5, (1 << 53) + 5]
    (row,) = unmerged.fetch_now(get_persons(1, uuid=UUID(int=(1 << 53) + 5)))
    assert row.uuid.int == (1 << 53) + 5
