"""Where work waits for a thread: what is quick never behind what may take long."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

from service.errors import Busy

T = TypeVar("T")


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
    ) -> None:
        """Start no thread yet.

        Args:
            name: the threads'.
            threads: how many run at once.
            waiting: how many more may wait.
            patience_seconds: for so long.
            nice: how much the threads stand back where cores are few, as nice(1) has it.
        """
        self._threads = ThreadPoolExecutor(threads, name, initializer=self._enter)
        self._most = threads + waiting
        self._patience_seconds = patience_seconds
        self._taken = 0
        self._nice = nice
        self._inside = threading.local()

    def _enter(self) -> None:
        self._inside.here = True
        stand_back(self._nice)

    def holds_this_thread(self) -> bool:
        """Whether the calling thread is one of them."""
        return getattr(self._inside, "here", False)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on one of the threads.

        Raises:
            Busy: too many wait already, or its turn did not come in time.
        """
        if self._taken >= self._most:
            raise Busy("The service is busy. Try again in a second.")
        self._taken += 1
        job = self._threads.submit(work)
        try:
            future = asyncio.wrap_future(job)
            await asyncio.wait({future}, timeout=self._patience_seconds)
            if not future.done() and job.cancel():
                raise Busy("The service is busy. Try again in a second.")
            return await future
        finally:
            # Where nobody waits for it any more; once begun it runs to its end.
            job.cancel()
            self._taken -= 1

    def close(self) -> None:
        """Wait for what is running."""
        self._threads.shutdown(cancel_futures=True)
