"""What requests and statements cost: how many, how long, rows and bytes that ClickHouse read.

A request has a `Tally`, which a context variable carries into the threads that work for it
(`service.lanes`). A statement's own sum is kept by its name. The target tells what was read, in the
thread that ran the statement.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct
from msgspec.structs import replace


class Tally(Struct):
    """A request, as far as it is known, and what it has cost so far.

    Attributes:
        project: the id of the one it was let into; 0 before that, and for the service's own work.
        key_id: its key's; empty likewise, and for the service's own commands.
        statements: sent to ClickHouse.
        rows: that ClickHouse read for it from its tables.
        bytes: likewise, not compressed.
        engine_us: microseconds in which a statement ran; more than have passed, where two did.
    """

    project: int = 0
    key_id: str = ""
    statements: int = 0
    rows: int = 0
    bytes: int = 0
    engine_us: int = 0


class Cost(Struct):
    """What the statements of one name have cost since the start."""

    runs: int = 0
    failures: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    rows: int = 0
    bytes: int = 0


class _Run(Struct):
    """A statement under way."""

    rows: int = 0
    bytes: int = 0


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)
_run: ContextVar[_Run | None] = ContextVar("run", default=None)


def begin() -> Tally:
    """Begin the tally of a request, in its own task."""
    tally = Tally()
    _tally.set(tally)
    return tally


def current() -> Tally | None:
    """Return the tally of the request that is worked for."""
    return _tally.get()


def note_read(rows: int, bytes: int) -> None:
    """Note what ClickHouse read for the statement under way in this thread."""
    run = _run.get()
    if run is not None:
        run.rows += rows
        run.bytes += bytes


class Meter:
    """What the statements of one engine have cost, by name; safe for many threads."""

    def __init__(self) -> None:
        """Start from nothing."""
        self._lock = threading.Lock()
        self._costs: dict[str, Cost] = {}

    def costs(self) -> dict[str, Cost]:
        """Return the costs by the statements' names, as they are now."""
        with self._lock:
            return {name: replace(cost) for name, cost in self._costs.items()}

    @contextmanager
    def statement(self, name: str) -> Generator[None]:
        """Measure a statement that runs in this thread while the context lasts."""
        run = _Run()
        token = _run.set(run)
        began = time.perf_counter()
        failed = True
        try:
            yield
            failed = False
        finally:
            _run.reset(token)
            self.note(
                name, time.perf_counter() - began, run.rows, run.bytes, _tally.get(), failed=failed
            )

    def note(
        self,
        name: str,
        seconds: float,
        rows: int,
        bytes: int,
        tally: Tally | None,
        *,
        failed: bool = False,
    ) -> None:
        """Add what a statement cost, to its name's and to its request's."""
        with self._lock:
            cost = self._costs.get(name)
            if cost is None:
                cost = self._costs[name] = Cost()
            cost.runs += 1
            cost.failures += failed
            cost.seconds += seconds
            cost.slowest_seconds = max(cost.slowest_seconds, seconds)
            cost.rows += rows
            cost.bytes += bytes
            if tally is not None:
                tally.statements += 1
                tally.rows += rows
                tally.bytes += bytes
                tally.engine_us += int(seconds * 1e6)
