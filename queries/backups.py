"""Statements of a backup: a snapshot of all tables, sums of what is in it, and the way back.

A snapshot is a database of its own whose tables link to the files of ours, so it is there at once,
whatever their size, and is changed by nobody while it is copied. The sums, for each table and
project, are of the newest versions: merges change nothing of them. They stand in a table beside
the others, and so travel with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import LiteralString

from msgspec import Struct

from queries.sql import Sql, bind, sql
from queries.statement import Statement

SUMS = "backup_sums"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Table(Struct, frozen=True):
    """A table to be saved.

    Attributes:
        name: it.
        columns: those that a sum is made of: all that are stored and can be told apart by a hash.
        of_projects: whether its rows are of a project each.
        has_versions: whether FINAL leaves the newest ones.
        expires: whether rows go by themselves after a time.
    """

    name: str
    columns: list[str]
    of_projects: bool
    has_versions: bool
    expires: bool


class Sum(Struct, frozen=True, order=True):
    """What a table holds of a project; 0 is for what is of none. `checksum` adds up hashes."""

    table_name: str
    team_id: int
    rows: int
    checksum: int


class State(Struct, frozen=True):
    """How a copy is getting on."""

    status: str
    error: str
    bytes: int


class Present(Struct, frozen=True):
    """A table of a database, and its rows, of all versions."""

    name: str
    rows: int


def list_tables(database: str | None = None) -> Statement[Table]:
    """Select the tables of a database, of the client's own if none is named.

    Those of `persons` come first: what leads to a person is written before it.
    """
    return Statement(
        "backups.tables",
        sql(
            """
            SELECT name, columns, toBool(has(columns, 'team_id')) AS of_projects,
                toBool(startsWith(engine, 'Replacing')) AS has_versions,
                toBool(position(create_table_query, ' TTL ') > 0) AS expires
            FROM (
                SELECT table AS name, groupArray(column) AS columns
                FROM (
                    SELECT table, name AS column FROM system.columns
                    WHERE database = {} AND NOT startsWith(type, 'JSON')
                        AND default_kind NOT IN ('ALIAS', 'EPHEMERAL')
                    ORDER BY table, position
                )
                GROUP BY name
            ) AS c
            INNER JOIN (
                SELECT name, engine, create_table_query FROM system.tables WHERE database = {}
            ) AS t USING (name)
            WHERE endsWith(engine, 'MergeTree') AND NOT startsWith(name, 'export_') AND name != {}
            ORDER BY name != 'persons', name
            """,
            _database(database),
            _database(database),
            bind("String", SUMS),
        ),
        Table,
    )


def list_present(database: str) -> Statement[Present]:
    """Select the tables of a database that have rows, or none; and how many."""
    return Statement(
        "backups.present",
        sql(
            """
            SELECT name, ifNull(total_rows, 0) AS rows FROM system.tables WHERE database = {}
            """,
            bind("String", database),
        ),
        Present,
    )


def make_snapshot() -> Statement[None]:
    """Make the database of a snapshot; fails where it is there."""
    return _told("backups.make", sql("CREATE DATABASE personhouse_snapshot ENGINE = Atomic"))


def drop_snapshot() -> Statement[None]:
    """Drop the snapshot, if it is there."""
    return _told("backups.drop", sql("DROP DATABASE IF EXISTS personhouse_snapshot SYNC"))


def drop_database(database: str) -> Statement[None]:
    """Drop a database, if it is there."""
    name = bind("Identifier", database)
    return _told("backups.drop_database", sql("DROP DATABASE IF EXISTS {} SYNC", name))


def clone_table(table: str) -> Statement[None]:
    """Put a table of the client's database into the snapshot, by links to its files."""
    name = named(table)
    return _told(
        "backups.clone", sql("CREATE TABLE personhouse_snapshot.{} CLONE AS {}", name, name)
    )


