"""How many persons there are, without counting them again.

On the embedded engine this process is the only writer, and every writer knows whether its row
creates or deletes a person. So a project is counted once, by a statement, and kept up from
then on. On a server others write too: there each count is a statement.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from msgspec import Struct

from queries.candidates import count_candidates, count_versions
from queries.persons import CountRow, Selection
from queries.settled import count_persons
from queries.statement import Statement
from service.engine import Engine
from service.errors import TooExpensive
from service.settling import Settling

# So many versions are quickly looked up one by one.
_FEW = 20_000
_FOREVER_US = 8_000_000_000_000_000_000


class Written(Struct):
    """What a write did: how many more persons, and the latest created_at of the new ones."""

    created: int = 0
    newest_us: int = 0


class _Project(Struct):
    total: int | None = None
    ahead: bool = False
    writing: int = 0
    writes: int = 0


class Counts:
    """Exact numbers of persons."""

    def __init__(
        self, engine: Engine, settling: Settling | None = None, *, seconds: int = 0
    ) -> None:
        """Know nothing yet: a project is counted when first asked for.

        Args:
            engine: where the persons are.
            settling: says how to read them; without, they are read with FINAL.
            seconds: a count may take; 0 is the engine's limit.
        """
        self._engine = engine
        self._settling = settling or Settling(engine)
        self._seconds = seconds
        self._projects: dict[int, _Project] = {}
        self._lock = threading.Lock()

    async def count_in_time(self, selection: Selection) -> int | None:
        """Return how many persons a selection holds, None where that would take too long."""
        try:
            return await self.count(selection)
        except TooExpensive:
            return None

    async def count(self, selection: Selection) -> int:
        """Return how many persons a selection holds.

        Raises:
            TooExpensive: it takes longer than allowed.
        """
        if not (self._engine.exclusive and selection.is_everyone()):
            return await self._counted(selection)
        with self._lock:
            known = self._projects.setdefault(selection.project, _Project())
            if known.total is not None and not known.ahead:
                return known.total
            writes, quiet = known.writes, known.writing == 0
        shown = await self._counted(selection)
        if not known.ahead:
            everyone = await self._counted(Selection(selection.project, _FOREVER_US))
            with self._lock:
                # Of a write meanwhile we cannot say which of the numbers it is in.
                if quiet and known.writes == writes and known.writing == 0:
                    # Who is created ahead of now is hidden until then: there is no total to keep.
                    known.ahead = shown != everyone
                    known.total = shown
        return shown

    @contextmanager
    def write(self, project: int) -> Generator[Written]:
        """Enclose a write of persons; say in the yielded `Written` what it did.

        Where the write fails the project is counted anew: it may have happened all the same.
        """
        with self._lock:
            known = self._projects.setdefault(project, _Project())
            known.writing += 1
        written = Written()
        try:
            yield written
        except BaseException:
            with self._lock:
                known.total = None
            raise
        else:
            with self._lock:
                if known.total is not None:
                    known.total += written.created
                known.ahead = known.ahead or written.newest_us > time.time_ns() // 1_000
        finally:
            with self._lock:
                known.writing -= 1
                known.writes += 1

    async def _counted(self, selection: Selection) -> int:
        return await self._engine.in_thread(lambda: self._count_now(selection))

    def _count_now(self, selection: Selection) -> int:
        if not selection.is_everyone() and (selection.is_narrow() or not self._settling.is_known()):
            # Without FINAL this takes a tenth of the time, and says which of the two is quicker.
            versions = self._one(count_versions(selection, most=_FEW + 1))
            if versions <= _FEW:
                return self._one(count_candidates(selection)) if versions else 0
        (row,) = self._settling.read(
            lambda settled: count_persons(selection, settled), seconds=self._seconds
        )
        return row.persons

    def _one(self, statement: Statement[CountRow]) -> int:
        (row,) = self._engine.fetch_now(statement, seconds=self._seconds)
        return row.persons
