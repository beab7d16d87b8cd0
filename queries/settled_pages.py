"""A page of persons from settled parts (`queries.settled`): in one statement, by no candidates."""

from __future__ import annotations

from queries.filters import EVERYONE
from queries.persons import COLUMNS, DISTINCT_IDS_SHOWN, PersonRow, Selection
from queries.places import Place, reading
from queries.settled import Settled, elsewhere, in_settled
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement


def list_settled(
    selection: Selection,
    settled: Settled,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> Statement[PersonRow]:
    """Select persons newest first, or those before a place oldest first.

    The engine looks for the rows first and reads what is shown of them alone. It must not take its
    shortcut for a sorted few: see `candidates.find_candidates`.

    Args:
        selection: which persons.
        settled: the parts that are.
        limit: rows at most.
        after: only those that follow this place; None from the newest.
        before: only those that this place follows, oldest first. One of the two must be None.
    """
    side, order = reading(after, before)
    shown = sql(COLUMNS, sql("arraySlice(distinct_ids, 1, {})", bind("UInt32", DISTINCT_IDS_SHOWN)))
    most = bind("UInt64", limit)
    alone = all_of([in_settled(selection, settled), *side])
    if settled.is_all:
        text = sql(
            "SELECT {} FROM persons WHERE {} ORDER BY {} LIMIT {}", shown, alone, order, most
        )
        return _page(selection, text)
    others = all_of([elsewhere(selection, settled), *side])
    return _page(
        selection,
        sql(
            """
            SELECT * EXCEPT (created_at, id)
            FROM (
                SELECT {}, created_at, id FROM persons WHERE {} ORDER BY {} LIMIT {}
                UNION ALL
                SELECT {}, created_at, id FROM persons FINAL WHERE {} ORDER BY {} LIMIT {})
            ORDER BY {} LIMIT {}
            """,
            *(shown, alone, order, most),
            *(shown, others, order, most),
            *(order, most),
        ),
    )


def _page(selection: Selection, text: Sql) -> Statement[PersonRow]:
    return Statement(
        "persons.settled_page",
        sql("{} SETTINGS use_top_k_dynamic_filtering = 0", text),
        PersonRow,
        # Two find the rows of a rare key in half the time.
        threads=1 if selection.filter == EVERYONE else 2,
        skip_indexes=False,
    )
