"""Deleted persons are gone from the rows, from the files, and nobody else is."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from queries.deletions import count_deletions, list_deletions
from queries.identity import person_number, person_uuid
from queries.ownership import merge, split
from queries.persons import Selection
from queries.removal import list_rounds, remove_free, restore_held
from queries.removal_names import Round, name_free, name_ids, name_persons, name_rows
from queries.settled import count_persons
from queries.sql import bind
from service.deletions import Deleter
from service.edit_batches import Author
from service.engine import Engine
from service.errors import Conflict, NotFound
from service.removal import Removal
from service.server_turns import Held
from service.settling import Settling
from tests.engine.people import FOREVER_US, START_US, command, insert, person
from tests.engine.removing import CANARY, TABLES, Shared, World, column, files_with, rows_with


@pytest.fixture
def empty(engine: Engine) -> Engine:
    """Empty tables."""
    for table in TABLES:
        command(engine, f"TRUNCATE TABLE {table}")
    return engine


@pytest.fixture
def world(empty: Engine, tmp_path: Path) -> World:
    return World(empty, tmp_path)


def test_the_bytes_are_gone_and_the_tombstone_has_the_uuid_alone(world: World) -> None:
    id, email = f"id {CANARY}", f"{CANARY}@example.org"
    gone = world.add(id, "other id", properties={"email": email})
    stays = world.add("stays", properties={"email": "stays@example.org"})
    world.set(gone, "v", b'"2"')
    world.set(gone, "v", b'"3"')
    assert len(rows_with(world.engine, CANARY)) >= 4
    assert files_with(world.engine, CANARY)
    world.delete(gone)
    assert files_with(world.engine, CANARY)
    before = time.time_ns() // 1_000
    world.remove()
    for text in (CANARY, "other id", email):
        assert rows_with(world.engine, text) == []
        assert files_with(world.engine, text) == []
    kept = rows_with(world.engine, str(gone))
    assert {row.partition(":")[0] for row in kept} == {
        *("persons", "person_keys", "activity", "deletions"),
    }
    assert column(
        world.engine,
        "SELECT toString((is_deleted, distinct_ids, properties, search)) AS text"
        " FROM persons WHERE id = {}",
        bind("UUID", str(gone)),
    ) == ["(1,[],'{}','')"]
    (found,) = world.engine.fetch_now(list_deletions(1, "completed", None, limit=9, offset=0))
    assert found.person == gone
    assert before <= (found.verified_us or 0) <= time.time_ns() // 1_000
    assert [row.uuid for row in world.persons()] == [stays]
    assert [row.uuid for row in world.persons("stays")] == [stays]
    assert world.engine.fetch_now(list_rounds()) == []


@pytest.mark.embedded("rows are masked where nobody else writes")
def test_rows_that_a_mask_hides_are_gone_too(world: World) -> None:
    gone = world.add("gone", properties={"v": CANARY})
    world.set(gone, "v", b'"new"')
    assert Settling(world.engine, least_rows=0).settle()
    hidden = [row for row in rows_with(world.engine, CANARY) if row.startswith("persons")]
    assert len(hidden) == 1
    command(world.engine, "OPTIMIZE TABLE distinct_ids FINAL")
    world.delete(gone)
    world.remove()
    assert rows_with(world.engine, CANARY) == files_with(world.engine, CANARY) == []


def test_what_others_had_of_a_deleted_persons_ids_is_gone(world: World) -> None:
    """An id that was split off stands in the rows of who had it, and in the log."""
    whole = world.add("a", CANARY, "c")
    world.editor.edit(
        1, whole, lambda one, known: split(one, None, [CANARY], project=1, known=known), Author()
    )
    world.set(whole, "v", b"1")
    world.delete(person_uuid(1, CANARY))
    assert len(rows_with(world.engine, CANARY)) > 3
    world.remove()
    assert rows_with(world.engine, CANARY) == files_with(world.engine, CANARY) == []
    (left,) = world.persons()
    assert (left.uuid, left.ids, left.properties) == (whole, ["a", "c"], '{"v":1}')
    for id in ("a", "c"):
        assert world.persons(id) == [left]
    noted = column(
        world.engine, "SELECT detail AS text FROM activity FINAL WHERE activity = 'split_person'"
    )
    assert noted == [
        f'{{"changes":null,"name":"{whole}","short_id":null,"trigger":null,"type":null}}'
    ]


def test_who_was_merged_into_a_deleted_person_is_gone(empty: Engine, tmp_path: Path) -> None:
    world = World(empty, tmp_path, log_values=True)
    target = world.add("a", created_at="2024-05-01T00:00:00Z")
    other = world.add(f"b {CANARY}", created_at="2024-01-01T00:00:00Z")
    world.set(other, "secret", f'"{CANARY}"'.encode())
    (theirs,) = world.editor.find(1, [other]).values()
    world.editor.edit(1, target, lambda one, _: merge(one, [theirs]), Author())
    world.delete(target)
    world.remove()
    assert rows_with(empty, CANARY) == files_with(empty, CANARY) == []
    assert world.persons() == []
    # Both may come back, above their graves.
    world.add("a", created_at="2024-05-01T00:00:00Z")
    world.add(f"b {CANARY}", created_at="2024-01-01T00:00:00Z")
    assert {row.uuid for row in world.persons()} == {target, other}


def test_logged_values_are_gone_and_the_keys_stay(empty: Engine, tmp_path: Path) -> None:
    world = World(empty, tmp_path, log_values=True)
    gone, stays = world.add("gone"), world.add("stays")
    for uuid in (gone, stays):
        world.set(uuid, "email", f'"{uuid} {CANARY}"'.encode())
    world.delete(gone)
    world.remove()
    assert {str(stays) in row for row in rows_with(empty, CANARY)} == {True}
    noted = column(
        empty,
        "SELECT detail AS text FROM activity FINAL WHERE person_id = {} AND activity = 'updated'",
        bind("UUID", str(gone)),
    )
    assert noted == [
        '{"changes":null,"name":null,"short_id":null,"trigger":null,"type":null,'
        '"property_keys":["email"]}'
    ]


def test_answers_kept_for_repeats_are_gone(world: World) -> None:
    gone, stays = world.add("gone"), world.add("stays")
    rows = {
        "team_id": [1, 1, 2],
        "key_id": ["key"] * 3,
        "key": ["a", "b", "a"],
        "request_hash": ["x"] * 3,
        "status": [200] * 3,
        "etag": [""] * 3,
        "body": [f'{{"id":1,"uuid":"{u}","name":"{CANARY}"}}' for u in (gone, stays, gone)],
        "created_at": [time.time_ns() // 1_000] * 3,
    }
    frame = pl.DataFrame(rows).with_columns(pl.col("created_at").cast(pl.Datetime("us", "UTC")))
    world.engine.insert_now("idempotency", frame)
    world.delete(gone)
    world.remove()
    assert column(
        world.engine, "SELECT concat(toString(team_id), key) AS text FROM idempotency ORDER BY text"
    ) == ["1b", "2a"]


@pytest.mark.parametrize("created_at", ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"])
def test_of_who_came_back_only_what_was_before_goes(world: World, created_at: str) -> None:
    uuid = world.add("id", CANARY, created_at="2024-01-01T00:00:00Z", properties={"v": CANARY})
    world.delete(uuid)
    again = world.add("id", "new", created_at=created_at, properties={"v": 2})
    assert again == uuid
    world.set(uuid, "w", b"3")
    world.remove()
    assert rows_with(world.engine, CANARY) == files_with(world.engine, CANARY) == []
    (row,) = world.persons()
    assert (row.uuid, row.ids, row.properties) == (uuid, ["id", "new"], '{"v":2,"w":3}')
    assert world.persons("id") == world.persons("new") == [row]
    world.delete(uuid)
    world.remove()
    assert world.persons() == []
    assert world.engine.fetch_now(count_deletions(1, "completed", uuid))[0].deletions == 2


def test_a_tombstone_is_above_all_versions_and_a_return_above_the_tombstone(world: World) -> None:
    """As versions are that a clock wrote which has been put right since."""
    ahead = time.time_ns() // 1_000 + 10**15
    uuid = person_uuid(1, "id")
    one = person(1, '{"v":1}', ids=["id"])
    one.uuid, one.created_us = uuid, START_US
    insert(world.engine, 1, [one], version=ahead)
    world.delete(uuid)
    assert world.persons() == []
    world.remove()
    created_at = "2023-11-14T22:13:20Z"
    assert world.add("id", created_at=created_at, properties={"v": 2}) == uuid
    (row,) = world.persons("id")
    above = 1 if world.engine.exclusive else Held.above
    version = ahead + 1 + above
    assert (row.created_us, row.version, row.properties) == (START_US, version, '{"v":2}')


def test_other_projects_are_left_alone(world: World) -> None:
    line = {"distinct_ids": ["same"], "properties": {"v": CANARY}}
    for project in (1, 2):
        world.importer.lines(project, [{**line, "uuid": str(UUID(int=5))}])
    before = rows_with(world.engine, CANARY)
    world.delete(UUID(int=5))
    world.remove()
    after = rows_with(world.engine, CANARY)
    assert len(after) == len(before) / 2
    assert [row.uuid for row in world.importer.persons(2, distinct_ids=("same",))] == [UUID(int=5)]


@pytest.mark.embedded("on a server it may be under way for minutes")
def test_a_deletion_that_was_never_written_is_void(world: World) -> None:
    uuid = world.add("id")
    (stored,) = world.editor.find(1, [uuid]).values()
    note = pl.DataFrame(
        {
            "team_id": [1],
            "created_at": [time.time_ns() // 1_000],
            "person_id": [str(uuid)],
            "person_number": [person_number(uuid)],
            "tombstone": [stored.version + 1],
        }
    ).with_columns(pl.col("created_at").cast(pl.Datetime("us", "UTC")))
    world.engine.insert_now("deletions", note)
    assert world.pending() == 1
    world.remove()
    assert world.engine.fetch_now(count_deletions(1, "all", None))[0].deletions == 0
    assert [row.uuid for row in world.persons("id")] == [uuid]


def test_what_a_killed_round_left_is_forgotten_and_done_anew(world: World) -> None:
    uuid = world.add("id", properties={"v": CANARY})
    world.delete(uuid)
    killed = Round(1, START_US)
    for name in (name_ids, name_rows):
        world.engine.command_now(name_persons(killed, 9))
        world.engine.command_now(name(killed))
    assert len(world.engine.fetch_now(list_rounds())) == 1
    world.remove()
    assert rows_with(world.engine, CANARY) == []
    assert world.engine.fetch_now(list_rounds()) == []


def test_what_leads_to_who_has_an_id_is_never_named(world: World) -> None:
    uuid = world.add("kept", "lost", created_at="2023-11-14T22:13:20Z")
    world.delete(uuid)
    world.add("kept", created_at="2023-11-14T22:13:20Z")
    round = Round(1, time.time_ns() // 1_000)
    world.engine.command_now(name_persons(round, 9))
    for name in (name_ids, name_free):
        world.engine.command_now(name(round))
    named = "SELECT distinct_id AS text FROM removing WHERE kind = {} ORDER BY text"
    assert column(world.engine, named, bind("String", "id")) == ["kept", "lost"]
    assert column(world.engine, named, bind("String", "free")) == ["lost"]


def test_who_gets_an_id_while_it_is_freed_is_found_by_it(world: World) -> None:
    """As when another process on a server writes: its row in the index came before the removal."""
    uuid = world.add("id", created_at="2023-11-14T22:13:20Z")
    world.delete(uuid)
    round = Round(1, time.time_ns() // 1_000)
    world.engine.command_now(name_persons(round, 9))
    for name in (name_ids, name_free, remove_free):
        world.engine.command_now(name(round))
    (grave,) = world.editor.find(1, [uuid]).values()
    one = person(1, ids=["id"], base=grave.version)
    one.uuid, one.created_us = uuid, START_US
    insert(world.engine, 1, [one], version=1)
    assert [row.ids for row in world.persons()] == [["id"]]
    while world.persons("id"):
        time.sleep(0.05)
    world.engine.command_now(restore_held(round))
    assert [row.uuid for row in world.persons("id")] == [uuid]


def test_a_deletion_on_a_server_is_not_undone_by_those_who_edit_meanwhile(
    world: World, tmp_path: Path
) -> None:
    """Processes with turns of their own: only the token keeps them apart."""
    uuids = [world.add(f"id {n}") for n in range(5)]
    shared: list[Any] = [Shared(world.engine) for _ in range(3)]
    worlds = [World(one, tmp_path) for one in shared]

    def edit(process: int) -> int:
        made = 0
        for uuid in itertools.cycle(uuids):
            try:
                worlds[process].set(uuid, f"p{process} {made}", b"1")
            except NotFound:
                return made
            except Conflict:
                continue
            made += 1
        raise AssertionError("not reached")

    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(edit, process) for process in range(2)]
        worlds[2].delete(*uuids)
        made = sum(writer.result() for writer in writers)
    assert world.persons() == []
    logged = column(world.engine, "SELECT activity AS text FROM activity FINAL")
    assert Counter(logged) == Counter(deleted=5, updated=made)
    assert world.pending() == 5


@pytest.mark.embedded("merges on a server are not ours to hold")
def test_it_waits_while_merges_are_held(world: World) -> None:
    uuid = world.add("id", properties={"v": CANARY})
    world.delete(uuid)
    worker = threading.Thread(target=world.remove)
    with world.engine.merges_held("persons"):
        worker.start()
        worker.join(1.0)
        assert worker.is_alive()
        assert world.pending() == 1
    worker.join(60)
    assert world.pending() == 0
    assert rows_with(world.engine, CANARY) == []


def test_counts_are_exact_while_rows_are_removed(world: World) -> None:
    everyone = [person(n, f'{{"n":{n}}}', ids=[f"id {n}"]) for n in range(1, 2_001)]
    insert(world.engine, 1, everyone, version=1)
    settling = Settling(world.engine, least_rows=0)
    assert settling.settle() is not world.engine.is_cluster
    world.deleter.delete_many(1, [UUID(int=n) for n in range(1, 501)], Author())
    over = threading.Event()

    def work() -> None:
        try:
            world.remove()
        finally:
            over.set()

    worker = threading.Thread(target=work)
    worker.start()
    seen: set[int] = set()
    while not over.is_set():
        (row,) = settling.read(lambda s: count_persons(Selection(1, FOREVER_US), s))
        seen.add(row.persons)
    worker.join()
    assert seen == {1_500}
    assert settling.settle()
    (row,) = settling.read(lambda s: count_persons(Selection(1, FOREVER_US), s))
    assert row.persons == len(world.persons()) == 1_500
    assert world.pending() == 0


def test_the_thread_removes_what_was_pending_and_what_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.removal._REST", 0.0)
    first, second = world.add("first"), world.add("second")
    world.delete(first)
    removal = Removal(world.engine, held_seconds=0.1)
    deleter = Deleter(world.engine, world.importer.counts, removal.wake)
    removal.start()
    try:
        _wait_until_none_is_pending(world)
        deleter.delete_many(1, [second], Author())
        assert world.pending() == 1
        _wait_until_none_is_pending(world)
    finally:
        removal.stop()
    assert world.engine.fetch_now(count_deletions(1, "completed", None))[0].deletions == 2


def test_the_thread_ends_at_once_though_it_would_wait(world: World) -> None:
    removal = Removal(world.engine, after_seconds=3_600)
    removal.start()
    world.delete(world.add("id"))
    removal.wake()
    started = time.monotonic()
    removal.stop()
    assert time.monotonic() - started < 5
    assert world.pending() == 1


def _wait_until_none_is_pending(world: World) -> None:
    until = time.monotonic() + 60
    while world.pending():
        assert time.monotonic() < until
        time.sleep(0.05)
