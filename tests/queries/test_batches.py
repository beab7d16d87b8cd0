"""Statements that read many persons: what is bound, and lists of any length. Texts: golden/."""

from __future__ import annotations

from uuid import UUID

import pytest
from clickhouse_connect.driver.binding import bind_query

from queries.batches import get_many, get_owners
from queries.lists import rows_of

# What a server takes for one parameter over HTTP.
MOST_BYTES = 128 * 1024


def test_owners_are_found_by_place_and_by_their_own_list() -> None:
    text, values = get_owners(7, ["ann", "b,c"]).sql.render()
    assert list(values.values()) == [1_000, ["ann", "b,c"], 7, 7, ["ann", "b,c"]]
    assert "arrayFilter(one -> one IN {p" in text


def test_many_are_looked_up_under_their_numbers() -> None:
    uuids = [UUID(int=(1 << 60) + 5), UUID(int=0)]
    _, values = get_many(7, uuids).sql.render()
    assert list(values.values()) == [1_000, 7, 7, [5, 1], [str(uuid) for uuid in uuids]]


def test_a_page_of_distinct_ids_is_enough_of_a_person() -> None:
    for statement in (get_owners(7, ["a"]), get_many(7, [UUID(int=1)])):
        assert "arraySlice(distinct_ids, 1, {p0:UInt32})" in statement.sql.render()[0]
        assert (statement.threads, statement.skip_indexes) == (1, False)


def test_a_few_values_are_a_list_and_more_are_rows() -> None:
    few, more = (rows_of("Array(String)", ["x"] * n).render() for n in (16, 17))
    assert few == ("{p0:Array(String)}", {"p0": ["x"] * 16})
    assert more == ("(SELECT arrayJoin(arrayConcat({p0:Array(String)})))", {"p0": ["x"] * 17})


def test_of_no_values_there_are_no_rows() -> None:
    text, values = rows_of("Array(String)", []).render()
    assert text == "(SELECT arrayJoin(arrayConcat({p0:Array(String)})))"
    assert values == {"p0": []}


@pytest.mark.parametrize(
    "ids",
    [
        ["\\" * 400] * 1_000,
        ["'" * 400] * 1_000,
        ["\t" * 400] * 1_000,
        ["\U0001f600" * 400] * 1_000,
        ["x"] * 100_000,
    ],
    ids=["backslashes", "quotes", "tabs", "emoji", "short"],
)
def test_no_parameter_is_too_long_for_a_server(ids: list[str]) -> None:
    fragment = rows_of("Array(String)", ids)
    text, values = fragment.render()
    assert text.count("Array(String)") == len(values) > 1
    assert text.startswith("(SELECT arrayJoin(arrayConcat({p0:Array(String)}, {p1:Array(String)}")
    assert [id for piece in values.values() if isinstance(piece, list) for id in piece] == ids
    _, sent = bind_query(text, values)
    assert len(sent) == len(values)
    assert max(len(str(value).encode()) for value in sent.values()) < MOST_BYTES


def test_numbers_are_bound_as_numbers() -> None:
    numbers = list(range(2**53 - 10_000, 2**53))
    _, values = rows_of("Array(UInt64)", numbers).render()
    assert [n for piece in values.values() if isinstance(piece, list) for n in piece] == numbers
    assert len(values) > 1
