"""The condition that each filter becomes. What it means on rows: tests/engine (CONTRACT 4.2).

Of patterns, ranges, dates and versions: test_where_kinds.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.filters import EVERYONE, AllOf, AnyOf, Filter, Operator, Test
from queries.properties import TYPED
from queries.texts import column_key
from queries.where import where

TYPED_PATH = "prop.{p0:Identifier}"
PATH = "prop.{p0:Identifier}.:String"
NUMBER = (
    "if(isFinite(toFloat64OrNull(prop.{p0:Identifier}.:String)),"
    " toFloat64OrNull(prop.{p1:Identifier}.:String), NULL)"
)


def folded(first: int) -> str:
    """The property in folded case, its key bound from p`first` on."""
    one, two, three = (f"prop.{{p{first + n}:Identifier}}.:String" for n in range(3))
    return f"if(isValidASCII({one}), lower({two}), caseFoldUTF8({three}))"


def compiled(tree: Filter) -> tuple[str, list[object]]:
    text, values = where(tree).render()
    return text, list(values.values())


def test_everyone_is_true() -> None:
    assert compiled(EVERYONE) == ("true", [])


def test_exact_is_equal_and_never_of_an_absent_property() -> None:
    test = Test("a", Operator.EXACT, ("x",))
    assert compiled(test) == (f"ifNull({PATH} = {{p1:String}}, false)", ["a", "x"])


def test_exact_on_a_typed_property_reads_its_column() -> None:
    test = Test("email", Operator.EXACT, ("x",))
    assert compiled(test) == (f"ifNull({TYPED_PATH} = {{p1:String}}, false)", ["email", "x"])


def test_exact_with_a_list_is_any_of_them() -> None:
    test = Test("a", Operator.EXACT, ("x", "y"))
    assert compiled(test) == (
        f"ifNull({PATH} IN {{p1:Array(String)}}, false)",
        ["a", ["x", "y"]],
    )


def test_is_not_is_the_opposite_of_exact() -> None:
    for texts in (("x",), ("x", "y")):
        exact, values = compiled(Test("a", Operator.EXACT, texts))
        assert compiled(Test("a", Operator.IS_NOT, texts)) == (f"NOT {exact}", values)


def test_icontains_folds_both_sides() -> None:
    assert compiled(Test("a", Operator.ICONTAINS, ("Straße ΑΣ İ",))) == (
        f"ifNull(position({folded(0)}, {{p3:String}}) > 0, false)",
        ["a", "a", "a", "strasse \u03b1\u03c3 i\u0307"],
    )


def contains(first: int) -> str:
    """Whether the property contains one of a list, its key bound from p`first` on."""
    return f"ifNull(multiSearchAny({folded(first)}, {{p{first + 3}:Array(String)}}), false)"


def test_icontains_with_a_list_is_any_of_them_in_one_look() -> None:
    assert compiled(Test("a", Operator.ICONTAINS, ("X", "y"))) == (
        f"({contains(0)})",
        ["a", "a", "a", ["x", "y"]],
    )


@pytest.mark.parametrize("texts", [("x", ""), ("", "x")])
def test_icontains_with_the_empty_text_is_present(texts: tuple[str, ...]) -> None:
    assert compiled(Test("a", Operator.ICONTAINS, texts)) == (f"isNotNull({PATH})", ["a"])


def test_icontains_takes_a_look_for_every_255_needles() -> None:
    for needles, looks in ((255, 1), (256, 2), (3_000, 12)):
        texts = tuple(map(str, range(needles)))
        text, values = compiled(Test("a", Operator.ICONTAINS, texts))
        assert text == f"({' OR '.join(contains(4 * n) for n in range(looks))})"
        listed = cast("list[list[str]]", [value for value in values if isinstance(value, list)])
        assert list(chain.from_iterable(listed)) == list(texts)


def test_a_long_list_makes_no_longer_text() -> None:
    for numbers in ((2, 16), (17, 3_000)):
        few, many = (Test("a", Operator.EXACT, tuple(map(str, range(n)))) for n in numbers)
        assert compiled(few)[0] == compiled(many)[0]


def test_not_icontains_is_the_opposite_of_icontains() -> None:
    for texts in (("x",), ("x", "y")):
        contains, values = compiled(Test("a", Operator.ICONTAINS, texts))
        assert compiled(Test("a", Operator.NOT_ICONTAINS, texts)) == (f"NOT {contains}", values)


ORDERED = [
    (Operator.GT, ">"),
    (Operator.GTE, ">="),
    (Operator.LT, "<"),
    (Operator.LTE, "<="),
]


@pytest.mark.parametrize(("operator", "sign"), ORDERED)
def test_ordered_operator_on_a_number_compares_numbers(operator: Operator, sign: str) -> None:
    assert compiled(Test("a", operator, ("5",), 5.0)) == (
        f"ifNull({NUMBER} {sign} {{p2:Float64}}, false)",
        ["a", "a", 5.0],
    )


@pytest.mark.parametrize(("operator", "sign"), ORDERED)
def test_ordered_operator_on_a_text_compares_texts_but_true_and_false(
    operator: Operator, sign: str
) -> None:
    assert compiled(Test("a", operator, ("x",))) == (
        f"(ifNull({PATH} {sign} {{p1:String}}, false)"
        " AND prop.{p2:Identifier}.:String NOT IN ('true', 'false'))",
        ["a", "x", "a"],
    )


def test_is_set() -> None:
    assert compiled(Test("a", Operator.IS_SET)) == (f"isNotNull({PATH})", ["a"])


def test_is_not_set() -> None:
    assert compiled(Test("a", Operator.IS_NOT_SET)) == (f"isNull({PATH})", ["a"])


def test_groups_nest_in_parentheses() -> None:
    is_set = Test("a", Operator.IS_SET)
    tree = AllOf((is_set, AnyOf((is_set, AllOf((is_set, EVERYONE)))), EVERYONE))
    one, two, three = (f"isNotNull(prop.{{p{n}:Identifier}}.:String)" for n in range(3))
    assert compiled(tree)[0] == f"({one} AND ({two} OR ({three} AND true)) AND true)"


def test_or_of_nothing_is_false() -> None:
    assert compiled(AnyOf(())) == ("false", [])


# Marks, quotes, escapes, comments and names of columns, alone and in all mixtures.
HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.lists(
        st.sampled_from(
            (
                *("'", '"', "`", "\\", "{}", "{p0:String}", "--", "/*", ";", ")", "\0", "\n", "%"),
                *(
                    " OR 1=1",
                    "DROP TABLE persons",
                    "prop.email",
                    "email",
                    "$os",
                    "%(x)s",
                    ".:String",
                ),
            )
        ),
        max_size=5,
    ).map("".join),
)


def _tests() -> st.SearchStrategy[Filter]:
    some = st.lists(HOSTILE, min_size=1, max_size=3).map(tuple)
    listed = (Operator.EXACT, Operator.IS_NOT, Operator.ICONTAINS, Operator.NOT_ICONTAINS)
    ordered = tuple(operator for operator, _ in ORDERED)
    return st.one_of(
        st.builds(Test, HOSTILE, st.sampled_from(listed), some),
        st.builds(Test, HOSTILE, st.sampled_from(ordered), st.tuples(HOSTILE)),
        st.builds(Test, HOSTILE, st.sampled_from(ordered), st.tuples(HOSTILE), st.floats()),
        st.builds(Test, HOSTILE, st.sampled_from((Operator.IS_SET, Operator.IS_NOT_SET))),
    )


TREES = st.recursive(
    _tests(),
    lambda inner: (
        st.builds(AllOf, st.lists(inner, max_size=4).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=4).map(tuple))
    ),
    max_leaves=8,
)


def _harmless(tree: Filter) -> Filter:
    """The same tree with other keys, texts and numbers; whether a key is typed stays."""
    match tree:
        case AllOf():
            return AllOf(tuple(map(_harmless, tree.filters)))
        case AnyOf():
            return AnyOf(tuple(map(_harmless, tree.filters)))
        case Test():
            key = "email" if tree.key in TYPED else "age"
            number = None if tree.number is None else 1.0
            # Whatever contains one of several texts contains the empty one: that is another SQL.
            texts = tuple("x" if text else "" for text in tree.texts)
            return Test(key, tree.operator, texts, number)
        case _:
            raise TypeError(tree)


def _bound(tree: Filter) -> Iterator[object]:
    """All a tree's keys, texts and numbers."""
    if isinstance(tree, Test):
        for texts in (tree.texts, [text.casefold() for text in tree.texts]):
            yield from (*texts, list(texts))
        yield from (column_key(tree.key), repr(tree.number))
    elif isinstance(tree, AllOf | AnyOf):
        for child in tree.filters:
            yield from _bound(child)


@settings(deadline=None)
@given(TREES)
def test_the_text_never_depends_on_keys_or_values(tree: Filter) -> None:
    text, values = compiled(tree)
    assert text == compiled(_harmless(tree))[0]
    given_values = list(_bound(tree))
    for value in values:
        assert (repr(value) if isinstance(value, float) else value) in given_values
