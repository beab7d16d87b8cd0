"""Merges of the embedded engine that are held while much is loaded.

A bulk load that merges as it goes writes every row three times over. On a server nothing is held:
who died meanwhile would leave merges off for everybody.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager


class HeldMerges:
    """The tables whose parts are not merged now, and by how many who asked for it."""

    def __init__(self, *, stop: Callable[[str], None], start: Callable[[str], None]) -> None:
        """Hold none; `stop` and `start` the merges of a table."""
        self._stop = stop
        self._start = start
        self._lock = threading.Lock()
        self._holders: Counter[str] = Counter()

    def are_any(self) -> bool:
        """Say whether merges of some table are held."""
        with self._lock:
            return any(self._holders.values())

    @contextmanager
    def held(self, table: str) -> Generator[None]:
        """Hold the merges of a table, until the last who asked for it is done."""
        with self._lock:
            if not self._holders[table]:
                self._stop(table)
            self._holders[table] += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders[table] -= 1
                if not self._holders[table]:
                    self._start(table)
