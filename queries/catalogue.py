"""The property catalogue: what was counted of each key, with what changed since put in; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isinf

import msgspec
from msgspec import Raw, Struct

from queries.property_counts import PLAIN_NUMBER, VALUE_CHARS, KeyRow
from queries.property_statistics import Changed
from queries.texts import canonical

VALUES_SHOWN = 20
KINDS = ("string", "number", "bool", "null", "array", "object")

_object = msgspec.json.Decoder(dict[str, Raw])
_STARTS = {34: "string", 91: "array", 123: "object", 116: "bool", 102: "bool", 110: "null"}
_PLAIN = re.compile(PLAIN_NUMBER, re.ASCII)
# Beyond, a float does not hold every whole number.
_MOST_WHOLE = 1e15


class Value(Struct, frozen=True):
    """A value as text, and how many persons have it."""

    name: str
    count: int


class Property(Struct, frozen=True, kw_only=True):
    """A key, and what persons have under it.

    Attributes:
        key: it.
        persons: who has it, null included.
        types: how many of them have a value of which type; only those there are.
        distinct: how many different values there are, null not counted.
        distinct_is_exact: whether that is so, and not an estimate.
        values: the most frequent, at most 20.
        values_are_exact: whether they are, with exact counts.
        first_us: when the first person who has it, or had, was created; microseconds since 1970.
        last_us: when one who has it, or had, was written last.
    """

    key: str
    persons: int
    types: dict[str, int]
    distinct: int
    distinct_is_exact: bool
    values: list[Value]
    values_are_exact: bool
    first_us: int
    last_us: int

    def filled(self) -> int:
        """Return how many persons have a value that is not null."""
        return self.persons - self.types.get("null", 0)

    def kinds(self) -> list[str]:
        """Return the types of the values, null aside, the most frequent first."""
        found = [kind for kind in self.types if kind != "null"]
        return sorted(found, key=lambda kind: (-self.types[kind], kind))


class Properties(Struct, frozen=True):
    """How many persons there are, and their keys, those of most persons first."""

    persons: int
    properties: list[Property]


class _Key(Struct):
    """What is known of a key so far; `types` and `values` may hold what is 0 by now."""

    types: dict[str, int]
    values: dict[str, int]
    rough: int = 0
    distinct: int = 0
    is_whole: bool = True
    first_us: int = 1 << 62
    last_us: int = 0


def assemble(rows: Iterable[KeyRow], changed: Iterable[Changed] = ()) -> Properties:
    """Put what was counted together with what changed since."""
    persons = 0
    keys: dict[str, _Key] = {}
    for row in rows:
        if row.is_total:
            persons += row.persons
        else:
            keys[row.key] = _known(row)
    for one in changed:
        persons += one.sign
        for key, raw in _object.decode(one.properties).items():
            known = keys.get(key)
            if known is None:
                known = keys[key] = _Key({}, {})
            _put(known, one, bytes(raw))
    found = [_shown(key, known) for key, known in keys.items() if sum(known.types.values()) > 0]
    found.sort(key=lambda one: (-one.persons, one.key))
    return Properties(persons, found)


def _known(row: KeyRow) -> _Key:
    counts = (row.texts, row.numbers, row.booleans, row.nulls, row.lists, row.objects)
    return _Key(
        dict(zip(KINDS, counts, strict=True)),
        dict(zip(row.values, row.counts, strict=True)),
        row.rough,
        row.distinct,
        row.is_whole,
        row.first_us,
        row.last_us,
    )


def _put(known: _Key, one: Changed, raw: bytes) -> None:
    """Count a value of a row, or take it off."""
    kind = _STARTS.get(raw[0], "number")
    known.types[kind] = known.types.get(kind, 0) + one.sign
    if one.sign > 0:
        known.first_us = min(known.first_us, one.created_us)
        known.last_us = max(known.last_us, one.version)
    if kind == "null":
        return
    text, is_rough = _text(kind, raw)
    known.rough += one.sign * is_rough
    if known.is_whole or text in known.values:
        known.values[text] = known.values.get(text, 0) + one.sign


def _text(kind: str, raw: bytes) -> tuple[str, bool]:
    """Return what the engine has for a value, and whether that may be something else."""
    match kind:
        case "string":
            text = msgspec.json.decode(raw, type=str)
        case "number":
            text = _number(raw.decode())
            return text, _PLAIN.fullmatch(text) is None
        case "bool":
            return raw.decode(), False
        case _:
            return canonical(raw).decode()[:VALUE_CHARS], True
    return text[:VALUE_CHARS], len(text) > VALUE_CHARS


def _number(text: str) -> str:
    """Return a number as its value: 1.0 and 1e0 are 1."""
    if not any(sign in text for sign in ".eE"):
        return "0" if text == "-0" else text
    value = float(text)
    if not isinf(value) and value.is_integer() and abs(value) < _MOST_WHOLE:
        return str(int(value))
    return repr(value)


def _shown(key: str, known: _Key) -> Property:
    # Less than none is of a text that we and the engine wrote in two ways.
    are_sound = known.rough <= 0 and min(known.values.values(), default=0) >= 0
    # Among very many values one that a single person has is not worth to be shown.
    least = 1 if known.is_whole else 2
    held = [Value(text, count) for text, count in known.values.items() if count >= least]
    held.sort(key=lambda one: (-one.count, one.name))
    are_exact = known.is_whole and are_sound
    types = {kind: count for kind, count in known.types.items() if count > 0}
    return Property(
        key=key,
        persons=sum(types.values()),
        types=types,
        distinct=len(held) if known.is_whole else known.distinct,
        distinct_is_exact=are_exact,
        values=held[:VALUES_SHOWN],
        values_are_exact=are_exact,
        first_us=known.first_us,
        last_us=known.last_us,
    )
