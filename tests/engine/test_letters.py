"""Where ClickHouse's idea of a letter could differ from Python's: lower case, numbers, order."""

from __future__ import annotations

import sys

import pytest
from msgspec import Struct

from queries import properties
from queries.filters import number_of
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from tests.engine.people import insert, person


class Lowered(Struct):
    """Some texts in lower case."""

    texts: list[str]


class Compared(Struct):
    """A property's number, and whether its text comes before another."""

    number: float | None
    before: bool


def lowered(engine: Engine, texts: list[str]) -> list[str]:
    array = bind("Array(String)", texts)
    asked = sql("SELECT arrayMap(x -> lowerUTF8(x), {}) AS texts", array)
    (row,) = engine.fetch_now(Statement("tests.lower", asked, Lowered))
    return row.texts


def test_lower_case_of_every_letter_is_pythons(engine: Engine) -> None:
    letters = [c for c in map(chr, range(sys.maxunicode + 1)) if c.upper() != c or c.lower() != c]
    assert len(letters) > 2_500
    assert lowered(engine, letters) == [letter.lower() for letter in letters]


@pytest.mark.parametrize("text", ["ΑΣ", "ΑΣΑ", "ΑΣ Δ", "Σ", "İstanbul", "STRASSE", "ẞ", "ǅ", "ﬁ"])
def test_lower_case_of_letters_that_depend_on_others_is_pythons(engine: Engine, text: str) -> None:
    assert lowered(engine, [text]) == [text.lower()]


NUMBERS = [
    *("5", "5.0", "-0", "+5", ".5", "5.", "1e3", "1E+3", "-.5e-3", "0005", "1e-400", "5e-324"),
    *("9007199254740993", "1180591620717411303424", "0.1", "0.30000000000000004", "1e22", "1e23"),
    *("", " 5", "5 ", "1_0", "1,0", "0x10", "5f", ".", "-", "e5", "1e", "--5", "+ 5", "\t5"),
    *("inf", "-inf", "+inf", "Infinity", "nan", "NaN", "1e400", "-1e400", "true", "\u0665", "five"),
]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_one_in_filter_and_row_alike(engine: Engine, text: str) -> None:
    asked = sql(
        "SELECT {} AS number, false AS before FROM (SELECT CAST({}, 'JSON') AS prop)",
        properties.number("x"),
        bind("String", f'{{"x":"{text}"}}'.replace("\t", "\\t")),
    )
    (row,) = engine.fetch_now(Statement("tests.number", asked, Compared))
    assert row.number == number_of(text)


def test_texts_stand_in_the_order_of_their_characters(engine: Engine) -> None:
    ordered = ["", "5", "A", "Z", "a", "a ", "aa", "b", "ß", "ä", "я", "\uffff", "🦜"]
    for left, right in zip(sorted(ordered), sorted(ordered)[1:], strict=False):
        texts = (bind("String", left), bind("String", right))
        asked = sql("SELECT NULL AS number, CAST({} < {}, 'Bool') AS before", *texts)
        assert engine.fetch_now(Statement("tests.order", asked, Compared)) == [Compared(None, True)]


class Kinds(Struct):
    """Which types the values of a property are stored as."""

    kinds: list[str]


def test_every_text_stays_a_text(engine: Engine) -> None:
    """ClickHouse's JSON makes dates of texts like these if it is let."""
    texts = [
        *("2024-01-01", "2024-1-1", "2024/01/01", "2024-01-01 00:00:00", "20240101"),
        *("2024-01-01 00:00:00.123456", "2024-01-01T00:00:00Z", "12:30:00", "5", "true", "null"),
        *("00000000-0000-0000-0000-000000000001", "1.2.3.4", "2001:db8::1", "[1]", "{}", "(1,2)"),
    ]
    for n, text in enumerate(texts):
        insert(engine, 7, [person(n, f'{{"x":"{text}"}}')], version=1)
    asked = sql(
        "SELECT groupUniqArray(dynamicType(prop.x)) AS kinds FROM persons WHERE team_id = 7"
    )
    assert engine.fetch_now(Statement("tests.kinds", asked, Kinds)) == [Kinds(["String"])]
