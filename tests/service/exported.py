"""Persons exported as CSV, and what the cells must be: plain Python that shares no code with it."""

from __future__ import annotations

import asyncio
import csv as csv_module
import io
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

import msgspec
import polars as pl

from queries.export_source import Source
from queries.lines import Ids
from queries.persons import Selection
from queries.upserts import Upsert
from service.engine import Engine
from service.exports.asked import Ask
from service.exports.stream import Export, export_now, open_export
from service.exports.union import UnionPlan, plan
from service.exports.writers import Union
from tests.engine.people import FOREVER_US, insert

_projects = count(1)


def new_project() -> int:
    """A project without persons, of whatever database."""
    return next(_projects)


def select(project: int, **narrower: Any) -> Selection:
    return Selection(project, FOREVER_US, **narrower)


async def _whole(
    engine: Engine, selection: Selection, ask: Ask, planned: UnionPlan | None = None
) -> bytes:
    source = Source(selection)
    if planned is None:
        opened = await open_export(engine, ask, source)
    else:
        opened = await begun(engine, source, planned)
    return b"".join([chunk async for chunk in opened.chunks()])


async def begun(engine: Engine, source: Source, planned: UnionPlan) -> Export:
    """Begin the export of a plan that was made before."""
    out = Union(planned)
    frames = cast("AsyncGenerator[pl.DataFrame, None]", engine.batches(out.statement(source)))
    opened = Export(engine, Ask(), out, frames)
    await opened.begin()
    return opened


def export(
    engine: Engine, selection: Selection, planned: UnionPlan | None = None, ask: Ask | None = None
) -> bytes:
    return asyncio.run(_whole(engine, selection, ask or Ask(), planned))


def planned(
    engine: Engine, selection: Selection, how: Ids = Ids.COLUMNS, *, is_safe: bool = False
) -> UnionPlan:
    return asyncio.run(plan(engine, Source(selection), how, is_safe=is_safe))


def other_ways(usual: UnionPlan) -> list[UnionPlan]:
    """Plans that must give the same bytes: lines all made here, or by the engine where it can."""
    change = msgspec.structs.replace
    return [
        change(usual, by_engine=False),
        change(usual, by_engine=True),
        change(usual, by_engine=True, usual_ids=0, usual_keys=usual.usual_keys[::2]),
    ]


def read(body: bytes) -> list[dict[str, str]]:
    """Read as any reader of RFC 4180 does; checks that all lines have as many cells."""
    header, *lines = csv_module.reader(io.StringIO(body.decode(), newline=""), strict=True)
    assert len(set(header)) == len(header)
    return [dict(zip(header, line, strict=True)) for line in lines]


# What the API lists and how it is flattened, said again.


def _flat(name: str, value: object) -> Iterable[tuple[str, str]]:
    match value:
        case dict():
            for key, child in cast("dict[str, object]", value).items():
                yield from _flat(f"{name}.{key}", child)
        case list():
            for n, child in enumerate(cast("list[object]", value)):
                yield from _flat(f"{name}.{n}", child)
        case None:
            yield name, ""
        case _:
            yield name, str(value)


def _is_made_up(distinct_id: str) -> bool:
    groups = distinct_id.split("-")
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789")
    return len(groups) == 5 and all(group and set(group) <= allowed for group in groups)


def _time(us: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond:06}Z" if moment.microsecond else f"{text}Z"


class Digits(str):
    """A number as it is written."""

    __slots__ = ()


def _name(properties: bytes, ids: list[str], number: int) -> str:
    tokens = msgspec.json.decode(properties, type=dict[str, msgspec.Raw])
    for key in ("email", "name", "username"):
        token = bytes(tokens.get(key, b"null")).decode()
        value = json.loads(token)
        if value:
            return value if isinstance(value, str) else token
    return ids[0] if ids else str(number)


def cells_of(person: Upsert) -> dict[str, str]:
    """The cells of a person; empty ones may be missing."""
    properties = json.loads(person.properties, parse_int=Digits, parse_float=Digits)
    ids = [item for item in person.ids if not _is_made_up(item)]
    ids += [item for item in person.ids if _is_made_up(item)]
    number = person.uuid.int % 2**53 or 1
    row = {
        "created_at": _time(person.created_us),
        "distinct_ids": ids,
        "id": number,
        "is_identified": person.is_identified,
        "last_seen_at": None if person.last_seen_us is None else _time(person.last_seen_us),
        "matched_recordings": [],
        "name": _name(person.properties, ids, number),
        "properties": properties,
        "type": "person",
        "uuid": str(person.uuid),
        "value_at_data_point": None,
    }
    return dict(pair for name, value in row.items() for pair in _flat(name, value))


def newest_first(persons: Iterable[Upsert]) -> list[Upsert]:
    return sorted(persons, key=lambda p: (-p.created_us, -(p.uuid.int & (1 << 64) - 1)))


def expected(persons: Iterable[Upsert]) -> dict[str, dict[str, str]]:
    """All cells of all columns, by uuid."""
    rows = [cells_of(person) for person in persons]
    columns = sorted({name for row in rows for name in row})
    return {row["uuid"]: {name: row.get(name, "") for name in columns} for row in rows}


def check(engine: Engine, persons: Sequence[Upsert], project: int = 0) -> bytes:
    """Export persons, compare all cells, and see that every way there gives the same bytes."""
    project = project or new_project()
    insert(engine, project, persons, version=1)
    selection = select(project)
    usual = planned(engine, selection)
    body = export(engine, selection, usual)
    wanted = expected(persons)
    rows = read(body)
    assert list(rows[0]) == list(next(iter(wanted.values())))
    assert {row["uuid"]: row for row in rows} == wanted
    assert len(rows) == len(persons)
    for other in other_ways(usual):
        assert export(engine, selection, other) == body
    assert b"".join(export_now(engine, Ask(), Source(selection))) == body
    return body
