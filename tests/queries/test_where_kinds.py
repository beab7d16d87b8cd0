"""The conditions of patterns, ranges, dates and versions. What they mean on rows: tests/engine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries import moments, semver
from queries.filters import Between, Dated, Filter, Operator, Relation, Test, Versioned
from queries.moments import Ago, Moment, Unit
from queries.properties import TYPED
from queries.semver import Range
from queries.where import where
from tests.queries.test_where import HOSTILE, PATH, compiled

UNITS: tuple[Unit, ...] = ("h", "d", "w", "m", "q", "y")


def test_regex_is_found_and_never_in_an_absent_property() -> None:
    assert compiled(Test("a", Operator.REGEX, ("^x",))) == (
        f"(ifNull(match({PATH}, {{p1:String}}), isNull(match('', {{p2:String}}))))",
        ["a", "^x", "^x"],
    )


def test_regex_with_a_list_is_any_of_them() -> None:
    text, values = compiled(Test("a", Operator.REGEX, ("x", "y")))
    assert text.count(" OR ") == 1
    assert values == ["a", "x", "x", "a", "y", "y"]


def test_not_regex_is_the_opposite_of_regex() -> None:
    for texts in (("x",), ("x", "y")):
        regex, values = compiled(Test("a", Operator.REGEX, texts))
        assert compiled(Test("a", Operator.NOT_REGEX, texts)) == (f"NOT {regex}", values)


def test_between_includes_its_bounds_and_not_between_excludes_them() -> None:
    within, values = compiled(Between("a", 1.0, 2.0, is_within=True))
    assert within.startswith("ifNull(if(isFinite(")
    assert (within.count(" >= "), within.count(" <= "), within.count(" AND ")) == (1, 1, 1)
    assert values == ["a", "a", 1.0, "a", "a", 2.0]
    outside, values = compiled(Between("a", 1.0, 2.0, is_within=False))
    assert (outside.count(" < "), outside.count(" > "), outside.count(" OR ")) == (1, 1, 1)
    assert values == ["a", "a", 1.0, "a", "a", 2.0]
    assert not outside.startswith("NOT")


DAY, SECOND = 86_400_000_000, 1_000_000


@pytest.mark.parametrize(
    ("relation", "moment", "sign", "bounds"),
    [
        (Relation.ON, Moment(2 * DAY, is_day=True), " <= ", [2 * DAY, 3 * DAY - 1]),
        (Relation.ON, Moment(2 * SECOND + 5, is_day=False), " <= ", [2 * SECOND, 3 * SECOND - 1]),
        (Relation.ON, Moment(-1, is_day=False), " <= ", [-SECOND, -1]),
        (Relation.BEFORE, Moment(2 * DAY, is_day=True), " < ", [2 * DAY]),
        (Relation.BEFORE, Moment(5, is_day=False), " < ", [5]),
        (Relation.AFTER, Moment(2 * DAY, is_day=True), " > ", [3 * DAY - SECOND]),
        (Relation.AFTER, Moment(5, is_day=False), " > ", [5]),
    ],
)
def test_dates(relation: Relation, moment: Moment, sign: str, bounds: list[int]) -> None:
    text, values = compiled(Dated("a", relation, moment))
    assert text.startswith("ifNull(")
    assert [value for value in values if isinstance(value, int)] == bounds
    assert {v for v in values if isinstance(v, str)} == {"a", moments.DAY_FIRST, moments.SHAPE}
    assert f"{sign}fromUnixTimestamp64Micro({{p" in text
    assert "now64" not in text


def test_dates_so_long_ago_are_a_day_or_a_second() -> None:
    for unit in UNITS:
        text, _ = compiled(Dated("a", Relation.ON, Ago(5, unit)))
        assert text.count("toStartOfSecond(" if unit == "h" else "toDate32(") == 2


@pytest.mark.parametrize("unit", UNITS)
def test_so_long_ago(unit: Unit) -> None:
    words = {"h": "Hours", "d": "Days", "w": "Weeks", "m": "Months", "q": "Weeks", "y": "Years"}
    text, values = compiled(Dated("a", Relation.AFTER, Ago(3, unit)))
    assert f" > subtract{words[unit]}(now64(6, 'UTC'), {{p" in text
    assert values[-1] == (39 if unit == "q" else 3)


def test_a_version_is_within_its_range() -> None:
    text, values = compiled(Versioned("a", Range((1, 2, 3), (1, 3, 0)), is_within=True))
    assert (text.count("isNotNull("), text.count(") >= ("), text.count(") < (")) == (3, 1, 1)
    numbers = [value for value in values if isinstance(value, int)]
    assert numbers == [1, 2, 3, 1, 3, 0]
    assert {str(v) for v in values} == {"a", semver.STORED, *map(str, numbers)}


def test_a_version_that_is_not_equal_is_a_version() -> None:
    text, _ = compiled(Versioned("a", Range((1, 2, 3), (1, 2, 4)), is_within=False))
    assert text.startswith("(isNotNull(")
    assert " AND NOT (ifNull(" in text


def test_a_range_may_have_one_end() -> None:
    low, _ = compiled(Versioned("a", Range(low=(1, 2, 3)), is_within=True))
    high, _ = compiled(Versioned("a", Range(high=(1, 2, 3)), is_within=True))
    assert (low.count(") >= ("), low.count(") < (")) == (1, 0)
    assert (high.count(") >= ("), high.count(") < (")) == (0, 1)


def test_each_operator_has_one_form() -> None:
    """That of the operators with a kind of their own is not a `Test`."""
    with pytest.raises(AssertionError, match="between"):
        where(Test("a", Operator.BETWEEN, ("1",)))


_NUMBERS = st.integers(0, 10**18)
_ENDS = st.none() | st.tuples(_NUMBERS, _NUMBERS, _NUMBERS)
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_MOMENTS = st.builds(Moment, st.integers(-(2**62), 2**62), st.booleans()) | st.builds(
    Ago, st.integers(0, 99_999), st.sampled_from(UNITS)
)
KINDS: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Between, HOSTILE, _FINITE, _FINITE, st.booleans()),
    st.builds(Dated, HOSTILE, st.sampled_from(Relation), _MOMENTS),
    st.builds(Versioned, HOSTILE, st.builds(Range, _ENDS, _ENDS), st.booleans()),
    st.builds(
        Test,
        HOSTILE,
        st.sampled_from((Operator.REGEX, Operator.NOT_REGEX)),
        st.lists(HOSTILE, min_size=1, max_size=3).map(tuple),
    ),
)


def _harmless(tree: Filter) -> Filter:
    """The same filter with another key and other values."""
    match tree:
        case Test(key=key):
            return Test(_other(key), tree.operator, ("x",) * len(tree.texts))
        case Between(key=key):
            return Between(_other(key), 1.0, 2.0, tree.is_within)
        case Dated(key=key, moment=Moment(is_day=is_day)):
            return Dated(_other(key), tree.relation, Moment(1, is_day))
        case Dated(key=key, moment=Ago(unit=unit)):
            return Dated(_other(key), tree.relation, Ago(1, unit))
        case Versioned(key=key, range=Range(low=low, high=high)):
            ends = (None if end is None else (1, 2, 3) for end in (low, high))
            return Versioned(_other(key), Range(*ends), tree.is_within)
        case _:
            raise TypeError(tree)


def _other(key: str) -> str:
    return "email" if key in TYPED else "age"


@settings(deadline=None)
@given(KINDS)
def test_the_text_never_depends_on_keys_or_values(tree: Filter) -> None:
    assert compiled(tree)[0] == compiled(_harmless(tree))[0]
