"""A statement reads the columns it needs and no other: not one property beside those asked for.

FINAL reads the key, `version` and `is_deleted` for itself; they are named only where the statement
asks for them, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from queries.batches import get_many, get_owners
from queries.candidates import count_candidates, count_versions, find_candidates, read_candidates
from queries.columns import count_sizes, list_keys, list_parts, list_unread
from queries.export_source import Source
from queries.filter_text import decode_filter
from queries.lines import Shape, export_lines
from queries.persons import Selection, export_persons, get_persons, list_persons
from queries.settled import Settled, count_persons, examine_parts, oldest_elsewhere
from queries.settled import list_parts as list_active_parts
from queries.statement import Statement
from queries.stored import select_owners, select_persons
from queries.values import list_distinct_ids, list_values
from service.engine import Engine
from tests.engine.crowd import place_of, populate, uuid_of
from tests.engine.people import FOREVER_US
from tests.engine.plans import explain

TEAM = {"team_id"}
TIME = {"team_id", "created_at"}
KEY = {*TIME, "id"}
SHOWN = {*KEY, "is_identified", "last_seen_at", "distinct_ids", "properties", "version"}
STORED = {*SHOWN, "is_deleted", "source_version", "write_id", "write_ids"}
PLAN = {"prop.plan"}
SEARCH = {"search"}
KEYS_TABLE = {*KEY, "number"}
IDS_TABLE = {*TIME, "distinct_id", "person_id"}

EVERYONE = Selection(1, FOREVER_US)
PRO = Selection(1, FOREVER_US, decode_filter('{"plan":"pro"}'))
BOTH = Selection(1, FOREVER_US, decode_filter('{"plan":"pro","a.b":"1"}'))
TEXT = Selection(1, FOREVER_US, search="p12@")
EMAIL = Selection(1, FOREVER_US, email="p12@example.com")
OWNERS = Selection(1, FOREVER_US, distinct_ids=("user-7",))
PLACES = [place_of(7)]

# Of each statement, what it reads of `persons`, and what its `IN (SELECT …)` reads.
READS: dict[str, tuple[Statement[Any], list[set[str]], list[set[str]]]] = {
    "list": (list_persons(EVERYONE, limit=9), [SHOWN], []),
    "list of a filter": (list_persons(PRO, limit=9), [SHOWN | PLAN], []),
    "list of distinct ids": (list_persons(OWNERS, limit=9), [SHOWN], [IDS_TABLE]),
    "candidates": (find_candidates(EVERYONE, limit=9), [KEY], []),
    "candidates after": (find_candidates(EVERYONE, limit=9, after=PLACES[0]), [KEY], []),
    "candidates of a filter": (find_candidates(PRO, limit=9), [KEY | PLAN], []),
    "candidates of two": (find_candidates(BOTH, limit=9), [{*KEY, *PLAN, "prop.a%2Eb"}], []),
    "candidates of a search": (find_candidates(TEXT, limit=9), [KEY | SEARCH], []),
    "candidates of an e-mail": (
        find_candidates(EMAIL, limit=9),
        [{*KEY, *SEARCH, "prop.email"}],
        [],
    ),
    "page": (read_candidates(EVERYONE, PLACES), [SHOWN], []),
    "page of a filter": (read_candidates(PRO, PLACES), [SHOWN | PLAN], []),
    "page of a search": (read_candidates(TEXT, PLACES), [SHOWN | SEARCH], []),
    "versions": (count_versions(PRO, most=9), [TIME | PLAN], []),
    "versions of a search": (count_versions(TEXT, most=9), [TIME | SEARCH], []),
    "count of few": (count_candidates(PRO), [KEY | PLAN], [KEY | PLAN]),
    "count of a search": (count_candidates(TEXT), [KEY | SEARCH], [KEY | SEARCH]),
    "count": (count_persons(EVERYONE), [TIME], []),
    "count of a filter": (count_persons(PRO), [TIME | PLAN], []),
    "get by uuid": (get_persons(1, uuid=uuid_of(7)), [SHOWN], [KEYS_TABLE]),
    "get by integer id": (get_persons(1, number=7), [SHOWN], [KEYS_TABLE]),
    "get many": (get_many(1, [uuid_of(7)]), [SHOWN], [KEYS_TABLE]),
    "owners": (get_owners(1, ["user-7"]), [SHOWN], [IDS_TABLE]),
    "stored": (select_persons(1, [uuid_of(7)]), [STORED], [KEYS_TABLE]),
    "stored owners": (select_owners(1, ["user-7"]), [STORED], [IDS_TABLE]),
    "values": (list_values(EVERYONE, "plan", "", None), [TIME | PLAN], []),
    "values of a rarer key": (
        list_values(EVERYONE, "city", "c", None),
        [{*TIME, "prop.city"}],
        [],
    ),
    "distinct ids": (list_distinct_ids(1, "user"), [{*TEAM, "distinct_ids"}], []),
    "export": (export_persons(PRO), [SHOWN | PLAN], []),
    "sizes": (count_sizes(Source(EVERYONE)), [{*TIME, "distinct_ids"}], []),
    "keys": (list_keys(Source(EVERYONE)), [{*TIME, "properties"}], []),
    "parts of properties": (list_parts(Source(EVERYONE)), [{*TIME, "properties"}], []),
    "unread": (list_unread(Source(EVERYONE)), [{*TIME, "properties"}], []),
    "lines": (
        export_lines(Source(EVERYONE), Shape([1], ["city"], [","] * 10)),
        [(SHOWN - {"version"}) | {"prop.email", "prop.name", "prop.username", "prop.city"}],
        [],
    ),
}


@pytest.fixture(scope="module", autouse=True)
def crowd(engine: Engine) -> None:
    populate(engine, crowd=3_000, few=100)


@pytest.mark.one_server("a node of a cluster makes sub-queries apart")
@pytest.mark.parametrize("name", READS)
def test_columns(engine: Engine, name: str) -> None:
    statement, own, looked_up = READS[name]
    plan = explain(engine, statement)
    assert [read.columns for read in plan.reads] == own
    assert [read.columns for read in plan.looked_up] == looked_up


@pytest.mark.one_server("a node of a cluster makes sub-queries apart")
@pytest.mark.parametrize("name", ["list", "list of distinct ids"])
def test_a_long_page_reads_what_it_shows_last(engine: Engine, name: str) -> None:
    (read,) = explain(engine, READS[name][0]).reads
    assert {"properties", "is_identified", "last_seen_at"} <= read.last


@pytest.mark.one_server("parts are told from the tables of one server")
@pytest.mark.parametrize(
    ("make", "asked"),
    [
        (partial(count_persons, PRO), PLAN),
        (partial(count_persons, EVERYONE), set[str]()),
        (partial(list_values, EVERYONE, "plan", ""), PLAN),
    ],
    ids=["count of a filter", "count", "values"],
)
def test_settled_parts_need_no_more(
    engine: Engine, make: Callable[[Settled], Statement[Any]], asked: set[str]
) -> None:
    parts = sorted(engine.fetch_now(list_active_parts()), key=lambda part: part.rows)
    large = Settled((parts[-1].name,), has_tombstones=False, newest_us=0)
    plan = explain(engine, make(large))
    assert [read.columns for read in plan.reads] == [KEY | asked, TIME | asked]
    assert [read.columns for read in plan.looked_up] == [KEY]
    # Nobody stands elsewhere, and none is created later: the key need not be looked at.
    total = Settled(tuple(part.name for part in parts), True, 0, is_all=True)
    alone, _ = explain(engine, make(total)).reads
    assert alone.columns == {*TEAM, "is_deleted", *asked}


@pytest.mark.one_server("parts are told from the tables of one server")
def test_parts_are_examined_by_their_keys(engine: Engine) -> None:
    name = engine.fetch_now(list_active_parts())[0].name
    live, latest = explain(engine, examine_parts((name,))).reads
    assert live.columns == {"created_at", "is_deleted", "version"}
    assert latest.columns <= KEY
    (others,) = explain(engine, oldest_elsewhere((name,))).reads
    assert others.columns == {"version"}
