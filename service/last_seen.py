"""Keeps `last_seen_at` of persons up with their events; see queries.last_seen.

It is written into the persons' rows, so that a list is narrowed by it as by any other column. An
import of events collects when each distinct id was seen last, and at its end writes the persons
who were seen later than they say, each once. All ids of the file count, of events that were there
before too: so an import that was cut off is made good by the next one.
"""

from __future__ import annotations

from uuid import uuid4

import polars as pl

from queries.history import IMPORTED, Source
from queries.last_seen import (
    Seen,
    hours,
    list_events_of,
    list_staged,
    seen_now,
)
from queries.lists import rows_of
from queries.sql import Sql
from queries.stored import by_uuid, select_owners
from service.engine import Engine
from service.errors import Busy
from service.history import write_notes
from service.import_runs import staging
from service.person_rows import person_rows
from service.server_turns import ServerTurns

_AT_ONCE = 10_000
_ATTEMPTS = 10
_IMPORT = Source(IMPORTED)


class LastSeen:
    """What an import of events saw of whom, in a table of its own."""

    def __init__(self, engine: Engine, project: int) -> None:
        """Make nothing yet.

        Args:
            engine: where the persons are.
            project: whose.
        """
        self._engine = engine
        self._project = project
        self._turns = ServerTurns(engine)
        self._table = f"import_seen_{uuid4().hex}"

    def open(self) -> None:
        """Make the table."""
        create = (
            "CREATE TABLE {} (distinct_id String, at DateTime64(6, 'UTC'))"
            " ENGINE = ReplacingMergeTree(at) ORDER BY distinct_id"
        )
        self._engine.command_now(staging(create, self._table))

    def close(self) -> None:
        """Drop the table."""
        self._engine.command_now(staging("DROP TABLE IF EXISTS {} SYNC", self._table))

    def note(self, events: pl.DataFrame) -> None:
        """Take `distinct_id` and `timestamp` of some events."""
        latest = events.group_by("distinct_id").agg(pl.col("timestamp").max().alias("at"))
        if latest.height:
            self._engine.insert_now(self._table, latest)

    def write(self) -> None:
        """Write the persons who were seen later than their rows say."""
        after = ""
        while True:
            rows = self._engine.fetch_now(list_staged(self._table, after, limit=_AT_ONCE))
            if not rows:
                return
            after = rows[-1].distinct_id
            with self._engine.turns.turn(self._project):
                self._write(hours(rows))

    def _write(self, seen: Seen) -> None:
        """Write some of them; on a server until a look finds that all are there."""
        engine, project = self._engine, self._project
        for _ in range(_ATTEMPTS):
            # One INSERT of several persons: nobody else may write meanwhile.
            held = self._turns.take(project)
            try:
                owners = by_uuid(engine.fetch_now(select_owners(project, list(seen))))
                changed = seen_now(owners.values(), seen)
                if not changed:
                    return
                rows = person_rows(project, changed, held.now_us, above=held.above)
                write_notes(engine, project, changed, rows.persons, [_IMPORT] * len(changed))
                engine.insert_now("persons", rows.persons, settings=held.settings)
            finally:
                self._turns.give(project, held)
            if engine.exclusive:
                return
        raise Busy("Others change these persons all the time. Try again.")


def seen_of(engine: Engine, project: int, ids: list[str]) -> dict[str, int]:
    """Return when some distinct ids were seen last, as their events tell; for a worker thread."""
    return seen_among(engine, project, rows_of("Array(String)", ids))


def seen_among(engine: Engine, project: int, ids: Sql) -> dict[str, int]:
    """As `seen_of`, of the distinct ids that `ids`, to stand after IN, names."""
    return hours(engine.fetch_now(list_events_of(project, ids)))
