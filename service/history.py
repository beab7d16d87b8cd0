"""Notes what writes change of persons, and goes back from what a person is to what it was."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import polars as pl
from msgspec import Struct
from msgspec.structs import asdict

from queries.history import Noted, NotedRow, Source, get_retention, keep, led_to, list_noted, note
from queries.property_edits import untouched
from queries.stored import StoredPerson
from queries.upserts import Upsert
from service.engine import Engine

_DAY_US = 86_400_000_000
_AT_ONCE = 500

_SCHEMA: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "person_number": pl.UInt64(),
    "person_id": pl.String(),
    "version": pl.UInt64(),
    "write_id": pl.UInt64(),
    "follows": pl.UInt64(),
    "followed": pl.UInt64(),
    "source": pl.String(),
    "key_id": pl.String(),
    "key_label": pl.String(),
    "keys": pl.List(pl.String()),
    "before": pl.List(pl.String()),
    "after": pl.List(pl.String()),
    "mark": pl.UInt64(),
}


class Past(Struct, frozen=True):
    """What a person's properties were.

    Attributes:
        properties: JSON.
        known_from_us: since when they are known, microseconds since 1970: the first write that is
            noted, or the one it followed. What was before that is not in `properties`: they are
            those of that time.
    """

    properties: bytes
    known_from_us: int


def write_notes(
    engine: Engine,
    project: int,
    rows: Sequence[Upsert],
    persons: pl.DataFrame,
    sources: Sequence[Source],
) -> None:
    """Note what rows change, before they are written.

    Args:
        engine: where to.
        project: whose persons.
        rows: as they will be written.
        persons: the same as `person_rows` has them.
        sources: of each row.
    """
    written = zip(rows, persons["write_id"], persons["version"], sources, strict=True)
    noted: list[Noted] = []
    for row, write_id, version, source in written:
        one = note(project, row, write_id, version, source)
        if one is not None:
            noted.append(one)
    if noted:
        engine.insert_soon("history", notes_frame(noted))


def notes_frame(noted: Sequence[Noted]) -> pl.DataFrame:
    """Return rows as they are inserted."""
    rows = [{**asdict(one), "person_id": str(one.person_id)} for one in noted]
    return pl.DataFrame(rows, schema=_SCHEMA)


class History:
    """What persons were; all methods are for a worker thread."""

    def __init__(self, engine: Engine, *, keep_days: int) -> None:
        """Take where it is, and how long it is kept."""
        self._engine = engine
        self._keep_us = keep_days * _DAY_US
        self._keep_days = keep_days

    def start(self) -> None:
        """Let the table be kept as long as is set."""
        (found,) = self._engine.fetch_now(get_retention(self._engine.place_of("history").table))
        if found.days != self._keep_days:
            self._engine.command_now(keep(self._keep_days))

    def back(self, project: int, person: StoredPerson) -> Iterator[NotedRow]:
        """Yield the writes that led to what a person is now, the latest first."""
        return self.back_from(project, person.uuid, person.write_id, person.version)

    def back_from(
        self, project: int, person: UUID, write_id: int, version: int
    ) -> Iterator[NotedRow]:
        """Yield a write to a person and those that led to it, the latest first.

        Args:
            project: whose person.
            person: its uuid.
            write_id: of the write.
            version: of the row it made.
        """
        since = max(0, time.time_ns() // 1_000 - self._keep_us)
        while True:
            asked = list_noted(project, person, until=version, since=since, limit=_AT_ONCE)
            rows = self._engine.fetch_now(asked)
            found = led_to(rows, write_id)
            yield from found
            if len(rows) < _AT_ONCE:
                return
            if found:
                write_id = found[-1].follows
            # Rows of one version may be cut by the limit: they come again, and are led to once.
            version = rows[-1].version - (rows[0].version == rows[-1].version)

    def properties_at(self, project: int, person: StoredPerson, at_us: int) -> Past:
        """Return what the properties were at a time; see `Past` for what is not known.

        Args:
            project: whose person.
            person: as it is now.
            at_us: microseconds since 1970.
        """
        properties, known_from = person.properties.encode(), person.version
        if known_from <= at_us:
            return Past(properties, known_from)
        for row in self.back(project, person):
            properties, known_from = untouched(properties, row.touched()), row.followed
            if known_from <= at_us:
                break
        return Past(properties, known_from)
