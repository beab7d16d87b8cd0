"""Where a person stands in the list, and which rows stand before or after that place."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from queries.sql import Sql, bind, sql

_NEWEST_FIRST = sql("created_at DESC, id DESC")
# The table is in the order of the list: this reads it from the end.
_OLDEST_FIRST = sql("created_at ASC, id ASC")


class Place(Struct, frozen=True):
    """Where a person stands in `persons`: its creation in microseconds since 1970, and its uuid.

    No write moves a person, so what stands before and what after a place stays so. (A merge that
    gives a person another creation deletes it here and creates it there.)
    """

    created_us: int
    uuid: UUID


def reading(after: Place | None, before: Place | None) -> tuple[list[Sql], Sql]:
    """Return which rows to read, as conditions, and in which order, nearest to the place first.

    Args:
        after: the rows that follow this place, newest first; None from the newest.
        before: the rows that this place follows, oldest first. One of the two must be None.
    """
    if before is not None:
        return [_beyond(before, sql(">"))], _OLDEST_FIRST
    return [] if after is None else [_beyond(after, sql("<"))], _NEWEST_FIRST


def _beyond(place: Place, side: Sql) -> Sql:
    """Return the condition that a row stands on one side of a place.

    Its first half bounds what is read. Ties are in ClickHouse's order of UUIDs, not Python's.
    """
    created = bind("Int64", place.created_us)
    return sql(
        """(created_at {}= fromUnixTimestamp64Micro({}, 'UTC')
            AND (created_at, id) {} (fromUnixTimestamp64Micro({}, 'UTC'), {}))""",
        side,
        created,
        side,
        created,
        bind("UUID", str(place.uuid)),
    )
