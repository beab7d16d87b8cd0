"""Candidates first, then the truth: pages and counts that read few rows, and are exact.

FINAL has to merge the keys of all parts before any filter is applied, and it cannot trust an index
on another column: an old version may pass where the new one does not. Asked without FINAL, the
same filter is answered by indexes and in order, but for *versions*, old ones too. So the
candidates are taken that way, and FINAL is asked about those keys alone, with the filter again.
A person whose latest version passes has a version that passes, so none is missed.

The keys stand in PREWHERE: it is asked before versions are merged, so that what is not in the key
is read only where one of the keys is. No version changes a key, so none is lost to FINAL by it.
"""

from __future__ import annotations

from collections.abc import Iterable

from queries.persons import COLUMNS, DISTINCT_IDS_SHOWN, CountRow, PersonRow, Selection, condition
from queries.places import Place, reading
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement


def find_candidates(
    selection: Selection, *, limit: int, after: Place | None = None, before: Place | None = None
) -> Statement[Place]:
    """Select the places of versions that pass; a place may come more than once.

    Without the engine's shortcut for a sorted few, which takes PREWHERE's place: it reads the key
    of everybody before the filter is asked. For a rare key that is three times the time.

    Args:
        selection: which persons.
        limit: rows at most.
        after: those that follow this one, newest first; None from the newest.
        before: those that this one follows, oldest first. One of the two must be None.
    """
    side, order = reading(after, before)
    return Statement(
        "persons.candidates",
        sql(
            """
            SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
            FROM persons
            WHERE {}
            ORDER BY {}
            LIMIT {}
            SETTINGS use_top_k_dynamic_filtering = 0
            """,
            all_of([condition(selection), *side]),
            order,
            bind("UInt64", limit),
        ),
        Place,
        threads=1,
    )


def read_candidates(selection: Selection, places: list[Place]) -> Statement[PersonRow]:
    """Select those of the places whose latest version passes, newest first.

    `places` must hold one at least, newest first.
    """
    return Statement(
        "persons.page",
        sql(
            """
            SELECT {}
            FROM persons FINAL
            PREWHERE {}
            WHERE {}
            ORDER BY created_at DESC, id DESC
            """,
            sql(
                COLUMNS, sql("arraySlice(distinct_ids, 1, {})", bind("UInt32", DISTINCT_IDS_SHOWN))
            ),
            _stands_at(places),
            condition(selection, located=True),
        ),
        PersonRow,
        threads=1,
        skip_indexes=False,
    )


def count_versions(selection: Selection, *, most: int) -> Statement[CountRow]:
    """Count the versions that pass, old ones too, up to `most`.

    Where fewer do, that is an upper bound of the persons that do.
    """
    return Statement(
        "persons.count_versions",
        sql(
            "SELECT count() AS persons FROM (SELECT 1 FROM persons WHERE {} LIMIT {})",
            condition(selection),
            bind("UInt64", most),
        ),
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
            PREWHERE (created_at, id) IN (SELECT created_at, id FROM persons WHERE {})
            WHERE {}
            """,
            passes,
            passes,
        ),
        CountRow,
        skip_indexes=False,
    )


def _stands_at(places: Iterable[Place]) -> Sql:
    """Return the condition that a row stands at one of the places."""
    ordered = list(places)
    if len(ordered) == 1:
        # To plan a subquery takes two milliseconds, and mostly there is one.
        return sql(
            "(created_at = fromUnixTimestamp64Micro({}, 'UTC') AND id = {})",
            bind("Int64", ordered[0].created_us),
            bind("UUID", str(ordered[0].uuid)),
        )
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
