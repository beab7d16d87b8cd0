"""The CSV of persons as a stream: its order, its end, what changes meanwhile, its memory."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from pathlib import Path

import msgspec
import polars as pl
import pytest

from queries.export_source import Source
from queries.lines import export_lines
from queries.persons import export_persons
from queries.sql import bind, sql
from queries.statement import Statement
from queries.upserts import Upsert
from service.engine import Engine
from service.exports.asked import Ask
from service.exports.stream import open_export
from service.generator import persons
from tests.engine.people import START_US, insert, person
from tests.service.exported import check, expected, export, new_project, planned, read, select

# Through HTTP too, in each run of the tests.
pytestmark = pytest.mark.wire


class Line(msgspec.Struct):
    distinct_ids: list[str]
    properties: msgspec.Raw


def _many(n: int) -> list[Upsert]:
    draw = random.Random(n)
    pool = [
        *('{"a":"x","b":1.5}', '{"a":"x, y","b":null}', '{"c":[1,2],"a":"z"}', '{"b":true}'),
        *('{"b":"true"}', "{}", '{"a":"\\n","d":{"e":{"f":"g"}}}', '{"name":"Zoë"}'),
    ]
    return [
        person(k, draw.choice(pool), ids=[f"{k}-{i}" for i in range(draw.randrange(3))])
        for k in range(1, n + 1)
    ]


def test_who_is_plain_comes_as_a_line(engine: Engine) -> None:
    """Or else all would be right and slow."""
    project = new_project()
    plain = (
        *(
            '{"a":"x","b":1.0}',
            '{"a":null,"b":true}',
            "{}",
            '{"a":"\\u00e4, \\n\\""}',
            '{"name":"Zoë"}',
        ),
        *('{"a":true,"b":"True"}', '{"a":"0","b":"-1"}', '{"email":"e","name":"","username":null}'),
    )
    odd = (
        *('{"a":[]}', '{"a":{}}', '{"a":"{"}', '{"a":"true"}', '{"name":0}', '{"name":false}'),
        *('{"rare":1}', '{"a":"\\u0001"}', '{"a":1e400}', "{ }"),
    )
    people = [person(n, text, ids=["i"]) for n, text in enumerate((*plain, *odd), 1)]
    insert(engine, project, people, version=1)
    usual = msgspec.structs.replace(
        planned(engine, select(project)),
        usual_keys=("a", "b", "name", "email", "username"),
        by_engine=True,
    )
    rows = engine.fetch_now(export_lines(Source(select(project)), usual.rows().shape))
    lines = {row.number for row in rows if row.line}
    assert lines == set(range(1, len(plain) + 1))
    assert all(bool(row.line) != bool(row.properties) for row in rows)


def test_all_rows_of_all_blocks_in_the_order_of_the_list(engine: Engine) -> None:
    project = new_project()
    body = check(engine, _many(10_000), project)
    rows = engine.fetch_now(export_persons(select(project)))
    assert [row["uuid"] for row in read(body)] == [str(row.uuid) for row in rows]


def test_persons_as_they_come(engine: Engine) -> None:
    project = new_project()
    people: list[Upsert] = []
    for n, line in enumerate(persons(3_000), 1):
        given = msgspec.json.decode(line, type=Line)
        text = bytes(given.properties).decode()
        people.append(person(n, text, ids=given.distinct_ids, created_us=START_US - n))
    check(engine, people, project)


def test_polars_reads_the_same(engine: Engine, tmp_path: Path) -> None:
    people = _many(1_000)
    (tmp_path / "persons.csv").write_bytes(check(engine, people))
    frame = pl.read_csv(tmp_path / "persons.csv", infer_schema=False).fill_null("")
    assert {row["uuid"]: row for row in frame.to_dicts()} == expected(people)


def test_what_changes_in_between_never_tears_a_line(engine: Engine) -> None:
    project = new_project()
    selection = select(project)
    people = [
        person(1, '{"a":1,"l":[1]}', ids=["x"]),
        person(2, '{"a":2,"s":"y"}', ids=["y"]),
        person(3, '{"a":3}'),
    ]
    insert(engine, project, people, version=1)
    before = planned(engine, selection)
    later = [
        person(1, '{"a":10,"l":[1,2],"new":"n"}', ids=["x", "x2"], base=1),
        person(2, '{"a":{"b":5},"s":"z"}', ids=["y"], base=1),
        person(4, '{"other":1}', ids=["w"]),
    ]
    insert(engine, project, later, version=2)
    rows = read(export(engine, selection, before))
    wanted = {
        uuid: {name: cells[name] for name in before.columns}
        for uuid, cells in expected([*later, people[2]]).items()
    }
    assert {row["uuid"]: row for row in rows} == wanted


def test_a_failure_midway_is_raised(engine: Engine) -> None:
    project = new_project()
    insert(engine, project, [person(1, created_us=2)], version=1)
    before = planned(engine, select(project))
    _insert_raw(engine, project, '{"a":[', '{"a":"["}')
    with pytest.raises(msgspec.DecodeError):
        export(engine, select(project), before)
    with pytest.raises(msgspec.DecodeError):
        planned(engine, select(project))


def test_texts_that_were_not_kept_are_not_missed(engine: Engine) -> None:
    """`prop` is the writer's word; where it lacks a text, the properties themselves decide."""
    project = new_project()
    insert(engine, project, [person(n, '{"a":"x","b":null}') for n in (1, 2)], version=1)
    _insert_raw(engine, project, '{"a":"2024-01-01","b":null}', "{}")
    cells = [row["properties.a"] for row in read(export(engine, select(project)))]
    assert sorted(cells) == ["2024-01-01", "x", "x"]


