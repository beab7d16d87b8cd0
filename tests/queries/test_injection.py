"""Whatever a client writes, the SQL it leads to is one and the same.

10,000 hostile texts in every place where a text may stand. That they mean what they say there, and
nothing else, is tested on the engine: tests/engine/test_injection.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from queries import moments, semver
from queries.batches import get_many, get_owners
from queries.candidates import count_candidates, find_candidates, read_candidates
from queries.columns import list_keys, list_parts
from queries.events import Hidden, Owner, Range
from queries.export_source import Source
from queries.filter_text import MAX_KEY, FilterError, decode_filter, number_of
from queries.filters import EVERYONE, AllOf, Between, Dated, Filter, Operator, Test, Versioned
from queries.idempotency import find_answer
from queries.keys import find_key
from queries.lines import Shape, export_lines
from queries.persons import Selection, export_persons, get_persons, list_persons
from queries.places import Place
from queries.properties import TYPED
from queries.sql import Sql
from queries.timeline import find_openings
from queries.values import list_distinct_ids, list_values
from queries.where import where
from tests import hostile

Made = Sql | None
Slot = Callable[[str], Made]

COUNTS = [200, pytest.param(10_000, marks=pytest.mark.slow)]
NOW_US = 1_700_000_000_000_000
PLACE = Place(NOW_US, UUID(int=5))
# What an operator takes that no text is: two numbers, a date, a version.
EXAMPLES: dict[str, object] = {
    **{name: [1, 2] for name in ("between", "not_between")},
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), "2024-05-31"),
    **{name: "1.2.3" for name in Operator if name.startswith("semver_")},
    **dict.fromkeys(("gt", "gte", "lt", "lte"), 5),
    "semver_wildcard": "1.2.*",
}
BARE = (Operator.IS_SET, Operator.IS_NOT_SET)
TEXTUAL = tuple(name for name in Operator if name not in EXAMPLES and name not in BARE)
LISTED = (*TEXTUAL, "in", "not_in", "icontains_multi", "not_icontains_multi")
# One operator for each way to read a property: as a text, folded, a number, a date, a version.
READING = ("is_set", "exact", "icontains", "regex", "gt", "between", "is_date_exact", "semver_eq")
ORDERED = ("gt", "gte", "lt", "lte", "min", "max")


def decoded(*tests: object) -> Filter | None:
    """The filter that is decoded, None where it is refused."""
    try:
        return decode_filter(json.dumps(list(tests)))
    except FilterError:
        return None


def test_of(key: str, operator: str, value: object) -> dict[str, object]:
    return {"key": key, "operator": operator, "value": value}


test_of.__test__ = False  # type: ignore[attr-defined] # no test case, for all its name


def condition_of(*tests: object) -> Made:
    tree = decoded(*tests)
    return None if tree is None else where(tree)


def keys(text: str) -> Made:
    """The text as a key, read in every way in which a property is."""
    return condition_of(*(test_of(text, name, EXAMPLES.get(name, "x")) for name in READING))


def keys_of_all(text: str) -> Made:
    """The text as the key of every operator."""
    return condition_of(*(test_of(text, name, EXAMPLES.get(name, "x")) for name in Operator))


def values(text: str) -> Made:
    return condition_of(*(test_of("age", name, text) for name in TEXTUAL))


def values_of_a_typed_key(text: str) -> Made:
    return condition_of(*(test_of("$os", name, text) for name in TEXTUAL))


def items(text: str) -> Made:
    return condition_of(*(test_of("age", name, [text, f"{text}'", "another"]) for name in LISTED))


def structures(text: str) -> Made:
    """The text as a key and as an item within a value that is an object or a list."""
    nested: list[object] = [{text: [text]}, [text, {text: None}], "another"]
    return condition_of(*(test_of("age", name, nested) for name in LISTED))


def bounds(text: str) -> Made:
    return condition_of(*(test_of("age", name, text) for name in ORDERED))


def members(text: str) -> Made:
    """The text as the key and as the value of a bare object."""
    try:
        return where(decode_filter(json.dumps({text: text, f"{text}'": [text, "x"]})))
    except FilterError:
        return None


def searches(text: str) -> Made:
    return list_persons(Selection(7, NOW_US, search=text), limit=101).sql


def emails(text: str) -> Made:
    selection = Selection(7, NOW_US, email=text)
    return find_candidates(selection, after=PLACE, limit=131).sql


def distinct_ids(text: str) -> Made:
    selection = Selection(7, NOW_US, distinct_ids=(text, text + "'"))
    return list_persons(selection, limit=101, before=PLACE).sql


def everything(text: str) -> Iterator[Sql]:
    """The text in all places of a selection at once, in every statement that takes one."""
    tree = AllOf((Test("age", Operator.EXACT, (text,)), Test("age", Operator.REGEX, (text, text))))
    selection = Selection(7, NOW_US, tree, text, text, (text,))
    shape = Shape((1, 2), ("age", "plan"), (",", text))
    yield count_candidates(selection).sql
    yield read_candidates(selection, [PLACE]).sql
    yield export_persons(selection).sql
    yield export_lines(Source(selection), shape).sql
    yield list_keys(Source(selection)).sql
    yield list_parts(Source(selection)).sql


def exported_keys(text: str) -> Made:
    """The text as a property that many persons have: a column of the export."""
    shape = Shape((1,), (text, "plan"), (",", ","))
    return export_lines(Source(Selection(7, NOW_US)), shape).sql


def keys_with_values(text: str) -> Made:
    return list_values(Selection(7, NOW_US), text, "", None).sql


def contained_values(text: str) -> Made:
    return list_values(Selection(7, NOW_US), "age", text, None).sql


def contained_distinct_ids(text: str) -> Made:
    return list_distinct_ids(7, text).sql


def batches(text: str) -> Made:
    return get_owners(7, [text, f"{text}'"]).sql


def secrets(text: str) -> Made:
    return find_key(text).sql


def idempotency_keys(text: str) -> Made:
    return find_answer(7, "a key", text, NOW_US).sql


def watched_keys(text: str) -> Made:
    return find_openings(events_of("ann"), (text,), most=5).sql


def events_called(text: str) -> Made:
    return find_openings(events_of("ann", text), ("plan",), most=5).sql


def events_of_ids(text: str) -> Made:
    return find_openings(events_of(text), ("plan",), most=5).sql


def events_of(distinct_id: str, *names: str) -> Range:
    owner = Owner(UUID(int=5), [distinct_id], 1, 1)
    return Range(7, owner, 0, NOW_US, names, (Hidden(distinct_id, NOW_US),))


# What stands in their place, and how many texts of SQL there may be: where a key is one of those
# that are columns of their own, there is another.
SLOTS: dict[Slot, tuple[str, ...]] = {
    keys: ("age", "email"),
    keys_of_all: ("age", "email"),
    values: ("x",),
    values_of_a_typed_key: ("x",),
    items: ("x",),
    structures: ("x",),
    bounds: ("x", "5"),
    members: ("age", "email"),
    searches: ("x",),
    emails: ("x",),
    distinct_ids: ("x",),
    exported_keys: ("age", "email"),
    keys_with_values: ("age", "email"),
    contained_values: ("x",),
    contained_distinct_ids: ("x",),
    batches: ("x",),
    secrets: ("x",),
    idempotency_keys: ("x",),
    watched_keys: ("age",),
    events_called: ("x",),
    events_of_ids: ("x",),
}


def shape_of(made: Sql) -> tuple[str, tuple[str, ...]]:
    """The text, which has the parameters' names and types, and the kinds of their values."""
    text, bound = made.render()
    assert list(bound) == [f"p{n}" for n in range(len(bound))]
    return text, tuple(type(value).__name__ for value in bound.values())


