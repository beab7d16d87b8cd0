"""Statements that read persons: a page, one person, a count, all for an export.

Every one of them asks FINAL, so that only a person's latest version is seen and none that is
deleted, whatever has been merged by then.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString
from uuid import UUID

from msgspec import Struct

from queries.filters import EVERYONE, Filter
from queries.identity import person_number
from queries.lists import rows_of
from queries.places import Place, reading
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement
from queries.where import where

DISTINCT_IDS_SHOWN = 1_000


class PersonRow(Struct, frozen=True, gc=False):
    """The latest version of a person. Times are microseconds since 1970, `properties` JSON text.

    `ids`, the distinct ids, stand in the order they were attached; a page holds the first 1,000.
    """

    uuid: UUID
    created_us: int
    is_identified: bool
    last_seen_us: int | None
    ids: list[str]
    properties: str
    version: int


class CountRow(Struct, frozen=True):
    """How many there are."""

    persons: int


class Times(Struct, frozen=True):
    """When a person was created, last changed, last seen; microseconds since 1970, None for any.

    From the first moment on, and before the second: two spans that meet have nobody in common.
    """

    created_from: int | None = None
    created_before: int | None = None
    updated_from: int | None = None
    seen_from: int | None = None


class Selection(Struct, frozen=True):
    """Which persons of a project are asked for; every given part must hold.

    `until_us` hides persons created after it: PostHog shows none from more than a day ahead. Of
    `distinct_ids` a person must have one, whichever. `times` are of the person itself.
    """

    project: int
    until_us: int
    filter: Filter = EVERYONE
    search: str = ""
    email: str = ""
    distinct_ids: tuple[str, ...] = ()
    times: Times = Times()

    def is_narrow(self) -> bool:
        """Say whether it asks for few, as somebody does who looks for a person."""
        return bool(self.search or self.email or self.distinct_ids)

    def is_everyone(self) -> bool:
        """Say whether nothing but the project narrows it."""
        return not self.is_narrow() and self.filter == EVERYONE and self.times == Times()


# No alias is the name of a column: ClickHouse would take it for the column in WHERE too.
COLUMNS: LiteralString = """toString(id) AS uuid,
    toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
    toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, {} AS ids, properties, version"""

# FINAL reads a block of every part before it stops, of 65,409 rows if not told otherwise. Where few
# rows pass, and many blocks are needed, large ones are quicker.
SMALL_BLOCKS = sql("SETTINGS max_block_size = 2048")


def list_persons(
    selection: Selection,
    *,
    limit: int,
    offset: int = 0,
    after: Place | None = None,
    before: Place | None = None,
) -> Statement[PersonRow]:
    """Select persons newest first, ties in descending order of ClickHouse's UUIDs.

    Args:
        selection: which persons.
        limit: rows at most; a caller asks for one more than it shows, to learn of a next page.
        offset: how many of the first to leave out.
        after: only those that follow this place; None from the newest.
        before: only those that this place follows, oldest first. One of the two must be None.
    """
    side, order = reading(after, before)
    shown = sql("arraySlice(distinct_ids, 1, {})", bind("UInt32", DISTINCT_IDS_SHOWN))
    return Statement(
        "persons.list",
        sql(
            """
            SELECT {}
            FROM persons FINAL
            {}
            WHERE {}
            ORDER BY {}
            LIMIT {} OFFSET {}
            {}
            """,
            sql(COLUMNS, shown),
            prewhere(selection),
            all_of([condition(selection, located=True), *side]),
            order,
            bind("UInt64", limit),
            bind("UInt64", offset),
            SMALL_BLOCKS if selection.is_everyone() else sql(""),
        ),
        PersonRow,
        threads=1,
    )


def export_persons(selection: Selection) -> Statement[PersonRow]:
    """Select all persons in the order of the list, all distinct ids with them."""
    return Statement(
        "persons.export",
        sql(
            "SELECT {} FROM persons FINAL WHERE {} ORDER BY created_at DESC, id DESC",
            sql(COLUMNS, sql("distinct_ids")),
            condition(selection),
        ),
        PersonRow,
    )


def get_persons(project: int, *, uuid: UUID | None = None, number: int = 0) -> Statement[PersonRow]:
    """Select the persons with a uuid (one at most) or with an integer id.

    An integer id is 53 bits of the uuid, so two persons may share one: two rows then. The keys
    stand in PREWHERE, as in `queries.candidates`.
    """
    by_uuid = sql("true") if uuid is None else sql("id = {}", bind("UUID", str(uuid)))
    return Statement(
        "persons.get",
        sql(
            """
            SELECT {}
            FROM persons FINAL
            PREWHERE team_id = {}
              AND {}
              AND (created_at, id) IN (
                SELECT created_at, id FROM person_keys WHERE team_id = {} AND number = {} AND {})
            """,
            sql(COLUMNS, sql("distinct_ids")),
            bind("UInt32", project),
            by_uuid,
            bind("UInt32", project),
            bind("UInt64", number if uuid is None else person_number(uuid)),
            by_uuid,
        ),
        PersonRow,
        threads=1,
    )


def condition(selection: Selection, *, bounded: bool = True, located: bool = False) -> Sql:
    """Return the condition that a row of `persons` is in the selection.

    `bounded` False leaves out `until_us`, for rows of which none is created later; `located` True
    what leads to the bearers of distinct ids, for rows that PREWHERE has chosen by it.
    """
    parts = [sql("team_id = {}", bind("UInt32", selection.project))]
    if bounded:
        until = bind("Int64", selection.until_us)
        parts.append(sql("created_at <= fromUnixTimestamp64Micro({}, 'UTC')", until))
    parts += _at(selection.times)
    if selection.distinct_ids:
        if not located:
            parts.append(stands_with(selection.project, selection.distinct_ids))
        parts.append(has_any(selection.distinct_ids))
    if selection.email:
        # The index of `search` leads to the few that hold the address; who of them has it as
        # the property, letter for letter, is then looked up.
        near = contains_pattern(selection.email)
        parts.append(sql("search LIKE {}", bind("String", near)))
        parts.append(sql("ifNull(prop.email = {}, false)", bind("String", selection.email)))
    if selection.search:
        parts.append(sql("search LIKE {}", bind("String", contains_pattern(selection.search))))
    if selection.filter != EVERYONE:
        parts.append(where(selection.filter))
    return all_of(parts)


def _at(times: Times) -> list[Sql]:
    """Return the conditions on a row's times; its version is when it was written."""
    parts: list[Sql] = []
    if times.created_from is not None:
        begins = bind("Int64", times.created_from)
        parts.append(sql("created_at >= fromUnixTimestamp64Micro({}, 'UTC')", begins))
    if times.created_before is not None:
        ends = bind("Int64", times.created_before)
        parts.append(sql("created_at < fromUnixTimestamp64Micro({}, 'UTC')", ends))
    if times.updated_from is not None:
        # Before 1970 nothing was written, and a version is never negative.
        parts.append(sql("version >= {}", bind("UInt64", max(0, times.updated_from))))
    if times.seen_from is not None:
        seen = bind("Int64", times.seen_from)
        parts.append(
            sql("ifNull(last_seen_at >= fromUnixTimestamp64Micro({}, 'UTC'), false)", seen)
        )
    return parts


