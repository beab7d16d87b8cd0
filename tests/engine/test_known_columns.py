"""The columns of a CSV from the catalogue are those that reading all persons finds."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from itertools import product
from typing import Any, cast

import pytest

from queries.export_source import Source
from queries.filters import Operator, Test
from queries.known_columns import MOST_HOLDERS
from queries.lines import Ids
from queries.persons import Selection
from queries.upserts import Upsert
from service.catalogue import Catalogue
from service.engine import Engine
from service.errors import BadRequest
from service.exports.asked import Ask, decode_ask
from service.exports.known import Known
from service.exports.stream import Export, open_export
from service.exports.union import UnionPlan, plan_now
from service.exports.writers import Named
from service.settling import Settling
from tests.awkward import KEYS, VALUES, objects
from tests.engine.people import FOREVER_US, START_US, command, insert, person
from tests.service.exported import read

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
    values: list[Any] = [1, None, True, [1, [2]], {"a": {"b": None}, "ü.x": [{}]}, [], {}]

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


def people() -> list[Upsert]:
    """Persons whose values have broken something, under keys of one kind and of several."""
    texts = [text.decode() for text in objects()]
    texts += [f'{{"email":{value},"n":{n}}}' for n, value in enumerate(VALUES)]
    texts += [f'{{"name":{value}}}' for value in ("false", "-0", '"false"', "[]", '"x"', "0.0")]
    texts += [f'{{"flag":{value},"text":"{value}"}}' for value in ("true", "false", "null")]
    texts += ['{"a":{"b":1}}', '{"a.b":2}', '{"a":{"b":true},"a.b":"true"}', '{"m":"true"}']
    return [person(n, text) for n, text in enumerate(texts, 1)]


def exported(world: World, ask: Ask, known: Known | None) -> bytes:
    async def whole() -> bytes:
        export = await open_export(world.engine, ask, EVERYONE, known)
        return b"".join([chunk async for chunk in export.chunks()])

    return asyncio.run(whole())


NAMED = ("email", "name", "v", "flag", "text", "a.b", "a", "n", "same", "m", "%", "none")
COLUMNS = ",".join(["uuid", "name", *(f"properties.{key}" for key in NAMED)])


@pytest.mark.parametrize("fmt", ["csv", "ndjson", "arrow"])
def test_what_is_known_changes_no_byte(world: World, fmt: str) -> None:
    insert(world.engine, 1, people(), version=1)
    world.settle()
    asked = [decode_ask(fmt, columns=COLUMNS), decode_ask(fmt)]
    asked += [decode_ask(fmt, columns=f"name,properties.{key}") for key in NAMED]
    for ask in asked:
        looked = world.known.look(ask, EVERYONE)
        assert looked.source.settled is not None
        assert looked.pure is not None or ask.is_union or not ask.columns
        assert exported(world, ask, world.known) == exported(world, ask, None)


def test_what_was_written_since_is_looked_at(world: World) -> None:
    """Who writes `true` the text where there were booleans alone has it written as it is."""
    flags = [person(n, f'{{"f":{"true" if n % 2 else "false"}}}') for n in range(1, 40)]
    insert(world.engine, 1, flags, version=1)
    world.settle()
    ask = decode_ask("csv", columns="uuid,properties.f")
    looked = world.known.look(ask, EVERYONE)
    assert looked.pure is not None
    insert(world.engine, 1, [person(2, '{"f":"true"}', base=1)], version=10)
    insert(world.engine, 1, [person(3, base=1)], version=10, deleted=True)
    rows = read(exported(world, ask, world.known))
    assert len(rows) == len(flags) - 1
    assert {row["properties.f"] for row in rows if row["uuid"].endswith("02")} == {"true"}
    assert exported(world, ask, world.known) == exported(world, ask, None)

    async def begin() -> bool:
        """Whether a statement made before notices."""
        out = Named(ask, looked.pure)
        frames = cast("Any", world.engine.batches(out.statement(looked.source)))
        export = Export(world.engine, ask, out, frames)
        await export.begin()
        await export.close()
        return export.is_stale

    assert asyncio.run(begin())
