"""Pages and counts by candidates agree with FINAL over everything, whatever has been merged."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from queries.filter_text import decode_filter
from queries.persons import Selection, count_persons, list_persons
from queries.upserts import Upsert
from service.counts import Counts
from service.engine import Engine
from service.pages import read_page
from tests.engine.people import FOREVER_US, command, count, insert, person

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
        *(Selection(PROJECT, FOREVER_US, distinct_id=f"id-{n}") for n in (1, 2, 3, 4, 999)),
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
def test_a_count_is_the_count_of_final(crowd: Engine, selection: Selection) -> None:
    (final,) = crowd.fetch_now(count_persons(selection))
    assert count(Counts(crowd), selection) == final.persons


def test_a_page_goes_on_past_any_number_of_superseded_and_deleted(crowd: Engine) -> None:
    # The newest 3,000 places hold nobody any more: more than the candidates of the first look.
    ghosts = [
        person(10_000 + n, '{"k":"v"}', created_us=FOREVER_US // 1_000 + n) for n in range(3_000)
    ]
    insert(crowd, 2, ghosts, version=1)
    insert(crowd, 2, [*ghosts], version=2, deleted=True)
    insert(crowd, 2, [person(5, '{"k":"v"}')], version=1)
    selection = Selection(2, FOREVER_US, decode_filter('{"k":"v"}'))
    assert [row.uuid.int for row in read_page(crowd, selection, limit=3, offset=0)] == [5]
    assert count(Counts(crowd), selection) == 1
