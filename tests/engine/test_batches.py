"""Many persons by id agree with one at a time, whatever has been merged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import UUID

import pytest

from queries.batches import get_many, get_owners
from queries.persons import PersonRow, Selection, get_persons, list_persons
from service.engine import Engine
from tests.engine.people import FOREVER_US, command, insert, person

PERSONS = 300


@pytest.fixture
def unmerged(engine: Engine) -> Iterator[Engine]:
    """An engine that merges nothing of `persons`, which is empty."""
    for table in ("persons", "distinct_ids", "person_keys"):
        command(engine, f"TRUNCATE TABLE {table} SYNC")
    command(engine, "SYSTEM STOP MERGES persons")
    yield engine
    command(engine, "SYSTEM START MERGES persons")


def merge(engine: Engine) -> None:
    command(engine, "SYSTEM START MERGES persons")
    command(engine, "OPTIMIZE TABLE persons FINAL")


def owners(engine: Engine, *ids: str, project: int = 1) -> dict[str, int]:
    """The number of the person who has each id; a person comes once, with all it was asked for."""
    rows = engine.fetch_now(get_owners(project, ids))
    assert len({row.uuid for row in rows}) == len(rows)
    found = {id: row.uuid.int for row in rows for id in row.asked}
    assert len(found) == sum(len(row.asked) for row in rows)
    return found


def numbers(engine: Engine, *uuids: int, project: int = 1) -> list[int]:
    rows = engine.fetch_now(get_many(project, [UUID(int=n) for n in uuids]))
    return sorted(row.uuid.int for row in rows)


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_an_id_that_moved_is_its_new_owners_alone(unmerged: Engine, merged: bool) -> None:
    insert(unmerged, 1, [person(1, ids=["a", "moved"]), person(2, ids=["b"])], version=1)
    two = person(2, ids=["b", "moved"], base=1)
    two.new_ids = ["moved"]
    insert(unmerged, 1, [person(1, ids=["a"], base=1), two], version=2)
    if merged:
        merge(unmerged)
    assert owners(unmerged, "moved") == {"moved": 2}
    assert owners(unmerged, "moved", "a", "b", "c") == {"a": 1, "b": 2, "moved": 2}
    # And back, where the index tables learn nothing new.
    one = person(1, ids=["moved", "a"], base=2)
    insert(unmerged, 1, [one, person(2, ids=["b"], base=2)], version=3)
    assert owners(unmerged, "moved", "b") == {"b": 2, "moved": 1}


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_an_id_that_was_taken_off_is_nobodys(unmerged: Engine, merged: bool) -> None:
    insert(unmerged, 1, [person(1, ids=["a", "off"])], version=1)
    insert(unmerged, 1, [person(1, ids=["a"], base=1)], version=2)
    if merged:
        merge(unmerged)
    assert owners(unmerged, "off") == {}
    assert owners(unmerged, "off", "a") == {"a": 1}


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_a_deleted_person_is_not_there(unmerged: Engine, merged: bool) -> None:
    insert(unmerged, 1, [person(n, ids=[f"id {n}"]) for n in (1, 2, 3)], version=1)
    insert(unmerged, 1, [person(1, base=1)], version=2, deleted=True)
    insert(unmerged, 1, [person(2, ids=["id 2"], base=1)], version=2, deleted=True)
    insert(unmerged, 1, [person(2, ids=["id 2"], base=2)], version=3)
    if merged:
        merge(unmerged)
    assert owners(unmerged, "id 1", "id 2", "id 3", "id 4") == {"id 2": 2, "id 3": 3}
    assert numbers(unmerged, 1, 2, 3, 4) == [2, 3]


def test_of_one_integer_id_each_is_found_by_its_own_uuid(unmerged: Engine) -> None:
    twin = (1 << 53) + 5
    insert(unmerged, 1, [person(5), person(twin)], version=1)
    assert numbers(unmerged, 5) == [5]
    assert numbers(unmerged, twin, 5, 5) == [5, twin]


def test_another_projects_persons_are_others(unmerged: Engine) -> None:
    insert(unmerged, 1, [person(1, ids=["same"])], version=1)
    insert(unmerged, 2, [person(2, ids=["same"])], version=9)
    assert owners(unmerged, "same") == {"same": 1}
    assert owners(unmerged, "same", project=2) == {"same": 2}
    assert (numbers(unmerged, 1, 2), numbers(unmerged, 1, 2, project=2)) == ([1], [2])


@pytest.mark.parametrize("merged", [False, True], ids=["unmerged", "merged"])
def test_a_batch_is_what_one_request_for_each_would_give(unmerged: Engine, merged: bool) -> None:
    draw = random.Random(7)
    ids = [f"id {n}" for n in range(2 * PERSONS)]
    for version in range(1, 5):
        # All ids are dealt anew each time, so most of them move; a few belong to nobody.
        draw.shuffle(ids)
        dealt = [
            person(n, f'{{"v":{version}}}', ids=ids[2 * n : 2 * n + draw.randrange(3)])
            for n in range(1, PERSONS)
        ]
        insert(unmerged, 1, dealt, version=version)
    insert(unmerged, 1, [person(n) for n in range(1, PERSONS, 3)], version=5, deleted=True)
    if merged:
        merge(unmerged)
    single: dict[str, PersonRow] = {}
    for id in ids[::5]:
        selection = Selection(1, FOREVER_US, distinct_ids=(id,))
        for row in unmerged.fetch_now(list_persons(selection, limit=2)):
            assert id not in single
            single[id] = row
    assert owners(unmerged, *ids[::5]) == {id: row.uuid.int for id, row in single.items()}
    several = Selection(1, FOREVER_US, distinct_ids=tuple(ids[::5]))
    listed = unmerged.fetch_now(list_persons(several, limit=1_000))
    assert sorted(row.uuid for row in listed) == sorted({row.uuid for row in single.values()})
    asked = range(0, PERSONS, 7)
    many = unmerged.fetch_now(get_many(1, [UUID(int=n) for n in asked]))
    one = [unmerged.fetch_now(get_persons(1, uuid=UUID(int=n))) for n in asked]
    assert sorted(many, key=lambda row: row.uuid) == [row for rows in one for row in rows]
