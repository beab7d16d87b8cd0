"""What is read for a timeline: the granules of the person's distinct ids, and no column too many.

The numbers are granules and rows, not times, so they hold on any machine.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from queries.event_upserts import select_stored
from queries.events import IDS_CARRIED, Owner, Range, list_hidden
from queries.sql import bind, sql
from queries.statement import Statement
from queries.timeline import FEW_EVENTS, Opening, find_openings, read_snapshots
from service.engine import Engine
from service.settings import Settings
from tests.engine.happening import FIRST_US, LAST_US
from tests.engine.people import command, insert, person
from tests.engine.plans import PRIMARY_KEY, Read, explain, rows_read

GRANULE = 1_024
PARTS = 2
EVENTS = 60_000
# The first 600 numbers are of one id, the others of ids with 20 each.
MANY = 600
US = 1_700_000_000_000_000
PRO = '{"plan":"pro"}'


@pytest.fixture(scope="module", autouse=True)
def crowd(engine: Engine) -> None:
    command(engine, "SYSTEM STOP MERGES events")
    for half in (0, 1):
        made = sql(
            """
            INSERT INTO events (team_id, distinct_id, timestamp, uuid, event, properties,
                person_properties, texts, hash, arrived, version)
            SELECT 1, if(number < {}, 'many', concat('id ', toString(intDiv(number, 20)))),
                fromUnixTimestamp64Micro({} + toInt64(number), 'UTC'),
                reinterpretAsUUID(toUInt128(number)), 'seen', {}, {}, {}, number, number, 5
            FROM numbers({}) WHERE number % 2 = {}
            """,
            bind("UInt64", MANY),
            bind("Int64", US),
            bind("String", "{}"),
            bind("String", PRO),
            bind("String", PRO),
            bind("UInt64", EVENTS),
            bind("UInt64", half),
        )
        engine.command_now(Statement("tests.events", made, type(None)))
    command(
        engine,
        "CREATE TABLE staged (distinct_id String, timestamp DateTime64(6, 'UTC'), uuid UUID)"
        " ENGINE = Memory",
    )
    command(engine, "INSERT INTO staged SELECT 'id 1000', now64(6), generateUUIDv4()")
    ids = [f"id {n}" for n in range(500, 500 + IDS_CARRIED + 1)]
    insert(engine, 1, [person(1, ids=ids)], version=1)


def of(*ids: str) -> Range:
    return Range(1, Owner(UUID(int=1), list(ids), len(ids), 0), FIRST_US, LAST_US)


def only_read(engine: Engine, asked: Range) -> Read:
    (read,) = explain(engine, find_openings(asked, ("plan",), most=100)).reads
    assert (read.table, read.is_final) == ("events", True)
    return read


@pytest.mark.parametrize("ids", [("id 1000",), ("id 1000", "id 2000"), ("nobody",)])
def test_a_timeline_reads_where_its_ids_stand(
    engine: Engine, settings: Settings, ids: tuple[str, ...]
) -> None:
    read = only_read(engine, of(*ids))
    assert read.narrowings[PRIMARY_KEY].before > 50
    assert read.granules <= 2 * PARTS * len(ids)
    statement = find_openings(of(*ids), ("plan",), most=100)
    # Once to count, once to look.
    assert rows_read(settings, statement) <= 4 * GRANULE * PARTS * len(ids)


def test_of_many_events_no_properties_are_read_but_the_crucial_ones(engine: Engine) -> None:
    assert MANY > FEW_EVENTS
    few, many = (only_read(engine, of(id)).columns for id in ("id 1000", "many"))
    assert few - many == {"person_properties"}
    assert "prop.plan" in many
    assert not {"properties", "event", "hash"} & few


def test_snapshots_are_read_where_the_openings_are(engine: Engine) -> None:
    openings = [Opening(n, US + n, UUID(int=n), n, "") for n in (1, 2, 300)]
    statement = read_snapshots(of("many"), openings)
    (read,) = explain(engine, statement).reads
    assert "person_properties" in read.columns - read.first
    assert read.granules <= 2 * PARTS


def test_of_a_person_of_very_many_ids_the_keys_are_looked_up(engine: Engine) -> None:
    owner = Owner(UUID(int=1), [], IDS_CARRIED + 1, 1)
    asked = Range(1, owner, FIRST_US, LAST_US)
    plan = explain(engine, find_openings(asked, ("plan",), most=100))
    assert {"events", "persons"} <= {read.table for read in plan.all()}
    (read,) = [read for read in plan.all() if read.table == "events"]
    # Those ids stand beside one another in a third of the table.
    assert read.granules * 2 < read.narrowings[PRIMARY_KEY].before
    (row,) = engine.fetch_now(find_openings(asked, ("plan",), most=100))
    assert row.total == 20 * (IDS_CARRIED + 1)
    assert engine.fetch_now(list_hidden(1, owner)) == []


def test_an_import_looks_where_its_events_would_stand(engine: Engine) -> None:
    plan = explain(engine, select_stored(1, "staged"))
    (read,) = [read for read in plan.all() if read.table == "events"]
    assert read.granules <= 2 * PARTS
