"""As many filters as are let in make a statement that ClickHouse still reads."""

from __future__ import annotations

import json

import pytest

from queries.candidates import count_candidates
from queries.filter_text import MAX_DEPTH, MAX_FILTERS, MAX_PATTERNS, FilterError, decode_filter
from queries.filters import AllOf, Filter, Operator, Test
from queries.persons import Selection
from queries.weights import weight

# `max_query_size`, less what a statement has beside its filters.
MOST_CHARACTERS = 262_144 - 10_000

# Of each operator the values that make the longest SQL.
VALUES: dict[str, list[object]] = {
    **{name: [[1, 2]] for name in ("between", "not_between")},
    **{
        name: ["2024-05-31", "-7h"] for name in ("is_date_exact", "is_date_before", "is_date_after")
    },
    **{name: ["2024-05-31", "-7h", "-7d", "-7q"] for name in ("is_date_exact",)},
    **{name: [5, "x"] for name in ("gt", "gte", "lt", "lte")},
    **{name: [".", list(range(MAX_PATTERNS))] for name in ("regex", "not_regex")},
    **{name: ["a", ["a", "b"], list(range(2_550))] for name in ("icontains", "not_icontains")},
    **{name: ["1.2.3"] for name in ("semver_tilde", "semver_caret", "semver_eq", "semver_neq")},
    **{name: ["1.2.3"] for name in ("semver_gt", "semver_gte", "semver_lt", "semver_lte")},
    "semver_wildcard": ["1.2.*"],
}
ALL = [
    (operator, value) for operator in Operator for value in VALUES.get(operator, ["a", ["a", "b"]])
]


def decoded(operator: str, value: object, times: int, *, grouped: bool = False) -> Filter:
    test: object = {"key": "any", "operator": operator, "value": value}
    if grouped:
        test = {"type": "OR", "values": [test]}
    return decode_filter(json.dumps([test] * times))


@pytest.mark.parametrize(("operator", "value"), ALL, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("grouped", [False, True])
def test_as_many_as_are_let_in(operator: str, value: object, grouped: bool) -> None:
    one = decoded(operator, value, 1)
    assert isinstance(one, AllOf)
    # The list counts as one, and so does each group.
    most = (MAX_FILTERS - 1) // (weight(one.filters[0]) + grouped)
    tree = decoded(operator, value, most, grouped=grouped)
    text, _ = count_candidates(Selection(1, 1, tree)).sql.render()
    assert len(text) < MOST_CHARACTERS
    with pytest.raises(FilterError, match="more than 1000 filters in one request"):
        decoded(operator, value, most + 1, grouped=grouped)


def test_as_many_levels_as_are_let_in() -> None:
    test: object = {"key": "any", "operator": "is_set"}
    for _ in range(MAX_DEPTH - 2):
        test = {"type": "OR", "values": [test]}
    tree = decode_filter(json.dumps([test] * ((MAX_FILTERS - 1) // (MAX_DEPTH - 1))))
    text, _ = count_candidates(Selection(1, 1, tree)).sql.render()
    assert len(text) < MOST_CHARACTERS


def test_the_refusal_says_what_counts_as_more() -> None:
    with pytest.raises(FilterError) as caught:
        decoded("is_date_after", "-7d", 200)
    assert str(caught.value) == (
        "$[124]: more than 1000 filters in one request, and this `is_date_after` counts as 8"
    )


def test_a_list_of_texts_to_contain_counts_as_one_for_every_255() -> None:
    few, many = (Test("a", Operator.ICONTAINS, ("x",) * n) for n in (255, 256))
    assert (weight(few), weight(many)) == (2, 4)


def test_what_is_no_test_counts_as_one() -> None:
    assert weight(AllOf()) == 1
