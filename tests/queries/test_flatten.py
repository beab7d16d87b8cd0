"""The dotted flat form: what a row's cells are, and that they survive a way there and back."""

from __future__ import annotations

import math
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from queries.flatten import MAX_LEVELS, flatten, flatten_json, json_of, unflatten

# Keys that meet each other: dotted ones, indexes, and empty ones.
KEYS = st.sampled_from(["a", "b", "a.b", "a.b.c", "", ".", "0", "1", "2", "00", "$os", "é"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "True", "true", "5", "1.0", "-0", "1e5", "007", "1e400", " 1"])
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)

# The first draw of a text builds a table, which can take seconds on a busy machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_a_row_as_the_list_has_it() -> None:
    row = {
        "uuid": UUID(int=1),
        "distinct_ids": ["a", "b"],
        "is_identified": True,
        "last_seen_at": None,
        "properties": Raw(b'{"$os":"Linux","address":{"city":"K\xc3\xb6ln"},"tags":["x",["y"]]}'),
    }
    assert flatten(row) == {
        "uuid": "00000000-0000-0000-0000-000000000001",
        "distinct_ids.0": "a",
        "distinct_ids.1": "b",
        "is_identified": "True",
        "last_seen_at": "",
        "properties.$os": "Linux",
        "properties.address.city": "Köln",
        "properties.tags.0": "x",
        "properties.tags.1.0": "y",
    }


@pytest.mark.parametrize(
    ("raw", "cell"),
    [
        (b"1.0", "1.0"),
        (b"1e5", "1e5"),
        (b"1E+5", "1E+5"),
        (b"0.10", "0.10"),
        (b"-0", "-0"),
        (b"-0.0", "-0.0"),
        (b"123456789012345678901234567890", "123456789012345678901234567890"),
        (b"false", "False"),
        (b"true", "True"),
        (b"null", ""),
        (b'""', ""),
        (b'"2021-01-01 -0"', "2021-01-01 -0"),
        (b'"\\u00e9\\n"', "é\n"),
    ],
)
def test_scalars_keep_their_spelling(raw: bytes, cell: str) -> None:
    cells: dict[str, str] = {}
    flatten_json("properties", b'{"k":' + raw + b',"other":1}', cells)
    flatten_json("alone", raw, cells)
    assert cells == {"properties.k": cell, "properties.other": "1", "alone": cell}


def test_empty_lists_and_objects_have_no_column() -> None:
    assert flatten(Raw(b'{"a":{},"b":[],"c":[[],{}],"d":[null]}')) == {"d.0": ""}


@pytest.mark.parametrize(
    ("cell", "raw"),
    [
        ("True", b"true"),
        ("False", b"false"),
        ("true", b'"true"'),
        ("null", b'"null"'),
        ("1.0", b"1.0"),
        ("-0", b"-0"),
        ("1E+5", b"1E+5"),
        ("007", b'"007"'),
        ("+1", b'"+1"'),
        ("1.", b'"1."'),
        (".5", b'".5"'),
        ("-", b'"-"'),
        (" 1", b'" 1"'),
        ("1\n", b'"1\\n"'),
        ("٣", b'"\xd9\xa3"'),
        ("1e400", b'"1e400"'),
        ("9" * 308, b"9" * 308),
        ("9" * 309, b'"' + b"9" * 309 + b'"'),
        ("NaN", b'"NaN"'),
        ('a"b', b'"a\\"b"'),
    ],
)
def test_what_a_cell_stands_for(cell: str, raw: bytes) -> None:
    assert json_of(cell) == raw
    msgspec.json.decode(raw)


@pytest.mark.parametrize(
    ("cells", "raw"),
    [
        ({}, b"{}"),
        ({"a": ""}, b"{}"),
        ({"a": "1", "b.c": "x", "b.d": "True"}, b'{"a":1,"b":{"c":"x","d":true}}'),
        ({"t.1": "b", "t.0": "a"}, b'{"t":["a","b"]}'),
        ({"t.0.k": "a", "t.1.k": "b"}, b'{"t":[{"k":"a"},{"k":"b"}]}'),
        # A gap, or an index that is not spelt as one.
        ({"t.0": "a", "t.2": "b"}, b'{"t":{"0":"a","2":"b"}}'),
        ({"t.00": "a"}, b'{"t":{"00":"a"}}'),
        # The row itself stays an object.
        ({"0": "a", "1": "b"}, b'{"0":"a","1":"b"}'),
        # `a` has a value, so that `a.b` is a key with a dot; in either order.
        ({"a": "1", "a.b": "2"}, b'{"a":1,"a.b":2}'),
        ({"a.b": "2", "a.c.d": "3", "a": "1"}, b'{"a":1,"a.b":2,"a.c.d":3}'),
        ({"x.0": "1", "x.0.y": "2"}, b'{"x":{"0":1,"0.y":2}}'),
        ({".": "1", "..b": "2"}, b'{"":{"":1,".b":2}}'),
    ],
)
def test_cells_to_json(cells: dict[str, str], raw: bytes) -> None:
    assert unflatten(cells) == raw


def test_levels_are_bounded() -> None:
    name = ".".join(["a"] * 5_000)
    raw = unflatten({name: "1"})
    assert raw.count(b"{") == MAX_LEVELS + 1
    assert flatten(Raw(raw)) == {name: "1"}


def test_deep_json_does_not_break_the_walk() -> None:
    deep = b'{"a":' * 400 + b"1" + b"}" * 400
    assert list(flatten(Raw(deep)).values()) == ["1"]


def test_numbers_out_of_range_are_cells_too() -> None:
    """They cannot be stored; were they, an export would still show them."""
    assert flatten({"a": math.inf, "b": Raw(b"1e400")}) == {"a": "", "b": "1e400"}


@unhurried
@given(value=OBJECTS)
def test_cells_are_the_same_after_a_way_there_and_back(value: dict[str, object]) -> None:
    cells = flatten(value)
    raw = unflatten(cells)
    filled = {name: cell for name, cell in cells.items() if cell}
    assert flatten(Raw(raw)) == filled
    assert isinstance(msgspec.json.decode(raw), dict)


@unhurried
@given(cells=st.dictionaries(st.text("ab.01", max_size=6), st.text(min_size=1, max_size=4)))
def test_any_cells_survive(cells: dict[str, str]) -> None:
    assert flatten(Raw(unflatten(cells))) == cells


@unhurried
@given(value=VALUES.filter(lambda value: "." not in repr(value)))
def test_the_source_text_decides(value: object) -> None:
    """However the JSON is laid out, the cells are those of the compact form."""
    cells: dict[str, str] = {}
    flatten_json("p", msgspec.json.format(msgspec.json.encode(value), indent=2), cells)
    assert cells == flatten({"p": value})
