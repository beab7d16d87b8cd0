"""What an import makes of a file, of the same file again, and of one that was cut off."""

from __future__ import annotations

import itertools
import time
from uuid import UUID

import pytest
from msgspec import Struct

from queries.filter_text import decode_filter
from queries.identity import person_uuid
from queries.persons import Selection, get_persons
from queries.sql import sql
from queries.statement import Statement
from queries.times import iso
from service.counts import Counts
from service.engine import Engine
from service.import_runs import Progress, drop_leftovers
from service.person_rows import person_rows
from service.readers import UnreadableSource
from tests.engine.importing import Importer, Line
from tests.engine.people import FOREVER_US, command, count, insert, person

U1, U2 = str(UUID(int=1)), str(UUID(int=2))
LINES: list[Line] = [
    {
        "distinct_ids": [f"id {n}", f"second {n}"],
        "properties": {"n": n, "plan": "pro"},
        "created_at": f"2024-01-{n % 28 + 1:02}T00:00:00Z",
    }
    for n in range(35)
]

_projects = itertools.count(1)


class Names(Struct):
    """Names of tables."""

    names: list[str]


class CutOffError(Exception):
    """The process ended here."""


@pytest.fixture(scope="module")
def importer(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Importer:
    return Importer(engine, tmp_path_factory.mktemp("imports"))


@pytest.fixture
def project() -> int:
    """The number of an empty project."""
    return next(_projects)


def named(ids: list[str], *, uuid: str | None = None, **members: object) -> Line:
    given: Line = {"distinct_ids": ids, **members}
    return given if uuid is None else {"uuid": uuid, **given}


def test_a_file_is_imported(importer: Importer, project: int) -> None:
    imported = importer.lines(project, LINES, batch_rows=10)
    assert imported.numbers() == (35, 0, 0)
    assert [done.written for done in imported.progress] == [10, 20, 30, 35]
    assert imported.progress[-1].bytes_read == imported.progress[-1].bytes_total > 0
    row = importer.by_id(project)["id 3"]
    assert row.uuid == person_uuid(project, "id 3")
    assert row.ids == ["id 3", "second 3"]
    assert row.properties == '{"n":3,"plan":"pro"}'
    assert (iso(row.created_us), row.is_identified, row.last_seen_us) == (
        *("2024-01-04T00:00:00Z", False, None),
    )


@pytest.mark.parametrize("batch_rows", [10, 50_000])
def test_the_same_file_again_writes_nothing(
    importer: Importer, project: int, batch_rows: int
) -> None:
    importer.lines(project, LINES, batch_rows=10)
    before = importer.persons(project)
    assert importer.lines(project, LINES, batch_rows=batch_rows).numbers() == (0, 35, 0)
    assert importer.persons(project) == before


@pytest.mark.parametrize("lines", [[], [b"", b"", b"  "]], ids=["empty", "blank"])
def test_a_file_of_nothing_is_refused(
    importer: Importer, project: int, lines: list[Line | bytes]
) -> None:
    with pytest.raises(UnreadableSource, match="the file is empty"):
        importer.lines(project, lines)


def test_properties_are_replaced_and_filters_see_the_new_ones(
    importer: Importer, project: int
) -> None:
    importer.lines(project, [named(["ann"], properties={"plan": "old", "gone": 1})])
    assert importer.lines(project, [named(["ann"], properties={"plan": "new"})]).numbers() == (
        *(1, 0, 0),
    )
    (row,) = importer.persons(project)
    assert row.properties == '{"plan":"new"}'
    assert importer.persons(project, filter=decode_filter('{"plan":"new"}')) == [row]
    assert importer.persons(project, filter=decode_filter('{"plan":"old"}')) == []
    assert importer.persons(project, filter=decode_filter('{"gone":1}')) == []


def test_each_version_is_above_the_one_before(importer: Importer, project: int) -> None:
    versions: list[int] = []
    for n in range(5):
        importer.lines(project, [named(["ann"], properties={"n": n})])
        versions += [row.version for row in importer.persons(project)]
    assert versions == sorted(set(versions))
    assert len(versions) == 5


def test_new_distinct_ids_join(importer: Importer, project: int) -> None:
    importer.lines(project, [named(["ann"], properties={"n": 1})])
    importer.lines(project, [named(["new", "ann"], properties={"n": 1})])
    (row,) = importer.persons(project)
    assert row.ids == ["ann", "new"]
    assert importer.persons(project, distinct_ids=("new",)) == [row]
    assert importer.persons(project, search="NEW") == [row]


def test_a_line_without_uuid_finds_its_person_by_distinct_id(
    importer: Importer, project: int
) -> None:
    importer.lines(project, [named(["ann", "a2"], uuid=U1, properties={"n": 1})])
    importer.lines(project, [named(["a2"], properties={"n": 2})])
    (row,) = importer.persons(project)
    assert (str(row.uuid), row.ids, row.properties) == (U1, ["ann", "a2"], '{"n":2}')


def test_created_at_stays(importer: Importer, project: int) -> None:
    importer.lines(project, [named(["ann"], created_at="2024-01-01T00:00:00Z")])
    importer.lines(
        project, [named(["ann"], created_at="2020-05-05T00:00:00Z", properties={"n": 1})]
    )
    (row,) = importer.persons(project)
    assert (iso(row.created_us), row.properties) == ("2024-01-01T00:00:00Z", '{"n":1}')


def test_an_older_source_version_does_not_overwrite(importer: Importer, project: int) -> None:
    def exported(version: int, ids: list[str]) -> Line:
        return {
            "team_id": 1,
            "person_id": U1,
            "distinct_id": ids[0],
            "properties": f'{{"v":{version}}}',
            "person_version": version,
            "person_distinct_id_version": 0,
            "created_at": "2024-01-01T00:00:00Z",
        }

    assert importer.lines(project, [exported(5, ["a"])]).numbers() == (1, 0, 0)
    assert importer.lines(project, [exported(4, ["a"])]).numbers() == (0, 1, 0)
    assert importer.lines(project, [exported(4, ["b"])]).numbers() == (1, 0, 0)
    (row,) = importer.persons(project)
    assert (row.properties, row.ids) == ('{"v":5}', ["a", "b"])
    assert importer.lines(project, [exported(6, ["a"])]).numbers() == (1, 0, 0)
    assert importer.persons(project)[0].properties == '{"v":6}'


@pytest.mark.parametrize("between", [0, 10, 25], ids=["same-batch", "next-batch", "later-batch"])
def test_a_distinct_id_of_another_person_is_refused_naming_the_owner(
    importer: Importer, project: int, between: int
) -> None:
    lines = [
        named(["ann"], uuid=U1),
        *(named([f"filler {n}"]) for n in range(between)),
        named(["ann", "x"], uuid=U2),
    ]
    imported = importer.lines(project, lines, batch_rows=10)
    reason = f"distinct_ids: 'ann' belongs to person {U1}"
    assert imported.rejects == {between + 2: reason}
    assert imported.numbers() == (between + 1, 0, 1)
    assert importer.persons(project, distinct_ids=("x",)) == []
    assert [str(row.uuid) for row in importer.persons(project, distinct_ids=("ann",))] == [U1]
    again = importer.lines(project, lines, batch_rows=10)
    assert (again.numbers(), again.rejects) == ((0, between + 1, 1), {between + 2: reason})


def test_distinct_ids_of_two_persons_are_refused(importer: Importer, project: int) -> None:
    importer.lines(project, [named(["ann"], uuid=U1), named(["bob"], uuid=U2)])
    imported = importer.lines(project, [named(["new", "ann", "bob"])])
    reason = f"distinct_ids: they belong to different persons, 'ann' to {U1} and 'bob' to {U2}"
    assert imported.rejects == {1: reason}
    assert importer.persons(project, distinct_ids=("new",)) == []


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_lines_of_one_person_follow_one_another(
    importer: Importer, project: int, batch_rows: int
) -> None:
    lines = [
        named(["ann"], properties={"n": 1}),
        named(["ann", "a2"], properties={"n": 2}),
        named(["a2"], properties={"n": 2}),
        named(["a2", "a3"], properties={"n": 3}),
    ]
    imported = importer.lines(project, lines, batch_rows=batch_rows)
    assert imported.summary.unchanged == 1
    assert imported.summary.written == (3 if batch_rows == 1 else 1)
    (row,) = importer.persons(project)
    assert (row.ids, row.properties) == (["ann", "a2", "a3"], '{"n":3}')


def test_lines_that_cannot_be_read_are_counted_beside_the_others(
    importer: Importer, project: int
) -> None:
    lines: list[Line | bytes] = [
        named(["a"]),
        b"no json",
        named([]),
        named(["b"]),
        b'{"nonsense":1}',
    ]
    imported = importer.lines(project, lines, batch_rows=2)
    assert imported.numbers() == (2, 0, 3)
    assert sorted(imported.rejects) == [2, 3, 5]
    assert imported.summary.read == 5


def cut_off(done: Progress) -> None:
    raise CutOffError


def test_an_import_that_was_cut_off_is_completed_by_the_next(
    importer: Importer, project: int
) -> None:
    importer.write(LINES)
    with pytest.raises(CutOffError):
        importer.run(project, cut_off, batch_rows=10)
    there = len(importer.persons(project))
    assert there == 10
    assert importer.run(project, batch_rows=10).numbers() == (35 - there, there, 0)
    assert len(importer.persons(project)) == 35
    assert importer.run(project).numbers() == (0, 35, 0)


def test_an_import_leaves_no_table_behind(importer: Importer, project: int) -> None:
    importer.write(LINES)
    with pytest.raises(CutOffError):
        importer.run(project, cut_off)
    asked = sql(
        "SELECT groupArray(name) AS names FROM system.tables"
        " WHERE database = currentDatabase() AND name LIKE 'import%'"
    )
    assert importer.engine.fetch_now(Statement("tests.tables", asked, Names)) == [Names([])]


def test_a_crash_before_the_persons_leaves_places_with_nobody_there(
    importer: Importer, project: int
) -> None:
    halfway = person(1, "{}", ids=["ann", "a2"])
    halfway.uuid = person_uuid(project, "ann")
    rows = person_rows(project, [halfway], 1)
    importer.engine.insert_now("person_keys", rows.person_keys)
    importer.engine.insert_now("distinct_ids", rows.distinct_ids)
    assert importer.persons(project) == importer.persons(project, distinct_ids=("ann",)) == []
    assert importer.engine.fetch_now(get_persons(project, uuid=halfway.uuid)) == []
    lines = [named(["ann", "a2"], properties={"n": 1}), named(["bob"])]
    assert importer.lines(project, lines).numbers() == (2, 0, 0)
    (row,) = importer.persons(project, distinct_ids=("a2",))
    assert (row.uuid, row.properties) == (halfway.uuid, '{"n":1}')
    assert importer.engine.fetch_now(get_persons(project, uuid=halfway.uuid)) == [row]
    assert importer.lines(project, lines).numbers() == (0, 2, 0)


def test_an_id_promised_in_a_crash_may_go_to_another_person(
    importer: Importer, project: int
) -> None:
    rows = person_rows(project, [person(1, ids=["ann"])], 1)
    importer.engine.insert_now("person_keys", rows.person_keys)
    importer.engine.insert_now("distinct_ids", rows.distinct_ids)
    assert importer.lines(project, [named(["ann"], uuid=U2)]).numbers() == (1, 0, 0)
    assert [str(row.uuid) for row in importer.persons(project, distinct_ids=("ann",))] == [U2]


DELETED: Line = {
    "uuid": U1,
    "distinct_ids": ["ann", "a2"],
    "properties": {"n": 1},
    "created_at": "2024-01-01T00:00:00Z",
}


def delete(importer: Importer, project: int, version: int) -> None:
    """Write the tombstone of the project's one person, with a version of at least that."""
    (row,) = importer.persons(project)
    gone = person(row.uuid.int, base=row.version, created_us=row.created_us)
    with importer.counts.write(project) as written:
        insert(importer.engine, project, [gone], version=version, deleted=True)
        written.created = -1
    assert importer.persons(project) == []


@pytest.mark.parametrize("line", [DELETED, {**DELETED, "created_at": None}], ids=["place", "new"])
@pytest.mark.parametrize("ahead_us", [0, 3_600_000_000], ids=["now", "ahead"])
def test_a_deleted_person_imported_again_is_there_once(
    importer: Importer, project: int, ahead_us: int, line: Line
) -> None:
    """Though its deletion has a version ahead of the clock, as of a writer whose clock was."""
    everyone = Selection(project, FOREVER_US)
    importer.lines(project, [DELETED])
    assert count(importer.counts, everyone) == 1
    deleted = time.time_ns() // 1_000 + ahead_us
    delete(importer, project, deleted)
    assert count(importer.counts, everyone) == 0
    assert importer.lines(project, [line]).numbers() == (1, 0, 0)
    (row,) = importer.persons(project)
    assert (row.ids, row.properties) == (["ann", "a2"], '{"n":1}')
    assert row.version > deleted
    assert importer.persons(project, distinct_ids=("a2",)) == [row]
    assert importer.persons(project, search="ANN") == [row]
    assert importer.engine.fetch_now(get_persons(project, uuid=UUID(U1))) == [row]
    for counts in (importer.counts, Counts(importer.engine)):
        assert count(counts, everyone) == count(counts, everyone) == 1
    assert importer.lines(project, [line]).numbers() == (0, 1, 0)
    assert importer.persons(project) == [row]


def test_a_person_deleted_again_and_again_comes_back_each_time(
    importer: Importer, project: int
) -> None:
    everyone = Selection(project, FOREVER_US)
    for n in range(3):
        importer.lines(project, [{**DELETED, "properties": {"n": n}}])
        (row,) = importer.persons(project)
        assert row.properties == f'{{"n":{n}}}'
        assert count(importer.counts, everyone) == 1
        delete(importer, project, row.version + 3_600_000_000)
        command(importer.engine, "OPTIMIZE TABLE persons FINAL")
        assert count(importer.counts, everyone) == 0


def test_the_distinct_ids_of_a_deleted_person_are_free(importer: Importer, project: int) -> None:
    importer.lines(project, [DELETED])
    delete(importer, project, 1)
    assert importer.lines(project, [named(["ann"], uuid=U2)]).numbers() == (1, 0, 0)
    assert list(importer.lines(project, [DELETED]).rejects.values()) == [
        f"distinct_ids: 'ann' belongs to person {U2}"
    ]
    assert importer.lines(project, [{**DELETED, "distinct_ids": ["a2"]}]).numbers() == (1, 0, 0)
    owners = {row.ids[0]: str(row.uuid) for row in importer.persons(project)}
    assert owners == {"ann": U2, "a2": U1}
    assert count(importer.counts, Selection(project, FOREVER_US)) == 2


def test_projects_do_not_share_ids(importer: Importer, project: int) -> None:
    other = next(_projects)
    importer.lines(project, [named(["ann"], uuid=U1)])
    assert importer.lines(other, [named(["ann"], uuid=U2)]).numbers() == (1, 0, 0)
    assert importer.lines(other, [named(["ann"])]).numbers() == (0, 1, 0)
    assert [str(row.uuid) for row in importer.persons(project)] == [U1]


def test_a_chain_of_shared_ids_is_one_person(importer: Importer, project: int) -> None:
    chain = [named([f"id {n}", f"id {n + 1}"], properties={"n": n}) for n in range(60)]
    assert importer.lines(project, chain, batch_rows=7).summary.rejected == 0
    (row,) = importer.persons(project)
    assert len(row.ids) == 61
    assert row.properties == '{"n":59}'


class _Tables(Struct):
    tables: int


@pytest.mark.embedded("on a server it may be another's")
def test_what_a_killed_import_left_staged_is_dropped(engine: Engine) -> None:
    command(engine, "CREATE TABLE import_ids_0 (distinct_id String) ENGINE = Memory")
    drop_leftovers(engine)
    asked = sql(
        "SELECT count() AS tables FROM system.tables"
        " WHERE database = currentDatabase() AND name LIKE 'import%'"
    )
    assert engine.fetch_now(Statement("tests.tables", asked, _Tables)) == [_Tables(0)]
