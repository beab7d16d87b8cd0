"""Where work waits for a thread: what is quick never behind what may take long.

Of several projects that wait each has its turn, whoever waits more; and none may take all places.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

import polars as pl
from msgspec import Struct

from service.errors import Busy
from service.metering import current

T = TypeVar("T")

_BUSY = "The service is busy. Try again in a second."


class _Job(Struct):
    """Work that waits, and where its outcome goes."""

    work: Callable[[], Any]
    outcome: Future[Any]


def stand_back(nice: int) -> None:
    """Have the calling thread, and those that it starts, let others come first where cores are few.

    As nice(1) has it; 0 leaves it as it is.
    """
    if nice and sys.platform == "linux":
        # Elsewhere it would be the whole process.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


def start_polars(nice: int) -> None:
    """Start the threads of polars, which are as nice as the one that first asks for them."""

    def ask() -> None:
        stand_back(nice)
        pl.thread_pool_size()

    threading.Thread(target=ask, name="polars").start()


class Lane:
    """Some threads, and the work that waits for them."""

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        waiting: int,
        patience_seconds: float,
        nice: int = 0,
        share: float = 1.0,
    ) -> None:
        """Start no thread yet.

        Args:
            name: the threads'.
            threads: how many run at once.
            waiting: how many more may wait.
            patience_seconds: for so long.
            nice: how much the threads stand back where cores are few, as nice(1) has it.
            share: of all places, running and waiting, that one project may take.
        """
        self._threads = ThreadPoolExecutor(threads, name, initializer=self._enter)
        self._most = threads + waiting
        self._most_of_one = max(1, int(self._most * share))
        self._patience_seconds = patience_seconds
        self._taken = 0
        self._taken_by: dict[int, int] = {}
        self._lock = threading.Lock()
        # In the order of their turns.
        self._lines: dict[int, deque[_Job]] = {}
        self._nice = nice
        self._inside = threading.local()

    def _enter(self) -> None:
        self._inside.here = True
        stand_back(self._nice)

    @property
    def taken(self) -> int:
        """How much runs or waits."""
        return self._taken

    def holds_this_thread(self) -> bool:
        """Whether the calling thread is one of them."""
        return getattr(self._inside, "here", False)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on one of the threads, in the context of the caller.

        Raises:
            Busy: too many wait already, of its project or in all, or its turn did not come in time.
        """
        tally = current()
        project = 0 if tally is None else tally.project
        taken = self._taken_by.get(project, 0)
        if self._taken >= self._most or (project and taken >= self._most_of_one):
            raise Busy(_BUSY)
        self._taken += 1
        self._taken_by[project] = taken + 1
        job = self._line_up(project, work)
        try:
            future = asyncio.wrap_future(job)
            await asyncio.wait({future}, timeout=self._patience_seconds)
            if not future.done() and job.cancel():
                raise Busy(_BUSY)
            return await future
        finally:
            # Where nobody waits for it any more; once begun it runs to its end.
            job.cancel()
            self._taken -= 1
            self._taken_by[project] -= 1
            if not self._taken_by[project]:
                del self._taken_by[project]

    def close(self) -> None:
        """Wait for what is running; what waits is cancelled."""
        self._threads.shutdown(cancel_futures=True)
        with self._lock:
            for line in self._lines.values():
                for job in line:
                    job.outcome.cancel()
            self._lines.clear()

    def _line_up(self, project: int, work: Callable[[], T]) -> Future[T]:
        context = copy_context()
        outcome: Future[T] = Future()
        with self._lock:
            line = self._lines.setdefault(project, deque())
            line.append(_Job(lambda: context.run(work), outcome))
        try:
            # One that takes whosever turn it is, for each that waits.
            self._threads.submit(self._do_next)
        except RuntimeError:
            # It is closed.
            outcome.cancel()
            raise
        return outcome

    def _do_next(self) -> None:
        with self._lock:
            project = next(iter(self._lines))
            line = self._lines.pop(project)
            job = line.popleft()
            if line:
                self._lines[project] = line
        if not job.outcome.set_running_or_notify_cancel():
            return
        try:
            done = job.work()
        except BaseException as error:
            job.outcome.set_exception(error)
        else:
            job.outcome.set_result(done)
