"""Statements that read many persons, each named by a distinct id or a uuid.

As for one person the index tables name places to look, and FINAL is asked about those alone. The
keys stand in PREWHERE, as in `queries.candidates`.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.lists import rows_of
from queries.persons import COLUMNS, DISTINCT_IDS_SHOWN, PersonRow
from queries.sql import bind, sql
from queries.statement import Statement

_SHOWN = sql("arraySlice(distinct_ids, 1, {})", bind("UInt32", DISTINCT_IDS_SHOWN))


class OwnerRow(PersonRow, frozen=True, gc=False):
    """A person, and which of the distinct ids that were asked for it has, each once or more."""

    asked: list[str]


class NumberRow(Struct, frozen=True):
    """An integer id, and a uuid that it is made of; rarely there are several."""

    number: int
    uuid: UUID


def get_owners(project: int, distinct_ids: Collection[str]) -> Statement[OwnerRow]:
    """Select the persons who have one of the distinct ids or more, each person once.

    Whoever had an id and has it no more does not count. In no order.
    """
    asked = rows_of("Array(String)", distinct_ids)
    return Statement(
        "persons.owners",
        sql(
            """
            SELECT {}, arrayFilter(one -> one IN {}, distinct_ids) AS asked
            FROM persons FINAL
            PREWHERE team_id = {}
              AND (created_at, id) IN (
                SELECT created_at, person_id FROM distinct_ids
                WHERE team_id = {} AND distinct_id IN {})
            WHERE notEmpty(asked)
            """,
            sql(COLUMNS, _SHOWN),
            asked,
            bind("UInt32", project),
            bind("UInt32", project),
            asked,
        ),
        OwnerRow,
        threads=1,
        skip_indexes=False,
    )


def get_many(project: int, uuids: Collection[UUID]) -> Statement[PersonRow]:
    """Select the persons with these uuids, each once, in no order."""
    return Statement(
        "persons.get_many",
        sql(
            """
            SELECT {}
            FROM persons FINAL
            PREWHERE team_id = {}
              AND (created_at, id) IN (
                SELECT created_at, id FROM person_keys
                WHERE team_id = {} AND number IN {} AND id IN {})
            """,
            sql(COLUMNS, _SHOWN),
            bind("UInt32", project),
            bind("UInt32", project),
            rows_of("Array(UInt64)", map(person_number, uuids)),
            rows_of("Array(UUID)", map(str, uuids)),
        ),
        PersonRow,
        threads=1,
        skip_indexes=False,
    )


def name_numbers(project: int, numbers: Collection[int]) -> Statement[NumberRow]:
    """Select the uuids of all who have or had one of these integer ids, alive or not."""
    return Statement(
        "persons.name_numbers",
        sql(
            """
            SELECT DISTINCT number, id AS uuid FROM person_keys
            WHERE team_id = {} AND number IN {}
            """,
            bind("UInt32", project),
            rows_of("Array(UInt64)", numbers),
        ),
        NumberRow,
        threads=1,
    )