def _slots() -> Iterator[Any]:
    """Each slot with a few texts, and with many."""
    for slot in SLOTS:
        yield pytest.param(slot, 200, id=f"{slot.__name__}-200")
        most = 1_000 if slot is keys_of_all else 10_000
        yield pytest.param(slot, most, id=f"{slot.__name__}-{most}", marks=pytest.mark.slow)


@pytest.mark.parametrize(("slot", "count"), list(_slots()))
def test_the_text_is_that_of_a_harmless_one(slot: Slot, count: int) -> None:
    expected = [shape_of(made) for text in SLOTS[slot] if (made := slot(text)) is not None]
    assert len(expected) == len(SLOTS[slot])
    refused = 0
    # The last is longer than a key may be.
    for text in (*TYPED, *hostile.texts(count, longest=1_000), "k" * 1_000):
        made = slot(text)
        if made is None:
            refused += 1
            assert slot in (keys, keys_of_all, members)
            assert len(text) >= MAX_KEY
            continue
        second = number_of(text) is not None if slot is bounds else text in TYPED
        assert shape_of(made) == expected[second and len(expected) == 2], text
    assert (refused > 0) is (slot in (keys, keys_of_all, members))


@pytest.mark.parametrize("count", COUNTS)
def test_every_statement_has_one_text(count: int) -> None:
    expected = [shape_of(made) for made in everything("x")]
    for text in hostile.texts(count, longest=1_000):
        assert [shape_of(made) for made in everything(text)] == expected, text


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("operator", EXAMPLES)
def test_what_takes_no_text_lets_none_in(operator: str, count: int) -> None:
    """It is refused, or was a number, a date or a version, and is bound as that."""
    if operator in ORDERED:
        return
    for text in hostile.texts(count, longest=1_000):
        value = [text, text] if operator.endswith("between") else text
        tree = decoded(test_of("age", operator, value))
        if tree is None:
            continue
        assert isinstance(tree, AllOf)
        for leaf in tree.filters:
            assert isinstance(leaf, Between | Dated | Versioned)
        for bound in where(tree).render()[1].values():
            ours = ("age", moments.SHAPE, moments.DAY_FIRST, semver.STORED)
            assert not isinstance(bound, str) or bound in ours


def test_operators_and_types_are_words_of_ours() -> None:
    for text in hostile.texts(1_000):
        for name in ("operator", "type"):
            assert decoded({"key": "age", "value": "x", name: text}) is None
    assert decoded({"key": "age", "value": [], "operator": "exact"}) == EVERYONE


def test_an_id_is_a_number() -> None:
    numbers = (0, 1, 2**53 - 1, 2**63)
    ids = [UUID(int=n) for n in (0, 1, 2**128 - 1)]
    assert len({shape_of(get_persons(7, number=n).sql) for n in numbers}) == 1
    assert len({shape_of(get_persons(7, uuid=id).sql) for id in ids}) == 1
    assert len({shape_of(get_many(7, [id]).sql) for id in ids}) == 1


def test_a_long_text_is_bound_as_it_is() -> None:
    long = "'{p0:string}--" * 10_000
    for slot in (values, searches, emails, contained_values, secrets):
        made = slot(long)
        assert made is not None
        text, bound = made.render()
        assert "--" not in text
        assert any(long[:1_000] in value for value in bound.values() if isinstance(value, str))


def test_a_long_list_is_bound_in_pieces() -> None:
    many = list(hostile.texts(5_000, longest=1_000))
    made = condition_of(test_of("age", "exact", many))
    assert made is not None
    text, bound = made.render()
    pieces = [value for value in bound.values() if isinstance(value, list)]
    assert [item for piece in pieces for item in piece] == list(dict.fromkeys(many))
    assert text.count("{") == len(bound)
