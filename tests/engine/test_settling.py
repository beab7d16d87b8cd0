"""Counts and values from settled parts agree with FINAL, whatever is written, masked or merged."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from queries.filter_text import decode_filter
from queries.persons import CountRow, PersonRow, Selection, list_persons
from queries.places import Place
from queries.settled import Settled, count_persons, list_parts
from queries.sql import sql
from queries.statement import Statement
from queries.upserts import Upsert
from queries.values import list_values
from service.counts import Counts
from service.engine import Engine
from service.pages import read_page
from service.settling import Settling
from tests.engine.people import FOREVER_US, START_US, command, count, insert, person

pytestmark = pytest.mark.one_server("parts are told from the tables of one server")

PERSONS = 400
PRO = decode_filter('{"plan":"pro"}')
_ROWS = Statement("tests.rows", sql("SELECT count() AS persons FROM persons"), CountRow)


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    """Empty tables, nothing merged but by the test."""
    command(engine, "TRUNCATE TABLE persons")
    yield engine
    command(engine, "TRUNCATE TABLE persons")


@pytest.fixture
def settling(empty: Engine) -> Settling:
    return Settling(empty, least_rows=0)


def _drawn(draw: random.Random, n: int, *, base: int) -> Upsert:
    plan, city = draw.choice(["free", "pro"]), draw.choice("ABCDEF")
    return person(n, f'{{"plan":"{plan}","city":"{city}","email":"p{n}@x.org"}}', base=base)


def _populate(engine: Engine, draw: random.Random) -> None:
    """Persons of two projects, some with several versions in parts of their own, some deleted."""
    for project in (1, 2):
        everyone = range(1, PERSONS + 1)
        insert(engine, project, [_drawn(draw, n, base=0) for n in everyone], version=1)
        for version in (2, 3):
            again = draw.sample(everyone, PERSONS // 4)
            insert(engine, project, [_drawn(draw, n, base=1) for n in again], version=version)
        gone = [person(n, base=3) for n in draw.sample(everyone, PERSONS // 8)]
        insert(engine, project, gone, version=4, deleted=True)


def _selections(until_us: int = FOREVER_US) -> list[Selection]:
    filters = ["", '{"plan":"pro"}', '{"city":["A","B"]}', '[{"key":"none","operator":"is_set"}]']
    return [
        *(Selection(p, until_us, decode_filter(f)) for p in (1, 2, 99) for f in filters),
        Selection(1, until_us, search="x.org"),
        Selection(1, until_us, search="p12"),
        Selection(1, until_us, email="p7@x.org"),
    ]


def _agree(engine: Engine, settling: Settling) -> None:
    for selection in [*_selections(), *_selections(START_US + 3)[::3]]:
        (final,) = engine.fetch_now(count_persons(selection))
        assert settling.read(partial(count_persons, selection)) == [final]
        assert count(Counts(engine, settling), selection) == final.persons
    everyone = Selection(1, FOREVER_US)
    for key in ("plan", "city", "email"):
        final_values = engine.fetch_now(list_values(everyone, key, "", None))
        assert settling.read(partial(list_values, everyone, key, "")) == final_values


def test_what_is_read_before_anything_is_settled_is_exact(
    empty: Engine, settling: Settling
) -> None:
    _populate(empty, random.Random(1))
    assert not settling.is_known()
    _agree(empty, settling)


@pytest.mark.embedded("rows are masked where nobody else writes")
def test_masking_takes_superseded_versions_only(empty: Engine, settling: Settling) -> None:
    draw = random.Random(2)
    _populate(empty, draw)
    before = [empty.fetch_now(count_persons(s))[0] for s in _selections()]
    assert settling.settle()
    assert settling.is_known()
    assert [empty.fetch_now(count_persons(s))[0] for s in _selections()] == before
    # One row is left of each person: the live ones and the tombstones.
    (rows,) = empty.fetch_now(_ROWS)
    assert rows.persons == 2 * PERSONS
    _agree(empty, settling)


@pytest.mark.embedded("rows are masked where nobody else writes")
@pytest.mark.parametrize("seed", range(2))
def test_counts_and_values_are_exact_after_more_is_written(
    empty: Engine, settling: Settling, seed: int
) -> None:
    draw = random.Random(seed)
    _populate(empty, draw)
    assert settling.settle()
    command(empty, "SYSTEM STOP MERGES persons")
    for version in (10, 11, 12):
        some = draw.sample(range(1, PERSONS + 40), 30)
        insert(empty, 1, [_drawn(draw, n, base=version - 1) for n in some], version=version)
        insert(empty, 2, [person(n, base=version) for n in some[:9]], version=version, deleted=True)
        _agree(empty, settling)
    assert settling.is_known()
    command(empty, "SYSTEM START MERGES persons")
    command(empty, "OPTIMIZE TABLE persons FINAL")
    _agree(empty, settling)
    assert settling.settle()
    _agree(empty, settling)


@pytest.mark.embedded("rows are masked where nobody else writes")
def test_a_statement_made_before_parts_were_merged_is_still_exact(
    empty: Engine, settling: Settling
) -> None:
    draw = random.Random(5)
    _populate(empty, draw)
    assert settling.settle()
    stale = Settled(tuple(p.name for p in empty.fetch_now(list_parts())), True, FOREVER_US)
    insert(empty, 1, [_drawn(draw, n, base=20) for n in range(1, 60)], version=21)
    command(empty, "OPTIMIZE TABLE persons FINAL")
    for selection in _selections():
        assert empty.fetch_now(count_persons(selection, stale)) == empty.fetch_now(
            count_persons(selection)
        )


def test_a_version_below_the_settled_ones_is_left_to_final(
    empty: Engine, settling: Settling
) -> None:
    """As a clock that went back would write it: the settled row is the newer one."""
    insert(empty, 1, [person(n, '{"plan":"pro"}') for n in range(1, 101)], version=1_000)
    assert settling.settle()
    insert(empty, 1, [person(n, '{"plan":"free"}') for n in range(1, 11)], version=500)
    assert not settling.is_known()
    _agree(empty, settling)


def test_who_is_created_ahead_is_counted_when_the_time_has_come(
    empty: Engine, settling: Settling
) -> None:
    ahead = [person(n, created_us=START_US + 10 * n) for n in range(1, 11)]
    insert(empty, 1, ahead, version=1)
    assert settling.settle()
    found = [
        settling.read(partial(count_persons, Selection(1, START_US + t)))[0].persons
        for t in (0, 35, 1_000)
    ]
    assert found == [0, 3, 10]


def test_a_table_of_tombstones_only_counts_nobody(empty: Engine, settling: Settling) -> None:
    insert(empty, 1, [person(n) for n in range(1, 30)], version=1, deleted=True)
    assert settling.settle()
    _agree(empty, settling)


def test_counts_stay_exact_while_others_write_mask_and_merge(empty: Engine) -> None:
    """Each write moves as many persons to a plan as from it, so its count never changes.

    This holds only if one statement sees one state of the table in all of its parts.
    """
    settling = Settling(empty, least_rows=0)
    plans = {n: "pro" if n % 2 else "free" for n in range(1, 201)}

    def rows(numbers: list[int], base: int) -> list[Upsert]:
        return [person(n, f'{{"plan":"{plans[n]}"}}', base=base) for n in numbers]

    insert(empty, 1, rows(list(plans), 0), version=1)
    assert settling.settle()
    over = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        draw = random.Random(3)
        try:
            for version in range(2, 80):
                pro = draw.sample([n for n, plan in plans.items() if plan == "pro"], 5)
                free = draw.sample([n for n, plan in plans.items() if plan == "free"], 5)
                plans.update(dict.fromkeys(pro, "free") | dict.fromkeys(free, "pro"))
                insert(empty, 1, rows([*pro, *free], version - 1), version=version)
                if version % 20 == 0:
                    settling.settle()
                if version % 33 == 0:
                    command(empty, "OPTIMIZE TABLE persons FINAL")
        except BaseException as error:
            failures.append(error)
        finally:
            over.set()

    writer = threading.Thread(target=write)
    writer.start()
    selection = Selection(1, FOREVER_US, decode_filter('{"plan":"pro"}'))
    seen: Counter[int] = Counter()
    known = 0
    while not over.is_set():
        known += settling.is_known()
        (row,) = settling.read(lambda s: count_persons(selection, s))
        seen[row.persons] += 1
        values = settling.read(lambda s: list_values(Selection(1, FOREVER_US), "plan", "", s))
        seen.update(value.count for value in values)
    writer.join()
    assert not failures
    assert set(seen) == {100}
    assert known
    assert seen[100] > 30


def _walk(engine: Engine, settling: Settling, selection: Selection) -> None:
    """Pages from settled parts are those of FINAL, forwards and backwards."""
    expected = engine.fetch_now(list_persons(selection, limit=10_000))
    met: list[PersonRow] = []
    after: Place | None = None
    while True:
        page = read_page(engine, selection, limit=37, after=after, settling=settling)
        met += page
        if len(page) < 37:
            break
        after = Place(page[-1].created_us, page[-1].uuid)
    assert met == expected
    if len(expected) > 50:
        place = Place(expected[50].created_us, expected[50].uuid)
        before = read_page(engine, selection, limit=20, before=place, settling=settling)
        assert before == expected[30:50]


@pytest.mark.embedded("rows are masked where nobody else writes")
@pytest.mark.parametrize("seed", range(2))
def test_pages_are_exact_whatever_is_settled(empty: Engine, settling: Settling, seed: int) -> None:
    draw = random.Random(seed)
    _populate(empty, draw)
    assert settling.settle()
    assert settling.is_nearly_all()
    for selection in _selections():
        _walk(empty, settling, selection)
    command(empty, "SYSTEM STOP MERGES persons")
    for version in (10, 11):
        some = draw.sample(range(1, PERSONS + 40), 30)
        insert(empty, 1, [_drawn(draw, n, base=version - 1) for n in some], version=version)
        gone = [person(n, base=version) for n in some[:9]]
        insert(empty, 2, gone, version=version, deleted=True)
        assert settling.is_nearly_all()
        for selection in [*_selections(), *_selections(START_US + 3)]:
            _walk(empty, settling, selection)
    command(empty, "SYSTEM START MERGES persons")


def test_pages_while_others_write_mask_and_merge_have_everybody_once(empty: Engine) -> None:
    settling = Settling(empty, least_rows=0)
    insert(empty, 1, [person(n, '{"plan":"pro"}') for n in range(1, 201)], version=1)
    assert settling.settle()
    over = threading.Event()

    def write() -> None:
        try:
            for version in range(2, 60):
                some = range(1 + version % 5, 201, 5)
                rows = [person(n, '{"plan":"pro"}', base=version - 1) for n in some]
                insert(empty, 1, rows, version=version)
                if version % 20 == 0:
                    settling.settle()
        finally:
            over.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not over.is_set():
            for selection in (Selection(1, FOREVER_US), Selection(1, FOREVER_US, PRO)):
                page = read_page(empty, selection, limit=300, settling=settling)
                assert len({row.uuid for row in page}) == len(page) == 200
    finally:
        writer.join()
