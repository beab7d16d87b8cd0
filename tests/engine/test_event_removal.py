"""Events of deleted persons: hidden at once and then gone where that is asked for, else kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from queries.event_removal import note_events
from queries.ownership import split
from service.deletions import Deleter
from service.edit_batches import Author
from service.engine import Engine
from tests.engine.happening import Events
from tests.engine.people import command
from tests.engine.removing import CANARY, TABLES, World, files_with, rows_with


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> World:
    """Empty tables."""
    for table in TABLES:
        command(engine, f"TRUNCATE TABLE {table}")
    return World(engine, tmp_path)


@pytest.fixture
def events(world: World, tmp_path: Path) -> Events:
    return Events(world.engine, tmp_path)


def happened(id: str, n: int = 1, text: str = CANARY) -> dict[str, Any]:
    return {
        "uuid": str(UUID(int=n)),
        "event": "seen",
        "distinct_id": id,
        "timestamp": f"2024-05-01T10:00:{n:02}Z",
        "properties": {"secret": text},
        "person_properties": {"v": f"{text} {n}"},
    }


def erase(world: World, *uuids: UUID, keeps: bool = False) -> None:
    report = world.deleter.delete_many(1, uuids, Author(), keeps=keeps, erases=True)
    assert (report.found, report.erases) == (len(uuids), True)


def count(events: Events, *ids: str) -> int:
    return sum(point.events for point in events.timeline(1, list(ids), hiding=1))


def test_events_are_gone_from_rows_and_files(world: World, events: Events) -> None:
    gone, stays = world.add(f"gone {CANARY}", "too"), world.add("stays")
    lines = [happened(f"gone {CANARY}"), happened("too", 2), happened("stays", 3, "kept")]
    events.lines(1, lines)
    events.lines(2, [happened("too", 4, "of another project")])
    erase(world, gone)
    assert files_with(world.engine, CANARY)
    world.remove()
    assert rows_with(world.engine, CANARY) == files_with(world.engine, CANARY) == []
    assert [row.distinct_id for row in events.rows(1, final=False)] == ["stays"]
    assert [row.distinct_id for row in events.rows(2)] == ["too"]
    assert not any(row.startswith("event_deletions") for row in rows_with(world.engine, ""))
    assert count(events, "stays") == 1
    assert [row.uuid for row in world.persons()] == [stays]


def test_without_being_asked_for_they_stay_until_somebody_has_the_id(
    world: World, events: Events
) -> None:
    gone = world.add("id")
    events.lines(1, [happened("id")])
    world.delete(gone)
    world.remove()
    assert [row.distinct_id for row in events.rows(1)] == ["id"]
    world.add("id")
    assert count(events, "id") == 1


def test_they_are_hidden_at_once_from_who_gets_the_id(world: World, events: Events) -> None:
    gone = world.add("id")
    events.lines(1, [happened("id"), happened("id", 2)])
    erase(world, gone)
    assert world.add("id") == gone
    assert count(events, "id") == 0
    # What comes later is the new person's, be it the same again.
    assert events.lines(1, [happened("id", 2, "new"), happened("id", 3, "new")]).numbers() == (
        *(2, 0, 0),
    )
    assert count(events, "id") == 2
    world.remove()
    assert rows_with(world.engine, CANARY) == files_with(world.engine, CANARY) == []
    assert count(events, "id") == 2


def test_the_same_file_brings_them_back(world: World, events: Events) -> None:
    gone = world.add("id")
    events.lines(1, [happened("id")])
    erase(world, gone)
    assert events.lines(1, [happened("id")]).numbers() == (1, 0, 0)
    world.remove()
    assert len(events.rows(1, final=False)) == 1
    assert events.lines(1, [happened("id")]).numbers() == (0, 1, 0)


def test_superseded_versions_go_too(world: World, events: Events) -> None:
    gone = world.add("id")
    with world.engine.merges_held("events"):
        events.lines(1, [happened("id", 1, f"{CANARY} before")])
        events.lines(1, [happened("id")])
        assert len(events.rows(1, final=False)) == 2
        erase(world, gone)
    world.remove()
    assert events.rows(1, final=False) == []


def test_ids_that_were_split_off_before_keep_theirs(world: World, events: Events) -> None:
    whole = world.add("a", "b")
    events.lines(1, [happened("a"), happened("b", 2)])
    world.editor.edit(
        1, whole, lambda one, known: split(one, None, ["b"], project=1, known=known), Author()
    )
    erase(world, whole)
    world.remove()
    assert [row.distinct_id for row in events.rows(1, final=False)] == ["b"]


def test_the_events_may_go_and_the_person_stay(world: World, events: Events) -> None:
    uuid = world.add("id")
    events.lines(1, [happened("id")])
    erase(world, uuid, keeps=True)
    assert count(events, "id") == 0
    events.lines(1, [happened("id", 2, "later")])
    world.remove()
    assert [row.uuid for row in world.persons("id")] == [uuid]
    assert rows_with(world.engine, CANARY) == []
    assert count(events, "id") == 1


def test_nothing_is_asked_for_where_nobody_was_deleted(world: World, events: Events) -> None:
    report = world.deleter.delete_many(1, [UUID(int=9)], Author(), erases=True)
    assert (report.found, report.erases) == (0, False)


def test_of_a_deletion_that_was_never_written_nothing_goes(world: World, events: Events) -> None:
    """As after a crash just before the tombstone."""
    uuid = world.add("id")
    events.lines(1, [happened("id")])
    now_us = time.time_ns() // 1_000
    world.engine.command_now(note_events(1, [uuid], now_us, keeps=False))
    world.remove()
    assert count(events, "id") == 1
    assert not any(row.startswith("event_deletions") for row in rows_with(world.engine, ""))


def test_a_deletion_that_fails_hides_nothing(
    world: World, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = world.add("id")
    events.lines(1, [happened("id")])
    insert = Engine.insert_now

    def failing(engine: Engine, table: str, *arguments: Any, **named: Any) -> None:
        if table == "persons":
            raise OSError("the disk is full")
        insert(engine, table, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "insert_now", failing)
        with pytest.raises(OSError, match="full"):
            erase(world, uuid)
    assert count(events, "id") == 1
    assert [row.uuid for row in world.persons("id")] == [uuid]


def test_many_rounds_take_what_is_left(
    world: World, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.removal._MOST_IDS", 2)
    gone = world.add("a", "b", "c")
    events.lines(1, [happened("a"), happened("b", 2), happened("c", 3)])
    erase(world, gone)
    assert not world.removal.remove()
    assert (len(events.rows(1, final=False)), world.pending()) == (1, 1)
    assert world.removal.remove()
    assert (events.rows(1, final=False), world.pending()) == ([], 0)


@pytest.mark.embedded("merges on a server are not ours to hold")
def test_it_waits_while_merges_of_events_are_held(world: World, events: Events) -> None:
    gone = world.add("id")
    events.lines(1, [happened("id")])
    erase(world, gone)
    world.removal.wake()
    with world.engine.merges_held("events"):
        assert world.engine.merges_are_held
    world.remove()
    assert events.rows(1, final=False) == []


def test_the_deleter_wakes_the_removal_for_events_alone(world: World) -> None:
    woken: list[bool] = []
    deleter = Deleter(world.engine, world.importer.counts, lambda: woken.append(True))
    uuid = world.add("id")
    deleter.delete_many(1, [uuid], Author(), keeps=True)
    assert woken == []
    deleter.delete_many(1, [uuid], Author(), keeps=True, erases=True)
    assert woken == [True]
