"""What one client can do to another: `python -m benchmarks.bombs`; see README.md beside this file.

Starts a service with persons in it. A calm client gets one person and the first page in turns,
alone at first, then while several others send the same expensive request as fast as it is
answered, one such request after the other. Prints how much longer the calm one waited.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from msgspec import Struct

from benchmarks.bomb_requests import Bomb, bombs
from benchmarks.calm import (
    PATIENCE_SECONDS,
    SETTLE_SECONDS,
    Waited,
    connect,
    fill,
    headers,
    wait_calmly,
)
from benchmarks.processes import Peak, settle
from benchmarks.running import serving

_MB = 1_000_000


class Thrown(Struct):
    """What became of the requests of those who are not calm."""

    statuses: dict[int, int]
    slowest_seconds: float


def main() -> None:
    """Measure as the command line says, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bombs", description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="who send at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each (%(default)s)")
    parser.add_argument("--only", default="", help="those whose name contains this")
    given = parser.parse_args()
    # What was started is taken down.
    signal.signal(signal.SIGTERM, _stop)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="personhouse-bombs-")))
        service = stack.enter_context(serving(folder / "data", folder / "serve.log"))
        project, key = fill(service, folder, given.persons, "person:read")
        address = f"{service.url}/api/projects/{project}/"
        calm = stack.enter_context(connect(address, key))
        # What is asked first is asked of a service that has just started.
        wait_calmly(calm, given.seconds)
        _print_head()
        for bomb in bombs():
            if given.only in bomb.name:
                idle = wait_calmly(calm, given.seconds)
                with (
                    Peak(service.pid) as peak,
                    _Others(address, key, bomb, given.clients) as others,
                ):
                    waited = wait_calmly(calm, given.seconds)
                settle(service.pid, SETTLE_SECONDS)
                _print_row(bomb, others.thrown, idle, waited, peak.highest_bytes or 0)


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


class _Others:
    """Clients in a process of their own that send a bomb while the context lasts."""

    def __init__(self, address: str, key: str, bomb: Bomb, clients: int) -> None:
        self.thrown = Thrown({}, 0.0)
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        arguments = (theirs, address, key, bomb, clients)
        self._process = spawn.Process(target=_throw, args=arguments, daemon=True)

    def __enter__(self) -> _Others:
        self._process.start()
        # Its first answer shows that it has begun, a second that the first request is under way.
        self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.send(None)
        self.thrown = self._ours.recv()
        self._process.join()


def _throw(theirs: Connection, address: str, key: str, bomb: Bomb, clients: int) -> None:
    over = threading.Event()
    statuses: Counter[int] = Counter()
    slowest = [0.0]

    def send() -> None:
        # Nothing that takes time itself: the service needs the cores.
        url = urlsplit(address)
        with closing(HTTPConnection(url.netloc, timeout=PATIENCE_SECONDS)) as connection:
            while not over.is_set():
                began = time.monotonic()
                try:
                    connection.request("GET", url.path + bomb.path, headers=headers(key))
                    answer = connection.getresponse()
                    while answer.read(_MB):
                        pass
                    status = answer.status
                except (OSError, HTTPException):
                    connection.close()
                    status = 0
                statuses[status] += 1
                slowest[0] = max(slowest[0], time.monotonic() - began)

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    theirs.send(None)
    theirs.recv()
    over.set()
    for thread in threads:
        thread.join()
    theirs.send(Thrown(dict(statuses), slowest[0]))


def _print_head() -> None:
    print("| sent by others | answers | slowest, s | memory, MB | get p50 | p99 | page p50 | p99 |")
    print("| --- | --- | --: | --: | --: | --: | --: | --: |")
    sys.stdout.flush()


def _print_row(
    bomb: Bomb, thrown: Thrown, idle: dict[str, Waited], waited: dict[str, Waited], memory: int
) -> None:
    """Print milliseconds and, in brackets, how many times those of the idle service."""
    answers = ", ".join(f"{n} x {status}" for status, n in sorted(thrown.statuses.items()))
    cells = [
        f"{now:.0f} ({now / before:.1f})"
        for name in ("get", "page")
        for now, before in (
            (waited[name].p50, idle[name].p50),
            (waited[name].p99, idle[name].p99),
        )
    ]
    slowest = f"{thrown.slowest_seconds:.1f}"
    print(f"| {' | '.join((bomb.name, answers, slowest, f'{memory / _MB:.0f}', *cells))} |")
    load = os.getloadavg()[0]
    counted = f"{idle['get'].n} and {waited['get'].n} times"
    print(f"load {load:.1f}; asked {counted}", file=sys.stderr, flush=True)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
