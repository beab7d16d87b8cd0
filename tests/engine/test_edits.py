"""Rows of edits in the tables: what is read back, and who is found by what."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from queries.batches import get_owners
from queries.edits import Edit, delete, unset, update
from queries.ownership import Unknown, merge, split
from queries.persons import Selection, get_persons, list_persons
from queries.property_edits import given_properties
from queries.stored import LINEAGE, StoredPerson, by_uuid, select_owners, select_persons
from queries.upserts import Upsert
from service.engine import Engine
from service.person_rows import person_rows
from tests import awkward
from tests.engine.people import FOREVER_US, person

U1, U2, U3 = UUID(int=1), UUID(int=2), UUID(int=3)
NOW_US = 1_700_000_000_000_000


def write(engine: Engine, project: int, rows: Sequence[Upsert], now_us: int = NOW_US) -> None:
    """Insert rows as a service does: what leads to the persons first."""
    frames = person_rows(project, rows, now_us)
    for table, frame in (
        ("person_keys", frames.person_keys),
        ("distinct_ids", frames.distinct_ids),
        ("persons", frames.persons),
    ):
        if frame.height:
            engine.insert_now(table, frame)


def stored(engine: Engine, project: int, *uuids: UUID) -> dict[UUID, StoredPerson]:
    return by_uuid(engine.fetch_now(select_persons(project, uuids)))


def one(engine: Engine, project: int, uuid: UUID) -> StoredPerson:
    return stored(engine, project, uuid)[uuid]


def apply(engine: Engine, project: int, edit: object) -> None:
    assert isinstance(edit, Edit)
    write(engine, project, edit.rows)


def owners(engine: Engine, project: int, *ids: str) -> dict[str, UUID]:
    rows = engine.fetch_now(get_owners(project, ids))
    return {distinct_id: row.uuid for row in rows for distinct_id in row.asked}


def listed(engine: Engine, project: int, search: str = "") -> list[UUID]:
    selection = Selection(project, FOREVER_US, search=search)
    return [row.uuid for row in engine.fetch_now(list_persons(selection, limit=100))]


def test_the_newest_row_is_found_though_older_ones_are_there(engine: Engine) -> None:
    write(engine, 1, [person(1, '{"a":1}', ids=["x"])])
    for n in range(2, 5):
        apply(engine, 1, update(one(engine, 1, U1), {"a": str(n).encode()}))
    row = one(engine, 1, U1)
    assert (row.properties, row.version, row.ids) == ('{"a":4}', NOW_US + 3, ["x"])
    assert len(row.write_ids) == 4
    assert row.write_id == row.write_ids[0]


def test_a_lineage_has_an_end(engine: Engine) -> None:
    write(engine, 2, [person(1)])
    writes: list[int] = []
    for n in range(LINEAGE + 3):
        writes.insert(0, one(engine, 2, U1).write_id)
        apply(engine, 2, update(one(engine, 2, U1), {"a": str(n).encode()}))
    row = one(engine, 2, U1)
    assert row.write_ids == [row.write_id, *writes][:LINEAGE]
    assert row.follows(writes[LINEAGE - 2])
    assert not row.follows(writes[LINEAGE - 1])


def test_a_write_id_and_a_mark_that_were_given(engine: Engine) -> None:
    write(engine, 3, [person(1)])
    before = one(engine, 3, U1)
    edit = update(before, {"a": b"1"})
    assert isinstance(edit, Edit)
    marked = edit.marked(2**64 - 1)
    marked.rows[0].write_id = 2**63 + 1
    write(engine, 3, marked.rows)
    assert one(engine, 3, U1).write_ids == [2**63 + 1, 2**64 - 1, before.write_id]


def test_a_deleted_person_is_a_row_and_nobody(engine: Engine) -> None:
    write(engine, 4, [person(1, '{"email":"ann@example.com"}', ids=["ann"]), person(2)])
    apply(engine, 4, delete(one(engine, 4, U1)))
    row = one(engine, 4, U1)
    assert (row.is_deleted, row.ids, row.properties) == (True, [], "{}")
    assert listed(engine, 4) == [U2]
    assert listed(engine, 4, search="ann") == []
    assert owners(engine, 4, "ann") == {}
    assert engine.fetch_now(get_persons(4, uuid=U1)) == []
    (found,) = engine.fetch_now(select_owners(4, ["ann"]))
    assert (found.uuid, found.is_deleted) == (U1, True)


def test_a_split_and_a_merge_move_ids(engine: Engine) -> None:
    write(engine, 5, [person(1, '{"a":1}', ids=["x", "y", "z"], created_us=NOW_US - 5)])
    before = one(engine, 5, U1)
    unknown = split(before, "x", None, project=5, known={})
    assert isinstance(unknown, Unknown)
    known = dict.fromkeys(unknown.uuids) | stored(engine, 5, *unknown.uuids)
    apply(engine, 5, split(before, "x", None, project=5, known=known))
    found = owners(engine, 5, "x", "y", "z")
    assert found["x"] == U1
    assert len(set(found.values())) == 3
    assert {row.uuid for row in engine.fetch_now(select_owners(5, ["y"]))} == {U1, found["y"]}
    y, z = (one(engine, 5, found[name]) for name in "yz")
    assert (y.created_us, y.properties, y.ids) == (NOW_US - 5, "{}", ["y"])
    apply(engine, 5, merge(y, [one(engine, 5, U1), z]))
    assert owners(engine, 5, "x", "y", "z") == dict.fromkeys("xyz", y.uuid)
    merged = one(engine, 5, y.uuid)
    assert (merged.ids, merged.properties) == (["y", "x", "z"], '{"a":1}')
    assert listed(engine, 5) == [y.uuid]


def test_a_merge_moves_its_target_to_where_the_first_was_created(engine: Engine) -> None:
    write(
        engine,
        6,
        [
            person(1, '{"email":"a@b.c"}', ids=["new"], created_us=NOW_US),
            person(2, ids=["old"], created_us=NOW_US - 10),
            person(3, created_us=NOW_US - 5),
        ],
    )
    people = stored(engine, 6, U1, U2)
    apply(engine, 6, merge(people[U1], [people[U2]]))
    assert owners(engine, 6, "new", "old") == {"new": U1, "old": U1}
    assert listed(engine, 6) == [U3, U1]
    assert [row.uuid for row in engine.fetch_now(get_persons(6, uuid=U1))] == [U1]
    rows = engine.fetch_now(select_persons(6, [U1]))
    assert sorted((row.created_us - NOW_US, row.is_deleted) for row in rows) == [
        (-10, False),
        (0, True),
    ]
    apply(engine, 6, unset(one(engine, 6, U1), ["email"]))
    assert one(engine, 6, U1).properties == "{}"


def test_what_is_set_comes_back_byte_for_byte(engine: Engine) -> None:
    objects = dict(enumerate(awkward.objects(), 1))
    write(engine, 7, [person(n, '{"kept":1.0}') for n in objects])
    people = stored(engine, 7, *(UUID(int=n) for n in objects))
    edits = {n: update(people[UUID(int=n)], given_properties(raw)) for n, raw in objects.items()}
    made = {n: edit.rows[0] for n, edit in edits.items() if isinstance(edit, Edit)}
    assert objects.keys() - made.keys() == {
        n for n, raw in objects.items() if raw.strip(b"{ }") == b""
    }
    write(engine, 7, list(made.values()))
    people = stored(engine, 7, *(UUID(int=n) for n in objects))
    for n, row in made.items():
        properties = people[UUID(int=n)].properties.encode()
        assert properties == row.properties
        assert given_properties(properties) == {"kept": b"1.0", **given_properties(objects[n])}


def test_of_nobody_there_is_no_row(engine: Engine) -> None:
    assert stored(engine, 8, U1, U2) == {}
    assert stored(engine, 8) == {}
    assert engine.fetch_now(select_owners(8, [])) == []
