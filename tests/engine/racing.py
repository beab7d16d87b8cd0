"""Edits to make at the same time, and what to do beside them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec

from queries.activity import count_activity
from queries.edits import Plan, update
from queries.identity import person_uuid
from queries.ownership import Known, merge
from queries.persons import Selection
from queries.sql import sql
from queries.statement import Statement
from queries.stored import StoredPerson
from service.counts import Counts
from service.edit_batches import Author
from service.edits import Editor
from service.engine import Engine

ME = Author("a key", "its label")


def setting(**values: object) -> Callable[[StoredPerson, object], Plan]:
    given = {key: msgspec.json.encode(value) for key, value in values.items()}
    return lambda person, _: update(person, given)


def join(person: StoredPerson, known: Known) -> Plan:
    """Merge all others that are known and alive."""
    others = [one for one in known.values() if one and not one.is_deleted]
    return merge(person, [one for one in others if one.uuid != person.uuid])


def find(editor: Editor, project: int, distinct_id: str) -> StoredPerson:
    uuid = person_uuid(project, distinct_id)
    return editor.find(project, [uuid])[uuid]


def properties(person: StoredPerson) -> dict[str, Any]:
    return msgspec.json.decode(person.properties, type=dict[str, Any])


def logged(engine: Engine, project: int) -> int:
    (row,) = engine.fetch_now(count_activity(project))
    return row.entries


@contextmanager
def beside(*works: Callable[[], object]) -> Generator[None]:
    """Do works over and over in threads while the context lasts."""
    over = threading.Event()

    def run(work: Callable[[], object]) -> int:
        times = 0
        while not over.is_set():
            work()
            times += 1
        return times

    with ThreadPoolExecutor(len(works)) as threads:
        running = [threads.submit(run, work) for work in works]
        try:
            yield
        finally:
            over.set()
    for one in running:
        assert one.result() > 0


def merging(engine: Engine) -> Callable[[], None]:
    """Return what merges all parts, so that no version that is superseded stays."""
    optimise = Statement("tests.optimise", sql("OPTIMIZE TABLE persons FINAL"), type(None))

    def work() -> None:
        engine.command_now(optimise)
        time.sleep(0.02)

    return work


def count_of(engine: Engine, project: int) -> int:
    return asyncio.run(Counts(engine).count(Selection(project, 2**60)))
