"""Keeps count of the properties of each project's persons; see queries.property_statistics.

Of few persons they are counted when somebody asks. Of many, what their parts hold is counted in the
background, once for each part, and then added up. What stands outside of the parts counted is put
in person by person: where that is much, a request is answered with what was counted last.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from queries.candidates import count_versions
from queries.catalogue import Properties, assemble
from queries.persons import Selection
from queries.property_counts import count_keys
from queries.property_statistics import (
    Kinds,
    count_slice,
    drop_gone,
    list_changed,
    list_counted,
    list_counted_keys,
    list_other_keys,
    note_slice,
    sum_kinds,
    sum_parts,
)
from queries.settled import Part, latest, list_parts
from queries.sql import sql
from service.engine import Engine
from service.errors import Busy, TooExpensive
from service.settling import Settling

_log = logging.getLogger(__name__)

# A slice takes a core two to three seconds, after which others have their turn.
_SLICE_ROWS = 250_000
_FOREVER_US = 8_000_000_000_000_000_000
# So many persons are counted while somebody waits, some ten microseconds each.
_FEW_PERSONS = 300_000
_SECONDS = 20
# Each row outside of the parts counted is looked up in them, one by one. While somebody waits, the
# same where the other way is to read everybody, and in the background.
_FEW_OUTSIDE = 100
_SOME_OUTSIDE = 1_000
_MOST_OUTSIDE = 50_000
_BACKGROUND_SECONDS = 120
# Where others write too nobody says that something was written.
_FRESH_SECONDS = 5.0
_DROP_SECONDS = 30.0
_ATTEMPTS = 5
_PROJECTS_KEPT = 100


class Counted(Struct, frozen=True):
    """A project's properties as they were at a moment.

    Attributes:
        at_us: the moment, microseconds since 1970.
        inserts: of `Engine.inserts` then; None where something was being written.
        found: them.
    """

    at_us: int
    inserts: int | None
    found: Properties


class Catalogue:
    """What properties there are; all methods are for a worker thread."""

    def __init__(
        self,
        engine: Engine,
        settling: Settling,
        *,
        few_persons: int = _FEW_PERSONS,
        slice_rows: int = _SLICE_ROWS,
    ) -> None:
        """Know nothing yet.

        Args:
            engine: where the persons are.
            settling: says of which parts nobody has two rows.
            few_persons: of so many the properties are counted while somebody waits.
            slice_rows: of a part that are counted at once; the same as ever for this database.
        """
        self._engine = engine
        self._settling = settling
        self._few_persons = few_persons
        self._slice_rows = slice_rows
        self._last: dict[int, Counted] = {}
        self._turns: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
        self._asked: set[int] = set()
        self._dropped = 0.0

    def read(self, project: int) -> Counted:
        """Return the properties of a project: as they are now, or were when last counted.

        Raises:
            Busy: they were not counted yet, and there are too many to do it now.
        """
        last = self._last.get(project)
        if last is not None and self._is_fresh(last):
            return self._renewed(last)
        # Who asks at the same time takes what the first one found.
        with self._turns[project]:
            last = self._last.get(project)
            if last is not None and self._is_fresh(last):
                return self._renewed(last)
            found = self._count_while_waiting(project)
            if found is not None:
                return self._keep(project, found)
        self._asked.add(project)
        if last is None:
            raise Busy(
                "The properties of this project are being counted for the first time, which takes"
                " some seconds for each million persons. Try again in half a minute."
            )
        return last

    def now(self, project: int) -> Properties | None:
        """Return the properties of a project exactly as they are now, if that is soon told.

        None where persons would have to be read one by one.
        """
        last = self._last.get(project)
        if last is not None and self._engine.exclusive and self._is_fresh(last):
            return last.found
        found = self._sum(project, _SOME_OUTSIDE)
        return None if found is None else self._keep(project, found).found

    def kinds(self, project: int, keys: Sequence[str]) -> tuple[list[str], list[Kinds]]:
        """Return which parts are counted, and of which types the values of some keys are there.

        It holds for as long as the parts do; a key that is missing nobody in them has.
        """
        parts = self._counted_parts({part.name: part.rows for part in self._parts()})
        return parts, self._engine.fetch_now(sum_kinds(project, parts, keys))

    def keys(self, project: int) -> set[str]:
        """Return all keys of the properties of a project's persons, on the first level.

        None is missing. There may be some that only a deleted person had, or a superseded version.
        Quick where most parts are counted; all others are read.
        """
        counted = self._counted_parts({part.name: part.rows for part in self._parts()})
        found = {row.key for row in self._engine.fetch_now(list_counted_keys(project, counted))}
        # What of these parts was merged since, this reads once more.
        others = self._engine.fetch_now(list_other_keys(project, counted))
        return found.union(row.key for row in others)

    def work(self) -> bool:
        """Count a slice of a part, or what changed of a project; for a thread of its own.

        Returns:
            Whether there was something to do.
        """
        if self._engine.merges_are_held:
            return False
        return self._drop() or self._count_slice() or self._count_asked()

    def _is_fresh(self, last: Counted) -> bool:
        if self._engine.exclusive:
            return last.inserts is not None and self._engine.inserts == last.inserts
        return time.time_ns() // 1_000 - last.at_us < _FRESH_SECONDS * 1_000_000

    def _renewed(self, last: Counted) -> Counted:
        if not self._engine.exclusive:
            return last
        return replace(last, at_us=time.time_ns() // 1_000)

    def _keep(self, project: int, found: Counted) -> Counted:
        self._asked.discard(project)
        self._last.pop(project, None)
        self._last[project] = found
        while len(self._last) > _PROJECTS_KEPT:
            self._last.pop(next(iter(self._last)), None)
        return found

    def _count_while_waiting(self, project: int) -> Counted | None:
        """Count a project if that is soon done."""
        found = self._sum(project, _FEW_OUTSIDE)
        if found is not None:
            return found
        selection = Selection(project, _FOREVER_US)
        (rows,) = self._engine.fetch_now(count_versions(selection, most=self._few_persons + 1))
        if rows.persons > self._few_persons:
            return None
        try:
            return self._count_all(project, _SECONDS)
        except TooExpensive:
            return None

    def _sum(self, project: int, most_outside: int, *, threads: int = 0) -> Counted | None:
        """Count a project by what was counted of its parts, if few rows stand outside of them."""
        for _ in range(_ATTEMPTS):
            at_us, inserts = time.time_ns() // 1_000, self._engine.inserts
            settled = self._settling.settled()
            parts = {part.name: part.rows for part in self._parts()}
            if settled is None:
                return None
            names = [name for name in self._counted_parts(parts) if name in settled.parts]
            outside = sum(parts.values()) - sum(parts[name] for name in names)
            if not names or outside > most_outside:
                return None
            rows = self._engine.fetch_now(sum_parts(project, names))
            changes = replace(list_changed(project, names), threads=threads)
            changed = self._engine.fetch_now(changes) if outside else []
            # A part that is there before and after was there in between: no name comes back.
            if {part.name for part in self._parts()}.issuperset(names):
                return self._at(at_us, inserts, assemble(rows, changed))
        return None

    def _count_all(self, project: int, seconds: int, *, threads: int = 0) -> Counted:
        """Count a project by reading everybody."""
        at_us, inserts = time.time_ns() // 1_000, self._engine.inserts
        everyone = Selection(project, _FOREVER_US)
        columns = sql("team_id, created_at, version, properties")
        rows = self._settling.read(
            lambda settled: replace(
                count_keys(latest(columns, everyone, settled)), threads=threads
            ),
            seconds=seconds,
        )
        return self._at(at_us, inserts, assemble(rows))

    def _at(self, at_us: int, inserts: int | None, found: Properties) -> Counted:
        """Return what was found; as of the moment before, in which it may hold more than that."""
        if self._engine.inserts != inserts:
            inserts = None
        return Counted(at_us, inserts, found)

    def _drop(self) -> bool:
        """Forget parts that are no more: what they held may be of somebody who is deleted."""
        now = time.monotonic()
        if self._dropped and now - self._dropped < _DROP_SECONDS:
            return False
        there = {part.name for part in self._parts()}
        if all(one.part in there for one in self._engine.fetch_now(list_counted())):
            return False
        self._dropped = now
        self._engine.command_now(drop_gone())
        return True

    def _count_slice(self) -> bool:
        settled = self._settling.settled()
        if settled is None:
            return False
        rows = {part.name: part.rows for part in self._parts() if part.name in settled.parts}
        done = self._slices()
        for name in sorted(rows, key=lambda name: -rows[name]):
            missing = self._slices_of(rows[name]).difference(done[name])
            if missing:
                slice = min(missing)
                self._engine.command_now(count_slice(name, slice, self._slice_rows))
                self._engine.command_now(note_slice(name, slice))
                if name not in {part.name for part in self._parts()}:
                    self._engine.command_now(drop_gone())
                return True
        return False

    def _count_asked(self) -> bool:
        """Count a project whose properties somebody wanted to know and did not get as they are."""
        for project in list(self._asked):
            with self._turns[project]:
                found = self._sum(project, _MOST_OUTSIDE, threads=1)
                if found is None and (
                    not self._engine.exclusive or self._settling.settled() is None
                ):
                    # Nobody will settle these parts, or they are too small for it.
                    self._asked.discard(project)
                    found = self._count_all(project, _BACKGROUND_SECONDS, threads=1)
            if found is not None:
                self._keep(project, found)
                return True
        return False

    def _parts(self) -> list[Part]:
        return self._engine.fetch_now(list_parts())

    def _counted_parts(self, rows: dict[str, int]) -> list[str]:
        """Return which of some parts are counted whole."""
        done = self._slices()
        return [name for name in rows if self._slices_of(rows[name]) <= done[name]]

    def _slices(self) -> defaultdict[str, set[int]]:
        found: defaultdict[str, set[int]] = defaultdict(set)
        for one in self._engine.fetch_now(list_counted()):
            found[one.part].update(one.slices)
        return found

    def _slices_of(self, rows: int) -> set[int]:
        return set(range(-(-rows // self._slice_rows)))
