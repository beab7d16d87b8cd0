"""Import persons from a file: batch by batch, idempotent, in bounded memory.

Each batch is put together with what is stored (`queries/upserts.py`) and written in three inserts:
first the rows that say where a person stands and who has a distinct id, then, in one insert seen
whole or not at all, the persons. A crash between them leaves places to look at with nobody there,
which no read minds, and the same file imported again finishes the job.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import polars as pl
from msgspec import Struct

from queries.history import IMPORTED
from queries.identity import person_number
from queries.imports import PersonInput, Reject
from queries.sql import bind, sql
from queries.statement import Statement
from queries.stored import select_persons
from queries.texts import Texts, texts_of
from queries.upserts import Outcome, Upsert, candidate_uuids, select_concerned, upsert_batch
from service.counts import Counts
from service.engine import Engine
from service.history import Source, write_notes
from service.person_rows import person_rows
from service.readers import Batch, Format, read

# A batch holds each person once, so nothing in it needs replacing (17 of 36 us a row).
_BATCH = {"optimize_on_insert": "0"}
# So many rows are written before the first is merged: merging at once costs a third of the speed,
# merging never leaves so many parts that every look-up is slow.
_HELD_ROWS = 1_000_000

_importing: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


class Progress(Struct):
    """How far an import is. Lines are counted, but `written`, which counts persons."""

    read: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    seconds: float = 0.0


class Summary(Struct):
    """What an import did: lines read, persons written, lines that changed nothing."""

    read: int
    written: int
    unchanged: int
    rejected: int
    skipped: int
    seconds: float


def import_persons(
    engine: Engine,
    project: int,
    source: Path,
    fmt: Format | None = None,
    *,
    counts: Counts,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_reject: Callable[[Reject], None] = lambda _: None,
    batch_rows: int = 25_000,
) -> Summary:
    """Import a file; when it returns, all that was accepted is durable and visible.

    Runs in the calling thread for as long as it takes. Two imports into one project take turns.

    Args:
        engine: where to.
        project: an existing project.
        source: the file; plain, gzip or zstd.
        fmt: its format; None to tell from the content.
        counts: told of every person created.
        on_progress: called after each batch.
        on_reject: called for each line that is not imported, in no strict order.
        batch_rows: lines taken together.

    Raises:
        UnreadableSource: the file as a whole cannot be read; what came before stays imported.
    """
    with _importing[project]:
        return _import(
            _Writer(engine, project, counts),
            source.stat().st_size,
            read(source, fmt, batch_rows=batch_rows),
            on_progress,
            on_reject,
        )


def drop_leftovers(engine: Engine) -> None:
    """Drop what a killed import left staged; only while no import runs, here or elsewhere."""
    if not engine.exclusive:
        return
    left = sql(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'Memory'"
        " AND (startsWith(name, 'import_ids_') OR startsWith(name, 'import_uuids_'))"
    )
    for table in engine.fetch_now(Statement("imports.leftovers", left, _Staged)):
        engine.command_now(_ddl("DROP TABLE IF EXISTS {} SYNC", table.name))


class _Staged(Struct):
    name: str


def _import(
    writer: _Writer,
    size: int,
    batches: Iterator[Batch],
    on_progress: Callable[[Progress], None],
    on_reject: Callable[[Reject], None],
) -> Summary:
    started = time.monotonic()
    done = Progress(bytes_total=size)

    def note(batch: Batch, outcome: Outcome) -> None:
        rejects = [*batch.rejects, *outcome.rejects]
        for reject in rejects:
            on_reject(reject)
        done.read += len(batch.persons) + len(batch.rejects) + batch.skipped
        done.written += len(outcome.upserts)
        done.unchanged += outcome.unchanged
        done.rejected += len(rejects)
        done.skipped += batch.skipped
        done.bytes_read = batch.bytes_read
        done.seconds = round(time.monotonic() - started, 3)
        on_progress(done)

    with ExitStack() as held, writer, ThreadPoolExecutor(1, "import") as inserting:
        held.enter_context(writer.merges_held())
        before: Future[None] | None = None
        for batch in batches:
            prepared = writer.prepare(batch.persons)
            # What a line comes to depends on the lines before it, so these must be visible first.
            if before is not None:
                before.result()
            outcome = writer.settle(prepared)
            before = inserting.submit(writer.insert, outcome.upserts)
            if done.written > _HELD_ROWS:
                held.close()
            note(batch, outcome)
        if before is not None:
            before.result()
    seconds = round(time.monotonic() - started, 3)
    return Summary(done.read, done.written, done.unchanged, done.rejected, done.skipped, seconds)


class _Prepared(Struct):
    lines: list[tuple[int, PersonInput]]
    uuids: list[UUID]
    texts: list[Texts]
    staged_ids: pl.DataFrame
    staged_uuids: pl.DataFrame


_IMPORT = Source(IMPORTED)


class _Writer:
    """Writes batches into one project; the engine inserts one while the next is prepared."""

    def __init__(self, engine: Engine, project: int, counts: Counts) -> None:
        self._engine = engine
        self._project = project
        self._counts = counts
        name = uuid4().hex
        self._ids_table = f"import_ids_{name}"
        self._uuids_table = f"import_uuids_{name}"

    def __enter__(self) -> None:
        create = self._engine.command_now
        create(_ddl("CREATE TABLE {} (distinct_id String) ENGINE = Memory", self._ids_table))
        create(_ddl("CREATE TABLE {} (number UInt64, id UUID) ENGINE = Memory", self._uuids_table))

    def __exit__(self, *_: object) -> None:
        for table in (self._ids_table, self._uuids_table):
            self._engine.command_now(_ddl("DROP TABLE IF EXISTS {} SYNC", table))

    def merges_held(self) -> AbstractContextManager[None]:
        """Enclose the time in which what is written is not merged."""
        return self._engine.merges_held("persons")

    def prepare(self, lines: list[tuple[int, PersonInput]]) -> _Prepared:
        """Do what needs no knowledge of the batches before."""
        uuids = candidate_uuids(self._project, lines)
        texts = [texts_of(person.properties) for _, person in lines]
        ids = [distinct_id for _, person in lines for distinct_id in person.distinct_ids]
        return _Prepared(
            lines,
            uuids,
            texts,
            pl.DataFrame({"distinct_id": ids}, schema={"distinct_id": pl.String}),
            pl.DataFrame(
                {"number": [person_number(u) for u in uuids], "id": [str(u) for u in uuids]},
                schema={"number": pl.UInt64, "id": pl.String},
            ),
        )

    def settle(self, prepared: _Prepared) -> Outcome:
        """Put a batch together with what is stored; the turn taken for it, `insert` gives on."""
        self._engine.turns.take(self._project)
        try:
            return self._settle(prepared)
        except BaseException:
            self._engine.turns.leave(self._project)
            raise

    def _settle(self, prepared: _Prepared) -> Outcome:
        engine = self._engine
        for table, rows in (
            (self._ids_table, prepared.staged_ids),
            (self._uuids_table, prepared.staged_uuids),
        ):
            engine.command_now(_ddl("TRUNCATE TABLE {}", table))
            if rows.height:
                engine.insert_now(table, rows)
        concerned = select_concerned(self._project, self._ids_table, self._uuids_table)
        stored = engine.fetch_now(concerned)
        asked: list[UUID] = []
        while True:
            outcome = upsert_batch(
                self._project,
                prepared.lines,
                prepared.uuids,
                prepared.texts,
                stored,
                time.time_ns() // 1_000,
                asked,
            )
            if not outcome.assumed:
                return outcome
            # Rare: an id that was split off comes back, and who has the uuid it would get?
            asked += outcome.assumed
            stored += engine.fetch_now(select_persons(self._project, outcome.assumed))

    def insert(self, upserts: list[Upsert]) -> None:
        """Write persons: where they stand and their new distinct ids first, then themselves."""
        try:
            if upserts:
                self._insert(upserts)
        finally:
            self._engine.turns.leave(self._project)

    def _insert(self, upserts: list[Upsert]) -> None:
        engine = self._engine
        with self._counts.write(self._project) as written:
            rows = person_rows(self._project, upserts, time.time_ns() // 1_000)
            if rows.person_keys.height:
                engine.insert_now("person_keys", rows.person_keys)
            if rows.distinct_ids.height:
                engine.insert_now("distinct_ids", rows.distinct_ids)
            write_notes(engine, self._project, upserts, rows.persons, [_IMPORT] * len(upserts))
            engine.insert_now("persons", rows.persons, settings=_BATCH)
            new = [person.created_us for person in upserts if person.is_new]
            written.created, written.newest_us = len(new), max(new, default=0)


def _ddl(template: LiteralString, table: str) -> Statement[None]:
    return Statement("imports.staging", sql(template, bind("Identifier", table)), type(None))
