"""What each write changed of a person, and how to go back from what the person is now.

A row is noted with each write to a person who was there before, ahead of the write itself. Those
that count are found by going back: from the `write_id` of the person's row to what that write
noted, from there to the row it followed, and so on. A write that failed is led to by nothing.
What went before the first that is noted was written at once, by an import or a split.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.property_edits import Touched, touched_between
from queries.sql import bind, sql
from queries.statement import Statement
from queries.upserts import Upsert

IMPORTED = "imported"


class Source(Struct, frozen=True):
    """What changes a person: as the log's `activity`, or `IMPORTED`; and by which key of the API.

    The key is empty for the service's own commands.
    """

    name: str
    key_id: str = ""
    key_label: str = ""


class NotedRow(Struct, frozen=True, kw_only=True, gc=False):
    """What a write changed.

    Attributes:
        version: of the person's row, microseconds since 1970.
        write_id: of that row; `follows` of the one before it, whose version was `followed`.
        source: a `Source`, as the two after it.
        keys: of the properties that changed.
        before: their JSON before, empty where there was none; `after` likewise.
    """

    version: int
    write_id: int
    follows: int
    followed: int
    source: str
    key_id: str
    key_label: str
    keys: list[str]
    before: list[str]
    after: list[str]

    def touched(self) -> list[Touched]:
        """Return what changed."""
        return [
            Touched(key, before.encode() or None, after.encode() or None)
            for key, before, after in zip(self.keys, self.before, self.after, strict=True)
        ]


class Noted(NotedRow, frozen=True, kw_only=True, gc=False):
    """A row as it is written: its fields are the columns of `history`.

    `mark` is that of the request that writes, 0 for none.
    """

    team_id: int
    person_number: int
    person_id: UUID
    mark: int = 0


def note(project: int, row: Upsert, write_id: int, version: int, source: Source) -> Noted | None:
    """Return what to note of a row; None of who is new, or deleted.

    Args:
        project: whose person.
        row: as it will be written.
        write_id: of that row.
        version: of that row.
        source: what is done, and by whom.
    """
    if row.before is None or row.is_deleted:
        return None
    touched = touched_between(row.before.properties, row.properties)
    return Noted(
        team_id=project,
        person_number=person_number(row.uuid),
        person_id=row.uuid,
        version=version,
        write_id=write_id,
        follows=row.before.write_id,
        followed=row.before.version,
        source=source.name,
        key_id=source.key_id,
        key_label=source.key_label,
        keys=[one.key for one in touched],
        before=[_text(one.before) for one in touched],
        after=[_text(one.after) for one in touched],
        mark=row.mark,
    )


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode()


def list_noted(
    project: int, person: UUID, *, until: int, since: int, limit: int
) -> Statement[NotedRow]:
    """Select what was noted of a person, the latest first; what never came to be, too.

    Args:
        project: whose person.
        person: its uuid.
        until: the highest version.
        since: what has a lower version is too old to be shown.
        limit: rows at most.
    """
    return Statement(
        "history.list",
        sql(
            """
            SELECT version, write_id, follows, followed, source, key_id, key_label,
                keys, before, after
            FROM history FINAL
            WHERE team_id = {} AND person_number = {} AND person_id = {}
              AND version <= {} AND version >= {}
            ORDER BY version DESC, write_id DESC
            LIMIT {}
            """,
            bind("UInt32", project),
            bind("UInt64", person_number(person)),
            bind("UUID", str(person)),
            bind("UInt64", until),
            bind("UInt64", since),
            bind("UInt64", limit),
        ),
        NotedRow,
        threads=1,
    )


def led_to(rows: Iterable[NotedRow], write_id: int) -> list[NotedRow]:
    """Return those of the rows that a write leads back to, itself first.

    Args:
        rows: the latest first.
        write_id: of the write to go back from.
    """
    found: list[NotedRow] = []
    for row in rows:
        if row.write_id == write_id:
            found.append(row)
            write_id = row.follows
    return found


class Retention(Struct, frozen=True):
    """For how many days the table keeps its rows, 0 where that is not known."""

    days: int


def get_retention(table: str) -> Statement[Retention]:
    """Select for how long the history is kept; one row.

    Args:
        table: that has the rows: on a cluster another than that which leads to them.
    """
    return Statement(
        "history.retention",
        sql(
            """
            SELECT toUInt32OrZero(extract(create_table_query, {})) AS days FROM system.tables
            WHERE database = currentDatabase() AND name = {}
            """,
            bind("String", r"toIntervalDay\((?:_CAST\()?([0-9]+)"),
            bind("String", table),
        ),
        Retention,
    )


def keep(days: int) -> Statement[None]:
    """Let ClickHouse drop what is older than so many days, when it merges."""
    return Statement(
        "history.keep",
        sql(
            """
            ALTER TABLE history
            MODIFY TTL toDateTime(intDiv(version, 1000000)) + toIntervalDay({})
            SETTINGS materialize_ttl_after_modify = 0
            """,
            bind("UInt32", days),
        ),
        type(None),
    )
