"""Candidates first, then the truth: pages and counts that read few rows, and are exact.

FINAL has to merge the keys of all parts before any filter is applied, and it cannot trust an index
on another column: an old version may pass where the new one does not. Asked without FINAL, the
same filter is answered by indexes and in order, but for *versions*, old ones too. So the
candidates are taken that way, and FINAL is asked about those keys alone, with the filter again.
A person whose latest version passes has a version that passes, so none is missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from queries.persons import COLUMNS, DISTINCT_IDS_SHOWN, CountRow, PersonRow, Selection, condition
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement


class Place(Struct, frozen=True):
    """Where a person stands in `persons`: its creation in microseconds since 1970, and its uuid."""

    created_us: int
    uuid: UUID


def find_candidates(selection: Selection, *, after: Place | None, limit: int) -> Statement[Place]:
    """Select the places of versions that pass, newest first; a place may come more than once.

    Args:
        selection: which persons.
        after: only places that follow this one; None from the first.
        limit: rows at most.
    """
    return Statement(
        "persons.candidates",
        sql(
            """
            SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
            FROM persons
            WHERE {}
            ORDER BY created_at DESC, id DESC
            LIMIT {}
            """,
            all_of([condition(selection), *([] if after is None else [_follows(after)])]),
            bind("UInt64", limit),
        ),
        Place,
        threads=1,
    )


def read_candidates(selection: Selection, places: list[Place]) -> Statement[PersonRow]:
    """Select those of the places whose latest version passes, newest first.

    `places` must hold one at least, in the order `find_candidates` gave them.
    """
    return Statement(
        "persons.page",
        sql(
            """
            SELECT {}
            FROM persons FINAL
            WHERE {} AND {}
            ORDER BY created_at DESC, id DESC
            """,
            sql(
                COLUMNS, sql("arraySlice(distinct_ids, 1, {})", bind("UInt32", DISTINCT_IDS_SHOWN))
            ),
            condition(selection),
            _stands_at(places),
        ),
        PersonRow,
        threads=1,
        skip_indexes=False,
    )


def count_versions(selection: Selection) -> Statement[CountRow]:
    """Count the versions that pass, old ones too: an upper bound of the persons that do."""
    return Statement(
        "persons.count_versions",
        sql("SELECT count() AS persons FROM persons WHERE {}", condition(selection)),
        CountRow,
    )


def count_candidates(selection: Selection) -> Statement[CountRow]:
    """Count the persons that pass; quick where few versions do, slow where many do."""
    passes = condition(selection)
    return Statement(
        "persons.count_candidates",
        sql(
            """
            SELECT count() AS persons
            FROM persons FINAL
            WHERE {} AND (created_at, id) IN (SELECT created_at, id FROM persons WHERE {})
            """,
            passes,
            passes,
        ),
        CountRow,
        skip_indexes=False,
    )


def _follows(place: Place) -> Sql:
    """Return the condition that a row stands after a place; its first half bounds what is read."""
    created = bind("Int64", place.created_us)
    return sql(
        """(created_at <= fromUnixTimestamp64Micro({}, 'UTC')
            AND (created_at, id) < (fromUnixTimestamp64Micro({}, 'UTC'), {}))""",
        created,
        created,
        bind("UUID", str(place.uuid)),
    )


def _stands_at(places: Iterable[Place]) -> Sql:
    """Return the condition that a row stands at one of the places."""
    ordered = list(places)
    return sql(
        """(created_at >= fromUnixTimestamp64Micro({}, 'UTC')
            AND created_at <= fromUnixTimestamp64Micro({}, 'UTC')
            AND (created_at, id) IN (
                SELECT fromUnixTimestamp64Micro(place.1, 'UTC'), place.2
                FROM (SELECT arrayJoin(arrayZip({}, {})) AS place)))""",
        bind("Int64", ordered[-1].created_us),
        bind("Int64", ordered[0].created_us),
        bind("Array(Int64)", [place.created_us for place in ordered]),
        bind("Array(UUID)", [str(place.uuid) for place in ordered]),
    )
