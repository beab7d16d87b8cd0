"""Persons that are deleted and removed, and a look for what is left of them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

from msgspec import Struct

from queries.deletions import count_deletions
from queries.edits import update
from queries.identity import person_uuid
from queries.persons import PersonRow
from queries.sql import Bind, bind, sql
from queries.statement import Statement
from service.deletions import Deleter
from service.edit_batches import Author
from service.edits import Editor
from service.engine import Engine
from service.removal import Removal
from service.turns import Turns
from tests.engine.importing import Importer

# Nothing that any codec would make shorter, nor anything that stands in a log.
CANARY = "Xq7\u2603vK2w\U0001f98aZp9\u00e6mJ4\u20acTb6"
TABLES: tuple[LiteralString, ...] = (
    *("persons", "person_keys", "distinct_ids", "activity", "history"),
    *("idempotency", "deletions", "removing", "superseded", "events", "event_deletions"),
)


class Text(Struct):
    """A row of one text."""

    text: str


class World:
    """One project, and all that changes it."""

    def __init__(self, engine: Engine, folder: Path, *, log_values: bool = False) -> None:
        self.engine = engine
        self.importer = Importer(engine, folder)
        self.editor = Editor(engine, self.importer.counts, log_values=log_values)
        self.deleter = Deleter(engine, self.importer.counts)
        self.removal = Removal(engine, held_seconds=0.1)

    def add(self, *ids: str, **line: object) -> UUID:
        """Import a person."""
        assert self.importer.lines(1, [{"distinct_ids": list(ids), **line}]).summary.written == 1
        return person_uuid(1, ids[0])

    def set(self, uuid: UUID, key: str, json: bytes) -> None:
        """Set a property."""
        self.editor.edit(1, uuid, lambda one, _: update(one, {key: json}), Author())

    def delete(self, *uuids: UUID) -> None:
        """Delete persons who are there."""
        report = self.deleter.delete_many(1, uuids, Author())
        assert (report.found, report.deleted) == (len(uuids), len(uuids))

    def remove(self) -> None:
        """Remove all who are deleted."""
        assert self.removal.remove()
        assert self.pending() == 0

    def pending(self) -> int:
        """Count who is not removed yet."""
        return self.engine.fetch_now(count_deletions(1, "pending", None))[0].deletions

    def persons(self, distinct_id: str = "") -> list[PersonRow]:
        """All persons, or who has a distinct id."""
        narrowed = {"distinct_ids": (distinct_id,)} if distinct_id else {}
        return self.importer.persons(1, **narrowed)


class Shared:
    """An engine that others write to as well, as far as who uses it can tell."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine; the turns of another process are no business of ours."""
        self._engine = engine
        self.exclusive = False
        self.turns = Turns()

    def __getattr__(self, name: str) -> Any:
        """Return what the engine has."""
        return getattr(self._engine, name)


def rows_with(engine: Engine, text: str) -> list[str]:
    """All rows of all tables that hold a text, those too that a mask hides."""
    found: list[str] = []
    for table in TABLES:
        every = sql(
            "SELECT text FROM (SELECT concat({}, toString(tuple(*))) AS text FROM {}"
            " SETTINGS apply_deleted_mask = 0) WHERE position(text, {}) > 0",
            bind("String", f"{table}: "),
            sql(table),
            bind("String", text),
        )
        found += [row.text for row in engine.fetch_now(Statement("tests.rows", every, Text))]
    return found


def files_with(engine: Engine, text: str) -> list[str]:
    """All files of active parts that hold a text as it is."""
    parts = sql(
        "SELECT path AS text FROM system.parts WHERE active AND database = currentDatabase()"
    )
    needle = text.encode()
    return [
        str(file)
        for row in engine.fetch_now(Statement("tests.parts", parts, Text))
        for file in Path(row.text).rglob("*")
        if file.is_file() and needle in file.read_bytes()
    ]


def column(engine: Engine, text: LiteralString, *values: Bind) -> list[str]:
    """Return a column of texts."""
    return [
        row.text for row in engine.fetch_now(Statement("tests.column", sql(text, *values), Text))
    ]
