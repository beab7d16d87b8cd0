"""How answers are compared: what is wrong is seen, whatever way it is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.answers import (
    Wrong,
    check_count,
    check_person,
    check_points,
    check_rows,
    check_values,
)
from benchmarks.asks import Answer, Place
from benchmarks.truth import Person

_ROWS = [Place(9, "a"), Place(8, "b"), Place(8, "c"), Place(7, "d"), Place(6, "e")]
_PERSON = Person("a", ["x", "y"], "2026-01-01T00:00:00.000Z", {"plan": "pro"})


def _swapped(one: int, other: int) -> list[Place]:
    rows = list(_ROWS)
    rows[one], rows[other] = rows[other], rows[one]
    return rows


def test_those_of_one_instant_stand_in_any_order() -> None:
    check_rows(Answer(rows=_swapped(1, 2)), _ROWS, 5)


def test_of_the_last_instant_anybody_may_be_there() -> None:
    other = [*_ROWS[:-1], Place(6, "f")]
    check_rows(Answer(rows=other), _ROWS, 6)
    with pytest.raises(Wrong, match="uuids from row 4"):
        check_rows(Answer(rows=other), _ROWS, 5)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        _ROWS[:-1],
        _swapped(0, 1),
        [*_ROWS[:-1], Place(6, "d")],
        [_ROWS[0], Place(8, "z"), *_ROWS[2:]],
        [*_ROWS, Place(5, "f")],
    ],
    ids=["none", "short", "order", "twice", "another", "long"],
)
def test_a_wrong_page_is_seen(rows: list[Place] | None) -> None:
    with pytest.raises(Wrong):
        check_rows(Answer(rows=rows), _ROWS, 5)


def test_a_wrong_count_is_seen() -> None:
    check_count(Answer(count=0), 0)
    with pytest.raises(Wrong, match="count: found 1, expected 2"):
        check_count(Answer(count=1), 2)
    with pytest.raises(Wrong, match="no count"):
        check_count(Answer(), 2)


def test_a_wrong_person_is_seen() -> None:
    right = Answer(uuid="a", properties={"plan": "pro"}, distinct_ids=["y", "x"])
    check_person(right, _PERSON)
    check_person(Answer(uuid="a", properties={"plan": "pro"}), _PERSON)
    for wrong in (
        Answer(uuid="b", properties={"plan": "pro"}),
        Answer(uuid="a", properties={"plan": "free"}),
        Answer(uuid="a", properties={"plan": "pro"}, distinct_ids=["x"]),
    ):
        with pytest.raises(Wrong):
            check_person(wrong, _PERSON)


def test_wrong_values_are_seen() -> None:
    counter = Counter({"Berlin": 2, "Bern": 2, "Paris": 3})
    check_values(Answer(values=[("Paris", 3), ("Berlin", 2), ("Bern", 2)]), counter)
    check_values(Answer(values=[("Berlin", 2), ("Bern", 2)]), counter, "bER")
    with pytest.raises(Wrong):
        check_values(Answer(values=[("Paris", 3), ("Bern", 2), ("Berlin", 2)]), counter)


def test_a_wrong_timeline_is_seen() -> None:
    check_points(Answer(points=[(1, 2)]), [(1, 2)])
    with pytest.raises(Wrong):
        check_points(Answer(points=[(1, 3)]), [(1, 2)])
