r"""Persons as lines of CSV, made within the engine wherever a line is plain.

Plain is a person with no more than the usual properties and distinct ids and no list or object:
its cells are the texts that `prop` holds, which keep each number as it was written. Anything that
might read two ways makes a person odd: `true` the text or `true` the boolean, a name that may
count as none, a property whose text is not there though it is not null. An odd person's properties
come instead of a line, for Python to look at. So an odd one costs time, a plain one is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import LiteralString

from msgspec import Struct

from queries import properties
from queries.columns import FLAT
from queries.export_source import Source, counted, limited
from queries.identity import ANONYMOUS
from queries.places import reading
from queries.sql import Bind, Sql, all_of, bind, sql
from queries.statement import Statement

# Stands for a run of empty cells too long to be sent with every line.
MARK = "\x01"

# What makes properties odd wherever it stands: the text `true` or `false`, whose letters may be
# escaped; the mark, which in JSON always is.
_ODD = ('"true"', '"false"', r"\u006", r"\u007", r"\u0001")

# What a name may not be, unless it is the text; and as text it is rare.
_NO_NAME = r"^(false|-?0(\.0+)?([eE][+-]?[0-9]+)?)$"

_QUOTED = '[",\r\n]'

# What a spreadsheet takes a cell that begins so for.
FORMULA = "^[=+\\-@\t\r]"
# What JSON does not write as it is.
_ESCAPED = r'[\x00-\x1f"\\]'


class Ids(StrEnum):
    """How the distinct ids are spread over columns."""

    COLUMNS = "columns"
    JOINED = "joined"
    FIRST = "first"


class Shape(Struct, frozen=True):
    """What a plain line consists of.

    Its cells are created_at, distinct ids, id, is_identified, last_seen_at, name, properties,
    type, uuid and value_at_data_point, in this order, which is that of the columns.

    Attributes:
        ids: the distinct ids that have a cell, from 1, in the order of their columns.
        keys: the properties that have one, likewise.
        gaps: what follows each cell: commas, or `MARK`.
        how: how the distinct ids are written; joined they have one cell, whatever `ids` says.
        is_safe: whether a cell that begins as a formula gets an apostrophe before it.
    """

    ids: Sequence[int]
    keys: Sequence[str]
    gaps: Sequence[str]
    how: Ids = Ids.COLUMNS
    is_safe: bool = False


class LineRow(Struct, frozen=True):
    """A person's line without its end, or else all its cells are made of.

    Where `line` is not empty, it is all that counts. `created` and `seen` are as the API writes
    times, `ids` in the order they are shown, `properties` as stored. `total` counts the rows there
    are; `created_us` and `person` are the place in a copy.
    """

    line: str
    uuid: str
    number: int
    created: str
    identified: str
    seen: str
    ids: list[str]
    properties: str
    created_us: int
    person: str
    total: int


def export_lines(source: Source, shape: Shape) -> Statement[LineRow]:
    """Select persons in the order of the list, as lines of CSV where they are plain."""
    side, order = reading(source.after, None)
    return Statement(
        "persons.lines",
        sql(
            """
            SELECT line, uuid, number, created, identified, seen, shown AS ids, rest AS properties,
                created_us, uuid AS person, total
            FROM (
                SELECT
                    {} AS ordered,
                    [ifNull({}, ''), ifNull({}, ''), ifNull({}, '')] AS names,
                    {} AS held,
                    toString(id) AS uuid,
                    greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1) AS number,
                    {} AS created,
                    if(is_identified, 'True', 'False') AS identified,
                    ifNull({}, '') AS seen,
                    {} AS plain,
                    if(plain, {}, '') AS line,
                    if(plain, [], ordered) AS shown,
                    if(plain, '', properties) AS rest,
                    {} AS created_us,
                    {} AS total
                FROM {} FINAL
                WHERE {}
                ORDER BY {}
                {}
                SETTINGS max_block_size = 4096)
            """,
            _ORDERED,
            *(properties.text(key) for key in ("email", "name", "username")),
            _held(shape.keys),
            _iso("created_at"),
            _iso("last_seen_at"),
            _is_plain(shape),
            _line(shape),
            sql("toUnixTimestamp64Micro(created_at)") if source.is_copy else sql("toInt64(0)"),
            counted(source),
            source.rows(),
            all_of([source.condition(), *side]),
            order,
            limited(source),
        ),
        LineRow,
    )


def _is_plain(shape: Shape) -> Sql:
    return sql(
        r"""(
            {}
            AND {}
            AND NOT multiSearchAny(properties, {})
            AND NOT arrayExists(
                key -> key NOT IN {}, JSONExtractKeys(properties) AS keys)
            AND (length(properties) = 2 OR notEmpty(keys))
            AND length(keys) - arrayCount(text -> isNotNull(text), held)
                <= countSubstrings(properties, 'null')
            AND NOT arrayExists(name -> match(name, {}), names)
            AND position(arrayStringConcat(distinct_ids), {}) = 0)""",
        FLAT,
        _has_plain_ids(shape),
        bind("Array(String)", list(_ODD)),
        bind("Array(String)", list(shape.keys)),
        bind("String", _NO_NAME),
        bind("String", MARK),
    )


def _has_plain_ids(shape: Shape) -> Sql:
    if shape.how is Ids.COLUMNS:
        return sql("length(distinct_ids) <= {}", bind("UInt32", len(shape.ids)))
    if shape.how is Ids.JOINED:
        return sql("NOT match(arrayStringConcat(ordered), {})", bind("String", _ESCAPED))
    return sql("true")


def _ids(shape: Shape) -> Sql:
    if shape.how is Ids.JOINED:
        return sql(
            """[if(empty(ordered), '[]', concat('["', arrayStringConcat(ordered, '","'), '"]'))]"""
        )
    return sql("arrayMap(n -> ordered[n], {})", bind("Array(UInt32)", list(shape.ids)))


def _line(shape: Shape) -> Sql:
    return sql(
        """arrayStringConcat(arrayMap(
            (cell, gap) -> concat(
                if(match(cell, {}), concat('"', replaceAll(cell, '"', '""'), '"'), cell), gap),
            arrayMap(cell -> {}, arrayConcat(
                [created],
                {},
                [
                    toString(number),
                    identified,
                    seen,
                    multiIf(
                        names[1] != '', names[1],
                        names[2] != '', names[2],
                        names[3] != '', names[3],
                        notEmpty(ordered), ordered[1],
                        toString(number))
                ],
                arrayMap(
                    text -> multiIf(
                        isNull(text), '',
                        text = 'true', 'True',
                        text = 'false', 'False',
                        assumeNotNull(text)),
                    held),
                ['person', uuid, ''])),
            {}))""",
        bind("String", _QUOTED),
        sql("if(match(cell, {}), concat('\\'', cell), cell)", bind("String", FORMULA))
        if shape.is_safe
        else sql("cell"),
        _ids(shape),
        bind("Array(String)", list(shape.gaps)),
    )


def _iso(column: LiteralString) -> Sql:
    """A time as `times.iso` writes it, NULL for NULL."""
    return sql(
        "concat(replaceOne(replaceOne(toString({}), '.000000', ''), ' ', 'T'), 'Z')", sql(column)
    )


_ORDERED = sql(
    """if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
        arrayFilter(item -> NOT match(item, {}), distinct_ids),
        arrayFilter(item -> match(item, {}), distinct_ids)))""",
    bind("String", f"^{ANONYMOUS}$"),
    bind("String", f"^{ANONYMOUS}$"),
)


def _held(keys: Iterable[str]) -> Sql:
    """The texts of properties as an array, NULL for each that is absent or null."""
    parts: list[str | Bind] = []
    for key in keys:
        parts.append(", " if parts else "CAST([")
        parts.extend(properties.text(key).parts)
    parts = parts or ["CAST(["]
    return Sql((*parts, "], 'Array(Nullable(String))')"))