def _insert_raw(engine: Engine, project: int, properties: str, prop: str) -> None:
    engine.command_now(
        Statement(
            "tests.insert_raw",
            sql(
                """
                INSERT INTO persons (team_id, created_at, id, version, properties, prop)
                SELECT {}, fromUnixTimestamp64Micro(1), generateUUIDv4(), 1, {}, {}
                """,
                bind("UInt32", project),
                bind("String", properties),
                bind("String", prop),
            ),
            type(None),
        )
    )


class Running(msgspec.Struct):
    statements: int


def test_leaving_ends_the_statement(engine: Engine) -> None:
    project = new_project()
    for _ in range(5):
        _fill(engine, project)
    running = Statement(
        "tests.running",
        sql(
            "SELECT count() AS statements FROM system.processes"
            " WHERE Settings['log_comment'] LIKE 'persons.lines:%'"
        ),
        Running,
    )

    async def leave() -> None:
        chunks = (await open_export(engine, Ask(), Source(select(project)))).chunks()
        async with aclosing(chunks):
            assert await anext(chunks)
            assert (await engine.fetch(running))[0].statements == 1
        # It is closed by a worker, after what that is doing.
        async with asyncio.timeout(10):
            while (await engine.fetch(running))[0].statements:
                pass

    asyncio.run(leave())


def _fill(engine: Engine, project: int) -> None:
    """Have the engine make 10,000 persons, each of about a kilobyte."""
    engine.command_now(
        Statement(
            "tests.fill",
            sql(
                """
                INSERT INTO persons (
                    team_id, created_at, id, version, distinct_ids, properties, prop)
                SELECT {}, fromUnixTimestamp64Micro(toInt64(number)), generateUUIDv4(), 1,
                    [toString(number)], text, text
                FROM (
                    SELECT number, concat(
                        '{"a":"', hex(randomString(100)), '","b":"', hex(randomString(100)),
                        '","c":"', hex(randomString(200)), '"',
                        if(number % 10 = 0, ',"d":"[]"', ''), '}') AS text
                    FROM numbers(10000))
                """,
                bind("UInt32", project),
            ),
            type(None),
        )
    )


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_rows(engine: Engine) -> None:
    project = new_project()
    for _ in range(16):
        _fill(engine, project)

    async def run() -> list[int]:
        chunks = (await open_export(engine, Ask(), Source(select(project)))).chunks()
        return [_resident_bytes() async for _ in chunks]

    # By then a quarter was sent, and the engine has taken what buffers and caches it wants.
    resident = asyncio.run(run())
    quarter = len(resident) // 4
    assert quarter > 30, "each of about a megabyte"
    assert max(resident[quarter:]) - max(resident[:quarter]) < 40_000_000
