"""The activity log: pages, totals, and entries whose write never came to be."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import polars as pl
import pytest

from queries.activity import Entry, EntryRow, count_activity, list_activity, void_unwritten
from queries.edits import Edit, delete, update
from queries.idempotency import KEPT_US, AnswerRow, find_answer
from queries.identity import person_number
from queries.stored import StoredPerson
from service.engine import Engine
from tests.engine.people import command, person
from tests.engine.test_edits import NOW_US, U1, U2, one, write

_TIME = pl.Datetime("us", "UTC")
_TYPES: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "created_at": _TIME,
    "person_number": pl.UInt64(),
    "detail": pl.Binary(),
    "property_keys": pl.List(pl.String()),
    "write_id": pl.UInt64(),
    "follows": pl.UInt64(),
    "is_void": pl.UInt8(),
    "version": pl.UInt64(),
}


def entry(project: int, n: int, person: UUID = U1, **given: object) -> Entry:
    """The n-th entry of a project, a second after the one before."""
    made = Entry(
        team_id=project,
        created_at=NOW_US + n * 1_000_000,
        id=UUID(int=n),
        person_id=person,
        person_number=person_number(person),
        activity="updated",
        detail=b'{"n":%d}' % n,
        key_id="key",
        key_label="tests",
        property_keys=["a", "b"],
        write_id=n,
        follows=0,
    )
    return msgspec.structs.replace(made, **given)


def log(engine: Engine, *entries: Entry) -> None:
    rows = [
        {**msgspec.structs.asdict(one), "id": str(one.id), "person_id": str(one.person_id)}
        for one in entries
    ]
    engine.insert_now("activity", pl.DataFrame(rows, schema_overrides=_TYPES))


def shown(
    engine: Engine, project: int, person: UUID | None = None, limit: int = 100, offset: int = 0
) -> list[int]:
    """The numbers of the entries of a page."""
    page = list_activity(project, person=person, limit=limit, offset=offset)
    rows = engine.fetch_now(page)
    return [row.id.int for row in rows]


def total(engine: Engine, project: int, person: UUID | None = None) -> int:
    (row,) = engine.fetch_now(count_activity(project, person=person))
    return row.entries


def test_an_entry_comes_back_as_it_was_written(engine: Engine) -> None:
    log(engine, entry(1, 1))
    assert engine.fetch_now(list_activity(1, limit=10)) == [
        EntryRow(
            id=UUID(int=1),
            created_us=NOW_US + 1_000_000,
            person=U1,
            number=1,
            activity="updated",
            detail='{"n":1}',
            key_id="key",
            key_label="tests",
            property_keys=["a", "b"],
        )
    ]


def test_pages_and_totals_of_a_project_and_of_a_person(engine: Engine) -> None:
    for n in range(1, 30):
        log(engine, entry(2, n, U1 if n % 3 else U2))
    assert shown(engine, 2) == list(range(29, 0, -1))
    assert shown(engine, 2, limit=10, offset=10) == list(range(19, 9, -1))
    assert shown(engine, 2, person=U2) == list(range(27, 0, -3))
    assert shown(engine, 2, person=U2, limit=3, offset=3) == [18, 15, 12]
    assert (total(engine, 2), total(engine, 2, U1), total(engine, 2, U2)) == (29, 20, 9)
    assert total(engine, 2, UUID(int=9)) == 0
    assert shown(engine, 99) == []


def test_ties_have_an_order(engine: Engine) -> None:
    log(engine, *(entry(3, n, created_at=NOW_US) for n in range(1, 30)))
    pages = [shown(engine, 3, limit=7, offset=offset) for offset in range(0, 30, 7)]
    assert sorted(n for page in pages for n in page) == list(range(1, 30))


@pytest.mark.parametrize("merged", [False, True])
def test_a_void_entry_is_hidden(engine: Engine, merged: bool) -> None:
    project = 4 + merged
    log(engine, entry(project, 1), entry(project, 2, detail=b'{"first":1}'), entry(project, 3))
    log(engine, entry(project, 2, version=2))
    log(engine, entry(project, 3, version=2, is_void=1))
    if merged:
        command(engine, "OPTIMIZE TABLE activity FINAL")
    assert shown(engine, project) == [2, 1]
    assert total(engine, project, U1) == 2


def edited(engine: Engine, project: int, value: int, number: int, *, happens: bool) -> None:
    """An entry of the log, and the write it is about, unless a crash comes in between."""
    before = one(engine, project, U1)
    edit = update(before, {"a": b"%d" % value})
    assert isinstance(edit, Edit)
    written(engine, project, before, edit, number, happens=happens)


def written(
    engine: Engine, project: int, before: StoredPerson, edit: Edit, number: int, *, happens: bool
) -> None:
    write_id = 1_000_000 * project + number
    edit.rows[0].write_id = write_id
    log(engine, entry(project, number, write_id=write_id, follows=edit.follows))
    if happens:
        write(engine, project, edit.rows)
        assert one(engine, project, U1).follows(write_id)
    assert edit.follows == before.write_id


def recover(engine: Engine, numbers: Sequence[int]) -> None:
    """As at a start, for entries from the first second on up to the last, exclusively."""
    first, last = numbers[0], numbers[-1]
    engine.command_now(void_unwritten(NOW_US + first * 1_000_000, NOW_US + last * 1_000_000))


@pytest.mark.parametrize("merged", [False, True])
def test_an_entry_without_its_write_is_made_void(engine: Engine, merged: bool) -> None:
    project = 6 + merged
    write(engine, project, [person(1)])
    for n in range(1, 25):
        edited(engine, project, n, n, happens=True)
    edited(engine, project, 25, 25, happens=False)
    if merged:
        command(engine, "OPTIMIZE TABLE persons FINAL")
    recover(engine, [0, 100])
    assert shown(engine, project) == list(range(24, 0, -1))
    recover(engine, [0, 100])
    assert total(engine, project) == 24


def test_a_later_write_does_not_hide_that_one_before_never_came(engine: Engine) -> None:
    write(engine, 8, [person(1)])
    edited(engine, 8, 1, 1, happens=False)
    edited(engine, 8, 2, 2, happens=True)
    edited(engine, 8, 3, 3, happens=True)
    recover(engine, [0, 100])
    assert shown(engine, 8) == [3, 2]


@pytest.mark.parametrize("happens", [False, True])
def test_entries_of_one_insert_are_void_together(engine: Engine, happens: bool) -> None:
    """Twenty edits of a person, each of the row before it, and one of a person made by them."""
    project = 12 + happens
    write(engine, project, [person(1), person(3)])
    before, alone = one(engine, project, U1), one(engine, project, UUID(int=3))
    write_ids = [before.write_id, *(1_000_000 * project + n for n in range(1, 21))]
    entries = [
        *(entry(project, n, write_id=write_ids[n], follows=write_ids[n - 1]) for n in range(1, 21)),
        entry(project, 21, U2, write_id=5, follows=6),
        entry(project, 22, UUID(int=3), write_id=alone.write_id, follows=9),
    ]
    log(engine, *(msgspec.structs.replace(made, created_at=NOW_US + 1) for made in entries))
    if happens:
        last = update(before, {"a": b"1"})
        assert isinstance(last, Edit)
        last.rows[0].write_id = write_ids[20]
        last.rows[0].write_ids = write_ids[19::-1]
        write(engine, project, last.rows)
    recover(engine, [0, 100])
    assert shown(engine, project) == (list(range(22, 0, -1)) if happens else [22])


def test_entries_of_another_time_are_left_alone(engine: Engine) -> None:
    write(engine, 9, [person(1)])
    for n in (1, 2, 3):
        edited(engine, 9, n, n, happens=False)
    recover(engine, [2, 3])
    assert shown(engine, 9) == [3, 1]


def test_what_cannot_be_told_stays(engine: Engine) -> None:
    write(engine, 10, [person(1)])
    edited(engine, 10, 0, 1, happens=False)
    for n in range(2, 20):
        edited(engine, 10, n, n, happens=True)
    log(engine, entry(10, 50, U2))
    recover(engine, [0, 100])
    assert shown(engine, 10) == [50, *range(19, 0, -1)]


def test_a_deletion_is_written_or_is_not(engine: Engine) -> None:
    write(engine, 11, [person(1)])
    before = one(engine, 11, U1)
    written(engine, 11, before, delete(before), 1, happens=False)
    written(engine, 11, before, delete(before), 2, happens=True)
    recover(engine, [0, 100])
    assert shown(engine, 11) == [2]
    engine.command_now(void_unwritten(0, NOW_US * 2))
    assert shown(engine, 11) == [2]


def test_an_answer_is_found_by_project_api_key_and_key_for_a_day(engine: Engine) -> None:
    answer = {"request_hash": "ab", "status": 200, "etag": '"5"', "body": '{"id":1}'}
    row = {"team_id": 1, "key_id": "key", "key": "again", "created_at": NOW_US, **answer}
    types: dict[str, pl.DataType] = {
        "team_id": pl.UInt32(),
        "status": pl.UInt16(),
        "created_at": _TIME,
    }
    engine.insert_now("idempotency", pl.DataFrame([row], schema_overrides=types))
    later_us = NOW_US + KEPT_US

    def found(project: int, key_id: str, key: str, now_us: int) -> list[AnswerRow]:
        return engine.fetch_now(find_answer(project, key_id, key, now_us))

    # ClickHouse drops an answer by its own clock, this one at any time.
    command(engine, "ALTER TABLE idempotency REMOVE TTL")
    engine.insert_now("idempotency", pl.DataFrame([row], schema_overrides=types))
    assert found(1, "key", "again", NOW_US) == [AnswerRow("ab", 200, '"5"', '{"id":1}')]
    assert len(found(1, "key", "again", later_us - 1)) == 1
    for other in [(1, "key", "again", later_us), (2, "key", "again", NOW_US)]:
        assert found(*other) == []
    assert found(1, "kex", "again", NOW_US) == found(1, "key", "agai", NOW_US) == []
