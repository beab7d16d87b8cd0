r"""What a CSV of everybody is to look like, beside what the catalogue knows: without a full pass.

The catalogue (`queries.property_statistics`) says exactly which keys there are, and of which types
their values. What it does not say is what is inside of lists and objects, and how many distinct ids
somebody has at most. Both are read here from columns that are small beside the properties.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from queries import properties
from queries.persons import Selection
from queries.settled import Settled, latest
from queries.sql import Bind, Sql, bind, sql
from queries.statement import Statement

# Of persons with a number of distinct ids so many are looked at, whether one has it now.
MOST_HOLDERS = 1_000

# Keys, other texts, words and numbers, and what is between them.
_TOKENS = r'"(?:[^"\\]|\\.)*":?|-?[0-9][0-9.eE+-]*|[a-z]+|[^"]'


class IdsRow(Struct, frozen=True):
    """How many versions of persons have so many distinct ids."""

    ids: int
    versions: int


class Found(Struct, frozen=True):
    """How many persons were found."""

    persons: int


class NestedRow(Struct, frozen=True):
    """A list or an object at a key, all values in it 0: only its names count."""

    key: str
    json: str


def count_ids(project: int) -> Statement[IdsRow]:
    """Count the versions of persons by how many distinct ids they have, the most first."""
    return Statement(
        "columns.ids",
        sql(
            """
            SELECT length(distinct_ids) AS ids, count() AS versions
            FROM persons WHERE team_id = {} AND is_deleted = 0
            GROUP BY ids ORDER BY ids DESC
            """,
            bind("UInt32", project),
        ),
        IdsRow,
        skip_indexes=False,
    )


def find_holders(project: int, ids: int) -> Statement[Found]:
    """Count persons who have so many distinct ids now, of some who have or had; always one row."""
    return Statement(
        "columns.holders",
        sql(
            """
            SELECT count() AS persons
            FROM persons FINAL
            PREWHERE team_id = {} AND (created_at, id) IN (
                SELECT created_at, id FROM persons
                WHERE team_id = {} AND is_deleted = 0 AND length(distinct_ids) = {}
                LIMIT {})
            WHERE length(distinct_ids) = {}
            """,
            bind("UInt32", project),
            bind("UInt32", project),
            bind("UInt64", ids),
            bind("UInt64", MOST_HOLDERS),
            bind("UInt64", ids),
        ),
        Found,
        skip_indexes=False,
    )


def find_later(selection: Selection) -> Statement[Found]:
    """Count versions of who is created after a selection's last moment, to one; always one row."""
    return Statement(
        "columns.later",
        sql(
            """
            SELECT count() AS persons FROM (
                SELECT 1 FROM persons
                WHERE team_id = {} AND created_at > fromUnixTimestamp64Micro({}, 'UTC') LIMIT 1)
            """,
            bind("UInt32", selection.project),
            bind("Int64", selection.until_us),
        ),
        Found,
        threads=1,
        skip_indexes=False,
    )


def list_nested(
    selection: Selection, settled: Settled | None, keys: Sequence[str]
) -> Statement[NestedRow]:
    """Select the different lists and objects at some keys.

    Args:
        selection: of whom.
        settled: the parts that are.
        keys: one or more, at which nobody has a text: it might look like a list.
    """
    parts: list[str | Bind] = []
    for key in keys:
        parts += [", "] if parts else []
        parts += sql("ifNull({}, '')", properties.text(key)).parts
    pairs = sql(
        "arrayJoin(arrayFilter(pair -> match(pair.2, '^[[{]'), arrayZip({}, [{}]))) AS pair",
        bind("Array(String)", list(keys)),
        Sql(tuple(parts)),
    )
    return Statement(
        "columns.nested",
        sql(
            """
            SELECT DISTINCT pair.1 AS key, arrayStringConcat(arrayMap(
                token -> multiIf(
                    endsWith(token, '":'), token, match(token, '^["a-z0-9-]'), '0', token),
                extractAll(pair.2, {}))) AS json
            FROM ({})
            """,
            bind("String", _TOKENS),
            latest(pairs, selection, settled),
        ),
        NestedRow,
        skip_indexes=False,
    )