def make_sums() -> Statement[None]:
    """Make the table of the sums, in the snapshot."""
    return _told(
        "backups.make_sums",
        sql(
            """
            CREATE TABLE personhouse_snapshot.backup_sums
                (table_name String, team_id UInt32, rows UInt64, checksum UInt64)
            ENGINE = MergeTree ORDER BY (table_name, team_id)
            """
        ),
    )


def note_sums(table: Table) -> Statement[None]:
    """Note the sums of a table of the snapshot."""
    return _told(
        "backups.note_sums", sql("INSERT INTO personhouse_snapshot.backup_sums {}", _sums(table))
    )


def sum_up(table: Table) -> Statement[Sum]:
    """Select the sums of a table of the snapshot, a row for each project with rows in it."""
    return Statement("backups.sum_up", _sums(table), Sum)


def list_sums() -> Statement[Sum]:
    """Select the sums that were noted."""
    return Statement(
        "backups.sums",
        sql("SELECT table_name, team_id, rows, checksum FROM personhouse_snapshot.backup_sums"),
        Sum,
    )


def drop_sums() -> Statement[None]:
    """Drop the table of the sums."""
    return _told("backups.drop_sums", sql("DROP TABLE personhouse_snapshot.backup_sums SYNC"))


def begin_backup(place: str, disk: str = "") -> Statement[None]:
    """Begin to copy the snapshot; returns at once.

    Args:
        place: a path, of the engine's own machine.
        disk: of the engine's configuration, where `place` is; empty for the file system.
    """
    return _told(
        "backups.begin",
        sql("BACKUP DATABASE personhouse_snapshot TO {} ASYNC", _place(place, disk)),
    )


def begin_restore(place: str, disk: str = "") -> Statement[None]:
    """Begin to make the snapshot from a copy; returns at once."""
    return _told(
        "backups.begin_restore",
        sql("RESTORE DATABASE personhouse_snapshot FROM {} ASYNC", _place(place, disk)),
    )


def find_state(place: str) -> Statement[State]:
    """Select how the last copy to or from a place is getting on; a row, or none."""
    return Statement(
        "backups.state",
        sql(
            """
            SELECT toString(status) AS status, error, total_size AS bytes FROM system.backups
            WHERE position(name, {}) > 0 ORDER BY start_time DESC LIMIT 1
            """,
            bind("String", place),
        ),
        State,
        threads=1,
    )


def rename_snapshot(database: str) -> Statement[None]:
    """Make the snapshot a database of that name."""
    return _told(
        "backups.rename",
        sql("RENAME DATABASE personhouse_snapshot TO {}", bind("Identifier", database)),
    )


def named(name: str) -> Sql:
    """Return a table's name as SQL: no parameter may stand after a database's.

    Raises:
        ValueError: it is none of ours.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a table")
    return Sql((name,))


def _sums(table: Table) -> Sql:
    columns = [sql(", {}", bind("Identifier", column)) for column in table.columns]
    return sql(
        """
        SELECT {} AS table_name, {} AS team_id, count() AS rows,
            sum(cityHash64(formatRow('RowBinary'{}))) AS checksum
        FROM personhouse_snapshot.{} {} GROUP BY ALL
        """,
        bind("String", table.name),
        sql("team_id") if table.of_projects else sql("toUInt32(0)"),
        _joined(columns),
        named(table.name),
        sql("FINAL") if table.has_versions else sql(""),
    )


def _joined(parts: Sequence[Sql]) -> Sql:
    return Sql(tuple(piece for part in parts for piece in part.parts))


def _database(name: str | None) -> Sql:
    return sql("currentDatabase()") if name is None else sql("{}", bind("String", name))


def _place(place: str, disk: str) -> Sql:
    if disk:
        return sql("Disk({}, {})", bind("String", disk), bind("String", place))
    return sql("File({})", bind("String", place))


def _told(name: LiteralString, text: Sql) -> Statement[None]:
    return Statement(name, text, type(None))
