"""Does while little is going on what can wait, a piece at a time.

First of all it merges parts: each costs who gets one person half a millisecond. ClickHouse merges
what it expects to be merged again soon, and then leaves a dozen parts as they are, for more may
come. Here it is asked to go on where nothing has come for a while. On a server that is for its own
settings to say.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from queries.parts import Parts, count_parts, merge_some, stop_merges
from service.engine import Engine
from service.errors import PersonhouseError
from service.logs import detail_of

_log = logging.getLogger(__name__)

_TABLES = ("persons", "person_keys", "distinct_ids")
# Of ten million persons it takes two cores twenty seconds to come from sixteen to so many.
_FEW = 6
# Small tables are quick to read in any number of parts.
_LEAST_ROWS = 100_000
_LOOK_SECONDS = 10.0
# A merge takes one core: two thirds of the time it has both for others.
_REST = 2.0
# Where somebody writes all the time, other work than merging is not put off for longer.
_PATIENCE_SECONDS = 300.0


class Tidying:
    """Sees to it that there are few parts, and to other work that can wait."""

    def __init__(
        self,
        engine: Engine,
        *,
        least_rows: int = _LEAST_ROWS,
        work: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start nothing yet.

        Args:
            engine: where the persons are.
            least_rows: smaller tables are left as they are.
            work: other work, of some seconds at once, done where there is nothing to merge; says
                whether there was any.
        """
        self._engine = engine
        self._least_rows = least_rows
        self._work = work
        self._stop = threading.Event()
        self._merging = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to look, now and then; merges only where no other process can write."""
        self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and a merge it waits for; until the next start nothing is merged."""
        self._stop.set()
        if self._thread is None:
            return
        if self._merging.locked():
            for table in _TABLES:
                self._engine.command_now(stop_merges(table))
        self._thread.join()

    def work(self, *, is_quiet: bool = True) -> bool:
        """Do a piece of what can wait; for a thread of its own.

        Args:
            is_quiet: nobody wrote lately, so that parts may be merged.

        Returns:
            Whether something was done.
        """
        if is_quiet and self._engine.exclusive and self.tidy():
            return True
        return not self._stop.is_set() and self._work()

    def tidy(self) -> bool:
        """Merge some parts, if there are many and nobody wrote lately; for a thread of its own.

        Returns:
            Whether something was merged.
        """
        if self._engine.merges_are_held:
            return False
        for table in _TABLES:
            (parts,) = self._engine.fetch_now(count_parts(table))
            if parts.parts > _FEW and parts.rows >= self._least_rows:
                return self._merge(table, parts)
        return False

    def _merge(self, table: str, before: Parts) -> bool:
        with self._merging:
            if self._stop.is_set():
                return False
            self._engine.command_now(merge_some(table))
        (after,) = self._engine.fetch_now(count_parts(table))
        return after.parts < before.parts

    def _run(self) -> None:
        inserts = self._engine.inserts
        rest, worked = _LOOK_SECONDS, time.monotonic()
        while not self._stop.wait(rest):
            before, inserts = inserts, self._engine.inserts
            is_quiet = inserts is not None and inserts == before
            started, rest = time.monotonic(), _LOOK_SECONDS
            if not is_quiet and started - worked < _PATIENCE_SECONDS:
                continue
            try:
                if self.work(is_quiet=is_quiet):
                    rest = _REST * (time.monotonic() - started)
            except PersonhouseError as error:
                if not self._stop.is_set():
                    _log.warning("what can wait could not be done: %s", detail_of(error))
            worked = time.monotonic()
