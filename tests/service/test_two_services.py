"""Two service processes on one server: what either answers is there, whatever the other does.

The server is a double (tests/wire). Merges are forced meanwhile, so that nothing is read from a row
that stays only for a while. A few writers in each run of the tests, many by `make fuzz`.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import Struct

from service.engine import Engine
from service.settings import ClickHouse, Settings
from tests.engine.people import command
from tests.engine.racing import beside, merging
from tests.service.running import Commands
from tests.wire.process import DoubleProcess

pytestmark = [pytest.mark.slow, pytest.mark.engine]

DATABASE = "two_services"
_numbers = itertools.count(1)


class Services(Struct):
    """Two services, each as a client with a key, and the engine below them."""

    clients: list[httpx.Client]
    engine: Engine

    def new(self, count: int = 1, **properties: Any) -> list[str]:
        """Import persons of one distinct id each; returns those."""
        ids = [f"p{next(_numbers)}" for _ in range(count)]
        self.bring(0, [{"distinct_ids": [one], "properties": properties} for one in ids])
        return ids

    def bring(self, service: int, lines: Sequence[dict[str, Any]]) -> None:
        """Import lines through one of the services."""
        body = b"\n".join(map(msgspec.json.encode, lines))
        done = self.clients[service].post("imports", content=body)
        assert done.status_code == 200, done.text
        assert done.json()["rejected"] == 0, done.text

    def find(self, distinct_id: str, service: int = 0) -> dict[str, Any]:
        """Get who has a distinct id."""
        page = self.clients[service].get("persons", params={"distinct_id": distinct_id})
        assert page.status_code == 200, page.text
        person: dict[str, Any]
        (person,) = page.json()["results"]
        return person

    def get(self, uuid: str, service: int = 0) -> httpx.Response:
        """Get a person."""
        found = self.clients[service].get(f"persons/{uuid}")
        assert found.status_code == 200, found.text
        return found

    def logged(self, uuid: str) -> int:
        """Count the log's entries of a person."""
        page = self.clients[0].get(f"persons/{uuid}/activity").json()
        return int(page["total_count"])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("two")
    double = DoubleProcess(folder / "clickhouse")
    double.start()
    database = ClickHouse(database=DATABASE, silence_seconds=0)
    engine = Engine(Settings(dsn=double.dsn(), clickhouse=database))
    engine.open()
    try:
        with _started(folder, double.dsn(), engine) as both:
            yield both
    finally:
        engine.close()
        double.stop()


@contextmanager
def _started(folder: Path, dsn: str, engine: Engine) -> Generator[Services]:
    config = folder / "two.toml"
    config.write_text(
        f'dsn = "{dsn}"\n[clickhouse]\ndatabase = "{DATABASE}"\nsilence_seconds = 0\n'
    )
    words = ("--config", str(config))
    first, second = (Commands(folder / name) for name in ("first", "second"))
    for one in (first, second):
        one.folder.mkdir()
    project = str(first.json(*words, "project", "create", "Two")["id"])
    scopes = ("--scope", "person:write", "--scope", "activity_log:read")
    asked = ("key", "create", "--project", project, *scopes)
    headers = {"Authorization": f"Bearer {first.json(*words, *asked)['key']}"}
    with ExitStack() as stack:
        clients: list[httpx.Client] = []
        for one in (first, second):
            _, ready = stack.enter_context(one.started(*words, "serve", "--port", "0"))
            address = f"{ready['url']}/api/projects/{project}/"
            limits = httpx.Limits(max_connections=100)
            client = httpx.Client(
                base_url=address, headers=headers, timeout=120, trust_env=False, limits=limits
            )
            clients.append(stack.enter_context(client))
        yield Services(clients, engine)


def together(works: Sequence[Callable[[], object]]) -> None:
    """Do all works at the same time."""
    with ThreadPoolExecutor(len(works)) as threads:
        for one in [threads.submit(work) for work in works]:
            one.result()


