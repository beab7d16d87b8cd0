"""Compare answers with what they should be. Whatever differs raises `Wrong`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.truth import Person, Watch

_VALUES_SHOWN = 20
_NUMBER_MASK = (1 << 53) - 1
_SHOWN = 1_000


class Wrong(Exception):
    """An answer is not what the lines say."""


class Answer(Struct, frozen=True):
    """What a right answer held: rows, and the count it gave of all there are."""

    rows: int
    found: int | None = None


class _Row(Struct):
    uuid: str


class Page(Struct):
    """A page of the list, as far as it is looked at."""

    results: list[_Row]
    next: str | None
    count: int | None = None


class _Value(Struct):
    name: str
    count: int


class _Values(Struct):
    results: list[_Value]


class _Shown(Struct):
    id: int
    uuid: str
    distinct_ids: list[str]
    properties: dict[str, Any]


_decode_page = msgspec.json.Decoder(Page).decode
_decode_values = msgspec.json.Decoder(_Values).decode
_decode_person = msgspec.json.Decoder(_Shown).decode


def check_page(
    body: bytes, watch: Watch, *, counted: bool, first: int = 0, limit: int = 100
) -> Page:
    """Check a page of those a watch saw: who is on it, in which order, how many there are."""
    page = _decode_page(body)
    _same_rows("uuids", [row.uuid for row in page.results], watch.uuids(first, limit))
    _same("count", page.count, watch.count if counted else None)
    _same("whether there is a next page", page.next is not None, watch.count > first + limit)
    return page


def check_one(body: bytes, person: Person) -> Answer:
    """Check a list with this person alone in it."""
    page = _decode_page(body)
    _same_rows("uuids", [row.uuid for row in page.results], [person.uuid])
    _same("count", page.count, 1)
    return Answer(1, 1)


def check_person(body: bytes, person: Person) -> Answer:
    """Check a person by itself."""
    shown = _decode_person(body)
    _same("uuid", shown.uuid, person.uuid)
    _same("id", shown.id, number_of(person))
    _same("distinct ids", sorted(shown.distinct_ids), sorted(person.distinct_ids))
    _same("properties", shown.properties, person.properties)
    return Answer(1)


def check_values(body: bytes, counter: Counter[str], contains: str = "") -> Answer:
    """Check the most frequent values: which, in which order, how many have each."""
    needle = contains.casefold()
    fitting = [(-n, name) for name, n in counter.items() if needle in name.casefold()]
    expected = [(name, -n) for n, name in sorted(fitting)[:_VALUES_SHOWN]]
    results = _decode_values(body).results
    _same_rows("values", [(value.name, value.count) for value in results], expected)
    return Answer(len(results))


def number_of(person: Person) -> int:
    """Return a person's integer id: the low 53 bits of the uuid."""
    return int(person.uuid.replace("-", ""), 16) & _NUMBER_MASK or 1


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Wrong(f"{what}: found {str(found)[:_SHOWN]}, expected {str(expected)[:_SHOWN]}")


def _same_rows(what: str, found: Sequence[object], expected: Sequence[object]) -> None:
    """Compare lists, of which the first difference says more than all of both."""
    pairs = zip(found, expected, strict=False)
    for position, (one, other) in enumerate(pairs):
        _same(f"{what}, at {position}", one, other)
    _same(f"how many {what}", len(found), len(expected))
