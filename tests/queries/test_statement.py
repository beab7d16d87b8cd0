"""Whole statements: their text as golden/*.sql, their names, and that their rows decode."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from queries.activity import count_activity, list_activity
from queries.batches import get_many, get_owners, name_numbers
from queries.candidates import (
    count_candidates,
    count_versions,
    find_candidates,
    read_candidates,
)
from queries.deletions import (
    count_deletions,
    list_deletions,
    list_pending,
    name_owners,
    select_graves,
)
from queries.event_removal import list_pending_events
from queries.event_upserts import select_hidden, select_stored
from queries.events import IDS_CARRIED, Hidden, Owner, Range, find_owners, list_hidden
from queries.export_jobs import (
    count_copied,
    find_job,
    list_copies,
    list_jobs,
    list_unfinished,
)
from queries.export_source import Source
from queries.filter_text import decode_filter
from queries.history import list_noted
from queries.idempotency import find_answer
from queries.lineage import list_links, list_marked
from queries.long_pages import write_persons
from queries.parts import count_parts, describe_machine, list_sizes
from queries.parts import count_versions as count_stored
from queries.persons import Selection, Times, export_persons, get_persons, list_persons
from queries.places import Place
from queries.removal import count_left, count_left_ids, count_named, list_rounds
from queries.removal_names import Round
from queries.settled import Settled, count_persons, list_parts
from queries.settled_pages import list_settled
from queries.sql import sql
from queries.statement import Statement
from queries.stored import select_owners, select_persons
from queries.timeline import Opening, find_openings, read_snapshots
from queries.turns import get_turn
from queries.upserts import select_concerned, select_lineages
from queries.values import list_distinct_ids, list_values

GOLDEN = Path(__file__).parent / "golden"

FILTER = decode_filter(
    """[
    {"type": "OR", "values": [
        {"key": "email", "operator": "icontains", "value": ["@example.", "@example-"]},
        {"key": "plan", "value": ["pro", "team"]},
        {"key": "sp ace.d", "operator": "is_set"}]},
    {"key": "age", "operator": "gte", "value": 18},
    {"key": "version", "operator": "lt", "value": "v2"},
    {"key": "$os", "operator": "is_not", "value": "Linux"},
    {"key": "left", "operator": "is_not_set"}
]"""
)
SELECTION = Selection(7, 1_700_000_000_000_000)
NARROW = Selection(
    *(7, 1_700_000_000_000_000, FILTER),
    search="ann",
    email="ann@example.com",
    distinct_ids=("ann", "bob"),
)

PLACES = [
    Place(1_600_000_000_000_001, UUID("b8c3e778-c1ea-5503-9f33-596db7513f5a")),
    Place(1_600_000_000_000_000, UUID("0a1b2c3d-c1ea-5503-9f33-596db7513f5a")),
]

SETTLED = Settled(("all_1_8_1", "all_9_9_0"), has_tombstones=True, newest_us=1_600_000_000_000_000)
ALL_SETTLED = Settled(("all_1_9_2",), False, newest_us=1_800_000_000_000_000, is_all=True)

ROUND = Round(7, 1_700_000_000_000_000)

OWNER = Owner(PLACES[0].uuid, ["ann", "bob"], 2, 0)
MANY = Owner(PLACES[0].uuid, [f"id {n}" for n in range(51)], 51, 1)
CROWD = Owner(PLACES[0].uuid, [], IDS_CARRIED + 1, 1)
EVENTS = Range(7, OWNER, 1_600_000_000_000_000, 1_700_000_000_000_000)
SOME_EVENTS = Range(
    *(7, CROWD, 1_600_000_000_000_000, 1_700_000_000_000_000),
    names=("$pageview", "signed up"),
    hidden=(Hidden("ann", 1_650_000_000_000_000),),
)
OPENINGS = [
    Opening(1, 1_600_000_000_000_001, PLACES[0].uuid, 3, ""),
    Opening(5, 1_600_000_000_000_009, PLACES[1].uuid, 4, ""),
]

STATEMENTS: dict[str, Statement[Any]] = {
    "persons_page_of_one": read_candidates(NARROW, PLACES[:1]),
    "persons_list_of_a_time": list_persons(replace(SELECTION, times=Times(1, 2, 3, 4)), limit=101),
    "persons_page_settled": list_settled(NARROW, SETTLED, limit=101, after=PLACES[0]),
    "persons_page_all_settled": list_settled(SELECTION, ALL_SETTLED, limit=101, before=PLACES[0]),
    "history_list": list_noted(7, UUID(int=5), until=9, since=1, limit=500),
    "history_links": list_links(7, UUID(int=5), 9),
    "history_marked": list_marked(7, UUID(int=5), 9),
    "imports_lineages": select_lineages(7, "staged_ids", "staged_uuids"),
    "turns_get": get_turn(7),
    "parts_count": count_parts("persons"),
    "parts_sizes": list_sizes(),
    "parts_versions": count_stored(),
    "parts_machine": describe_machine(),
    "exports_list": list_jobs(7),
    "exports_find": find_job(7, UUID(int=5)),
    "exports_unfinished": list_unfinished("node"),
    "exports_all_unfinished": list_unfinished(),
    "exports_copies": list_copies(),
    "exports_count": count_copied(Source(SELECTION)),
    "persons_list": list_persons(SELECTION, limit=101),
    "persons_list_everything": list_persons(NARROW, limit=101, offset=200),
    "persons_count": count_persons(SELECTION),
    "persons_count_settled": count_persons(SELECTION, SETTLED),
    "persons_count_all_settled": count_persons(SELECTION, ALL_SETTLED),
    "persons_parts": list_parts(),
    "persons_export": export_persons(Selection(7, 1_700_000_000_000_000, FILTER)),
    "persons_list_after": list_persons(SELECTION, limit=5_001, after=PLACES[1]),
    "persons_list_before": list_persons(SELECTION, limit=5_001, before=PLACES[0]),
    "persons_write": write_persons(NARROW, limit=5_001, offset=200),
    "persons_write_before": write_persons(SELECTION, limit=5_001, before=PLACES[0]),
    "persons_candidates": find_candidates(NARROW, limit=131),
    "persons_candidates_after": find_candidates(SELECTION, limit=131, after=PLACES[1]),
    "persons_candidates_before": find_candidates(SELECTION, limit=131, before=PLACES[0]),
    "persons_page": read_candidates(SELECTION, PLACES),
    "persons_count_versions": count_versions(NARROW, most=20_001),
    "persons_count_candidates": count_candidates(SELECTION),
    "persons_get_by_uuid": get_persons(7, uuid=UUID("b8c3e778-c1ea-5503-9f33-596db7513f5a")),
    "persons_get_by_number": get_persons(7, number=123_456),
    "persons_owners": get_owners(7, ["ann", "bob"]),
    "persons_name_numbers": name_numbers(7, [123_456, 2**53 - 1]),
    "persons_get_many": get_many(7, [place.uuid for place in PLACES]),
    "persons_values": list_values(Selection(7, 1_700_000_000_000_000), "plan", "", None),
    "persons_values_contain": list_values(
        Selection(7, 1_700_000_000_000_000), "company", "Inc", None
    ),
    "persons_values_settled": list_values(SELECTION, "plan", "", SETTLED),
    "persons_distinct_id_values": list_distinct_ids(7, "ann"),
    "imports_concerned": select_concerned(7, "staged_ids", "staged_uuids"),
    "persons_newest": select_persons(7, [place.uuid for place in PLACES]),
    "persons_newest_owners": select_owners(7, ["ann", "bob"]),
    "activity_list": list_activity(7, limit=11),
    "activity_list_of_person": list_activity(7, person=PLACES[0].uuid, limit=11, offset=20),
    "activity_count": count_activity(7),
    "activity_count_of_person": count_activity(7, person=PLACES[0].uuid),
    "idempotency_find": find_answer(7, "key", "again", 1_700_000_000_000_000),
    "deletions_graves": select_graves(7, [place.uuid for place in PLACES]),
    "deletions_name_owners": name_owners(7, ["ann", "bob"]),
    "deletions_list": list_deletions(7, "all", None, limit=100, offset=0),
    "deletions_list_completed": list_deletions(7, "completed", None, limit=100, offset=200),
    "deletions_count_of_person": count_deletions(7, "pending", PLACES[0].uuid),
    "deletions_pending": list_pending(),
    "events_owners_by_uuid": find_owners(7, uuid=PLACES[0].uuid),
    "events_owners_by_number": find_owners(7, number=123_456),
    "events_hidden": list_hidden(7, OWNER),
    "events_hidden_of_many": list_hidden(7, MANY),
    "events_stored": select_stored(7, "staged"),
    "events_staged_hidden": select_hidden(7, "staged"),
    "timeline_openings": find_openings(EVENTS, ("plan", "sp ace.d"), most=10_001),
    "timeline_openings_of_some": find_openings(SOME_EVENTS, (), most=11),
    "timeline_snapshots": read_snapshots(EVENTS, OPENINGS),
    "timeline_snapshots_of_some": read_snapshots(SOME_EVENTS, OPENINGS),
    "deletions_pending_events": list_pending_events(),
    "removal_count_named": count_named(ROUND),
    "removal_count_left": count_left(ROUND),
    "removal_count_left_ids": count_left_ids(ROUND),
    "removal_rounds": list_rounds(),
}


def golden_text(statement: Statement[Any]) -> str:
    """The statement as it is sent but for indentation, under its name and what is bound."""
    text, values = statement.sql.render()
    bound = [f"-- {name} = {value!r}" for name, value in values.items()]
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join([f"-- {statement.name}", *bound, *lines]) + "\n"


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name])
    if request.config.getoption("--update-golden", default=False):
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_name_is_resource_and_verb(statement: Statement[Any]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", statement.name)


# A line with all the columns there are.
ROW: dict[str, object] = {
    "uuid": "b8c3e778-c1ea-5503-9f33-596db7513f5a",
    "created_us": -5,
    "is_identified": True,
    "last_seen_us": None,
    "ids": ["ann"],
    "head": "{",
    "tail": "}",
    "odd": "",
    "properties": '{"a":1}',
    "version": 2**64 - 1,
    "source_version": 0,
    "is_deleted": False,
    "write_id": 2**64 - 1,
    "write_ids": [2**64 - 1, 1],
    "persons": 3,
    "first": 1,
    "last": 8,
    "name": "pro",
    "count": 3,
    "asked": ["ann"],
    "id": "0a1b2c3d-c1ea-5503-9f33-596db7513f5a",
    "person": "b8c3e778-c1ea-5503-9f33-596db7513f5a",
    "number": 123_456,
    "activity": "updated",
    "detail": "{}",
    "key_id": "key",
    "key_label": "",
    "property_keys": ["email"],
    "entries": 3,
    "request_hash": "ab",
    "status": 200,
    "etag": "",
    "body": "{}",
    "verified_us": None,
    "deletions": 3,
    "project": 7,
    "rows": 3,
    "answers": 0,
    "links": 3,
    "noted": 0,
    "days": 400,
    "parts": 4,
    "newest": 3,
    "bytes": 6,
    "engine_version": "26.9",
    "free_bytes": 5,
    "total_bytes": 9,
    "followed": 5,
    "follows": 6,
    "source": "updated",
    "keys": ["a"],
    "before": ["1"],
    "after": [""],
    "began_us": 1_700_000_000_000_000,
    "hiding": 0,
    "distinct_id": "ann",
    "until": 1_700_000_000_000_000,
    "at_us": -5,
    "hash": 2**64 - 1,
    "arrived": 1_700_000_000_000_000,
    "total": 3,
    "openings": [[1, -5, "b8c3e778-c1ea-5503-9f33-596db7513f5a", 5, ""]],
    "turn": 5,
    "events": 0,
    "erased": 3,
    "holder": 2**64 - 1,
    "ends_us": 1_700_000_000_000_000,
    "now_us": 1_700_000_000_000_000,
    "team_id": 7,
    "state": "done",
    "node": "n",
    "directory": "d",
    "ask": "{}",
    "written": "[]",
    "seconds": 1.5,
    "error": "",
}


def test_a_row_is_a_line_of_json() -> None:
    line = msgspec.json.encode(ROW)
    for statement in STATEMENTS.values():
        decoded = msgspec.json.decode(line, type=statement.row)
        assert msgspec.to_builtins(decoded).items() <= ROW.items()


def test_threads_and_indexes_are_the_engines_choice_unless_said() -> None:
    statement = Statement("tests.one", sql("SELECT 1"), dict[str, int])
    assert (statement.threads, statement.skip_indexes) == (0, True)


def test_final_reads_no_index_of_another_column_where_that_costs_more() -> None:
    without = {name for name, statement in STATEMENTS.items() if not statement.skip_indexes}
    assert without == {
        *("persons_page", "persons_count_candidates", "persons_owners", "persons_get_many"),
        *("persons_values", "persons_values_contain", "persons_values_settled"),
        *("persons_count_settled", "persons_count_all_settled"),
        *("persons_page_settled", "persons_page_all_settled", "persons_page_of_one"),
        *("persons_newest", "persons_newest_owners", "activity_list", "activity_list_of_person"),
        *("activity_count", "activity_count_of_person"),
        *("deletions_graves", "deletions_name_owners"),
    }
