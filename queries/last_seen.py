"""When a person was last seen: the hour of the latest event of a distinct id it has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from queries.sql import Sql, bind, sql
from queries.statement import Statement
from queries.stored import StoredPerson
from queries.upserts import Upsert, draft

_HOUR_US = 3_600_000_000

Seen = Mapping[str, int]
"""The hour in which each distinct id was seen last, microseconds since 1970; who never was is not
in it."""


class SeenRow(Struct, frozen=True, gc=False):
    """A distinct id and the time of its latest event, microseconds since 1970."""

    distinct_id: str
    at_us: int


def hours(rows: Iterable[SeenRow]) -> dict[str, int]:
    """Return the hours that times are in."""
    return {row.distinct_id: row.at_us // _HOUR_US * _HOUR_US for row in rows}


def latest(ids: Iterable[str], seen: Seen) -> int | None:
    """Return when the first of some distinct ids was seen last, None where none was."""
    return max((seen[one] for one in ids if one in seen), default=None)


def seen_now(people: Iterable[StoredPerson], seen: Seen) -> list[Upsert]:
    """Return the rows of those alive who were seen later than their rows say."""
    rows: list[Upsert] = []
    for person in people:
        hour = None if person.is_deleted else latest(person.ids, seen)
        if hour is not None and (person.last_seen_us is None or person.last_seen_us < hour):
            row = draft(person)
            row.last_seen_us = hour
            rows.append(row)
    return rows


def put_seen(rows: Iterable[Upsert], seen: Seen) -> None:
    """Let rows say of their new distinct ids when they were seen, if that is later."""
    for row in rows:
        hour = latest(row.new_ids, seen)
        if hour is not None and (row.last_seen_us is None or row.last_seen_us < hour):
            row.last_seen_us = hour


def without(
    person: StoredPerson, moved: Sequence[str], left: Sequence[str], seen: Seen
) -> int | None:
    """Return when a person was last seen that has lost distinct ids.

    If what it says is the hour of one of those, it is that of the ones that are left. Else somebody
    said so otherwise, and it stays.
    """
    if person.last_seen_us is None or latest(moved, seen) != person.last_seen_us:
        return person.last_seen_us
    return latest(left, seen)


def list_events_of(project: int, ids: Sql) -> Statement[SeenRow]:
    """Select the time of the latest event of each distinct id, those being removed left out.

    Args:
        project: whose events.
        ids: what stands after IN.
    """
    return Statement(
        "last_seen.events",
        sql(
            """
            SELECT distinct_id, toUnixTimestamp64Micro(max(timestamp)) AS at_us
            FROM (
                SELECT distinct_id, timestamp, version FROM events
                WHERE team_id = {} AND distinct_id IN {}) AS event
            LEFT JOIN (
                SELECT distinct_id, max(event_deletions.until) AS until
                FROM event_deletions WHERE team_id = {} GROUP BY distinct_id) AS hidden
            ON event.distinct_id = hidden.distinct_id
            WHERE event.version > hidden.until
            GROUP BY distinct_id
            """,
            bind("UInt32", project),
            ids,
            bind("UInt32", project),
        ),
        SeenRow,
    )


def list_staged(table: str, after: str, *, limit: int) -> Statement[SeenRow]:
    """Select distinct ids of a table of `distinct_id` and `at`, in order, a piece at a time.

    Args:
        table: its name.
        after: the last one of the piece before; empty for the first piece.
        limit: ids at most.
    """
    return Statement(
        "last_seen.staged",
        sql(
            """
            SELECT distinct_id, toUnixTimestamp64Micro(max(at)) AS at_us
            FROM {} WHERE distinct_id > {}
            GROUP BY distinct_id ORDER BY distinct_id LIMIT {}
            """,
            bind("Identifier", table),
            bind("String", after),
            bind("UInt64", limit),
        ),
        SeenRow,
    )


class Existing(Struct, frozen=True):
    """Whether there are any."""

    found: bool


def has_events(project: int) -> Statement[Existing]:
    """Say whether a project has events; one row."""
    return Statement(
        "last_seen.has_events",
        sql(
            """
            SELECT toBool(count()) AS found
            FROM (SELECT 1 FROM events WHERE team_id = {} LIMIT 1)
            """,
            bind("UInt32", project),
        ),
        Existing,
        threads=1,
    )
