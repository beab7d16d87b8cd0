"""The statement behind an export with named columns: a column for each of them, of plain types.

The engine reads properties from `prop`, which holds a text for each key, columnar and so quick.
What that cannot tell comes whole, to be looked at: a name that may count as none, the texts `true`
and `false` where they may be booleans, what stands inside of lists and objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import LiteralString

from msgspec import Struct

from queries import properties
from queries.export_columns import Column
from queries.export_source import Source, counted, limited
from queries.places import reading
from queries.property_statistics import Kinds
from queries.settled import in_parts
from queries.shown import (
    NAMED,
    NUMBER,
    display_name,
    first_id,
    is_doubtful_name,
    iso_text,
    ordered_ids,
)
from queries.sql import Bind, Sql, all_of, any_of, bind, sql
from queries.statement import Statement

# What makes booleans doubtful: the text `true` or `false`, whose letters may be escaped.
_TEXTS_LIKE_FLAGS = ('"true"', '"false"', r"\u006", r"\u007")


class Form(StrEnum):
    """What a cell is."""

    CELLS = "cells"
    """A text of CSV, NULL where it is empty."""
    TYPED = "typed"
    """A value of the column's type; of properties their text."""
    TOKENS = "tokens"
    """JSON on one line."""


class Pure(Struct, frozen=True):
    """What is known of all values in some parts of `persons`, and spares looking at each.

    Attributes:
        parts: which.
        kinds: of keys; one that is missing nobody has.
    """

    parts: tuple[str, ...]
    kinds: Mapping[str, Kinds]

    def of(self, key: str) -> Kinds:
        """Return what values a key has."""
        return self.kinds.get(key, Kinds(key, 0, 0, 0, 0))


class ExportRow(Struct, frozen=True):
    """A row has columns c0, c1 and so on, and these.

    `total` counts the rows there are, `odd` is the properties of who must be looked at, or empty,
    and `unnamed` their name without any properties. `others` is 1 where what was said to be pure is
    not all there is, and so no row what it should be. Of a copy, `created_us` and `person` are the
    place.
    """

    odd: str
    unnamed: str
    total: int
    others: int


def export_rows(
    source: Source, columns: Sequence[Column], form: Form, pure: Pure | None = None
) -> Statement[ExportRow]:
    """Select persons in the order of the list, a column c0, c1 … for each that is named.

    Args:
        source: which persons.
        columns: what is shown of them.
        form: what a cell is.
        pure: what is known of the parts there are.
    """
    side, order = reading(source.after, None)
    parts: list[str | Bind] = []
    for n, column in enumerate(columns):
        parts.extend((*_expression(column, form, pure).parts, " AS ", *_alias(n).parts, ", "))
    place = sql(
        "toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS person,"
        if source.is_copy
        else ""
    )
    return Statement(
        "persons.rows",
        sql(
            """
            SELECT * FROM (
                SELECT {}{} {} AS odd, {} AS unnamed, {} AS total, {} AS others
                FROM {} FINAL
                WHERE {}
                ORDER BY {}
                {}
                SETTINGS max_block_size = 8192)
            """,
            Sql(tuple(parts)),
            place,
            _odd(columns, form, pure),
            _unnamed(columns),
            counted(source),
            sql("toUInt64(0)") if pure is None else _others(source, pure),
            source.rows(),
            all_of([source.condition(), *side]),
            order,
            limited(source),
        ),
        ExportRow,
    )


def keys_of(columns: Sequence[Column]) -> list[str]:
    """Return the keys of properties whose values decide how columns are read."""
    keys = dict.fromkeys(key for column in columns for key in column.prefixes())
    if any(column.name == "name" for column in columns):
        keys |= dict.fromkeys(NAMED)
    return list(keys)


def _others(source: Source, pure: Pure) -> Sql:
    """Whether there is any row outside of some parts, as of the moment of the statement."""
    return sql(
        """assumeNotNull((SELECT count() FROM (
                    SELECT 1 FROM persons WHERE team_id = {} AND NOT {} LIMIT 1)))""",
        bind("UInt32", source.selection.project),
        in_parts(pure.parts),
    )


def _alias(n: int) -> Sql:
    return sql("{}", bind("Identifier", f"c{n}"))


_IDS = sql("distinct_ids")
_ORDERED = ordered_ids(_IDS)
_JOINED = sql("toJSONString({})", _ORDERED)
_FIRST_ID = first_id(_IDS)


def _name() -> Sql:
    return display_name([properties.text(key) for key in NAMED], _FIRST_ID)


def _unnamed(columns: Sequence[Column]) -> Sql:
    if not any(column.name == "name" for column in columns):
        return sql("''")
    return sql("if(odd = '', '', coalesce({}, toString({})))", _FIRST_ID, NUMBER)


