"""Where ClickHouse's idea of a letter could differ from Python's: case, numbers, order."""

from __future__ import annotations

import itertools
import json
import sys
from unicodedata import category

import pytest
from msgspec import Struct

from queries import properties
from queries.filter_text import decode_filter, number_of
from queries.persons import Selection, list_persons
from queries.sql import bind, sql
from queries.statement import Statement
from queries.values import list_distinct_ids, list_values
from service.engine import Engine
from tests.engine.people import FOREVER_US, insert, person

_projects = itertools.count(1_000)


class Folded(Struct):
    """Some texts in folded case."""

    texts: list[str]


class Compared(Struct):
    """A property's number, and whether its text comes before another."""

    number: float | None
    before: bool


def folded(engine: Engine, texts: list[str]) -> list[str]:
    each = properties.folded(sql("text"))
    asked = sql("SELECT arrayMap(text -> {}, {}) AS texts", each, bind("Array(String)", texts))
    (row,) = engine.fetch_now(Statement("tests.fold", asked, Folded))
    return row.texts


@pytest.mark.embedded("a server takes no value as large")
def test_every_letter_is_folded_as_python_folds_it(engine: Engine) -> None:
    """Every one that this Python knows; ClickHouse 26.9 knows those of Unicode 17."""
    unknown = ("Cn", "Co", "Cs")
    known = [c for c in map(chr, range(sys.maxunicode + 1)) if category(c) not in unknown]
    assert sum(c.casefold() != c for c in known) >= 1_530
    wrong = [
        (letter, text)
        for letter, text in zip(known, folded(engine, known), strict=True)
        if text != letter.casefold()
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ΑΣ",
            "ΑΣΑ",
            "ΑΣ Δ",
            "ας",
            "Σ",
            "İstanbul",
            "I\u0131",
            "STRASSE",
            "Straße",
            "ẞ",
            "ǅ",
            "ﬁ",
        ),
        *("E\u0301", "É", "\u212a", "\u0345", "A\0B", "\0", "", "ASCII only", "100% {p0:String}"),
    ],
)
def test_texts_are_folded_as_python_folds_them(engine: Engine, text: str) -> None:
    assert folded(engine, [text]) == [text.casefold()]


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        *(("Straße", "STRASSE"), ("STRASSE", "ß"), ("ẞ", "ß"), ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς")),
        *(
            ("ὀδυσσεύς", "ΣΕΎΣ"),
            ("Οδυσσέας", "ΑΣ"),
            ("ας", "\u03b1\u03c3"),
            ("İstanbul", "i̇stanbul"),
        ),
        *(("ﬁne", "FI"), ("\u212aelvin", "kelvin"), ("ЁЖ", "ёж"), ("Ⅷ", "ⅷ")),
    ],
)
def test_one_case_contains_the_other(engine: Engine, stored: str, asked: str) -> None:
    """In a filter, of a list too, in a search and in a search for values."""
    project = next(_projects)
    properties_json = json.dumps({"email": stored, "x": stored})
    insert(engine, project, [person(1, properties_json, ids=[stored])], version=1)
    keys, values = ("email", "x"), (asked, ["nobody", asked])
    for kind, operator, passes in (("AND", "icontains", 1), ("OR", "not_icontains", 0)):
        tests = [{"key": k, "operator": operator, "value": v} for k in keys for v in values]
        tree = decode_filter(json.dumps({"type": kind, "values": tests}))
        selection = Selection(project, FOREVER_US, tree)
        assert len(engine.fetch_now(list_persons(selection, limit=2))) == passes
    searched = Selection(project, FOREVER_US, search=asked)
    assert len(engine.fetch_now(list_persons(searched, limit=2))) == 1
    for statement in (
        list_values(Selection(project, FOREVER_US), "email", asked, None),
        list_values(Selection(project, FOREVER_US), "x", asked, None),
        list_distinct_ids(project, asked),
    ):
        assert [row.name for row in engine.fetch_now(statement)] == [stored]


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
