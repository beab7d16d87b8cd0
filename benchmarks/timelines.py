"""How long properties timelines take: `python -m benchmarks.timelines`.

Has the engine make up events: most of persons with 200 each, a million of a single one. Then asks a
service for timelines, and compares each answer's numbers with what they must be. One that differs
ends it with 1. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from benchmarks.calm import SETTLE_SECONDS, Waited, connect, waited
from benchmarks.processes import Peak, settle
from benchmarks.running import import_file, prepare, serving, unlock
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.settings import Settings

_EACH = 200
_MANY = 1_000_000
_STEP = 1_000_000
_PLANS = 4
# A value of the key holds for so many events; of the one with a million, for more.
_HELD = 10
_HELD_LONG = 5_000
_START_S = 1_700_000_000
_MB = 1_000_000


class _Point(Struct):
    relevant_event_count: int


class _Listed(Struct):
    uuid: str


class _Page(Struct):
    results: list[_Listed]


class _Timeline(Struct):
    points: list[_Point]


def main() -> None:
    """Measure as the command line says, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timelines", description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000, help="how many (%(default)s)")
    parser.add_argument("--times", type=int, default=200, help="of each question (%(default)s)")
    parser.add_argument("--keep", type=Path, help="a directory to work in and to leave")
    given = parser.parse_args()
    persons = max(1, (given.events - _MANY) // _EACH)
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="personhouse-timelines-"))
        folder = given.keep or Path(made)
        data = folder / "data"
        if not data.exists():
            _prepare(folder, persons)
        service = stack.enter_context(serving(data, folder / "serve.log"))
        project, key = unlock(data, 1)
        address = f"{service.url}/api/projects/{project}/"
        client = stack.enter_context(connect(address, key))
        settle(service.pid, SETTLE_SECONDS)
        usual = [_id_of(client, f"usual {n}") for n in _some(persons, given.times)]
        many = _id_of(client, "many")
        print(f"{persons * _EACH + _MANY:,} events; load before {os.getloadavg()[0]:.1f}\n")
        print("| asked | times | p50 ms | p95 ms |\n| --- | --: | --: | --: |", flush=True)
        _ask(client, "a person by itself", [f"persons/{one}" for one in usual])
        of_key = "properties_timeline?date_from=all&properties=" + _FILTERS
        _ask(client, "200 events", [f"persons/{one}/{of_key}" for one in usual], _EACH, _HELD)
        few = [f"persons/{many}/{of_key}"] * max(5, given.times // 10)
        with Peak(service.pid) as peak:
            _ask(client, f"{_MANY:,} events", few, _MANY, _HELD_LONG)
        grew = (peak.highest_bytes or 0) - (peak.before_bytes or 0)
        print(f"\nOf the last, memory grew by {grew / _MB:.0f} MB.")


_FILTERS = '[{"key":"plan","type":"person","operator":"is_set"}]'


def _ask(client: httpx.Client, name: str, paths: list[str], events: int = 0, held: int = 1) -> None:
    times: list[float] = []
    for path in [paths[0], *paths]:
        began = time.perf_counter()
        answer = client.get(path).raise_for_status()
        times.append(1_000 * (time.perf_counter() - began))
        if events:
            points = msgspec.json.decode(answer.content, type=_Timeline).points
            if {point.relevant_event_count for point in points} != {held}:
                sys.exit(f"{name}: the points are not of {held} events each")
            if len(points) != events // held:
                sys.exit(f"{name}: {len(points)} points, and it should be {events // held}")
    taken: Waited = waited(times[1:])
    p95 = sorted(times[1:])[int(0.95 * (len(times) - 1)) - 1]
    print(f"| {name} | {len(paths)} | {taken.p50:.1f} | {p95:.1f} |", flush=True)


def _some(persons: int, times: int) -> list[int]:
    return random.Random(1).choices(range(persons), k=times)


def _id_of(client: httpx.Client, distinct_id: str) -> str:
    answer = client.get("persons", params={"distinct_id": distinct_id}).raise_for_status()
    return msgspec.json.decode(answer.content, type=_Page).results[0].uuid


def _prepare(folder: Path, persons: int) -> None:
    """Import the persons, and fill the table of events."""
    folder.mkdir(parents=True, exist_ok=True)
    data, source = folder / "data", folder / "persons.ndjson"
    with serving(data, folder / "import.log"):
        project, _ = prepare(data)
        with source.open("wb") as file:
            for n in range(persons):
                file.write(msgspec.json.encode({"distinct_ids": [f"usual {n}"]}) + b"\n")
            file.write(msgspec.json.encode({"distinct_ids": ["many"]}) + b"\n")
        import_file(data, project, source)
    filling = multiprocessing.get_context("spawn").Process(
        target=_fill, args=(str(data), project, persons)
    )
    filling.start()
    filling.join()
    if filling.exitcode:
        sys.exit("no events were made")


def _fill(data: str, project: int, persons: int) -> None:
    engine = Engine(Settings(data=data))
    engine.open()
    total = persons * _EACH
    for start in range(0, total, _STEP):
        _insert(engine, project, start, min(_STEP, total - start), "usual ", _EACH, _HELD)
    _insert(engine, project, 0, _MANY, "many", _MANY, _HELD_LONG)
    engine.close()


def _insert(
    engine: Engine, project: int, start: int, count: int, name: str, each: int, held: int
) -> None:
    """Insert events of persons one after the other, an hour apart, with 300 bytes of properties."""
    whose = sql("toString(intDiv(number, {}))", bind("UInt64", each))
    nth = sql("number % {}", bind("UInt64", each))
    engine.command_now(
        Statement(
            "benchmark.events",
            sql(
                """
                INSERT INTO events (team_id, distinct_id, timestamp, uuid, event, properties,
                    person_properties, texts, hash, arrived, version)
                SELECT {}, {}, fromUnixTimestamp64Micro(toInt64({} + ({}) * 60) * 1000000, 'UTC'),
                    generateUUIDv4(), if(number % 4 = 0, '$pageview', 'order'),
                    concat('{"$current_url":"/page/', toString(number), '"}'),
                    concat('{"plan":"plan ', toString(intDiv({}, {}) % {}), '","n":"',
                        toString(number), '","text":"', repeat('some text ', 20), '"}') AS shown,
                    shown, number, number, 1
                FROM numbers({}, {})
                """,
                bind("UInt32", project),
                sql("concat({}, {})", bind("String", name), whose if each < _MANY else sql("''")),
                bind("UInt64", _START_S),
                nth,
                nth,
                bind("UInt64", held),
                bind("UInt64", _PLANS),
                bind("UInt64", start),
                bind("UInt64", count),
            ),
            type(None),
        )
    )


if __name__ == "__main__":
    main()
