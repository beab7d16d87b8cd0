"""Columns of an export that somebody names: which there are, and what a cell of a path holds.

A name is that of the CSV's header: `email`, `created_at`, `distinct_ids.0`, `properties.plan`. A
path of dots leads through objects by key and through lists by index; a key with dots in it is found
by the same name. Where both are there, the inner value counts, as in the CSV.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from queries.texts import canonical, value_text

MAX_COLUMNS = 1_000

PROPERTIES = "properties."
FIXED = (
    *("created_at", "distinct_ids", "id", "is_identified", "last_seen_at", "name", "properties"),
    *("type", "uuid", "value_at_data_point"),
)
# All that is known of a person, for formats that need not spread it over columns.
WHOLE = (
    *("id", "uuid", "name", "distinct_ids", "properties", "created_at", "is_identified"),
    "last_seen_at",
)

_MOST_DOTS = 8
_NTH_ID = re.compile(r"distinct_ids\.(0|[1-9][0-9]{0,6})")
_object = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class ColumnError(Exception):
    """Columns that there are not; the text says which, and what would be right."""


class Column(Struct, frozen=True):
    """A column.

    Attributes:
        name: as the header has it.
        path: of a property, without `properties.`; None for what is no property.
        nth: which distinct id, from 0; None for what is none.
        is_joined: whether the distinct ids are one text.
    """

    name: str
    path: str | None = None
    nth: int | None = None
    is_joined: bool = False

    def prefixes(self) -> list[str]:
        """Return the keys of properties that its values may stand under, the shortest first.

        A name may have any number of dots; the first ones alone lead into a value.
        """
        if self.path is None:
            return []
        dots = [at for at, c in enumerate(self.path) if c == "."]
        return [self.path[:at] for at in dots[:_MOST_DOTS]] + [self.path]


def decode_columns(text: str) -> tuple[Column, ...]:
    """Decode a list of names; a name that holds a comma stands in quotes, as in CSV.

    Raises:
        ColumnError: there is no such column, one is there twice, or they are too many.
    """
    try:
        lines = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise ColumnError(f"`columns` is no list of names with commas between: {error}") from error
    return named_columns(lines[0] if lines else [])


def named_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of these names.

    Raises:
        ColumnError: as `decode_columns`.
    """
    if len(names) > MAX_COLUMNS:
        raise ColumnError(f"`columns` names {len(names)} columns, and may name {MAX_COLUMNS:,}.")
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice is not None:
        raise ColumnError(f"`columns` names {twice[:80]!r} twice.")
    return tuple(_column(name) for name in names)


def _column(name: str) -> Column:
    if name == "email":
        return Column(name, "email")
    if name in FIXED:
        return Column(name)
    if name.startswith(PROPERTIES):
        return Column(name, name.removeprefix(PROPERTIES))
    match = _NTH_ID.fullmatch(name)
    if match is not None:
        return Column(name, nth=int(match[1]))
    raise ColumnError(
        f"There is no column {name[:80]!r}: take email, {', '.join(FIXED)}, distinct_ids.0 or"
        " properties.<key>."
    )


def inside(value: bytes, path: str) -> bytes | None:
    """Return the JSON at a path in a list or object, None where there is none.

    Of two values that a path leads to, that of the shorter keys counts.

    Raises:
        msgspec.DecodeError: not JSON.
    """
    if value[:1] == b"[":
        head, dot, rest = path.partition(".")
        items = _list.decode(value) if _INDEX.fullmatch(head) else []
        if len(items) <= int(head if items else 0):
            return None
        item = bytes(items[int(head)])
        return inside(item, rest) if dot else item
    if value[:1] != b"{":
        return None
    members = _object.decode(value)
    at = path.find(".")
    while at >= 0:
        inner = members.get(path[:at])
        found = None if inner is None else inside(bytes(inner), path[at + 1 :])
        if found is not None:
            return found
        at = path.find(".", at + 1)
    return bytes(members[path]) if path in members else None


def cell_text(raw: bytes) -> str | None:
    """Return a JSON value as a cell of CSV, None where that is empty.

    A text is itself, a number as it is written, a boolean `True` or `False`, a list or an object
    its compact JSON with sorted keys.
    """
    if raw in (b"true", b"false"):
        return "True" if raw == b"true" else "False"
    return value_text(raw) or None


def token(raw: bytes) -> str:
    """Return a JSON value on one line."""
    return (canonical(raw) if raw[:1] in (b"{", b"[") else raw).decode()
