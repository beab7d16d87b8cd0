"""The values a property takes (CONTRACT 3.9)."""

from __future__ import annotations

from hypothesis import given, settings

from queries.persons import Selection
from queries.properties import TYPED
from queries.values import list_distinct_ids, list_values
from tests.queries.test_where import HOSTILE


def folded(column: str) -> str:
    return f"if(isValidASCII({column}), lower({column}), caseFoldUTF8({column}))"


def test_values_of_all_persons() -> None:
    text, values = list_values(Selection(7, 9), "age", "", None).sql.render()
    assert "SELECT prop.{p0:Identifier}.:String AS value" in text
    assert list(values.values()) == ["age", 7, 9, 20]
    assert "position" not in text


def test_values_that_contain_a_text() -> None:
    text, values = list_values(Selection(7, 9), "age", "ß%", None).sql.render()
    assert f"AND position({folded('value')}, {{p3:String}}) > 0" in text
    assert list(values.values()) == ["age", 7, 9, "ss%", 20]


def test_values_leave_out_null_and_empty() -> None:
    assert (
        "isNotNull(value) AND value != ''"
        in list_values(Selection(7, 9), "age", "", None).sql.render()[0]
    )


def test_values_most_frequent_first_then_by_text() -> None:
    assert (
        "ORDER BY count DESC, name" in list_values(Selection(7, 9), "age", "", None).sql.render()[0]
    )


def test_distinct_ids_contain_a_text() -> None:
    text, values = list_distinct_ids(7, "A").sql.render()
    assert f"WHERE position({folded('name')}, {{p1:String}}) > 0" in text
    assert list(values.values()) == [7, "a", 20]


@settings(deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_text_never_depends_on_key_or_value(key: str, contains: str) -> None:
    plain = "email" if key in TYPED else "age"
    asked, other = (
        list_values(Selection(7, 9), key, contains, None),
        list_values(Selection(7, 9), plain, contains and "x", None),
    )
    assert asked.sql.render()[0] == other.sql.render()[0]
    ids, other_ids = list_distinct_ids(7, contains), list_distinct_ids(7, "x")
    assert ids.sql.render()[0] == other_ids.sql.render()[0]