def _expression(column: Column, form: Form, pure: Pure | None) -> Sql:
    if column.path is not None:
        has_flags = pure is None or pure.of(column.path).booleans > 0
        return _property(column.path, form, has_flags=has_flags)
    if column.nth is not None:
        return _text(_nth(column.nth), form)
    if column.is_joined:
        return sql("toJSONString({})", _JOINED) if form is Form.TOKENS else _JOINED
    value, as_text, as_token = _fixed(column.name)
    if form is Form.TYPED:
        return value
    return as_text if form is Form.CELLS else as_token


def _nth(nth: int) -> Sql:
    if nth == 0:
        return _FIRST_ID
    number = bind("UInt32", nth + 1)
    return sql("if(length(distinct_ids) < {}, NULL, {}[{}])", number, _ORDERED, number)


def _property(path: str, form: Form, *, has_flags: bool) -> Sql:
    if form is Form.TOKENS:
        # Its type is not to be told from its text: all of them are looked at.
        return sql("CAST(NULL, 'Nullable(String)')")
    text = properties.text(path)
    if form is Form.TYPED:
        return sql("CAST({}, 'Nullable(String)')", text)
    if not has_flags:
        return sql("nullIf(CAST({}, 'Nullable(String)'), '')", text)
    return sql(
        "CAST(transform({}, ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)')",
        sql("CAST({}, 'Nullable(String)')", text),
    )


def _text(text: Sql, form: Form) -> Sql:
    if form is Form.TOKENS:
        return sql("ifNull(toJSONString({}), 'null')", text)
    return sql("nullIf({}, '')", text) if form is Form.CELLS else text


def _fixed(name: str) -> tuple[Sql, Sql, Sql]:
    """A column that is no property: typed, as a cell, as JSON."""
    match name:
        case "created_at" | "last_seen_at":
            column: LiteralString = "created_at" if name == "created_at" else "last_seen_at"
            iso = iso_text(sql(column))
            return sql(column), iso, sql("ifNull(concat('\"', {}, '\"'), 'null')", iso)
        case "uuid":
            uuid = sql("toString(id)")
            return uuid, uuid, sql("concat('\"', {}, '\"')", uuid)
        case "id":
            return NUMBER, NUMBER, sql("toString({})", NUMBER)
        case "name":
            return _name(), _name(), sql("ifNull(toJSONString({}), 'null')", _name())
        case "is_identified":
            return (
                sql("is_identified"),
                sql("if(is_identified, 'True', 'False')"),
                sql("if(is_identified, 'true', 'false')"),
            )
        case "distinct_ids":
            return _ORDERED, _JOINED, _JOINED
        case "properties":
            one_line = sql(r"translate(properties, '\n\r', '  ')")
            return sql("properties"), sql("properties"), one_line
        case "type":
            return sql("'person'"), sql("'person'"), sql("'\"person\"'")
        case _:
            empty = sql("CAST(NULL, 'Nullable(String)')")
            return empty, empty, sql("'null'")


def _odd(columns: Sequence[Column], form: Form, pure: Pure | None) -> Sql:
    """The properties of whom the engine alone does not know, else an empty text."""
    paths = [column.path for column in columns if column.path is not None]
    if form is Form.TOKENS and paths:
        return sql("properties")
    doubts: list[Sql] = []
    if any(column.name == "name" for column in columns):
        doubts += [
            is_doubtful_name(properties.text(key))
            for key in NAMED
            if pure is None or not _is_text(pure.of(key))
        ]
    mixed = [path for path in paths if pure is None or _is_mixed(pure.of(path))]
    if mixed and form is Form.CELLS:
        flags = any_of(
            sql("ifNull({} IN ('true', 'false'), false)", properties.text(path)) for path in mixed
        )
        texts = bind("Array(String)", list(_TEXTS_LIKE_FLAGS))
        doubts.append(sql("({} AND multiSearchAny(properties, {}))", flags, texts))
    outer = dict.fromkeys(key for column in columns for key in column.prefixes()[:-1])
    doubts += [
        sql(r"ifNull(match({}, '^[\\[{]'), false)", properties.text(key))
        for key in outer
        if pure is None or pure.of(key).nested
    ]
    if not doubts:
        return sql("''")
    return sql("if({}, properties, '')", any_of(doubts))


def _is_text(kinds: Kinds) -> bool:
    return not (kinds.numbers or kinds.booleans or kinds.nested)


def _is_mixed(kinds: Kinds) -> bool:
    """Whether `true` may be the text or the boolean."""
    return bool(kinds.texts and kinds.booleans)
