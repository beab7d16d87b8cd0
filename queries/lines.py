r"""Persons as lines of CSV, made within the engine wherever a line is plain.

Plain is a person with no more than the usual properties and distinct ids and no list or object:
its cells are the texts that `prop` holds, which keep each number as it was written. Anything that
might read two ways makes a person odd: `true` the text or `true` the boolean, a name that may
count as none, a property whose text is not there though it is not null. An odd person's properties
come instead of a line, for Python to look at. So an odd one costs time, a plain one is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

from msgspec import Struct

from queries import properties
from queries.columns import FLAT
from queries.identity import ANONYMOUS
from queries.persons import Selection, condition
from queries.sql import Bind, Sql, bind, sql
from queries.statement import Statement

# Stands for a run of empty cells too long to be sent with every line.
MARK = "\x01"

# What makes properties odd wherever it stands: the text `true` or `false`, whose letters may be
# escaped; the mark, which in JSON always is.
_ODD = ('"true"', '"false"', r"\u006", r"\u007", r"\u0001")

# What a name may not be, unless it is the text; and as text it is rare.
_NO_NAME = r"^(false|-?0(\.0+)?([eE][+-]?[0-9]+)?)$"

_QUOTED = '[",\r\n]'


class Shape(Struct, frozen=True):
    """What a plain line consists of.

    Its cells are created_at, distinct ids, id, is_identified, last_seen_at, name, properties,
    type, uuid and value_at_data_point, in this order, which is that of the columns.

    Attributes:
        ids: the distinct ids that have a cell, from 1, in the order of their columns.
        keys: the properties that have one, likewise.
        gaps: what follows each cell: commas, or `MARK`.
    """

    ids: Sequence[int]
    keys: Sequence[str]
    gaps: Sequence[str]


class LineRow(Struct, frozen=True):
    """A person's line without its end, or else all its cells are made of.

    Where `line` is not empty, it is all that counts. `created` and `seen` are as the API writes
    times, `ids` in the order they are shown, `properties` as stored.
    """

    line: str
    uuid: str
    number: int
    created: str
    identified: str
    seen: str
    ids: list[str]
    properties: str


def export_lines(selection: Selection, shape: Shape) -> Statement[LineRow]:
    """Select all persons in the order of the list, as lines of CSV where they are plain."""
    return Statement(
        "persons.lines",
        sql(
            """
            SELECT line, uuid, number, created, identified, seen, shown AS ids, rest AS properties
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
                    if(plain, '', properties) AS rest
                FROM persons FINAL
                WHERE {}
                ORDER BY created_at DESC, id DESC
                SETTINGS max_block_size = 4096)
            """,
            _ORDERED,
            *(properties.text(key) for key in ("email", "name", "username")),
            _held(shape.keys),
            _iso("created_at"),
            _iso("last_seen_at"),
            _is_plain(shape),
            _line(shape),
            condition(selection),
        ),
        LineRow,
    )


def _is_plain(shape: Shape) -> Sql:
    return sql(
        r"""(
            {}
            AND length(distinct_ids) <= {}
            AND NOT multiSearchAny(properties, {})
            AND NOT arrayExists(
                key -> key NOT IN {}, JSONExtractKeys(properties) AS keys)
            AND (length(properties) = 2 OR notEmpty(keys))
            AND length(keys) - arrayCount(text -> isNotNull(text), held)
                <= countSubstrings(properties, 'null')
            AND NOT arrayExists(name -> match(name, {}), names)
            AND position(arrayStringConcat(distinct_ids), {}) = 0)""",
        FLAT,
        bind("UInt32", len(shape.ids)),
        bind("Array(String)", list(_ODD)),
        bind("Array(String)", list(shape.keys)),
        bind("String", _NO_NAME),
        bind("String", MARK),
    )


def _line(shape: Shape) -> Sql:
    return sql(
        """arrayStringConcat(arrayMap(
            (cell, gap) -> concat(
                if(match(cell, {}), concat('"', replaceAll(cell, '"', '""'), '"'), cell), gap),
            arrayConcat(
                [created],
                arrayMap(n -> ordered[n], {}),
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
                ['person', uuid, '']),
            {}))""",
        bind("String", _QUOTED),
        bind("Array(UInt32)", list(shape.ids)),
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
