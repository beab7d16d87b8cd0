"""Persons put into the tables by the writer's own rows, without an import around it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import LiteralString, TypeVar
from uuid import UUID

import polars as pl

from queries.persons import Selection
from queries.sql import sql
from queries.statement import Statement
from queries.upserts import Upsert
from service.counts import Counts
from service.engine import Engine
from service.person_rows import person_rows

Row = TypeVar("Row")

START_US = 1_700_000_000_000_000
FOREVER_US = 8_000_000_000_000_000_000


def person(
    n: int, properties: str = "{}", *, ids: Sequence[str] = (), base: int = 0, created_us: int = 0
) -> Upsert:
    """A person with the uuid of a number; `base` is the version it follows."""
    return Upsert(
        uuid=UUID(int=n),
        created_us=created_us or START_US + n % 7,
        is_identified=False,
        last_seen_us=None,
        ids=list(ids),
        properties=properties.encode(),
        texts=None,
        base=base,
        is_new=base == 0,
        source_version=0,
        new_ids=[] if base else list(ids),
        changed=True,
    )


def insert(
    engine: Engine, project: int, persons: Sequence[Upsert], *, version: int, deleted: bool = False
) -> None:
    """Insert persons as one part of each table, with a version of at least that."""
    rows = person_rows(project, persons, version)
    if rows.person_keys.height:
        engine.insert_now("person_keys", rows.person_keys)
    if rows.distinct_ids.height:
        engine.insert_now("distinct_ids", rows.distinct_ids)
    marked = rows.persons.with_columns(pl.lit(int(deleted), pl.UInt8).alias("is_deleted"))
    engine.insert_now("persons", marked)


def command(engine: Engine, text: LiteralString) -> None:
    """Run a statement that answers nothing."""
    engine.command_now(Statement("tests.command", sql(text), type(None)))


def count(counts: Counts, selection: Selection) -> int:
    """Ask for a count outside of an event loop."""
    return asyncio.run(counts.count(selection))
