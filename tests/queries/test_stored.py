"""Persons as they are stored. The statements' texts: golden/; that they find: tests/engine."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from queries.stored import LINEAGE, StoredPerson, by_uuid, select_owners, select_persons

U1, U2 = UUID(int=1), UUID(int=2)
PERSON = StoredPerson(
    uuid=U1,
    created_us=5,
    is_identified=False,
    last_seen_us=None,
    ids=["ann"],
    properties="{}",
    version=100,
    source_version=0,
    is_deleted=False,
)


def test_a_lineage_is_the_writes_that_a_row_remembers() -> None:
    assert replace(PERSON, write_id=7, write_ids=[7, 6]).lineage() == [7, 6]
    assert replace(PERSON, write_id=7).lineage() == [7]
    assert PERSON.lineage() == []


def test_a_row_follows_its_own_write_and_those_before() -> None:
    row = replace(PERSON, write_id=7, write_ids=[7, 6])
    assert [row.follows(n) for n in (7, 6, 5, 0)] == [True, True, False, False]
    assert not PERSON.follows(0)


def test_a_lineage_is_cut_where_it_is_as_long_as_a_row_remembers() -> None:
    assert not replace(PERSON, write_ids=list(range(1, LINEAGE))).is_cut()
    assert replace(PERSON, write_ids=list(range(1, LINEAGE + 1))).is_cut()


def test_of_a_uuid_the_living_counts_or_else_the_last_that_died() -> None:
    graves = [replace(PERSON, is_deleted=True, version=v, created_us=v) for v in (300, 500, 400)]
    other = replace(PERSON, uuid=U2)
    assert by_uuid([*graves, other]) == {U1: graves[1], U2: other}
    assert by_uuid([*graves, PERSON]) == by_uuid([PERSON, *graves]) == {U1: PERSON}
    assert by_uuid([]) == {}


def test_what_is_bound() -> None:
    _, values = select_persons(7, [U2]).sql.render()
    assert list(values.values()) == [7, 7, [2], [str(U2)]]
    _, values = select_owners(7, ["ann"]).sql.render()
    assert list(values.values()) == [7, 7, ["ann"]]