def _sets(services: Services, writers: int, times: int) -> None:
    """Writers of different keys of one person, and of one key that all set."""
    (one,) = services.new()
    uuid = services.find(one)["uuid"]

    def write(writer: int) -> None:
        client = services.clients[writer % 2]
        for n in range(times):
            body = {"properties": {f"w{writer}_{n}": n, "last": [writer, n]}}
            done = client.patch(f"persons/{uuid}", json=body)
            assert done.status_code == 200, done.text
            assert done.json()["properties"][f"w{writer}_{n}"] == n

    with beside(merging(services.engine)):
        together([partial(write, w) for w in range(writers)])
    for service in range(2):
        found = services.get(uuid, service).json()["properties"]
        assert found.pop("last")[1] == times - 1
        assert found == {f"w{w}_{n}": n for w in range(writers) for n in range(times)}
    assert services.logged(uuid) == writers * times


def test_16_writers_of_one_person_lose_no_key(services: Services) -> None:
    _sets(services, 16, 6)


@pytest.mark.fuzz
def test_64_writers_of_one_person_lose_no_key(services: Services) -> None:
    _sets(services, 64, 25)


def _increments(services: Services, writers: int, times: int) -> None:
    """A counter that asks for its version: who is late is told so, and nobody is counted twice."""
    (one,) = services.new(n=0)
    uuid = services.find(one)["uuid"]
    answered: Counter[int] = Counter()

    def write(writer: int) -> None:
        service, done = writer % 2, 0
        while done < times:
            seen = services.get(uuid, service)
            body = {"key": "n", "value": seen.json()["properties"]["n"] + 1}
            answer = services.clients[service].post(
                f"persons/{uuid}/update_property",
                json=body,
                headers={"If-Match": seen.headers["ETag"]},
            )
            answered[answer.status_code] += 1
            done += answer.status_code == 200

    with beside(merging(services.engine)):
        together([partial(write, w) for w in range(writers)])
    assert set(answered) == {200, 412}
    assert services.get(uuid).json()["properties"] == {"n": writers * times}
    assert services.logged(uuid) == writers * times


def test_a_counter_that_asks_for_its_version_is_exact(services: Services) -> None:
    _increments(services, 4, 6)


@pytest.mark.fuzz
def test_a_counter_of_many_that_asks_for_its_version_is_exact(services: Services) -> None:
    _increments(services, 16, 25)


def test_an_idempotency_key_has_one_effect_in_both(services: Services) -> None:
    (one,) = services.new()
    uuid = services.find(one)["uuid"]

    def write(n: int, service: int) -> None:
        body = {"key": f"k{n}", "value": n}
        done = services.clients[service].post(
            f"persons/{uuid}/update_property",
            json=body,
            headers={"Idempotency-Key": f"{uuid} {n}"},
        )
        assert done.status_code == 200, done.text
        assert done.json()["properties"][f"k{n}"] == n

    for n in range(10):
        together([partial(write, n, s % 2) for s in range(4)])
    # A row remembers fewer writes than there were; an answer that is lost is not needed.
    command(services.engine, "TRUNCATE TABLE idempotency")
    for n in range(10):
        write(n, n % 2)
    assert services.logged(uuid) == 10


def _beside_imports(services: Services, persons: int, times: int) -> None:
    """An import's row that is older only adds distinct ids; those and the edits are all there."""
    ids = services.new(persons)
    uuids = [services.find(one)["uuid"] for one in ids]
    services.bring(0, [_row(one, uuid, 2) for one, uuid in zip(ids, uuids, strict=True)])
    turns = itertools.count()
    brought: list[int] = []

    def bring(service: int) -> None:
        turn = next(turns)
        rows = [_row(f"{one} {turn}", uuid, 1) for one, uuid in zip(ids, uuids, strict=True)]
        services.bring(service, rows)
        brought.append(turn)

    def edit(n: int) -> None:
        for turn in range(times):
            client = services.clients[(n + turn) % 2]
            done = client.patch(f"persons/{uuids[n]}", json={"properties": {f"e{turn}": turn}})
            assert done.status_code == 200, done.text

    with beside(lambda: bring(0), lambda: bring(1), merging(services.engine)):
        together([partial(edit, n) for n in range(persons)])
    for one, uuid in zip(ids, uuids, strict=True):
        person = services.get(uuid).json()
        edited = {f"e{turn}": turn for turn in range(times)}
        assert person["properties"] == {"version": 2, **edited}
        assert set(person["distinct_ids"]) == {one, *(f"{one} {turn}" for turn in brought)}


