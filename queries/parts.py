"""Statements about what the engine is doing: parts of a table, merges, other statements."""

from __future__ import annotations

from typing import LiteralString

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement


class Parts(Struct, frozen=True):
    """How many active parts a table has, and rows in them, of all versions."""

    parts: int
    rows: int


def count_parts(table: str) -> Statement[Parts]:
    """Count the active parts of a table; always one row."""
    return Statement(
        "parts.count",
        sql(
            """
            SELECT count() AS parts, sum(rows) AS rows FROM system.parts
            WHERE database = currentDatabase() AND table = {} AND active
            """,
            bind("String", table),
        ),
        Parts,
    )


def merge_some(table: str) -> Statement[None]:
    """Merge those parts that are best merged, if any are; returns when it is done."""
    return _of(table, "parts.merge", "OPTIMIZE TABLE {}")


def stop_merges(table: str) -> Statement[None]:
    """Cut off what is being merged, and merge no more; all parts are as they were."""
    return _of(table, "parts.stop", "SYSTEM STOP MERGES {}")


def end_statement(tag: str) -> Statement[None]:
    """End the statements with a comment, whatever they are doing; returns before they have."""
    return Statement(
        "parts.end",
        sql("KILL QUERY WHERE Settings['log_comment'] = {} ASYNC", bind("String", tag)),
        type(None),
    )


def _of(table: str, name: str, template: LiteralString) -> Statement[None]:
    return Statement(name, sql(template, bind("Identifier", table)), type(None))
