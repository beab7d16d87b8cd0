"""Parts are merged while nobody writes, and not while somebody does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from msgspec import Struct

from queries.parts import count_parts, merge_some, stop_merges
from queries.persons import Selection, list_persons
from queries.sql import sql
from queries.statement import Statement
from service.engine import Engine
from service.errors import PersonhouseError
from service.tidying import Tidying
from tests.engine.people import FOREVER_US, command, insert, person

pytestmark = pytest.mark.one_server("parts are told from the tables of one server")

PARTS = 12


class Counted(Struct):
    n: int


@pytest.fixture
def scattered(engine: Engine) -> Iterator[Engine]:
    """Twelve parts that only the test merges."""
    for table in ("persons", "person_keys", "distinct_ids"):
        command(engine, f"TRUNCATE TABLE {table}")
        command(engine, f"SYSTEM STOP MERGES {table}")
    for n in range(1, PARTS + 1):
        insert(engine, 1, [person(n, ids=[f"id-{n}"])], version=n)
    for table in ("persons", "person_keys", "distinct_ids"):
        command(engine, f"SYSTEM START MERGES {table}")
    yield engine
    for table in ("persons", "person_keys", "distinct_ids"):
        command(engine, f"SYSTEM START MERGES {table}")


def parts(engine: Engine, table: str) -> int:
    (counted,) = engine.fetch_now(count_parts(table))
    return counted.parts


def merges(engine: Engine) -> int:
    counted = Statement("merges", sql("SELECT count() AS n FROM system.merges"), Counted)
    return engine.fetch_now(counted)[0].n


def test_many_parts_become_few_and_nobody_is_lost(scattered: Engine) -> None:
    tidying = Tidying(scattered, least_rows=0)
    before = scattered.fetch_now(list_persons(Selection(1, FOREVER_US), limit=100))
    # While the engine merges what is best merged, there is nothing for us to do.
    while tidying.tidy() or merges(scattered):
        pass
    for table in ("persons", "person_keys", "distinct_ids"):
        assert 1 <= parts(scattered, table) <= 6
    assert scattered.fetch_now(list_persons(Selection(1, FOREVER_US), limit=100)) == before
    assert len(before) == PARTS
    # What is few is left alone.
    names = parts(scattered, "persons")
    assert not tidying.tidy()
    assert parts(scattered, "persons") == names


def test_a_small_table_is_left_as_it_is(scattered: Engine) -> None:
    command(scattered, "SYSTEM STOP MERGES persons")
    assert not Tidying(scattered).tidy()


@pytest.mark.embedded("merges on a server are not ours to hold")
def test_nothing_is_merged_while_merges_are_held(scattered: Engine) -> None:
    with scattered.merges_held("persons"):
        assert not Tidying(scattered, least_rows=0).tidy()


def test_a_merge_asked_for_while_merges_are_stopped_fails(scattered: Engine) -> None:
    """As one that is cut off does: the thread that asked comes back, and the service can end."""
    scattered.command_now(stop_merges("persons"))
    with pytest.raises(PersonhouseError):
        scattered.command_now(merge_some("persons"))


def test_a_thread_that_looks_ends_when_told(scattered: Engine) -> None:
    tidying = Tidying(scattered, least_rows=0)
    tidying.start()
    assert any(thread.name == "tidying" for thread in threading.enumerate())
    tidying.stop()
    assert not any(thread.name == "tidying" for thread in threading.enumerate())


def test_who_stopped_merges_may_start_them_again(scattered: Engine) -> None:
    scattered.command_now(stop_merges("persons"))
    command(scattered, "SYSTEM START MERGES persons")
    scattered.command_now(merge_some("persons"))
