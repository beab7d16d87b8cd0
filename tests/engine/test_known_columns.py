"""The columns of a CSV from the catalogue are those that reading all persons finds."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import product

import pytest

from queries.export_source import Source
from queries.filters import Operator, Test
from queries.known_columns import MOST_HOLDERS
from queries.lines import Ids
from queries.persons import Selection
from service.catalogue import Catalogue
from service.engine import Engine
from service.errors import BadRequest
from service.exports.known import Known
from service.exports.union import UnionPlan, plan_now
from service.settling import Settling
from tests.awkward import KEYS, VALUES, objects
from tests.engine.people import FOREVER_US, START_US, command, insert, person

EVERYONE = Source(Selection(1, FOREVER_US))


class World:
    """Persons of project 1, and what knows of their columns."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settling = Settling(engine, least_rows=0)
        self.catalogue = Catalogue(engine, self.settling, few_persons=0, slice_rows=25)
        self.known = Known(engine, self.catalogue, self.settling)

    def settle(self) -> None:
        """Have all that was written counted."""
        command(self.engine, "SYSTEM START MERGES persons")
        command(self.engine, "OPTIMIZE TABLE persons FINAL")
        command(self.engine, "SYSTEM STOP MERGES persons")
        assert self.settling.settle()
        while self.catalogue.work():
            pass

    def plan(self, how: Ids = Ids.COLUMNS, source: Source = EVERYONE) -> UnionPlan | None:
        return self.known.plan(source, how, is_safe=False)

    def agrees(self) -> UnionPlan:
        """Compare with what reading everybody finds; returns the plan."""
        for how in Ids:
            known, read = self.plan(how), plan_now(self.engine, EVERYONE, how)
            assert known is not None
            assert known.columns == read.columns
        known = self.plan()
        assert known is not None
        return known


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    """Empty tables, nothing merged but by the test."""
    for table in ("persons", "property_statistics"):
        command(engine, f"TRUNCATE TABLE {table}")
    command(engine, "SYSTEM STOP MERGES persons")
    yield World(engine)
    command(engine, "SYSTEM START MERGES persons")
    command(engine, "TRUNCATE TABLE persons")


def test_of_awkward_properties(world: World) -> None:
    insert(
        world.engine,
        1,
        [person(n, text.decode()) for n, text in enumerate(objects(), 1)],
        version=1,
    )
    world.settle()
    # Texts that look like lists or objects are told apart by reading everybody alone.
    assert world.plan() is None


@pytest.mark.parametrize("of", range(8))
def test_of_every_value_under_every_key(world: World, of: int) -> None:
    """No key has texts as well as lists or objects: a key for each kind of value."""
    pairs = [
        (key + ("t" if value.startswith('"') else "v"), value)
        for key, value in list(product(KEYS, VALUES))[of::8]
    ]
    texts = [f"{{{json.dumps(key)}:{value}}}" for key, value in pairs]
    insert(world.engine, 1, [person(n, text) for n, text in enumerate(texts, 1)], version=1)
    world.settle()
    nested = {key for key, value in pairs if value.startswith(("[", "{"))}
    if len(nested) > 40:
        assert world.plan() is None
    else:
        world.agrees()


@pytest.mark.parametrize("seed", range(3))
def test_after_edits_and_deletions(world: World, seed: int) -> None:
    draw = random.Random(seed)
    values = [1, None, True, [1, [2]], {"a": {"b": None}, "ü.x": [{}]}, [], {}]

    def drawn(n: int) -> str:
        keys = draw.sample(["plan", "age", "ü.x", "", "k1", f"rare{n}"], draw.randrange(6))
        return json.dumps({key: draw.choice(values) for key in keys})

    def ids(n: int) -> list[str]:
        return [f"{n}-{i}" for i in range(draw.randrange(4))]

    people = [person(n, drawn(n), ids=ids(n)) for n in range(1, 61)]
    insert(world.engine, 1, people, version=1)
    insert(world.engine, 2, [person(1, '{"theirs":1}', ids=["x"] * 9)], version=1)
    world.settle()
    world.agrees()
    insert(world.engine, 1, [person(n, drawn(n), base=1) for n in range(1, 10)], version=10)
    insert(world.engine, 1, [person(n, base=1) for n in range(20, 25)], version=10, deleted=True)
    world.agrees()
    world.settle()
    assert not any("theirs" in column for column in world.agrees().columns)


def test_most_distinct_ids_are_those_of_now(world: World) -> None:
    """Whoever had more, and has them no more, leaves no column."""
    people = [person(n, ids=[f"{n}-{i}" for i in range(n)]) for n in range(1, 7)]
    insert(world.engine, 1, people, version=1)
    world.settle()
    assert "distinct_ids.5" in world.agrees().columns
    insert(world.engine, 1, [person(6, base=1)], version=10, deleted=True)
    insert(world.engine, 1, [person(5, ids=["one"], base=1)], version=10)
    columns = world.agrees().columns
    assert "distinct_ids.3" in columns
    assert "distinct_ids.4" not in columns


def test_some_who_had_more_are_not_taken_for_all(world: World) -> None:
    """More than are looked at have two; most of them are found out to have them still, or none."""
    many = [person(n, ids=["a", "b"]) for n in range(1, MOST_HOLDERS + 400)]
    insert(world.engine, 1, many, version=1)
    world.settle()
    insert(world.engine, 1, [person(n, ids=["a"], base=1) for n in range(1, 400)], version=10)
    assert "distinct_ids.1" in world.agrees().columns


def test_too_many_distinct_ids_are_refused(world: World) -> None:
    insert(world.engine, 1, [person(1, ids=[f"{n}" for n in range(1_001)])], version=1)
    world.settle()
    with pytest.raises(BadRequest, match="1,001"):
        world.plan()
    assert world.plan(Ids.JOINED) is not None


@pytest.mark.parametrize(
    "source",
    [
        Source(Selection(1, FOREVER_US, search="x")),
        Source(Selection(1, FOREVER_US, Test("a", Operator.EXACT, ("1",)))),
        Source(Selection(1, FOREVER_US), limit=1),
        Source(Selection(1, FOREVER_US), copy="copy"),
        # Somebody is created later.
        Source(Selection(1, START_US)),
    ],
)
def test_of_a_selection_nothing_is_known(world: World, source: Source) -> None:
    insert(world.engine, 1, [person(n, '{"a":1}') for n in range(1, 9)], version=1)
    world.settle()
    assert world.plan(source=source) is None
    world.agrees()


def test_what_is_not_counted_is_not_known(world: World) -> None:
    insert(world.engine, 1, [person(1, '{"a":1}')], version=1)
    assert world.plan() is None
    assert world.settling.settle()
    assert world.plan() is None


def test_nobody_has_no_columns(world: World) -> None:
    insert(world.engine, 2, [person(n, '{"a":1}') for n in range(1, 9)], version=1)
    world.settle()
    assert world.agrees().columns == ()
