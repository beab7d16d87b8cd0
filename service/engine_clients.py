"""The clients of one database: a pool that threads borrow from, each statement measured."""

from __future__ import annotations

import queue
from collections.abc import Generator
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client

from service.engine_failures import failures
from service.engine_target import Target
from service.metering import Meter


class Clients:
    """Connected clients, of which each runs one statement at a time."""

    def __init__(self, target: Target, database: str, meter: Meter) -> None:
        """Connect to nothing yet."""
        self._target = target
        self._database = database
        self._meter = meter
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._all: list[Client] = []

    @property
    def are_open(self) -> bool:
        """Whether there are any."""
        return bool(self._all)

    def open(self, count: int) -> None:
        """Connect so many."""
        for _ in range(count):
            client = self._target.connect(self._database)
            self._all.append(client)
            self._idle.put(client)

    def warm(self) -> None:
        """Run the least there is on each."""
        for client in self._all:
            client.command("SELECT 1")

    @contextmanager
    def lent(self, name: str) -> Generator[Client]:
        """Lend a client for one statement of that name.

        Raises:
            EngineDown: no answer from ClickHouse.
        """
        self._target.require_answers()
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            # An import's thread, beside the workers: the pool grows to as many as run at once.
            with failures():
                client = self._target.connect(self._database)
            self._all.append(client)
        try:
            with failures(), self._meter.statement(name):
                yield client
            self._target.answered()
        finally:
            self._idle.put(client)

    def close(self) -> None:
        """Close all."""
        for client in self._all:
            client.close()
        self._all.clear()
