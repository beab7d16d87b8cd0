"""Properties come back byte for byte, however odd, and are found by what they hold."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any
from uuid import UUID

import pytest

from queries.filter_text import decode_filter
from queries.import_values import MAX_DEPTH
from queries.persons import Selection, export_persons, get_persons
from service.engine import Engine
from tests import oracle
from tests.awkward import objects
from tests.engine.importing import Importer
from tests.engine.people import FOREVER_US, command

OBJECTS = objects()
PROJECT, RARE = 1, 2

_projects = itertools.count(3)


def line(n: int, properties: bytes) -> bytes:
    return b'{"uuid":"' + str(UUID(int=n + 1)).encode() + b'","properties":' + properties + b"}"


@pytest.fixture(scope="module")
def importer(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Importer:
    importer = Importer(engine, tmp_path_factory.mktemp("imports"))
    lines = [line(n, properties) for n, properties in enumerate(OBJECTS)]
    imported = importer.lines(PROJECT, lines, batch_rows=40)
    assert imported.rejects == {}
    assert imported.numbers() == (len(OBJECTS), 0, 0)
    return importer


def test_every_object_comes_back_byte_for_byte(importer: Importer) -> None:
    listed = {row.uuid.int - 1: row.properties.encode() for row in importer.persons(PROJECT)}
    assert [listed[n] for n in range(len(OBJECTS))] == OBJECTS
    selection = Selection(PROJECT, FOREVER_US)
    for batch in importer.engine.batches_now(export_persons(selection)):
        for uuid, properties in batch.select("uuid", "properties").iter_rows():
            assert properties.encode() == OBJECTS[UUID(uuid).int - 1]


def test_one_by_one_too(importer: Importer) -> None:
    for n in range(0, len(OBJECTS), 7):
        (row,) = importer.engine.fetch_now(get_persons(PROJECT, number=n + 1))
        assert row.properties.encode() == OBJECTS[n]


def test_imported_again_they_are_the_same(importer: Importer) -> None:
    lines = [line(n, properties) for n, properties in enumerate(OBJECTS)]
    assert importer.lines(PROJECT, lines).numbers() == (0, len(OBJECTS), 0)


def test_every_key_is_found(importer: Importer) -> None:
    people = [(n, text, json.loads(text)) for n, text in enumerate(map(bytes.decode, OBJECTS))]
    keys = {key for _, _, members in people for key in list(members)[:20]}
    for key in sorted(keys):
        asked = json.dumps([{"key": key, "operator": "is_set"}])
        expected = {n for n, text, _ in people if oracle.passes(text, asked)}
        found = importer.persons(PROJECT, filter=decode_filter(asked))
        assert {row.uuid.int - 1 for row in found} == expected, key


def nested(levels: int, kind: str) -> bytes:
    """An object of so many levels: of objects, or of lists within the one."""
    if kind == "objects":
        return b'{"a":' * levels + b"1" + b"}" * levels
    return b'{"a":' + b"[" * (levels - 1) + b"1" + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("kind", ["objects", "lists"])
@pytest.mark.parametrize("levels", [100, MAX_DEPTH - 1, MAX_DEPTH])
def test_nested_as_deep_as_is_let_in(importer: Importer, levels: int, kind: str) -> None:
    properties = nested(levels, kind)
    project = next(_projects)
    imported = importer.lines(project, [line(levels, properties)])
    assert imported.rejects == {}
    (row,) = importer.engine.fetch_now(get_persons(project, number=levels + 1))
    assert row.properties.encode() == properties
    # What is stored can be asked for: the text of the value is as deep.
    value = json.loads(properties)["a"]
    for operator, passes in (("exact", 1), ("is_not", 0), ("icontains", 1)):
        # In a list: alone, a list is a list of alternatives.
        asked = json.dumps([{"key": "a", "operator": operator, "value": [value]}])
        assert len(importer.persons(project, filter=decode_filter(asked))) == passes


@pytest.mark.parametrize("kind", ["objects", "lists"])
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 500, 5_000, 100_000])
def test_nested_deeper_is_refused(importer: Importer, levels: int, kind: str) -> None:
    project = next(_projects)
    imported = importer.lines(project, [line(levels, nested(levels, kind))])
    assert list(imported.rejects) == [1]
    assert f"nested deeper than {MAX_DEPTH} levels" in imported.rejects[1]
    assert importer.persons(project) == []


def test_five_thousand_rare_keys(importer: Importer) -> None:
    """More paths than ClickHouse's JSON keeps apart; a default one runs out of open files."""
    draw = random.Random(7)
    people: list[dict[str, Any]] = [
        {f"rare {draw.randrange(5_000)}": draw.randrange(3) for _ in range(10)}
        for _ in range(3_000)
    ]
    keys = sorted({key for person in people for key in person})
    assert len(keys) > 4_900
    lines = [line(n, json.dumps(properties).encode()) for n, properties in enumerate(people)]
    assert importer.lines(RARE, lines, batch_rows=1_000).numbers() == (3_000, 0, 0)
    for _ in range(2):
        for key in draw.sample(keys, 8):
            found = importer.persons(RARE, filter=decode_filter(json.dumps({key: 1})))
            expected = {n for n, person in enumerate(people) if person.get(key) == 1}
            assert {row.uuid.int - 1 for row in found} == expected
        command(importer.engine, "OPTIMIZE TABLE persons FINAL")
