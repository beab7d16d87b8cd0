"""kill -9 of the service in the middle of a storm of writes: what was answered is there afterwards.

Twenty times in each run of the tests, 200 times by `make crash`. Every write that is answered names
itself in a property of its own, so after all splits and merges each must still be found.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec
import pytest

from tests.service.running import Commands

pytestmark = [pytest.mark.slow, pytest.mark.engine]

PERSONS = 24
IDS = [f"id-{n}-{k}" for n in range(PERSONS) for k in range(3)]
WRITERS = 6
# Writes that have to be answered before the kill: a busy machine gets more time.
ENOUGH = 3
# Seconds that a storm lasts at most once it may end.
LONGEST = 0.6


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Commands(tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="module")
def key(commands: Commands) -> str:
    """A key for the project, in which everybody is who takes part."""
    commands.json("project", "create", "Crash")
    words = ["--project", "1", "--scope", "person:write"]
    made: str = commands.json("key", "create", *words)["key"]
    file = commands.folder / "persons.ndjson"
    people = [[f"id-{n}-{k}" for k in range(3)] for n in range(PERSONS)]
    file.write_bytes(b"\n".join(msgspec.json.encode({"distinct_ids": ids}) for ids in people))
    commands.json("import", str(file), "--project", "1")
    return made


class Storm:
    """Clients that write until they are told to stop, and what they were answered."""

    def __init__(self, url: str, key: str, seed: int) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {key}"}
        self.answered: list[str] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(f"{seed}_{n}", seed * 100 + n))
            for n in range(WRITERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, name: str, seed: int) -> None:
        draw = random.Random(seed)
        with httpx.Client(trust_env=False, headers=self.headers, timeout=30) as client:
            for n in range(100_000):
                if self._over.is_set():
                    return
                try:
                    self._one(client, draw, f"w_{name}_{n}")
                except httpx.HTTPError:
                    # Killed: nothing is known of this one.
                    self._over.wait(0.02)

    def _one(self, client: httpx.Client, draw: random.Random, name: str) -> None:
        asked = client.get(self.url, params={"distinct_id": draw.choice(IDS)})
        if asked.status_code != 200 or not asked.json()["results"]:
            return
        person = asked.json()["results"][0]
        address = f"{self.url}/{person['uuid']}"
        kind = draw.random()
        if kind < 0.7:
            body: dict[str, Any] = {"key": name, "value": 1}
            if client.post(f"{address}/update_property", json=body).status_code == 200:
                self.answered.append(name)
        elif kind < 0.85:
            client.post(
                f"{address}/split", json={"distinct_ids_to_split": [person["distinct_ids"][-1]]}
            )
        else:
            client.post(f"{address}/merge", json={"distinct_ids": [draw.choice(IDS)]})


def _worker(data: Path) -> int:
    """Return the pid of the process that holds the engine."""
    lock = str(data / "clickhouse" / "status")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # Files come and go while one looks.
            with suppress(OSError):
                for one in (entry / "fd").iterdir():
                    with suppress(OSError):
                        if os.readlink(one) == lock:
                            return int(entry.name)
    raise AssertionError("nobody has the engine open")


def _people(url: str, key: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"}
    page = httpx.get(url, params={"limit": "10000"}, headers=headers, timeout=60, trust_env=False)
    assert page.status_code == 200, page.text
    body = page.json()
    assert body["count"] == len(body["results"])
    assert body["next"] is None
    people: list[dict[str, Any]] = body["results"]
    return people


def _check(url: str, key: str, found: set[str]) -> None:
    people = _people(url, key)
    names = {name for person in people for name in person["properties"]}
    assert found - names == set(), "answered and lost"
    owned = Counter(one for person in people for one in person["distinct_ids"])
    assert owned == Counter(IDS), "an id with two owners, or none"


def _storm_and_kill(commands: Commands, front: int, url: str, key: str, seed: int) -> list[str]:
    """Kill both processes of the service in the middle of a storm; returns what was answered."""
    storm = Storm(url, key, seed)
    storm.start()
    until = time.monotonic() + LONGEST * random.Random(seed).random()
    try:
        while time.monotonic() < until or len(storm.answered) < ENOUGH:
            assert time.monotonic() < until + 60, "nothing is answered"
            time.sleep(0.005)
        os.kill(_worker(commands.data), signal.SIGKILL)
        os.kill(front, signal.SIGKILL)
    finally:
        storm.stop()
    return storm.answered


def _storms(commands: Commands, key: str, seeds: range) -> None:
    found: set[str] = set()
    starts: list[float] = []
    for seed in seeds:
        with _serving(commands, starts) as (front, url):
            _check(url, key, found)
            found.update(_storm_and_kill(commands, front, url, key, seed))
    with _serving(commands, starts) as (_, url):
        _check(url, key, found)
    assert len(found) >= ENOUGH * len(seeds)
    # Not a limit that decides: on a busy machine everything takes longer.
    middle, slowest = median(starts), max(starts)
    print(f"answers {middle:.1f} s after it is started, {slowest:.1f} s at most;", end=" ")
    print(f"{len(found)} writes were answered before {len(seeds)} kills")


@contextmanager
def _serving(commands: Commands, starts: list[float]) -> Generator[tuple[int, str]]:
    """Start the service, and note how long it takes until a request is answered."""
    began = time.monotonic()
    with commands.started("serve", "--port", "0") as (process, ready):
        assert httpx.get(f"{ready['url']}/readyz", trust_env=False).is_success
        starts.append(time.monotonic() - began)
        yield process.pid, f"{ready['url']}/api/projects/1/persons"


def test_what_was_answered_is_there_after_20_kills(commands: Commands, key: str) -> None:
    _storms(commands, key, range(20))


@pytest.mark.fuzz
def test_what_was_answered_is_there_after_200_kills(commands: Commands, key: str) -> None:
    _storms(commands, key, range(100, 300))
