"""Text and values kept apart; names given when rendered; empty AND and OR."""

from __future__ import annotations

import pytest

from queries.sql import TRUE, Bind, Sql, all_of, any_of, bind, sql


def test_text_without_values() -> None:
    assert sql("SELECT 1").render() == ("SELECT 1", {})


def test_values_are_numbered_in_the_order_they_stand() -> None:
    text, values = sql("a = {} OR b = {}", bind("UInt32", 7), bind("String", "x")).render()
    assert text == "a = {p0:UInt32} OR b = {p1:String}"
    assert values == {"p0": 7, "p1": "x"}


def test_a_fragment_keeps_its_values_in_their_place() -> None:
    inner = sql("x IN {}", bind("Array(String)", ["a"]))
    text, values = sql("{} AND {} AND {}", bind("UInt8", 1), inner, bind("UInt8", 2)).render()
    assert text == "{p0:UInt8} AND x IN {p1:Array(String)} AND {p2:UInt8}"
    assert list(values.values()) == [1, ["a"], 2]


def test_a_fragment_used_twice_is_bound_twice() -> None:
    inner = sql("x = {}", bind("UInt8", 1))
    assert sql("{} OR {}", inner, inner).render()[0] == "x = {p0:UInt8} OR x = {p1:UInt8}"
    assert inner.render() == ("x = {p0:UInt8}", {"p0": 1})


def test_rendered_twice_it_is_the_same() -> None:
    fragment = sql("x = {}", bind("UInt8", 1))
    assert fragment.render() == fragment.render()


def test_a_value_that_looks_like_a_mark_is_a_value() -> None:
    assert sql("x = {}", bind("String", "{}")).render() == ("x = {p0:String}", {"p0": "{}"})


def test_empty_text_is_no_part() -> None:
    assert sql("{}{}", bind("UInt8", 1), sql("")) == Sql((Bind("UInt8", 1),))


@pytest.mark.parametrize("holes", [(), (TRUE, TRUE, TRUE)])
def test_as_many_holes_as_marks(holes: tuple[Sql, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        sql("{} {}", *holes)


def test_all_of() -> None:
    conditions = [sql("a"), sql("b = {}", bind("UInt8", 1)), sql("c")]
    assert all_of(conditions).render()[0] == "(a AND b = {p0:UInt8} AND c)"


def test_any_of() -> None:
    conditions = [sql("a"), sql("b = {}", bind("UInt8", 1)), sql("c")]
    assert any_of(conditions).render()[0] == "(a OR b = {p0:UInt8} OR c)"


def test_all_of_none_is_true() -> None:
    assert all_of([]).render() == ("true", {})


def test_any_of_none_is_false() -> None:
    assert any_of([]).render() == ("false", {})


def test_of_one_it_is_parenthesised_too() -> None:
    assert all_of([sql("a")]).render()[0] == any_of([sql("a")]).render()[0] == "(a)"


def test_they_nest_as_whole_conditions() -> None:
    nested = all_of([any_of([sql("a"), sql("b")]), any_of([])])
    assert nested.render()[0] == "((a OR b) AND false)"


@pytest.mark.parametrize("length", [30_000, 30_001, 60_000, 60_001])
def test_a_long_text_is_sent_in_pieces(length: int) -> None:
    long = "\\é" * length
    long = long[:length]
    text, values = sql("SELECT {}, {}", bind("String", long), bind("UInt8", 1)).render()
    pieces = [value for value in values.values() if isinstance(value, str)]
    assert "".join(pieces) == long
    assert max(map(len, pieces)) <= 30_000
    holes = ", ".join(f"{{p{n}:String}}" for n in range(len(pieces)))
    first = holes if len(pieces) == 1 else f"concat({holes})"
    assert text == f"SELECT {first}, {{p{len(pieces)}:UInt8}}"


def test_of_other_types_nothing_is_cut() -> None:
    text, values = sql("{}", bind("FixedString(40000)", "x" * 40_000)).render()
    assert (text, len(values)) == ("{p0:FixedString(40000)}", 1)
