"""How fast persons are edited, and what readers notice: `python -m benchmarks.writes`.

Starts a service with persons in it. One client sets a property of one person after the other;
then many at once do so, each of its own persons, while a calm client reads. At the end every
answered edit is looked up: one that is missing ends it with 1. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from benchmarks.calm import (
    PATIENCE_SECONDS,
    Waited,
    connect,
    fill,
    headers,
    list_uuids,
    wait_calmly,
    waited,
)
from benchmarks.processes import Peak, usage
from benchmarks.running import serving

_EDITED = 10_000
_LOOKED_UP = 200
_KEY = "edited"


class Written(Struct):
    """What writers were answered: the last value of each person, and milliseconds of each edit."""

    values: dict[str, int]
    times: list[float]
    refused: int
    seconds: float


class _Person(Struct):
    uuid: str
    properties: dict[str, object]


class _Batch(Struct):
    results: dict[str, _Person]


def main() -> None:
    """Measure as the command line says, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writes", description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--writers", type=int, default=64, help="at once (%(default)s)")
    parser.add_argument("--rate", type=float, default=0.0, help="edits a second at most; 0: none")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each (%(default)s)")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="personhouse-writes-"))
        )
        service = stack.enter_context(serving(folder / "data", folder / "serve.log"))
        project, key = fill(service, folder, given.persons, "person:write")
        address = f"{service.url}/api/projects/{project}/"
        calm = stack.enter_context(connect(address, key))
        uuids = list_uuids(calm, _EDITED)
        wait_calmly(calm, given.seconds / 4)
        print(f"load {os.getloadavg()[0]:.1f} before", file=sys.stderr)
        idle = wait_calmly(calm, given.seconds)
        for writers in (1, given.writers):
            before = usage(service.pid)
            with (
                Peak(service.pid) as peak,
                _Writers(address, key, uuids, writers, given.rate) as storm,
            ):
                busy = wait_calmly(calm, given.seconds) if writers > 1 else None
                if busy is None:
                    time.sleep(given.seconds)
            after = usage(service.pid)
            cpu = after.cpu_seconds - before.cpu_seconds if before and after else float("nan")
            _print(writers, storm.written, idle, busy, peak.highest_bytes or 0, cpu)
            _look_up(calm, storm.written.values)


class _Writers:
    """Clients in a process of their own that edit while the context lasts."""

    def __init__(self, address: str, key: str, uuids: list[str], n: int, rate: float) -> None:
        self.written = Written({}, [], 0, 0.0)
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        arguments = (theirs, address, key, uuids, n, rate)
        self._process = spawn.Process(target=_storm, args=arguments, daemon=True)

    def __enter__(self) -> _Writers:
        self._process.start()
        self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.send(None)
        self.written = self._ours.recv()
        self._process.join()


def _storm(
    theirs: Connection, address: str, key: str, uuids: list[str], n: int, rate: float
) -> None:
    over = threading.Event()
    all_written = [Written({}, [], 0, 0.0) for _ in range(n)]
    threads = [
        threading.Thread(target=_edit, args=(address, key, uuids[i::n], rate / n, over, written))
        for i, written in enumerate(all_written)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    theirs.send(None)
    theirs.recv()
    over.set()
    for thread in threads:
        thread.join()
    whole = Written({}, [], 0, time.monotonic() - began)
    for written in all_written:
        whole.values.update(written.values)
        whole.times += written.times
        whole.refused += written.refused
    theirs.send(whole)


def _edit(
    address: str, key: str, uuids: list[str], rate: float, over: threading.Event, written: Written
) -> None:
    url = urlsplit(address)
    wanted = {**headers(key), "content-type": "application/json"}
    with closing(HTTPConnection(url.netloc, timeout=PATIENCE_SECONDS)) as connection:
        began = time.monotonic()
        n = 0
        while not over.is_set():
            if rate and over.wait(began + n / rate - time.monotonic()):
                break
            uuid = uuids[n % len(uuids)]
            n += 1
            sent = time.perf_counter()
            body = msgspec.json.encode({"properties": {_KEY: n}})
            connection.request("PATCH", f"{url.path}persons/{uuid}/", body, wanted)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                written.times.append(1_000 * (time.perf_counter() - sent))
                written.values[uuid] = n
            else:
                written.refused += 1


def _look_up(client: httpx.Client, values: dict[str, int]) -> None:
    uuids = list(values)
    for i in range(0, len(uuids), _LOOKED_UP):
        some = uuids[i : i + _LOOKED_UP]
        answer = client.post("persons/batch_by_uuids/", json={"uuids": some}).raise_for_status()
        people = msgspec.json.decode(answer.content, type=_Batch).results
        found = {one.uuid: one.properties.get(_KEY) for one in people.values()}
        lost = [uuid for uuid in some if found.get(uuid) != values[uuid]]
        if lost:
            sys.exit(f"benchmarks: answered and lost: {lost[:10]}")


def _print(
    writers: int,
    written: Written,
    idle: dict[str, Waited],
    busy: dict[str, Waited] | None,
    memory_bytes: int,
    cpu_seconds: float,
) -> None:
    took = waited(written.times)
    print(
        f"{writers} writers: {took.n / written.seconds:.0f} edits/s,"
        f" p50 {took.p50:.0f} ms, p99 {took.p99:.0f} ms, {written.refused} refused;"
        f" {1_000 * cpu_seconds / took.n:.1f} ms of CPU an edit;"
        f" memory {memory_bytes / 1e6:.0f} MB at most"
    )
    for name, now in (busy or {}).items():
        before = idle[name]
        print(
            f"  meanwhile {name}: p50 {now.p50:.0f} ms, p99 {now.p99:.0f} ms; idle"
            f" {before.p50:.0f} and {before.p99:.0f}: {now.p99 / before.p99:.1f} times at p99"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