def _row(distinct_id: str, uuid: str, version: int) -> dict[str, Any]:
    return {
        "distinct_id": distinct_id,
        "person_id": uuid,
        "person_version": version,
        "properties": {"version": version},
    }


def test_imports_through_both_lose_neither_edits_nor_ids(services: Services) -> None:
    _beside_imports(services, 8, 6)


@pytest.mark.fuzz
def test_many_imports_through_both_lose_neither_edits_nor_ids(services: Services) -> None:
    _beside_imports(services, 64, 50)


def _seen(services: Services, persons: int, times: int) -> None:
    """Events through both, each an hour later, beside edits: neither undoes the other."""
    ids = services.new(persons)
    uuids = [services.find(one)["uuid"] for one in ids]
    hours = itertools.count(1)
    latest: list[int] = []

    def happen(service: int) -> None:
        hour = next(hours)
        lines = [
            {"event": "seen", "distinct_id": one, "timestamp": 1_700_000_000 + 3_600 * hour}
            for one in ids
        ]
        body = b"\n".join(map(msgspec.json.encode, lines))
        done = services.clients[service].post("imports?kind=events", content=body)
        assert (done.status_code, done.json()["written"]) == (200, persons), done.text
        latest.append(hour)

    def edit(n: int) -> None:
        for turn in range(times):
            client = services.clients[(n + turn) % 2]
            done = client.patch(f"persons/{uuids[n]}", json={"properties": {f"e{turn}": turn}})
            assert done.status_code == 200, done.text

    with beside(lambda: happen(0), lambda: happen(1), merging(services.engine)):
        together([partial(edit, n) for n in range(persons)])
    seconds = (1_700_000_000 + 3_600 * max(latest)) // 3_600 * 3_600
    last_seen = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for uuid in uuids:
        person = services.get(uuid).json()
        assert person["last_seen_at"] == last_seen
        assert person["properties"] == {f"e{turn}": turn for turn in range(times)}


def test_events_through_both_lose_no_edits_nor_hours(services: Services) -> None:
    _seen(services, 8, 6)


@pytest.mark.fuzz
def test_many_events_through_both_lose_no_edits_nor_hours(services: Services) -> None:
    _seen(services, 64, 25)


def _moves(services: Services, persons: int, times: int) -> None:
    """Merges and splits through both: no id has two owners or none, no key is lost."""
    ids = services.new(persons)
    names: list[str] = []

    def move(seed: int) -> None:
        draw, service = random.Random(seed), seed % 2
        client = services.clients[service]
        for n in range(times):
            some, other = draw.sample(ids, 2)
            person = services.find(some, service)
            address = f"persons/{person['uuid']}"
            kind = draw.random()
            if kind < 0.4:
                done = client.post(f"{address}/merge", json={"distinct_ids": [other]})
            elif kind < 0.6:
                done = client.post(f"{address}/split", json={"distinct_ids_to_split": [some]})
            else:
                name = f"{seed}_{n}"
                done = client.patch(address, json={"properties": {name: 1}})
                if done.status_code == 200:
                    names.append(name)
            # 400: it is one person by now, or it has one id; 404: it was merged into another.
            assert done.status_code in (200, 400, 404), done.text

    with beside(merging(services.engine)):
        together([partial(move, s) for s in range(8)])
    found = [services.find(one) for one in ids]
    owners = {person["uuid"]: person for person in found}
    owned = Counter(one for person in owners.values() for one in person["distinct_ids"])
    assert owned == Counter(ids), "an id with two owners, or none"
    kept = {name for person in owners.values() for name in person["properties"]}
    assert set(names) - kept == set(), "answered and lost"


def test_moves_through_both_leave_each_id_one_owner(services: Services) -> None:
    _moves(services, 6, 6)


@pytest.mark.fuzz
def test_many_moves_through_both_leave_each_id_one_owner(services: Services) -> None:
    _moves(services, 12, 100)
