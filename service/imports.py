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
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID, uuid4

import polars as pl
from msgspec import Struct

from queries.history import IMPORTED, Source
from queries.identity import person_number
from queries.imports import PersonInput, Reject
from queries.last_seen import has_events, put_seen
from queries.sql import bind, sql
from queries.stored import by_uuid, select_persons
from queries.texts import Texts, texts_of
from queries.upserts import (
    Outcome,
    Upsert,
    candidate_uuids,
    select_concerned,
    select_lineages,
    upsert_batch,
)
from service.counts import Counts
from service.edit_batches import follows_of
from service.engine import Engine
from service.errors import Busy
from service.history import write_notes
from service.import_runs import Progress, Settled, Summary, run, staging
from service.last_seen import seen_among
from service.lineage import is_written
from service.person_rows import person_rows
from service.readers import Format, read
from service.server_turns import Held, ServerTurns

# A batch holds each person once, so nothing in it needs replacing (17 of 36 us a row).
_BATCH = {"optimize_on_insert": "0"}
# So often a batch is put together anew, on a server.
_ATTEMPTS = 5

_importing: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


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
        return run(
            _Writer(engine, project, counts),
            source.stat().st_size,
            read(source, fmt, batch_rows=batch_rows),
            on_progress,
            on_reject,
        )


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
        self._server_turns = ServerTurns(engine)
        name = uuid4().hex
        self._ids_table = f"import_ids_{name}"
        self._uuids_table = f"import_uuids_{name}"
        self._has_events = False

    def __enter__(self) -> None:
        (events,) = self._engine.fetch_now(has_events(self._project))
        self._has_events = events.found
        create = self._engine.command_now
        create(staging("CREATE TABLE {} (distinct_id String) ENGINE = Memory", self._ids_table))
        create(
            staging("CREATE TABLE {} (number UInt64, id UUID) ENGINE = Memory", self._uuids_table)
        )

    def __exit__(self, *_: object) -> None:
        for table in (self._ids_table, self._uuids_table):
            self._engine.command_now(staging("DROP TABLE IF EXISTS {} SYNC", table))

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

    def settle(self, prepared: _Prepared) -> Settled:
        """Put a batch together with what is stored; the turn taken for it, `insert` gives on."""
        engine, project = self._engine, self._project
        engine.turns.take(project)
        try:
            held = self._take()
            try:
                outcome = self._settle(prepared, held)
            except BaseException:
                self._give(held)
                raise
        except BaseException:
            engine.turns.leave(project)
            raise
        upserts = outcome.upserts
        return Settled(
            len(upserts),
            outcome.unchanged,
            outcome.rejects,
            lambda: self._insert(prepared, upserts, held),
        )

    def _settle(self, prepared: _Prepared, held: Held | None) -> Outcome:
        engine = self._engine
        now_us = time.time_ns() // 1_000
        if held is not None:
            # Nobody is created after the version that says so, which is by the server's clock.
            now_us = min(now_us, held.now_us)
        for table, rows in (
            (self._ids_table, prepared.staged_ids),
            (self._uuids_table, prepared.staged_uuids),
        ):
            engine.command_now(staging("TRUNCATE TABLE {}", table))
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
                now_us,
                asked,
            )
            if not outcome.assumed:
                self._put_seen(outcome)
                return outcome
            # Rare: an id that was split off comes back, and who has the uuid it would get?
            asked += outcome.assumed
            stored += engine.fetch_now(select_persons(self._project, outcome.assumed))

    def _put_seen(self, outcome: Outcome) -> None:
        """Let persons say when those of their ids were seen that had events before they came."""
        if self._has_events and any(row.new_ids for row in outcome.upserts):
            staged = sql("(SELECT distinct_id FROM {})", bind("Identifier", self._ids_table))
            put_seen(outcome.upserts, seen_among(self._engine, self._project, staged))

    def _insert(self, prepared: _Prepared, upserts: list[Upsert], held: Held | None) -> None:
        """Write a batch, on a server until all of it is there; the turns are given on."""
        try:
            for _ in range(_ATTEMPTS):
                try:
                    if not upserts or self._insert_rows(upserts, held):
                        return
                finally:
                    self._give(held)
                # Its turn was ended by others, or somebody who had not seen it wrote last.
                held = self._take()
                try:
                    upserts = self._settle(prepared, held).upserts
                except BaseException:
                    self._give(held)
                    raise
            self._give(held)
            raise Busy("Others change these persons all the time. Try again.")
        finally:
            self._engine.turns.leave(self._project)

    def _take(self) -> Held | None:
        """Take a turn among processes, where there are others."""
        return None if self._engine.exclusive else self._server_turns.take(self._project)

    def _give(self, held: Held | None) -> None:
        if held is not None:
            self._server_turns.give(self._project, held)

    def _insert_rows(self, upserts: list[Upsert], held: Held | None) -> bool:
        """Write persons: where they stand and their new distinct ids first, then themselves.

        Returns:
            Whether all are there.
        """
        engine, project = self._engine, self._project
        now_us, above = (time.time_ns() // 1_000, 1) if held is None else (held.now_us, held.above)
        with self._counts.write(project) as written:
            rows = person_rows(project, upserts, now_us, above=above)
            if rows.person_keys.height:
                engine.insert_now("person_keys", rows.person_keys)
            if rows.distinct_ids.height:
                engine.insert_now("distinct_ids", rows.distinct_ids)
            write_notes(engine, project, upserts, rows.persons, [_IMPORT] * len(upserts))
            settings = {**_BATCH, **({} if held is None else held.settings)}
            engine.insert_now("persons", rows.persons, settings=settings)
            new = [person.created_us for person in upserts if person.is_new]
            written.created, written.newest_us = len(new), max(new, default=0)
        return held is None or self._are_there(upserts, rows.persons["write_id"].to_list())

    def _are_there(self, upserts: list[Upsert], write_ids: list[int]) -> bool:
        engine, project = self._engine, self._project
        lineages = select_lineages(project, self._ids_table, self._uuids_table)
        found = by_uuid(engine.fetch_now(lineages))
        return all(
            row.uuid in found
            and is_written(engine, project, found[row.uuid], write_id, follows_of(row), row.base)
            for row, write_id in zip(upserts, write_ids, strict=True)
        )
