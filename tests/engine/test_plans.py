"""What is read for a request stays little: by keys, in order, by the index of the search.

The numbers are granules and rows, not times, so they hold on any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from queries.batches import get_many, get_owners
from queries.candidates import count_candidates, count_versions, find_candidates, read_candidates
from queries.filter_text import decode_filter
from queries.persons import Selection, export_persons, get_persons, list_persons
from queries.settled import Settled, count_persons, list_parts
from queries.sql import sql
from queries.statement import Statement
from queries.stored import select_owners, select_persons
from queries.upserts import select_concerned
from queries.values import list_distinct_ids, list_values
from service.engine import Engine
from service.settings import Settings
from tests.engine.crowd import CROWD, FEW, GRANULE, PARTS, place_at, place_of, populate, uuid_of
from tests.engine.people import FOREVER_US, command
from tests.engine.plans import PRIMARY_KEY, Plan, Read, explain, rows_read

PRO = decode_filter('{"plan":"pro"}')
SEARCH = "search_ngrams"


@pytest.fixture(scope="module", autouse=True)
def crowd(engine: Engine) -> None:
    populate(engine)
    command(engine, "CREATE TABLE staged_ids (distinct_id String) ENGINE = Memory")
    command(engine, "CREATE TABLE staged_uuids (number UInt64, id UUID) ENGINE = Memory")
    command(engine, "INSERT INTO staged_ids VALUES ('user-70')")
    command(
        engine, "INSERT INTO staged_uuids SELECT 80, toUUID('00000000-0000-0000-0000-000000000050')"
    )


def everyone(project: int = 1) -> Selection:
    return Selection(project, FOREVER_US)


def look_ups(project: int) -> dict[str, Statement[Any]]:
    """Statements about one person or two."""
    owners = Selection(project, FOREVER_US, distinct_ids=("user-70", "anonymous-4444"))
    return {
        "by uuid": get_persons(project, uuid=uuid_of(4_444)),
        "by integer id": get_persons(project, number=4_444),
        "by two uuids": get_many(project, [uuid_of(70), uuid_of(4_444)]),
        "by two distinct ids": get_owners(project, ["user-70", "anonymous-4444"]),
        "list of distinct ids": list_persons(owners, limit=101),
        "count of distinct ids": count_candidates(owners),
        "versions of distinct ids": count_versions(owners, most=100),
        "stored by uuid": select_persons(project, [uuid_of(4_444)]),
        "stored by distinct id": select_owners(project, ["user-70", "anonymous-4444"]),
        "concerned by an import": select_concerned(project, "staged_ids", "staged_uuids"),
        "places": read_candidates(everyone(project), [place_of(4_444), place_of(70)]),
    }


def others(project: int) -> dict[str, Statement[Any]]:
    """Statements about more than a few."""
    pro = Selection(project, FOREVER_US, PRO)
    return {
        "page": find_candidates(pro, limit=131),
        "page before": find_candidates(everyone(project), limit=131, before=place_at(0.5)),
        "long page": list_persons(everyone(project), limit=5_001),
        "versions": count_versions(pro, most=20_001),
        "count of few": count_candidates(pro),
        "count": count_persons(pro),
        "values": list_values(everyone(project), "city", "", None),
        "distinct ids": list_distinct_ids(project, "user"),
        "export": export_persons(pro),
    }


@pytest.mark.one_server("a node of a cluster makes sub-queries apart")
@pytest.mark.parametrize("name", look_ups(1))
def test_a_look_up_reads_two_granules_a_part_for_each_person_at_most(
    engine: Engine, settings: Settings, name: str
) -> None:
    statement = look_ups(1)[name]
    plan = explain(engine, statement)
    assert {read.table for read in plan.reads} == {"persons"}
    for read in plan.all():
        assert read.narrowings[PRIMARY_KEY].before > 70
        assert read.granules <= 2 * 2 * PARTS[read.table], read
    assert rows_read(settings, statement) <= _rows(plan)


@pytest.mark.one_server("a node of a cluster makes sub-queries apart")
@pytest.mark.parametrize(
    "name", ["by uuid", "by integer id", "by two uuids", "by two distinct ids", "places"]
)
def test_what_is_no_key_is_read_only_where_a_key_is_wanted(engine: Engine, name: str) -> None:
    (read,) = explain(engine, look_ups(1)[name]).reads
    assert read.is_final
    assert "properties" in read.columns - read.first
    assert {"created_at", "id"} <= read.first <= {"team_id", "created_at", "id"}


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("find", [find_candidates, list_persons])
def test_a_page_stops_early_wherever_it_starts(
    engine: Engine,
    settings: Settings,
    share: float,
    find: Callable[..., Statement[Any]],
) -> None:
    after = find(everyone(), limit=101, after=place_at(share))
    before = find(everyone(), limit=101, before=place_at(1 - share))
    first = find(everyone(), limit=101)
    # FINAL reads ahead, as versions of one person may stand in all parts.
    most = (2 if find is find_candidates else 8) * GRANULE["persons"] * PARTS["persons"]
    for statement, order in (
        (first, "InOrder"),
        (after, "InOrder"),
        (before, "InReverseOrder"),
    ):
        (read,) = explain(engine, statement).reads
        assert read.order == order
        assert rows_read(settings, statement) <= most < CROWD / 2
    # Where it starts, the key finds.
    left = (1 - share) * CROWD / GRANULE["persons"] * 1.2 + 2 * PARTS["persons"]
    assert all(explain(engine, one).reads[0].granules <= left for one in (after, before))


def test_a_page_of_a_filter_stops_early(engine: Engine, settings: Settings) -> None:
    statement = find_candidates(Selection(1, FOREVER_US, PRO), limit=131)
    (read,) = explain(engine, statement).reads
    assert read.order == "InOrder"
    assert rows_read(settings, statement) <= 2 * GRANULE["persons"] * PARTS["persons"]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(1, FOREVER_US, search="p12345@"),
        Selection(1, FOREVER_US, search="ANONYMOUS-12345"),
        Selection(1, FOREVER_US, search=str(uuid_of(12_345))),
        Selection(1, FOREVER_US, email="p12345@example.com"),
        Selection(1, FOREVER_US, PRO, search="user-12345", email="p12345@example.com"),
    ],
    ids=["part", "distinct id", "uuid", "e-mail", "all at once"],
)
def test_who_is_looked_for_is_found_by_the_index(
    engine: Engine, settings: Settings, selection: Selection
) -> None:
    for statement in (
        find_candidates(selection, limit=131),
        find_candidates(selection, limit=131, after=place_at(0)),
        find_candidates(selection, limit=131, before=place_at(1)),
        count_versions(selection, most=20_001),
    ):
        (read,) = explain(engine, statement).reads
        assert read.is_narrowed_by(SEARCH)
        assert read.granules <= PARTS["persons"]
        assert rows_read(settings, statement) <= PARTS["persons"] * GRANULE["persons"]


@pytest.mark.one_server("a node of a cluster makes sub-queries apart")
def test_candidates_are_read_by_their_keys_and_not_by_the_index(engine: Engine) -> None:
    selection = Selection(1, FOREVER_US, search="p12345@")
    page = explain(engine, read_candidates(selection, [place_of(12_345)]))
    counted = explain(engine, count_candidates(selection))
    for read in (*page.reads, *counted.reads):
        assert read.is_final
        assert set(read.narrowings) == {PRIMARY_KEY}
        assert read.granules <= 2 * PARTS["persons"]
    (inner,) = counted.looked_up
    assert not inner.is_final
    assert inner.is_narrowed_by(SEARCH)


@pytest.mark.parametrize("name", [*look_ups(2), *others(2)])
def test_a_project_reads_no_granule_of_another(engine: Engine, name: str) -> None:
    """But for those that it shares with its neighbours."""
    for project, rows in ((2, FEW), (99, 0)):
        for read in explain(engine, {**look_ups(project), **others(project)}[name]).all():
            # A person has a row in a table, but for two distinct ids.
            own = rows * (2 if read.table == "distinct_ids" else 1) // GRANULE[read.table]
            assert read.granules <= own + 2, read
            assert f"(team_id in [{project}, {project}])" in read.condition


@pytest.mark.one_server("parts are told from the tables of one server")
def test_settled_parts_are_read_without_final(engine: Engine) -> None:
    parts = sorted(engine.fetch_now(list_parts()), key=lambda part: part.rows)
    large = Settled((parts[-1].name,), has_tombstones=False, newest_us=0)
    total = Settled(tuple(part.name for part in parts), True, 0, is_all=True)
    pro = Selection(1, FOREVER_US, PRO)
    for one, both in (
        (count_persons(pro, large), count_persons(pro, total)),
        (list_values(pro, "city", "", large), list_values(pro, "city", "", total)),
    ):
        plan = explain(engine, one)
        assert [(read.is_final, read.parts) for read in plan.reads] == [(False, 1), (True, 2)]
        assert [(read.is_final, read.parts) for read in plan.looked_up] == [(False, 2)]
        assert all(read.granules <= CROWD // 5 // GRANULE["persons"] for read in plan.looked_up)
        plan = explain(engine, both)
        assert [(read.is_final, read.parts) for read in plan.reads] == [(False, 3), (True, 0)]
        assert not plan.looked_up
        assert sum(read.granules for read in plan.reads) <= CROWD * 1.2 / GRANULE["persons"]


def test_what_is_worse_is_seen(engine: Engine, settings: Settings) -> None:
    """So that a test above that passes does say something."""
    by_text = sql("SELECT id FROM persons WHERE team_id = 1 AND toString(created_at) = ''")
    (read,) = explain(engine, Statement("tests.worse", by_text, dict[str, str])).reads
    assert read.granules > CROWD // GRANULE["persons"]
    lower = sql("SELECT id FROM persons WHERE team_id = 1 AND lower(search) LIKE '%p12345@%'")
    (read,) = explain(engine, Statement("tests.worse", lower, dict[str, str])).reads
    assert not read.is_narrowed_by(SEARCH)
    whole = sql("SELECT id, prop FROM persons WHERE team_id = 1 ORDER BY id LIMIT 9")
    statement = Statement("tests.worse", whole, dict[str, str])
    (read,) = explain(engine, statement).reads
    assert read.order == "Default"
    assert read.columns == {"team_id", "id", "prop"}
    assert rows_read(settings, statement) > CROWD


def _rows(plan: Plan) -> int:
    """Rows of the granules of a plan; a table that is read twice counts twice."""
    return sum(_granule_rows(read) for read in plan.all())


def _granule_rows(read: Read) -> int:
    # What is shown last is read once more by its row.
    return read.granules * GRANULE[read.table] * (2 if read.last else 1)
