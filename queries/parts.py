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


class TableSize(Struct, frozen=True):
    """What a table takes: active parts, rows of all versions, bytes on the disk."""

    name: str
    parts: int
    rows: int
    bytes: int


class Versions(Struct, frozen=True):
    """Rows of `persons`: all of them, and those that are somebody's newest version."""

    rows: int
    newest: int


class Machine(Struct, frozen=True):
    """The engine: its version, its time, in microseconds since 1970, the room on its disks."""

    engine_version: str
    now_us: int
    free_bytes: int
    total_bytes: int


def list_sizes() -> Statement[TableSize]:
    """Select what each table takes, the largest first."""
    return Statement(
        "parts.sizes",
        sql(
            """
            SELECT table AS name, count() AS parts, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
            FROM system.parts WHERE database = currentDatabase() AND active
            GROUP BY table ORDER BY bytes DESC
            """
        ),
        TableSize,
    )


def count_versions() -> Statement[Versions]:
    """Count the rows of `persons` and those that are not superseded; reads all keys."""
    return Statement(
        "parts.versions",
        sql(
            """
            SELECT (SELECT count() FROM persons) AS rows,
                (SELECT uniqExact(team_id, created_at, id) FROM persons) AS newest
            """
        ),
        Versions,
    )


def describe_machine() -> Statement[Machine]:
    """Select what the engine says of itself; always one row."""
    return Statement(
        "parts.machine",
        sql(
            """
            SELECT version() AS engine_version, toUnixTimestamp64Micro(now64(6)) AS now_us,
                sum(free_space) AS free_bytes, sum(total_space) AS total_bytes
            FROM system.disks
            """
        ),
        Machine,
        threads=1,
    )


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
