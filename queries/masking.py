"""Masks superseded versions, so that reading what is left needs no FINAL.

A lightweight DELETE: rows get a mark that every read heeds, and go with the next merge. Only rows
that a newer version has taken the place of are marked, so no person is hidden at any moment. They
are named by their `write_id`, which no two rows share: by key and version, an insert that was
repeated would be masked with its twin.
"""

from __future__ import annotations

from queries.sql import bind, sql
from queries.statement import Statement


def empty_superseded() -> Statement[None]:
    """Forget the versions named as superseded."""
    return Statement("masking.empty", sql("TRUNCATE TABLE superseded"), type(None))


def name_superseded(settled: tuple[str, ...]) -> Statement[None]:
    """Name all versions of which a newer one is there.

    Reads all keys, in order and so in little memory.

    Args:
        settled: parts in which nobody has two versions: only who stands in another part is looked
            at. Of none, everybody is.
    """
    concerned = sql(
        """
            WHERE (team_id, created_at, id) IN (
                SELECT team_id, created_at, id FROM persons WHERE _part NOT IN {})""",
        bind("Array(String)", list(settled)),
    )
    return Statement(
        "masking.name",
        sql(
            """
            INSERT INTO superseded
            SELECT arrayJoin(arraySlice(
                arrayMap(row -> row.2, arraySort(groupArray((version, write_id)))), 1, -1))
            FROM persons {}
            GROUP BY team_id, created_at, id
            HAVING count() > 1
            SETTINGS optimize_aggregation_in_order = 1
            """,
            concerned if settled else sql(""),
        ),
        type(None),
    )


def mask_superseded() -> Statement[None]:
    """Start to mask what is named; returns at once, see `mutations.list_mutations`."""
    return Statement(
        "masking.mask",
        sql(
            """
            DELETE FROM persons WHERE write_id IN (SELECT write_id FROM superseded)
            SETTINGS lightweight_deletes_sync = 0
            """
        ),
        type(None),
    )
