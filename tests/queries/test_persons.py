"""Statements that read persons: what narrows a selection, and what is bound. Texts: golden/."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.filters import EVERYONE, AllOf, Operator, Test
from queries.persons import (
    Selection,
    condition,
    contains_pattern,
    export_persons,
    get_persons,
    list_persons,
)
from queries.settled import count_persons
from tests.queries.test_where import HOSTILE

NOW_US = 1_700_000_000_000_000
ALL = Selection(7, NOW_US)
IS_SET = Test("age", Operator.IS_SET)


def test_project_and_time_always_narrow() -> None:
    text, values = condition(ALL).render()
    assert text == (
        "(team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC'))"
    )
    assert values == {"p0": 7, "p1": NOW_US}


@pytest.mark.parametrize(
    ("selection", "text", "values"),
    [
        (
            Selection(7, NOW_US, email="A_@b.c"),
            "search LIKE {p2:String} AND ifNull(prop.email = {p3:String}, false)",
            ["%a\\_@b.c%", "A_@b.c"],
        ),
        (Selection(7, NOW_US, search="Ann"), "search LIKE {p2:String}", ["%ann%"]),
        (
            Selection(7, NOW_US, AllOf((IS_SET,))),
            "(isNotNull(prop.{p2:Identifier}.:String))",
            ["age"],
        ),
    ],
    ids=["email", "search", "filter"],
)
def test_what_is_given_narrows(selection: Selection, text: str, values: list[object]) -> None:
    rendered, bound = condition(selection).render()
    assert rendered == condition(ALL).render()[0][:-1] + f" AND {text})"
    assert list(bound.values())[2:] == values


def test_one_of_the_distinct_ids_must_be_in_the_persons_own_list() -> None:
    ids = ("ann", "b,c")
    rendered, bound = condition(Selection(7, NOW_US, distinct_ids=ids)).render()
    assert "AND arrayExists(one -> one IN {p4:Array(String)}, distinct_ids))" in rendered
    assert list(bound.values())[2:] == [7, [*ids], [*ids]]


def test_all_parts_together_are_anded() -> None:
    everything = Selection(7, NOW_US, IS_SET, search="s", email="e", distinct_ids=("d",))
    rendered, bound = condition(everything).render()
    assert list(bound.values()) == [7, NOW_US, 7, ["d"], ["d"], "%e%", "e", "%s%", "age"]
    assert " OR " not in rendered


@pytest.mark.parametrize(
    "narrowed",
    [
        Selection(7, NOW_US, search="s"),
        Selection(7, NOW_US, email="e"),
        Selection(7, NOW_US, distinct_ids=("d",)),
        Selection(7, NOW_US, IS_SET),
    ],
    ids=["search", "email", "distinct_id", "filter"],
)
def test_is_everyone_only_where_nothing_narrows(narrowed: Selection) -> None:
    assert ALL.is_everyone()
    assert Selection(7, 0, EVERYONE).is_everyone()
    assert not narrowed.is_everyone()


@pytest.mark.parametrize(
    ("search", "pattern"),
    [
        ("ann", "%ann%"),
        ("Ann STRASSE ß", "%ann strasse ss%"),
        ("100%", "%100\\%%"),
        ("a_b", "%a\\_b%"),
        ("back\\slash", "%back\\\\slash%"),
        ("\\%", "%\\\\\\%%"),
    ],
)
def test_search_pattern_is_folded_and_its_wildcards_are_literal(search: str, pattern: str) -> None:
    assert contains_pattern(search) == pattern


@settings(deadline=None)
@given(st.text("aß%_\\"))
def test_search_pattern_means_the_folded_text(search: str) -> None:
    inner = contains_pattern(search)[1:-1]
    assert re.sub(r"\\(.)", r"\1", inner) == search.casefold()
    assert re.search(r"(?<!\\)(?:\\\\)*[%_]", inner) is None


def test_list_binds_limit_and_offset_last() -> None:
    _, values = list_persons(ALL, limit=101, offset=200).sql.render()
    assert list(values.values())[-2:] == [101, 200]
    assert list(list_persons(ALL, limit=1).sql.render()[1].values())[-1] == 0


def test_a_page_shows_at_most_a_thousand_distinct_ids_and_an_export_all() -> None:
    text, values = list_persons(ALL, limit=1).sql.render()
    assert "arraySlice(distinct_ids, 1, {p0:UInt32})" in text
    assert values["p0"] == 1_000
    assert "arraySlice" not in export_persons(ALL).sql.render()[0]


def test_pages_and_single_persons_run_on_one_thread() -> None:
    assert list_persons(ALL, limit=1).threads == get_persons(7, number=5).threads == 1
    assert count_persons(ALL).threads == export_persons(ALL).threads == 0


def test_get_by_uuid_looks_it_up_under_its_number() -> None:
    uuid = UUID(int=(1 << 60) + 5)
    _, values = get_persons(7, uuid=uuid).sql.render()
    assert list(values.values()) == [7, str(uuid), 7, 5, str(uuid)]


def test_get_by_number_asks_for_no_uuid() -> None:
    text, values = get_persons(7, number=5).sql.render()
    assert list(values.values()) == [7, 7, 5]
    assert "UUID" not in text


@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_the_text_never_depends_on_what_is_asked(search: str, email: str, distinct_id: str) -> None:
    asked = Selection(7, 0, search=search, email=email, distinct_ids=(distinct_id,))
    plain = Selection(8, 1, search=search and "s", email=email and "e", distinct_ids=("d", "e"))
    for statement in (count_persons, export_persons):
        assert statement(asked).sql.render()[0] == statement(plain).sql.render()[0]
