"""The catalogue adds up to what persons have, whatever is written, merged, masked or cut off."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from queries.catalogue import KINDS
from queries.property_statistics import count_slice, list_counted
from queries.settled import list_parts
from queries.upserts import Upsert
from service.catalogue import Catalogue
from service.engine import Engine
from service.errors import Busy
from service.settling import Settling
from service.tidying import Tidying
from tests.engine.people import command, insert, person

pytestmark = pytest.mark.one_server("parts are told from the tables of one server")

PERSONS = 60
SLICE = 25
VALUES: list[Any] = ["x", "y", 1, 2.5, True, False, None, [1], {"a": 1}, "long " * 99, 10**25]
KINDS_OF = {str: 0, int: 1, float: 1, bool: 2, type(None): 3, list: 4, dict: 5}

Alive = dict[int, dict[str, Any]]


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    """Empty tables, nothing merged but by the test."""
    for table in ("persons", "property_statistics"):
        command(engine, f"TRUNCATE TABLE {table}")
    command(engine, "SYSTEM STOP MERGES persons")
    yield engine
    command(engine, "SYSTEM START MERGES persons")
    command(engine, "TRUNCATE TABLE persons")


@pytest.fixture
def settling(empty: Engine) -> Settling:
    return Settling(empty, least_rows=0)


@pytest.fixture
def catalogue(empty: Engine, settling: Settling) -> Catalogue:
    """One that counts nobody while somebody waits."""
    return Catalogue(empty, settling, few_persons=0, slice_rows=SLICE)


def drawn(draw: random.Random) -> dict[str, Any]:
    keys = draw.sample(["plan", "age", "ü.x", "", "k1", "k2", "k3"], draw.randrange(6))
    return {key: draw.choice(VALUES) for key in keys}


def write(engine: Engine, alive: Alive, some: Alive, *, version: int) -> None:
    """Write persons as one part; who is there before gets a newer version."""
    rows: list[Upsert] = [
        person(n, json.dumps(properties), base=1 if n in alive else 0)
        for n, properties in some.items()
    ]
    insert(engine, 1, rows, version=version)
    alive.update(some)


def delete(engine: Engine, alive: Alive, gone: list[int], *, version: int) -> None:
    insert(engine, 1, [person(n, base=1) for n in gone], version=version, deleted=True)
    for n in gone:
        del alive[n]


def populate(engine: Engine, draw: random.Random) -> Alive:
    alive: Alive = {}
    write(engine, alive, {n: drawn(draw) for n in range(1, PERSONS + 1)}, version=1)
    write(engine, alive, {n: drawn(draw) for n in range(200, 200 + SLICE)}, version=2)
    insert(engine, 2, [person(1, '{"theirs": 1}')], version=2)
    return alive


def agree(catalogue: Catalogue, alive: Alive) -> None:
    """Compare with a count in plain Python."""
    found = catalogue.read(1).found
    expected: dict[str, Counter[str]] = {}
    values: dict[str, Counter[str]] = {}
    for properties in alive.values():
        for key, value in properties.items():
            kind = KINDS[KINDS_OF[type(value)]]
            expected.setdefault(key, Counter())[kind] += 1
            if value is not None:
                text = value if isinstance(value, str) else json.dumps(value)
                values.setdefault(key, Counter())[text] += 1
    assert found.persons == len(alive)
    assert {one.key: one.types for one in found.properties} == expected
    assert [one.persons for one in found.properties] == sorted(
        (sum(counts.values()) for counts in expected.values()), reverse=True
    )
    for one in found.properties:
        if one.values_are_exact:
            counts = values.get(one.key, Counter())
            assert one.distinct == len(counts)
            assert [value.count for value in one.values] == sorted(counts.values())[::-1][:20]
            assert all(counts[value.name] == value.count for value in one.values)
    assert {one.key for one in found.properties} <= catalogue.keys(1)
    assert "theirs" not in catalogue.keys(1)


def finish(catalogue: Catalogue) -> None:
    while catalogue.work():
        pass


@pytest.mark.embedded("on a server a count is believed for a while")
@pytest.mark.parametrize("seed", range(3))
def test_it_adds_up_after_all_that_happens(
    empty: Engine, settling: Settling, catalogue: Catalogue, seed: int
) -> None:
    draw = random.Random(seed)
    alive = populate(empty, draw)
    with pytest.raises(Busy):
        catalogue.read(1)
    assert settling.settle()
    finish(catalogue)
    agree(catalogue, alive)
    # Of a third of all rows and more nobody says that the others are settled.
    for version in range(3, 8):
        some = draw.sample(sorted(alive), 8)
        if version % 3 == 0:
            delete(empty, alive, some, version=10 * version)
            # One of them returns.
            write(empty, alive, {some[0]: drawn(draw)}, version=10 * version + 1)
        else:
            changed = {n: drawn(draw) for n in some}
            write(empty, alive, {**changed, 300 + version: drawn(draw)}, version=10 * version)
        agree(catalogue, alive)
    command(empty, "SYSTEM START MERGES persons")
    command(empty, "OPTIMIZE TABLE persons FINAL")
    assert settling.settle()
    finish(catalogue)
    agree(catalogue, alive)
    parts = {part.name for part in empty.fetch_now(list_parts())}
    assert {one.part for one in empty.fetch_now(list_counted())} <= parts


def test_values_that_nobody_else_has_are_kept_only_where_they_are_few(
    empty: Engine, settling: Settling, catalogue: Catalogue
) -> None:
    alive: Alive = {}
    people = {n: {"email": f"p{n}@x.org", "host": "x.org"} for n in range(1, 500)}
    write(empty, alive, people, version=1)
    assert settling.settle()
    finish(catalogue)
    email, host = sorted(catalogue.read(1).found.properties, key=lambda one: one.key)
    assert (email.values, email.values_are_exact, email.distinct_is_exact) == ([], False, False)
    assert 480 <= email.distinct <= 520
    assert (host.distinct, host.values_are_exact) == (1, True)
    assert [(one.name, one.count) for one in host.values] == [("x.org", 499)]


def test_a_slice_that_was_cut_off_is_counted_again(
    empty: Engine, settling: Settling, catalogue: Catalogue
) -> None:
    alive = populate(empty, random.Random(4))
    assert settling.settle()
    for part in empty.fetch_now(list_parts()):
        empty.command_now(count_slice(part.name, 0, SLICE))
    with pytest.raises(Busy):
        catalogue.read(1)
    finish(catalogue)
    agree(catalogue, alive)
    assert not catalogue.work()


@pytest.mark.embedded("on a server a count is believed for a while")
def test_what_was_counted_last_is_shown_while_much_is_written(
    empty: Engine, settling: Settling, catalogue: Catalogue
) -> None:
    alive = populate(empty, random.Random(5))
    assert settling.settle()
    finish(catalogue)
    before = catalogue.read(1)
    many = {n: {"new": n} for n in range(1_000, 1_200)}
    write(empty, alive, many, version=9)
    shown = catalogue.read(1)
    assert (shown.found, shown.at_us) == (before.found, catalogue.read(1).at_us)
    # Asked for once it is counted again in the background, those outside of the parts one by one.
    assert catalogue.work()
    agree(catalogue, alive)
    assert catalogue.read(1).at_us > shown.at_us


def test_a_table_that_is_never_settled_is_counted_whole(empty: Engine) -> None:
    alive = populate(empty, random.Random(6))
    small = Catalogue(empty, Settling(empty, least_rows=1_000_000), few_persons=0)
    with pytest.raises(Busy):
        small.read(1)
    assert small.work()
    agree(small, alive)
    assert not small.work()


@pytest.mark.embedded("merges on a server are not ours to hold")
def test_nothing_is_counted_while_merges_are_held(
    empty: Engine, settling: Settling, catalogue: Catalogue
) -> None:
    populate(empty, random.Random(7))
    assert settling.settle()
    with empty.merges_held("persons"):
        assert not catalogue.work()
    assert catalogue.work()


def test_it_is_done_while_nothing_is_written(empty: Engine) -> None:
    asked: list[bool] = []

    def work() -> bool:
        asked.append(True)
        return False

    tidying = Tidying(empty, work=work)
    assert not tidying.work()
    assert asked == [True]
