"""How one property is read from a row, and that the typed paths are those of the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from queries import properties
from queries.sql import sql
from queries.texts import column_key

PERSONS = Path(__file__).parents[2] / "schema" / "migrations" / "0004_persons.sql"


def test_typed_paths_are_those_of_the_table() -> None:
    declared = re.search(r"prop\s+JSON\((.*?)\n    \)", PERSONS.read_text(), flags=re.DOTALL)
    assert declared is not None
    lines = [line.strip().rstrip(",") for line in declared[1].strip().splitlines()]
    options = [line for line in lines if "=" in line]
    assert options == ["max_dynamic_paths = 64"]
    paths: set[str] = set()
    for line in lines:
        if line not in options:
            path, kind = line.split(" ")
            assert kind in ("Nullable(String)", "LowCardinality(Nullable(String))"), line
            paths.add(path.strip("`"))
    assert paths == properties.TYPED
    assert len(paths) == len(lines) - 1


def test_typed_paths_are_written_as_they_are() -> None:
    assert all(column_key(path) == path for path in properties.TYPED)


@pytest.mark.parametrize("key", ["email", "$os"])
def test_text_of_a_typed_path_is_its_column(key: str) -> None:
    assert properties.text(key).render() == ("prop.{p0:Identifier}", {"p0": key})


@pytest.mark.parametrize(
    ("key", "path"),
    [("age", "age"), ("Email", "Email"), ("a.b", "a%2Eb"), ("", "%"), ("b`t\\", "b%60t%5C")],
)
def test_text_of_any_other_is_the_text_at_its_path(key: str, path: str) -> None:
    assert properties.text(key).render() == ("prop.{p0:Identifier}.:String", {"p0": path})


def test_folded_takes_the_short_way_for_ascii() -> None:
    text, values = properties.folded(sql("x")).render()
    assert text == "if(isValidASCII(x), lower(x), caseFoldUTF8(x))"
    assert values == {}


def test_number_is_null_where_the_text_is_no_finite_number() -> None:
    text, values = properties.number("age").render()
    assert text == (
        "if(isFinite(toFloat64OrNull(prop.{p0:Identifier}.:String)),"
        " toFloat64OrNull(prop.{p1:Identifier}.:String), NULL)"
    )
    assert values == {"p0": "age", "p1": "age"}
