"""Import events from a file: batch by batch, idempotent, in bounded memory.

A batch is compared with what is stored by the keys of its events, and what is new or different is
one insert. Persons are neither needed nor made: an event waits until somebody has its distinct id.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import polars as pl
from msgspec import Struct

from queries.event_lines import EventInput
from queries.event_upserts import (
    EventOutcome,
    EventRow,
    event_row,
    select_hidden,
    select_stored,
    upsert_events,
)
from queries.imports import Reject
from service.engine import Engine
from service.import_runs import Progress, Settled, Summary, run, staging
from service.last_seen import LastSeen
from service.readers import UnreadableSource, read_events

_TIME = pl.Datetime("us", "UTC")
# A batch holds each event once.
_BATCH = {"optimize_on_insert": "0"}
_importing: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


def import_events(
    engine: Engine,
    project: int,
    source: Path,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_reject: Callable[[Reject], None] = lambda _: None,
    batch_rows: int = 25_000,
) -> Summary:
    """Import a file of events; when it returns, all that was accepted is durable and visible.

    Runs in the calling thread for as long as it takes. Two imports into one project take turns.

    Args:
        engine: where to.
        project: an existing project.
        source: the file of JSON lines; plain, gzip or zstd.
        on_progress: called after each batch.
        on_reject: called for each line that is not imported, in no strict order.
        batch_rows: lines taken together.

    Raises:
        UnreadableSource: the file as a whole cannot be read; what came before stays imported.
    """
    with _importing[project]:
        return run(
            _Writer(engine, project),
            source.stat().st_size,
            read_events(source, batch_rows=batch_rows),
            on_progress,
            on_reject,
        )


class _Prepared(Struct):
    rows: list[EventRow]
    staged: pl.DataFrame


class _Writer:
    """Writes batches of events into one project.

    A batch has the project's turn until it is written, so that who deletes a person's events
    meanwhile comes before or after it, and versions tell which.
    """

    def __init__(self, engine: Engine, project: int) -> None:
        self._engine = engine
        self._project = project
        self._table = f"import_events_{uuid4().hex}"
        self._arrived = 0
        self._seen = LastSeen(engine, project)

    def __enter__(self) -> None:
        create = (
            "CREATE TABLE {} (distinct_id String, timestamp DateTime64(6, 'UTC'), uuid UUID)"
            " ENGINE = Memory"
        )
        self._engine.command_now(staging(create, self._table))
        self._seen.open()

    def __exit__(self, *raised: object) -> None:
        self._engine.command_now(staging("DROP TABLE IF EXISTS {} SYNC", self._table))
        try:
            # What came before the file became unreadable is imported, and was seen.
            if raised[1] is None or isinstance(raised[1], UnreadableSource):
                self._seen.write()
        finally:
            self._seen.close()

    def merges_held(self) -> AbstractContextManager[None]:
        """Enclose the time in which what is written is not merged."""
        return self._engine.merges_held("events")

    def prepare(self, lines: list[tuple[int, EventInput]]) -> _Prepared:
        """Do what needs no knowledge of the batches before."""
        rows = [event_row(self._project, event) for _, event in lines]
        return _Prepared(rows, _keys(rows))

    def settle(self, prepared: _Prepared) -> Settled:
        """Put a batch together with what is stored; the turn taken for it, `insert` gives on."""
        self._engine.turns.take(self._project)
        try:
            outcome = self._settle(prepared)
        except BaseException:
            self._engine.turns.leave(self._project)
            raise
        return Settled(outcome.written, outcome.unchanged, (), lambda: self._insert(outcome))

    def _settle(self, prepared: _Prepared) -> EventOutcome:
        engine, project, table = self._engine, self._project, self._table
        engine.command_now(staging("TRUNCATE TABLE {}", table))
        if prepared.staged.height:
            engine.insert_now(table, prepared.staged)
            self._seen.note(prepared.staged)
        now_us = time.time_ns() // 1_000
        first = max(now_us, self._arrived)
        self._arrived = first + len(prepared.rows)
        return upsert_events(
            prepared.rows,
            engine.fetch_now(select_stored(project, table)),
            engine.fetch_now(select_hidden(project, table)),
            now_us,
            first,
        )

    def _insert(self, outcome: EventOutcome) -> None:
        try:
            if outcome.rows:
                rows = _rows(self._project, outcome)
                self._engine.insert_now("events", rows, settings=_BATCH)
        finally:
            self._engine.turns.leave(self._project)


def _keys(rows: Sequence[EventRow]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "distinct_id": pl.Series([row.event.distinct_id for row in rows], dtype=pl.String),
            "timestamp": pl.Series([row.event.at_us for row in rows], dtype=pl.Int64).cast(_TIME),
            "uuid": pl.Series([str(row.uuid) for row in rows], dtype=pl.String),
        }
    )


def _rows(project: int, outcome: EventOutcome) -> pl.DataFrame:
    rows = outcome.rows
    events = [row.event for row in rows]
    return _keys(rows).with_columns(
        pl.lit(project, pl.UInt32).alias("team_id"),
        pl.Series("event", [one.event for one in events], dtype=pl.String),
        pl.Series("properties", [one.properties for one in events], dtype=pl.Binary),
        pl.Series("person_properties", [one.person_properties for one in events], dtype=pl.Binary),
        pl.Series("texts", [row.texts for row in rows], dtype=pl.Binary),
        pl.Series("hash", [row.hash for row in rows], dtype=pl.UInt64),
        pl.Series("arrived", [row.arrived for row in rows], dtype=pl.UInt64),
        pl.lit(outcome.version, pl.UInt64).alias("version"),
    )
