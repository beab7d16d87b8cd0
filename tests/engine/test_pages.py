"""Pages and counts by candidates agree with FINAL over everything, whatever has been merged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from msgspec import Struct

from queries.candidates import find_candidates
from queries.filter_text import decode_filter
from queries.persons import PersonRow, Selection, list_persons
from queries.places import Place
from queries.settled import count_persons
from queries.sql import sql
from queries.statement import Statement
from queries.upserts import Upsert
from service.counts import Counts
from service.engine import Engine
from service.pages import read_page
from tests.engine.people import FOREVER_US, START_US, command, count, insert, person

PROJECT = 1
PERSONS = 600


@pytest.fixture(scope="module")
def crowd(engine: Engine) -> Iterator[Engine]:
    """Persons with ties in time, up to four unmerged versions, a third of them deleted at last."""
    command(engine, "SYSTEM STOP MERGES persons")
    draw = random.Random(7)
    alive = range(1, PERSONS + 1)
    insert(engine, PROJECT, [_drawn(draw, n, base=0) for n in alive], version=1)
    for version in (2, 3, 4):
        again = sorted(draw.sample(alive, PERSONS // 2))
        insert(engine, PROJECT, [_drawn(draw, n, base=1) for n in again], version=version)
    gone = [person(n, base=4) for n in draw.sample(alive, PERSONS // 3)]
    insert(engine, PROJECT, gone, version=5, deleted=True)
    yield engine
    command(engine, "SYSTEM START MERGES persons")


def _drawn(draw: random.Random, n: int, *, base: int) -> Upsert:
    plan = draw.choice(["free", "pro"])
    rare = ',"rare":1' if draw.random() < 0.02 else ""
    email = f"p{n}-{draw.randrange(3)}@example.org"
    properties = f'{{"plan":"{plan}","email":"{email}"{rare}}}'
    return person(n, properties, ids=[f"id-{n}"], base=base)


def _selections() -> list[Selection]:
    return [
        Selection(PROJECT, FOREVER_US),
        Selection(PROJECT, FOREVER_US, search="EXAMPLE"),
        Selection(PROJECT, FOREVER_US, search="p12-1@"),
        Selection(PROJECT, FOREVER_US, search="id-3"),
        Selection(PROJECT, FOREVER_US, search="nobody at all"),
        Selection(PROJECT, FOREVER_US, search="p1"),
        *(
            Selection(PROJECT, FOREVER_US, email=f"p{n}-{k}@example.org")
            for n in (3, 5)
            for k in range(3)
        ),
        *(Selection(PROJECT, FOREVER_US, distinct_ids=(f"id-{n}",)) for n in (1, 2, 3, 4, 999)),
        Selection(PROJECT, FOREVER_US, distinct_ids=tuple(f"id-{n}" for n in range(1, 700, 3))),
        Selection(PROJECT, FOREVER_US, decode_filter('{"plan":"pro"}')),
        Selection(PROJECT, FOREVER_US, decode_filter('[{"key":"rare","operator":"is_set"}]')),
        Selection(PROJECT, FOREVER_US, decode_filter('{"plan":"free"}'), search="p2"),
        Selection(99, FOREVER_US),
    ]


@pytest.mark.parametrize("selection", _selections(), ids=str)
@pytest.mark.parametrize("limit", [1, 7, 250, 1_001])
def test_a_page_is_the_first_rows_of_final(crowd: Engine, selection: Selection, limit: int) -> None:
    page = read_page(crowd, selection, limit=limit, offset=0)
    assert page == crowd.fetch_now(list_persons(selection, limit=limit))


@pytest.mark.parametrize("selection", _selections(), ids=str)
@pytest.mark.parametrize("limit", [7, 1_001])
def test_a_page_next_to_a_place_is_what_final_has_there(
    crowd: Engine, selection: Selection, limit: int
) -> None:
    everyone = crowd.fetch_now(list_persons(selection, limit=PERSONS))
    # Also where nobody stands: deleted, superseded, before all and after all.
    every = random.Random(limit).sample(range(-1, PERSONS + 2), 4)
    places = [*(_place(n) for n in every), *(_at(row) for row in (everyone[:1] + everyone[-1:]))]
    for place in places:
        follow = [row for row in everyone if _order(place) > _order(_at(row))]
        precede = [row for row in everyone if _order(place) < _order(_at(row))]
        after = read_page(crowd, selection, limit=limit, after=place)
        assert after == follow[:limit]
        before = read_page(crowd, selection, limit=limit, before=place)
        assert before == precede[-limit:]
        listed = crowd.fetch_now(list_persons(selection, limit=limit, before=place))
        assert listed[::-1] == before


def _place(n: int) -> Place:
    return Place(START_US + n % 7 + (n > PERSONS), UUID(int=max(n, 0)))


def _at(row: PersonRow) -> Place:
    return Place(row.created_us, row.uuid)


def _order(place: Place) -> tuple[int, str, str]:
    """As ClickHouse has it: of a UUID the second half comes first."""
    text = place.uuid.hex
    return place.created_us, text[16:], text[:16]


@pytest.mark.parametrize("selection", _selections(), ids=str)
def test_walks_in_both_ways_are_the_list(crowd: Engine, selection: Selection) -> None:
    limit = 70
    everyone = crowd.fetch_now(list_persons(selection, limit=PERSONS))
    met: list[PersonRow] = []
    place: Place | None = None
    while len(met) < len(everyone):
        page = read_page(crowd, selection, limit=limit, after=place)
        met += page
        place = _at(page[-1])
    assert met == everyone
    back: list[PersonRow] = []
    while place is not None:
        page = read_page(crowd, selection, limit=limit, before=place)
        back = page + back
        place = _at(page[0]) if page else None
    assert back == met[:-1]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("final", [False, True])
def test_a_page_next_to_a_place_is_read_in_order(
    crowd: Engine, direction: str, final: bool
) -> None:
    selection, place = Selection(PROJECT, FOREVER_US), _place(300)
    after, before = (place, None) if direction == "DESC" else (None, place)
    find = list_persons if final else find_candidates
    statement = find(selection, limit=10, after=after, before=before)
    asked = sql("EXPLAIN PLAN actions = 1 {}", statement.sql)
    plan = "\n".join(row.explain for row in crowd.fetch_now(Statement("tests.plan", asked, _Plan)))
    assert f"Read type: {'InOrder' if direction == 'DESC' else 'InReverseOrder'}" in plan


class _Plan(Struct):
    explain: str


@pytest.mark.parametrize("selection", _selections(), ids=str)
def test_a_count_is_the_count_of_final(crowd: Engine, selection: Selection) -> None:
    (final,) = crowd.fetch_now(count_persons(selection))
    assert count(Counts(crowd), selection) == final.persons


def test_a_page_goes_on_past_any_number_of_superseded_and_deleted(crowd: Engine) -> None:
    # The newest 600 places hold nobody any more: more than the candidates of the first look.
    ghosts = [
        person(10_000 + n, '{"k":"v"}', created_us=FOREVER_US // 1_000 + n) for n in range(600)
    ]
    insert(crowd, 2, ghosts, version=1)
    insert(crowd, 2, [*ghosts], version=2, deleted=True)
    insert(crowd, 2, [person(5, '{"k":"v"}')], version=1)
    selection = Selection(2, FOREVER_US, decode_filter('{"k":"v"}'))
    assert [row.uuid.int for row in read_page(crowd, selection, limit=3, offset=0)] == [5]
    oldest = Place(START_US, UUID(int=0))
    assert [row.uuid.int for row in read_page(crowd, selection, limit=3, before=oldest)] == [5]
    assert read_page(crowd, selection, limit=3, before=Place(START_US + 5, UUID(int=5))) == []
    newest = Place(ghosts[-1].created_us, ghosts[-1].uuid)
    assert [row.uuid.int for row in read_page(crowd, selection, limit=3, after=newest)] == [5]
    assert count(Counts(crowd), selection) == 1
