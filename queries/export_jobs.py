"""Statements about exports into files, and the copies of `persons` that they read."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from queries.export_source import Source
from queries.persons import Selection, condition
from queries.sql import Sql, bind, sql
from queries.statement import Statement

# A copy keeps what its rows are made of, and not what was computed from them to be found by.
_COPIED = sql(
    "team_id, created_at, id, version, is_deleted, is_identified, last_seen_at, distinct_ids,"
    " properties, prop"
)


class JobRow(Struct, frozen=True):
    """The newest version of a job; `ask` and `written`, its parts, are JSON, times microseconds."""

    team_id: int
    id: UUID
    created_us: int
    state: str
    node: str
    directory: str
    ask: str
    total: int
    written: str
    seconds: float
    error: str
    version: int


class Total(Struct, frozen=True):
    """How many persons."""

    total: int


class Copy(Struct, frozen=True):
    """A copy that is there."""

    name: str


_COLUMNS = sql(
    "team_id, id, toUnixTimestamp64Micro(created_at) AS created_us, state, node, directory, ask,"
    " total, parts AS written, seconds, error, version"
)


def list_jobs(project: int) -> Statement[JobRow]:
    """Select a project's jobs, the newest first."""
    return _jobs(
        "exports.list", sql("team_id = {} AND state != 'deleted'", bind("UInt32", project))
    )


def find_job(project: int, id: UUID) -> Statement[JobRow]:
    """Select a job; one row or none."""
    return _jobs(
        "exports.find",
        sql(
            "team_id = {} AND id = {} AND state != 'deleted'",
            bind("UInt32", project),
            bind("UUID", str(id)),
        ),
    )


def list_unfinished(node: str | None = None) -> Statement[JobRow]:
    """Select the jobs of a node, or of all, that are not at their end."""
    of = sql("true") if node is None else sql("node = {}", bind("String", node))
    return _jobs("exports.unfinished", sql("{} AND state IN ('queued', 'running')", of))


def _jobs(name: str, wanted: Sql) -> Statement[JobRow]:
    return Statement(
        name,
        sql(
            "SELECT {} FROM exports FINAL WHERE {} ORDER BY exports.created_at DESC, id",
            _COLUMNS,
            wanted,
        ),
        JobRow,
        threads=1,
    )


def copy_name(id: UUID) -> str:
    """Return the name of a job's copy."""
    return f"export_{id.hex}"


def clone_persons(copy: str) -> Statement[None]:
    """Copy the whole table, by links to its files: at once, whatever its size."""
    return Statement(
        "exports.clone", sql("CREATE TABLE {} CLONE AS persons", bind("Identifier", copy)), _NONE
    )


def make_copy(copy: str) -> Statement[None]:
    """Make a copy without rows."""
    return Statement(
        "exports.make",
        sql(
            """
            CREATE TABLE {} ENGINE = ReplacingMergeTree(version, is_deleted)
            ORDER BY (team_id, created_at DESC, id DESC)
            SETTINGS index_granularity = 1024, allow_experimental_reverse_key = 1
            EMPTY AS SELECT {} FROM persons
            """,
            bind("Identifier", copy),
            _COPIED,
        ),
        _NONE,
    )


def fill_copy(copy: str, selection: Selection) -> Statement[None]:
    """Copy the persons of a selection, all as of one moment."""
    return Statement(
        "exports.fill",
        sql(
            "INSERT INTO {} ({}) SELECT {} FROM persons FINAL WHERE {}",
            bind("Identifier", copy),
            _COPIED,
            _COPIED,
            condition(selection),
        ),
        _NONE,
    )


def drop_copy(copy: str) -> Statement[None]:
    """Drop a copy, if it is there."""
    return Statement(
        "exports.drop", sql("DROP TABLE IF EXISTS {} SYNC", bind("Identifier", copy)), _NONE
    )


def list_copies() -> Statement[Copy]:
    """Select the copies that are there."""
    return Statement(
        "exports.copies",
        sql(
            """
            SELECT name FROM system.tables
            WHERE database = currentDatabase() AND match(name, '^export_[0-9a-f]{32}$')
            """
        ),
        Copy,
        threads=1,
    )


def count_copied(source: Source) -> Statement[Total]:
    """Count the persons of a copy; always one row."""
    return Statement(
        "exports.count",
        sql("SELECT count() AS total FROM {} FINAL WHERE {}", source.rows(), source.condition()),
        Total,
    )


_NONE = type(None)
