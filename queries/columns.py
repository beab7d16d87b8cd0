"""Statements that find what columns a CSV of persons has, before any line of it is written.

Only few persons come to Python for this. Of all, the engine collects the keys; of those with lists
or objects, each different one of these, whose inner names Python then takes out. What ClickHouse
reads otherwise than we do comes whole: an object that holds a key twice, or a number that
ClickHouse has no type for.
"""

from __future__ import annotations

from msgspec import Struct

from queries.export_source import Source
from queries.sql import sql
from queries.statement import Statement

# Properties start with a brace. A text may hold one too: then a person is looked at for nothing.
FLAT = sql("(position(properties, '[') = 0 AND countSubstrings(properties, '{') = 1)")

# Longer than `{}`, and yet no key: a number too large for ClickHouse, say, which msgspec takes.
_UNREAD = sql("(length(properties) > 2 AND empty(JSONExtractKeys(properties)))")


class SizeRow(Struct, frozen=True):
    """How many persons there are, and how many distinct ids: at most, and with 98 % of them."""

    persons: int
    most_ids: int
    usual_ids: int


class KeyRow(Struct, frozen=True):
    """A key of properties, how many persons have it, and how many of these are flat.

    Flat are properties without a list or an object in them, or a text that looks like it.
    `unread`: not a key, but properties of so many persons that ClickHouse cannot read.
    """

    name: str
    unread: bool
    persons: int
    flat: int


class PartRow(Struct, frozen=True):
    """A part of somebody's properties.

    `whole`: `json` is all of the properties, as stored, and `name` empty. Else `json` is the list
    or object at the key `name`, its numbers not as they were written; empty for other values.
    """

    name: str
    whole: bool
    json: str


def count_sizes(source: Source) -> Statement[SizeRow]:
    """Count persons and their distinct ids; always one row."""
    return Statement(
        "columns.sizes",
        sql(
            """
            SELECT count() AS persons, max(length(distinct_ids)) AS most_ids,
                toUInt64(ifNotFinite(quantile(0.98)(length(distinct_ids)), 0)) AS usual_ids
            FROM {} FINAL
            WHERE {}
            """,
            source.rows(),
            source.condition(),
        ),
        SizeRow,
    )


def list_keys(source: Source) -> Statement[KeyRow]:
    """Select the keys of all properties."""
    # No UTF-8 text holds the byte FF, so no key is it.
    return Statement(
        "columns.keys",
        sql(
            r"""
            SELECT if(unread, '', key) AS name, key = '\xFF' AS unread, count() AS persons,
                sum(is_flat) AS flat
            FROM (
                SELECT arrayJoin(if(empty(keys), ['\xFF'], keys)) AS key, is_flat
                FROM (
                    SELECT JSONExtractKeys(properties) AS keys, {} AS is_flat
                    FROM {} FINAL
                    WHERE {} AND length(properties) > 2))
            GROUP BY key
            """,
            FLAT,
            source.rows(),
            source.condition(),
        ),
        KeyRow,
    )


def list_parts(source: Source) -> Statement[PartRow]:
    """Select what is in properties that are not flat, each different part once."""
    # With blocks as small as the default makes them, half of the time would go into sending them.
    return Statement(
        "columns.parts",
        sql(
            """
            SELECT DISTINCT part.1 AS name, part.2 AS whole, part.3 AS json
            FROM (
                SELECT arrayJoin(if(
                    notEmpty(pairs) AND length(arrayDistinct(pairs.1)) = length(pairs),
                    arrayMap(
                        pair -> (
                            pair.1,
                            false,
                            if(startsWith(pair.2, '[') OR startsWith(pair.2, '{'), pair.2, '')),
                        pairs),
                    [('', true, properties)])) AS part
                FROM (
                    SELECT properties, JSONExtractKeysAndValuesRaw(properties) AS pairs
                    FROM {} FINAL
                    WHERE {} AND NOT {}
                    SETTINGS preferred_block_size_bytes = 16000000))
            """,
            source.rows(),
            source.condition(),
            FLAT,
        ),
        PartRow,
    )


def list_unread(source: Source) -> Statement[PartRow]:
    """Select the whole of flat properties that `list_keys` could not read."""
    return Statement(
        "columns.unread",
        sql(
            """
            SELECT DISTINCT '' AS name, true AS whole, properties AS json
            FROM {} FINAL
            WHERE {} AND {} AND {}
            """,
            source.rows(),
            source.condition(),
            FLAT,
            _UNREAD,
        ),
        PartRow,
    )
