"""A calm client, who shows what others do to everybody: it reads in turns, with pauses."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import httpx
import msgspec
from msgspec import Struct

from benchmarks.processes import settle
from benchmarks.running import Service, import_file, prepare
from benchmarks.truth import lines

_PAUSE_SECONDS = 0.01
SETTLE_SECONDS = 600.0
PATIENCE_SECONDS = 300.0


class Waited(Struct, frozen=True):
    """How long a client waited, in milliseconds."""

    p50: float
    p99: float
    n: int


class _Listed(Struct):
    uuid: str


class _Page(Struct):
    results: list[_Listed]


def fill(service: Service, folder: Path, persons: int, scope: str) -> tuple[int, str]:
    """Import generated persons and wait for merges; returns the project and a key to it."""
    project, key = prepare(folder / "data", scope)
    source = folder / "persons.ndjson"
    with source.open("wb") as file:
        for line, _ in lines(persons, dirty=False):
            file.write(line + b"\n")
    import_file(folder / "data", project, source)
    settle(service.pid, SETTLE_SECONDS)
    return project, key


def connect(address: str, key: str) -> httpx.Client:
    """Return a client of a project."""
    return httpx.Client(
        base_url=address, headers=headers(key), timeout=PATIENCE_SECONDS, trust_env=False
    )


def headers(key: str) -> dict[str, str]:
    """Return the headers of every request."""
    return {"authorization": f"Bearer {key}", "accept-encoding": "identity"}


def list_uuids(client: httpx.Client, most: int) -> list[str]:
    """Return the uuids of the first page."""
    first = client.get(f"persons?limit={most}").raise_for_status()
    return [one.uuid for one in msgspec.json.decode(first.content, type=_Page).results]


def wait_calmly(client: httpx.Client, seconds: float) -> dict[str, Waited]:
    """Get a person and the first page in turns, and say how long each took."""
    uuids = list_uuids(client, 1_000)
    draw = random.Random(1)
    taken: dict[str, list[float]] = {"get": [], "page": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, path in (("get", f"persons/{draw.choice(uuids)}"), ("page", "persons")):
            began = time.perf_counter()
            client.get(path).raise_for_status()
            taken[name].append(1_000 * (time.perf_counter() - began))
            time.sleep(_PAUSE_SECONDS)
    return {name: waited(times) for name, times in taken.items()}


def waited(times: list[float]) -> Waited:
    """Sum up times in milliseconds."""
    ordered = sorted(times)
    return Waited(
        ordered[len(ordered) // 2], ordered[math.ceil(0.99 * len(ordered)) - 1], len(ordered)
    )
