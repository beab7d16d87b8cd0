"""The values a property takes, most frequent first."""

from __future__ import annotations

from msgspec import Struct

from queries import properties
from queries.persons import Selection
from queries.settled import Settled, latest
from queries.sql import bind, sql
from queries.statement import Statement

VALUES_SHOWN = 20


class ValueRow(Struct, frozen=True):
    """A value as text, and how many persons have it."""

    name: str
    count: int


def list_values(
    selection: Selection, key: str, contains: str, settled: Settled | None
) -> Statement[ValueRow]:
    """Select the 20 most frequent values of a property, ties by text.

    Each person counts once, with its latest version; absent, null and "" do not count.

    Args:
        selection: of which persons.
        key: the property.
        contains: only values that hold this text, case ignored; "" for all.
        settled: the parts that need no FINAL, if they are known.
    """
    return Statement(
        "persons.values",
        sql(
            """
            SELECT assumeNotNull(value) AS name, count() AS count
            FROM ({})
            WHERE isNotNull(value) AND value != '' AND {}
            GROUP BY value
            ORDER BY count DESC, name
            LIMIT {}
            """,
            latest(sql("{} AS value", properties.text(key)), selection, settled),
            sql("true")
            if not contains
            else sql(
                "position({}, {}) > 0",
                properties.folded(sql("value")),
                bind("String", contains.casefold()),
            ),
            bind("UInt64", VALUES_SHOWN),
        ),
        ValueRow,
        skip_indexes=False,
    )


def list_distinct_ids(project: int, contains: str) -> Statement[ValueRow]:
    """Select 20 distinct ids in order of their text, each with the count 1."""
    return Statement(
        "persons.distinct_id_values",
        sql(
            """
            SELECT name, 1 AS count
            FROM (SELECT arrayJoin(distinct_ids) AS name FROM persons FINAL WHERE team_id = {})
            WHERE position({}, {}) > 0
            ORDER BY name
            LIMIT {}
            """,
            bind("UInt32", project),
            properties.folded(sql("name")),
            bind("String", contains.casefold()),
            bind("UInt64", VALUES_SHOWN),
        ),
        ValueRow,
    )
