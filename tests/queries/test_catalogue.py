"""The catalogue's arithmetic; and the statements it rests on, whole texts in golden/."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queries.catalogue import VALUES_SHOWN, Property, Value, assemble
from queries.property_counts import VALUE_CHARS, KeyRow, count_keys
from queries.property_statistics import (
    Changed,
    count_slice,
    drop_gone,
    list_changed,
    list_counted,
    list_counted_keys,
    list_other_keys,
    note_slice,
    sum_parts,
)
from queries.sql import sql
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, golden_text

PARTS = ("all_1_8_1", "all_9_9_0")
ROWS = sql("SELECT team_id, created_at, version, properties FROM persons FINAL WHERE team_id = 7")

STATEMENTS: dict[str, Statement[Any]] = {
    "properties_count": count_keys(ROWS),
    "statistics_changed": list_changed(7, PARTS),
    "statistics_count_slice": count_slice("all_1_8_1", 3, 1_000),
    "statistics_counted": list_counted(),
    "statistics_drop_gone": drop_gone(),
    "statistics_keys": list_counted_keys(7, PARTS),
    "statistics_note_slice": note_slice("all_1_8_1", 3),
    "statistics_other_keys": list_other_keys(7, PARTS),
    "statistics_sum": sum_parts(7, PARTS),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_a_slice_is_a_range_of_rows() -> None:
    values = count_slice("all_1_8_1", 3, 1_000).sql.render()[1].values()
    assert {"all_1_8_1", 3, 3_000, 4_000} <= {one for one in values if isinstance(one, str | int)}


def row(key: str = "", **known: Any) -> KeyRow:
    """A row in which all is nothing but what is given; all values are known."""
    nothing: dict[str, Any] = dict.fromkeys(KeyRow.__struct_fields__, 0)
    nothing.update(key=key, is_total=False, values=[], counts=[], is_whole=True)
    return KeyRow(**{**nothing, **known})


def total(persons: int) -> KeyRow:
    return row(is_total=True, persons=persons)


def changed(properties: object, sign: int = 1, at: int = 5) -> Changed:
    text = properties if isinstance(properties, str) else msgspec.json.encode(properties).decode()
    return Changed(sign, text, at, at + 1)


def only(*changes: Changed, rows: tuple[KeyRow, ...] = ()) -> Property:
    (found,) = assemble(rows, changes).properties
    return found


def test_what_was_counted_is_shown_as_it_is() -> None:
    plan = row(
        "plan", persons=4, texts=3, nulls=1, values=["free", "pro"], counts=[1, 2], first_us=7
    )
    found = assemble([total(9), plan])
    assert found.persons == 9
    assert found.properties == [
        Property(
            key="plan",
            persons=4,
            types={"string": 3, "null": 1},
            distinct=2,
            distinct_is_exact=True,
            values=[Value("pro", 2), Value("free", 1)],
            values_are_exact=True,
            first_us=7,
            last_us=0,
        )
    ]
    assert found.properties[0].filled() == 3


def test_of_very_many_values_it_is_an_estimate() -> None:
    many = row("id", persons=900, texts=900, distinct=880, values=["a"], counts=[3], is_whole=False)
    found = only(changed({"id": "a"}), changed({"id": "new"}), rows=(many,))
    assert (found.persons, found.distinct, found.values) == (902, 880, [Value("a", 4)])
    assert not found.distinct_is_exact
    assert not found.values_are_exact


def test_keys_of_most_persons_come_first() -> None:
    rows = [row("b", persons=1, texts=1), row("a", persons=1, texts=1), row("c", texts=2)]
    assert [one.key for one in assemble(rows).properties] == ["c", "a", "b"]


def test_the_types_of_a_key_the_most_frequent_first() -> None:
    found = only(rows=(row("n", texts=1, numbers=5, booleans=1, nulls=9),))
    assert found.kinds() == ["number", "bool", "string"]


def test_who_changed_is_taken_off_and_put_in() -> None:
    plan = row("plan", texts=2, values=["free"], counts=[2], first_us=1, last_us=3)
    found = assemble(
        [total(2), plan], [changed({"plan": "free"}, -1), changed({"plan": None, "n": 1})]
    )
    assert found.persons == 2
    assert [(one.key, one.types) for one in found.properties] == [
        ("plan", {"string": 1, "null": 1}),
        ("n", {"number": 1}),
    ]
    assert found.properties[0].values == [Value("free", 1)]
    assert (found.properties[0].first_us, found.properties[0].last_us) == (1, 6)
    assert (found.properties[1].first_us, found.properties[1].last_us) == (5, 6)


def test_a_key_that_nobody_has_any_more_is_none() -> None:
    assert assemble([row("n", numbers=1)], [changed({"n": 1}, -1)]).properties == []


@pytest.mark.parametrize(
    ("value", "kind", "text", "is_exact"),
    [
        ('"a\\u00e9"', "string", "aé", True),
        ("5", "number", "5", True),
        ("-0", "number", "0", True),
        ("5.0", "number", "5", True),
        ("5e2", "number", "500", True),
        ("0.25", "number", "0.25", True),
        ("1e300", "number", "1e+300", False),
        ("12345678901234567890", "number", "12345678901234567890", False),
        ("1e-9", "number", "1e-09", False),
        ("1e999", "number", "inf", False),
        ("true", "bool", "true", True),
        ("false", "bool", "false", True),
        ('[1, "a"]', "array", '[1,"a"]', False),
        ('{"b":1,"a":2}', "object", '{"a":2,"b":1}', False),
        (f'"{"x" * 300}"', "string", "x" * VALUE_CHARS, False),
    ],
)
def test_a_value_has_a_type_and_a_text(value: str, kind: str, text: str, is_exact: bool) -> None:
    found = only(changed(f'{{"k":{value}}}'))
    assert (found.types, found.values) == ({kind: 1}, [Value(text, 1)])
    assert found.values_are_exact is is_exact


def test_null_is_a_type_and_no_value() -> None:
    found = only(changed('{"k":null}'))
    assert (found.types, found.values, found.distinct) == ({"null": 1}, [], 0)
    assert found.values_are_exact


def test_a_text_taken_off_that_was_never_there_makes_values_inexact() -> None:
    one = row("n", numbers=2, values=["1"], counts=[2])
    found = only(changed('{"n":2}', -1), rows=(one,))
    assert not found.values_are_exact


def test_twenty_values_are_shown() -> None:
    values = [f"v{n:02}" for n in range(30)]
    found = only(rows=(row("k", texts=30, values=values, counts=[1] * 30),))
    assert [value.name for value in found.values] == values[:VALUES_SHOWN]
    assert found.distinct == 30