def prewhere(selection: Selection) -> Sql:
    """Return what to ask of the key before versions are merged, which none of them changes."""
    if not selection.distinct_ids:
        return sql("")
    return sql("PREWHERE {}", stands_with(selection.project, selection.distinct_ids))


def stands_with(project: int, distinct_ids: Collection[str]) -> Sql:
    """Return the condition that a row is of a person who has, or ever had, one of the ids."""
    return sql(
        """(created_at, id) IN (
            SELECT created_at, person_id FROM distinct_ids WHERE team_id = {} AND distinct_id IN {})
        """,
        bind("UInt32", project),
        rows_of("Array(String)", distinct_ids),
    )


def has_any(distinct_ids: Collection[str]) -> Sql:
    """Return the condition that a person has one of the ids now: its own list decides.

    It may hold 150,000, so each is looked up among the wanted ones, and not the other way round.
    """
    wanted = rows_of("Array(String)", distinct_ids)
    return sql("arrayExists(one -> one IN {}, distinct_ids)", wanted)


def contains_pattern(search: str) -> str:
    """Return a LIKE pattern for texts that contain `search`, whose wildcards are literal.

    The stored text is case-folded by the writer, with the same function as here.
    """
    folded = search.casefold()
    for special in "\\%_":
        folded = folded.replace(special, "\\" + special)
    return f"%{folded}%"
