"""Whose turn it is to change the persons of a project, first come first served.

A change reads what is stored and writes what follows from it, so two of one project must not
overlap. `threading.Lock` would not do: it is free for a moment between two batches of an import,
which takes it again before anybody else is awake.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from msgspec import Struct, field


class _Line(Struct):
    """Who waits; the first one has the turn."""

    waiting: deque[threading.Event] = field(default_factory=deque[threading.Event])


class Turns:
    """A line for each project."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[int, _Line] = {}

    @contextmanager
    def turn(self, project: int) -> Generator[None]:
        """Wait for the turn and keep it while the context lasts."""
        self.take(project)
        try:
            yield
        finally:
            self.leave(project)

    def take(self, project: int) -> None:
        """Wait for the turn; `leave` gives it on, in any thread."""
        mine = threading.Event()
        with self._lock:
            line = self._lines.setdefault(project, _Line())
            line.waiting.append(mine)
            if line.waiting[0] is mine:
                mine.set()
        mine.wait()

    def waiting(self, project: int) -> int:
        """Return how many have the turn, which is one at most, or wait for it."""
        with self._lock:
            line = self._lines.get(project)
            return 0 if line is None else len(line.waiting)

    def leave(self, project: int) -> None:
        """Give the turn to whoever has waited longest."""
        with self._lock:
            line = self._lines[project]
            line.waiting.popleft()
            if line.waiting:
                line.waiting[0].set()
            else:
                del self._lines[project]
