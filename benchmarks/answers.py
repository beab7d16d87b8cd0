"""Compare answers with what they should be. Whatever differs raises `Wrong`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from benchmarks.asks import Answer, Place
from benchmarks.truth import Person

T = TypeVar("T")

_VALUES_SHOWN = 20
_SHOWN = 1_000


class Wrong(Exception):
    """An answer is not what the lines say."""


def check_rows(found: Answer, expected: Sequence[Place], total: int) -> None:
    """Check who is on a page, and in which order.

    Persons of one instant may stand in any order, as each system orders uuids in its own way: so
    of an instant at an end of the page any of its persons may be there.

    Args:
        found: the answer.
        expected: the page, and nobody else.
        total: how many there are from the beginning of the page on.
    """
    rows = _told("rows", found.rows)
    _same("how many rows", len(rows), len(expected))
    _same("uuids that are there twice", len({row.uuid for row in rows}), len(rows))
    times = [place.created_us for place in expected]
    if rows and rows[0].created_us >= 0:
        for position, (row, time) in enumerate(zip(rows, times, strict=True)):
            _same(f"time of row {position}", row.created_us, time)
    groups = [list(group) for _, group in groupby(range(len(times)), times.__getitem__)]
    inner = groups[1:-1] if total > len(expected) else groups[1:]
    for group in inner:
        _same(
            f"uuids from row {group[0]}",
            sorted(rows[n].uuid for n in group),
            sorted(expected[n].uuid for n in group),
        )


def check_count(found: Answer, expected: int) -> None:
    """Check how many there are."""
    _same("count", _told("count", found.count), expected)


def check_person(found: Answer, person: Person) -> None:
    """Check a person by itself; its distinct ids where they are told."""
    _same("uuid", found.uuid, person.uuid)
    _same("properties", found.properties, person.properties)
    if found.distinct_ids is not None:
        _same("distinct ids", sorted(found.distinct_ids), sorted(person.distinct_ids))


def check_values(found: Answer, counter: Counter[str], contains: str = "") -> None:
    """Check the most frequent values: which, in which order, how many have each."""
    needle = contains.casefold()
    fitting = [(-n, name) for name, n in counter.items() if needle in name.casefold()]
    expected = [(name, -n) for n, name in sorted(fitting)[:_VALUES_SHOWN]]
    _same("values", _told("values", found.values), expected)


def check_points(found: Answer, expected: list[tuple[int, int]]) -> None:
    """Check a timeline."""
    _same("points", _told("points", found.points), expected)


def _told(what: str, value: T | None) -> T:
    if value is None:
        raise Wrong(f"no {what}")
    return value


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Wrong(f"{what}: found {str(found)[:_SHOWN]}, expected {str(expected)[:_SHOWN]}")
