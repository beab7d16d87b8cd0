"""What was counted of the properties in the parts of `persons`, and what is missing of it.

To read everybody's JSON takes some eight microseconds a person: too long for a request at millions.
So it is done once for each part, a slice at a time, and kept in `property_statistics`. A part never
changes. Where parts are settled (queries/settled.py) the sum over them is that of all persons, but
for those who stand in other parts too: their rows are taken off, and the latest put in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from msgspec import Struct

from queries.property_counts import MOST_VALUES, TOTAL, KeyRow, counted, members
from queries.settled import in_parts
from queries.sql import bind, sql
from queries.statement import Statement

# The engine's threads for it come last of all.
_NICE = 19


class Counted(Struct, frozen=True):
    """A part of which some slices are counted."""

    part: str
    slices: list[int]


class Changed(Struct, frozen=True, gc=False):
    """A row to be counted, `sign` 1, or to be taken off again, -1."""

    sign: int
    properties: str
    created_us: int
    version: int


class Kinds(Struct, frozen=True):
    """Of how many persons the value of a key is of which type, in some parts.

    `nested` are lists and objects.
    """

    key: str
    texts: int
    numbers: int
    booleans: int
    nested: int


class Name(Struct, frozen=True):
    """A key."""

    key: str


def list_counted() -> Statement[Counted]:
    """Select which slices of which parts are counted."""
    return Statement(
        "statistics.counted",
        sql(
            """
            SELECT part, groupUniqArray(slice) AS slices
            FROM property_statistics WHERE team_id = 0 GROUP BY part
            """
        ),
        Counted,
    )


def count_slice(part: str, slice: int, size: int) -> Statement[None]:
    """Count the rows of a slice, of all projects; those that are no tombstones and not masked.

    Args:
        part: of which.
        slice: which of its slices, from 0.
        size: rows of a slice.
    """
    first = slice * size
    rows = sql(
        """(
                                    SELECT team_id, created_at, version, properties FROM persons
                                    WHERE _part = {} AND is_deleted = 0
                                      AND _part_offset >= {} AND _part_offset < {})""",
        bind("String", part),
        bind("UInt64", first),
        bind("UInt64", first + size),
    )
    return Statement(
        "statistics.count_slice",
        sql(
            """
            INSERT INTO property_statistics
            SELECT team_id, {}, {}, * EXCEPT (team_id) FROM ({})
            SETTINGS max_threads = 1, os_threads_nice_value_query = {},
                max_bytes_before_external_group_by = 500000000
            """,
            bind("String", part),
            bind("UInt32", slice),
            counted(rows, sql("uniqCombined64StateIf(14)")),
            bind("UInt64", _NICE),
        ),
        type(None),
    )


def note_slice(part: str, slice: int) -> Statement[None]:
    """Say that a slice is counted to its end."""
    return Statement(
        "statistics.note_slice",
        sql(
            "INSERT INTO property_statistics (team_id, part, slice) SELECT 0, {}, {}",
            bind("String", part),
            bind("UInt32", slice),
        ),
        type(None),
    )


def drop_gone() -> Statement[None]:
    """Start to remove what was counted of parts that are no more."""
    return Statement(
        "statistics.drop_gone",
        sql(
            """
            ALTER TABLE property_statistics DELETE WHERE part NOT IN (
                SELECT name FROM system.parts
                WHERE active AND database = currentDatabase() AND table = 'persons')
            SETTINGS mutations_sync = 0, allow_nondeterministic_mutations = 1
            """
        ),
        type(None),
    )


def sum_parts(project: int, parts: Sequence[str]) -> Statement[KeyRow]:
    """Add up what was counted of some parts, as `property_counts.count_keys` has it."""
    return Statement(
        "statistics.sum",
        sql(
            """
            SELECT if(is_total, '', sought) AS key, toBool(sought = {}) AS is_total,
                persons, texts, numbers, booleans, nulls, lists, objects, rough, distinct,
                most.1 AS values, most.2 AS counts,
                toBool(are_whole AND length(added.1) < {}) AS is_whole, first_us, last_us
            FROM (
                SELECT key AS sought, sum(one.persons) AS persons, sum(one.texts) AS texts,
                    sum(one.numbers) AS numbers, sum(one.booleans) AS booleans,
                    sum(one.nulls) AS nulls, sum(one.lists) AS lists, sum(one.objects) AS objects,
                    sum(one.rough) AS rough, uniqCombined64Merge(14)(one.uniques) AS distinct,
                    sumMap(one.values, one.counts) AS added, min(one.is_whole) AS are_whole,
                    arraySlice(arrayReverseSort(
                        pair -> (pair.2, pair.1), arrayZip(added.1, added.2)), 1, {}) AS most,
                    min(one.first_us) AS first_us, max(one.last_us) AS last_us
                FROM (
                    SELECT * FROM property_statistics FINAL
                    WHERE team_id = {} AND part IN {}) AS one
                GROUP BY key)
            """,
            TOTAL,
            bind("UInt32", MOST_VALUES),
            bind("UInt32", MOST_VALUES),
            bind("UInt32", project),
            bind("Array(String)", list(parts)),
        ),
        KeyRow,
    )


def sum_kinds(project: int, parts: Sequence[str], keys: Sequence[str]) -> Statement[Kinds]:
    """Add up of which types the values of some keys are in some parts."""
    return Statement(
        "statistics.kinds",
        sql(
            """
            SELECT key, sum(one.texts) AS texts, sum(one.numbers) AS numbers,
                sum(one.booleans) AS booleans, sum(one.lists) + sum(one.objects) AS nested
            FROM (
                SELECT key, texts, numbers, booleans, lists, objects
                FROM property_statistics FINAL
                WHERE team_id = {} AND part IN {} AND key IN {}) AS one
            GROUP BY key
            """,
            bind("UInt32", project),
            bind("Array(String)", list(parts)),
            bind("Array(String)", list(keys)),
        ),
        Kinds,
    )


def list_changed(project: int, parts: Sequence[str]) -> Statement[Changed]:
    """Select what makes of the persons in some parts those that are there now.

    Of everybody who stands in any other part: the row in these parts, to be taken off, and the
    latest of all.

    Args:
        project: whose.
        parts: in which nobody has two rows that are no tombstones.
    """
    columns: LiteralString = "properties, toUnixTimestamp64Micro(created_at) AS created_us, version"
    project_is = sql("team_id = {}", bind("UInt32", project))
    concerned = sql(
        "(created_at, id) IN (SELECT created_at, id FROM persons WHERE {} AND NOT {})",
        project_is,
        in_parts(parts),
    )
    return Statement(
        "statistics.changed",
        sql(
            """
            SELECT -1 AS sign, {}
            FROM persons PREWHERE {} AND {} AND {} WHERE is_deleted = 0
            UNION ALL
            SELECT 1 AS sign, {}
            FROM persons FINAL PREWHERE {} AND {}
            """,
            sql(columns),
            project_is,
            in_parts(parts),
            concerned,
            sql(columns),
            project_is,
            concerned,
        ),
        Changed,
        skip_indexes=False,
    )


def list_counted_keys(project: int, parts: Sequence[str]) -> Statement[Name]:
    """Select all keys that were counted of some parts."""
    return Statement(
        "statistics.keys",
        sql(
            """
            SELECT DISTINCT key FROM property_statistics
            WHERE team_id = {} AND part IN {} AND key != {}
            """,
            bind("UInt32", project),
            bind("Array(String)", list(parts)),
            TOTAL,
        ),
        Name,
    )


def list_other_keys(project: int, parts: Sequence[str]) -> Statement[Name]:
    """Select all keys in all other parts, of whatever version."""
    rows = sql(
        """(
                                    SELECT team_id, created_at, version, properties FROM persons
                                    WHERE team_id = {} AND NOT {})""",
        bind("UInt32", project),
        in_parts(parts),
    )
    return Statement(
        "statistics.other_keys",
        sql("SELECT DISTINCT key FROM ({}) WHERE key != {}", members(rows), TOTAL),
        Name,
    )
