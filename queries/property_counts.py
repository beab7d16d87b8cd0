"""What properties some rows have: keys, types and values, counted by the engine from the JSON.

`persons.prop` holds texts and has forgotten the types, so the client's JSON is read.

ClickHouse reads most JSON as we do. Where it does not, the properties are read a second time with
every number written 0: it gives up on a whole object that holds 1e400, and takes an integer of
more than 64 bits for a text. Of a key given twice it sees both; the last one counts.

A value's text is that which filters compare, but for numbers, which are written as their value: 1.0
is 1 here. *Rough* are rows of which that is not exactly the text: lists and objects (whose keys
filters sort), long texts, which are cut, large and tiny numbers, and whatever was read twice.
"""

from __future__ import annotations

from typing import LiteralString

from msgspec import Struct

from queries.sql import Sql, bind, sql
from queries.statement import Statement

# Where there are fewer values than that, all are kept. The engine takes no bound value for it, so
# it stands below once more.
MOST_VALUES = 200
VALUE_CHARS = 200

# No UTF-8 text holds the byte FF, so no key is it.
TOTAL = sql(r"'\xFF'")

# Texts, numbers, and what is between them.
_TOKENS: LiteralString = r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+|-'
_HUGE: LiteralString = r'^"-?[0-9]{19,}"$'
PLAIN_NUMBER: LiteralString = r"^-?(?:0|[1-9][0-9]{0,14})(?:[.][0-9]{1,15})?$"


class KeyRow(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a key: how many persons have it, and with which values.

    Attributes:
        key: of the property; empty too where `is_total`.
        is_total: this is no key, but all persons; then only `persons` says something.
        persons: who has it, be it null.
        texts: of how many of them it is a text; likewise the five after it.
        rough: of how many the value's text is not exactly known.
        distinct: an estimate of how many values there are, null not counted.
        values: the most frequent ones; all, where `is_whole`.
        counts: how many persons have each.
        first_us: when the first of them was created, microseconds since 1970.
        last_us: when the last of them was written.
    """

    key: str
    is_total: bool
    persons: int
    texts: int
    numbers: int
    booleans: int
    nulls: int
    lists: int
    objects: int
    rough: int
    distinct: int
    values: list[str]
    counts: list[int]
    is_whole: bool
    first_us: int
    last_us: int


def count_keys(rows: Sql) -> Statement[KeyRow]:
    """Count rows: a row for each key of theirs, and one for all of them.

    Args:
        rows: SELECTs of `team_id`, `created_at`, `version` and `properties`, of one project.
    """
    return Statement(
        "properties.count",
        sql(
            """
            SELECT if(is_total, '', sought) AS key, toBool(sought = {}) AS is_total,
                persons, texts, numbers, booleans, nulls, lists, objects, rough,
                uniques AS distinct, values, counts, is_whole, first_us, last_us
            FROM (SELECT key AS sought, * EXCEPT (team_id, key) FROM ({}))
            """,
            TOTAL,
            counted(sql("({})", rows), sql("uniqCombined64If(14)")),
        ),
        KeyRow,
        skip_indexes=False,
    )


def counted(rows: Sql, uniques: Sql) -> Sql:
    """Return a SELECT of the columns of `property_statistics`, but for `part` and `slice`.

    Args:
        rows: what stands after FROM, as for `count_keys`, but of any number of projects.
        uniques: the aggregate function, with If, that makes `uniques` of the texts.
    """
    return sql(
        """
            SELECT team_id, key, persons, texts, numbers, booleans, nulls, lists, objects, rough,
                uniques, arrayFilter((one, n) -> is_whole OR n > 1, most.1, most.2) AS values,
                arrayFilter(n -> is_whole OR n > 1, most.2) AS counts,
                toBool(length(most) < {}) AS is_whole, first_us, last_us
            FROM (
                SELECT team_id, key, count() AS persons, countIf(kind = '"') AS texts,
                    countIf(kind NOT IN ('"', 't', 'f', 'n', '[', '{')) AS numbers,
                    countIf(kind IN ('t', 'f')) AS booleans, countIf(kind = 'n') AS nulls,
                    countIf(kind = '[') AS lists, countIf(kind = '{') AS objects,
                    countIf(
                        is_rough OR kind IN ('[', '{') OR lengthUTF8(text) > {}
                        OR (kind NOT IN ('"', 't', 'f', 'n') AND NOT match(text, {}))
                    ) AS rough,
                    {}(text, kind != 'n') AS uniques,
                    approx_top_kIf(200, 200)(leftUTF8(text, {}), kind != 'n') AS most,
                    min(toUnixTimestamp64Micro(created_at)) AS first_us, max(version) AS last_us
                FROM ({})
                GROUP BY team_id, key)
        """,
        bind("UInt32", MOST_VALUES),
        bind("UInt32", VALUE_CHARS),
        bind("String", PLAIN_NUMBER),
        uniques,
        bind("UInt32", VALUE_CHARS),
        members(rows),
    )


def members(rows: Sql) -> Sql:
    """Return a SELECT of a row for each key of each row, and one with the key `TOTAL`.

    `kind` is the first character of the value, `text` its text. What is needed for few rows alone
    is asked of emptied columns elsewhere: `if` spares no array function its work.
    """
    return sql(
        """
                    SELECT team_id, created_at, version, is_rough, pair.1 AS key,
                        substring(pair.2, 1, 1) AS kind,
                        multiIf(
                            kind != '"', pair.2,
                            position(pair.2, '\\\\') = 0,
                            substring(pair.2, 2, length(pair.2) - 2),
                            JSONExtractString(pair.2)) AS text
                    FROM (
                        SELECT team_id, created_at, version, is_rough,
                            length(arrayDistinct(pairs.1)) != length(pairs) AS is_twice,
                            if(is_twice, pairs, []) AS twice,
                            if(is_twice, arrayFilter(
                                (one, n) -> n = length(twice) + 1
                                    - indexOf(arrayReverse(twice.1), one.1),
                                twice, arrayEnumerate(twice)), pairs) AS each
                        FROM (
                            SELECT team_id, created_at, version,
                                (empty(read) AND position(properties, '"') > 0) OR arrayExists(
                                    one -> length(one.2) > 20 AND match(one.2, {}), read
                                ) AS is_rough,
                                if(is_rough, JSONExtractKeysAndValuesRaw(arrayStringConcat(
                                    arrayMap(one -> if(match(one, '^-?[0-9]'), '0', one),
                                    extractAll(if(is_rough, properties, ''), {})))), read
                                ) AS pairs
                            FROM (
                                SELECT team_id, created_at, version, properties,
                                    JSONExtractKeysAndValuesRaw(properties) AS read
                                FROM {})))
                    ARRAY JOIN arrayConcat(each, [({}, 'null')]) AS pair
        """,
        bind("String", _HUGE),
        bind("String", _TOKENS),
        rows,
        TOTAL,
    )
