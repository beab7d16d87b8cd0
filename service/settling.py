"""Keeps `persons` settled, so that counts and values need not merge all keys; see queries.settled.

Which parts are settled is found out once, by a count with FINAL, and holds for as long as they are
there. Where much has been written since, superseded versions are masked first, in a thread of this
module's own. On a server nothing is masked: that is a mutation of a table that others share.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from queries.masking import empty_superseded, mask_superseded, name_superseded
from queries.settled import Part, Settled, examine_parts, list_parts, oldest_elsewhere
from queries.statement import Statement
from service.engine import Engine
from service.errors import PersonhouseError
from service.logs import detail_of
from service.mutations import wait_for_mutations

Row = TypeVar("Row")

_log = logging.getLogger(__name__)

# Below this many rows FINAL is as quick as what replaces it.
_LEAST_ROWS = 100_000
# Unsettled rows cost about half a microsecond of a core each in every count.
_LEAST_UNSETTLED = 5_000
_UNSETTLED_SHARE = 0.02
# Above this share FINAL over everything is quicker.
_MOST_UNSETTLED_SHARE = 0.3
# So many are read with FINAL in some milliseconds, and filtered after that.
_FEW_UNSETTLED = 50_000
# What is read is exact however old the list is: of a part that came since, FINAL takes care.
_LIST_SECONDS = 1.0
_MOST_LIST_SECONDS = 10.0
# To examine a table reads all of its keys: so it takes a tenth of the time at most, also where it
# never comes to an end, as on a server where others go on writing.
_REST = 10.0
_LEAST_REST_SECONDS = 20.0


class _Known(Struct, frozen=True):
    """What was last found; `covered` are the inserts whose rows are settled, as ranges."""

    covered: tuple[tuple[int, int], ...]
    has_tombstones: bool
    newest_version: int
    newest_us: int


class _Listing(Struct, frozen=True):
    """The parts at a moment; `inserts` tells later whether anything was written since."""

    at: float
    inserts: int | None
    settled: Settled | None
    rows: int
    unsettled: int


class Settling:
    """Says how the latest versions are best read, and keeps it that way."""

    def __init__(self, engine: Engine, *, least_rows: int = _LEAST_ROWS) -> None:
        """Know nothing yet; `start` the thread that finds out.

        Args:
            engine: where the persons are.
            least_rows: in a smaller table FINAL is quick enough.
        """
        self._engine = engine
        self._least_rows = least_rows
        self._lock = threading.Lock()
        self._settling = threading.Lock()
        self._known: _Known | None = None
        self._listing: _Listing | None = None
        self._lister: threading.Thread | None = None
        self._newer: set[str] = set()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._may_mask = engine.exclusive

    def start(self) -> None:
        """Start to settle in the background, whenever there is enough to do."""
        self._thread = threading.Thread(target=self._run, name="settling", daemon=True)
        self._thread.start()
        self.wake()

    def stop(self) -> None:
        """End the thread; a mutation under way goes on, at the next start if need be."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            threads = [self._thread, self._lister]
        for thread in threads:
            if thread is not None:
                thread.join()

    def wake(self) -> None:
        """Have it looked whether there is something to do."""
        self._wake.set()

    def is_known(self) -> bool:
        """Say whether `read` would use settled parts."""
        return self._list().settled is not None

    def settled(self) -> Settled | None:
        """Return the parts that are settled, None where `read` would use FINAL."""
        return self._list().settled

    def is_nearly_all(self) -> bool:
        """Say whether `read` would use settled parts, and hardly any others."""
        listing = self._list()
        return listing.settled is not None and listing.unsettled <= _FEW_UNSETTLED

    def read(
        self, make: Callable[[Settled | None], Statement[Row]], *, seconds: int = 0
    ) -> list[Row]:
        """Run a statement in the form that is quickest now; for a worker thread.

        Args:
            make: the statement, from what is settled; None asks for FINAL.
            seconds: as for `Engine.fetch_now`.
        """
        listing = self._list()
        settled = listing.settled
        if settled is None:
            return self._engine.fetch_now(make(None), seconds=seconds)
        # Nobody else writes, and nothing was written before or while it ran.
        if self._engine.exclusive and listing.unsettled == 0 and listing.inserts is not None:
            quiet = msgspec.structs.replace(settled, is_all=True)
            if self._engine.inserts == listing.inserts:
                rows = self._engine.fetch_now(make(quiet), seconds=seconds)
                if self._engine.inserts == listing.inserts:
                    return rows
        return self._engine.fetch_now(make(settled), seconds=seconds)

    def settle(self) -> bool:
        """Find out what is settled, masking what is superseded; for a thread of its own.

        Returns:
            Whether all that was there when it began is settled now; of a cluster's parts, which are
            on several servers, that is never known.
        """
        if self._engine.is_cluster:
            return False
        with self._settling:
            return self._settle()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop.is_set():
                return
            started = time.monotonic()
            try:
                if not self._is_worth_it():
                    continue
                self.settle()
            except PersonhouseError as error:
                _log.warning("persons could not be settled: %s", detail_of(error))
            took = time.monotonic() - started
            self._stop.wait(max(_LEAST_REST_SECONDS, _REST * took))

    def _is_worth_it(self) -> bool:
        listing = self._list(fresh=True)
        if listing.rows < self._least_rows:
            return False
        if self._known is None:
            return True
        return _is_much(listing)

    def _settle(self) -> bool:
        found = self._examine()
        if found is None and self._may_mask and not self._engine.merges_are_held:
            found = self._examine() if self._mask() else None
        if found is None:
            return False
        with self._lock:
            self._known, self._listing = found, None
        return True

    def _examine(self) -> _Known | None:
        """Return what is known of the parts there are, None if they are not settled."""
        parts = self._engine.fetch_now(list_parts())
        (seen,) = self._engine.fetch_now(examine_parts(tuple(part.name for part in parts)))
        after = {part.name for part in self._engine.fetch_now(list_parts())}
        # Of a part that was merged away meanwhile nothing was seen. No name comes back, so one
        # that is there before and after was there in between.
        if not seen.is_settled() or any(part.name not in after for part in parts):
            return None
        return _Known(
            tuple(sorted((part.first, part.last) for part in parts)),
            seen.tombstones > 0,
            seen.newest_version,
            seen.newest_us,
        )

    def _mask(self) -> bool:
        """Mask what is superseded; False where that was given up, or is to go on later."""
        # What an earlier process has begun still reads what it named.
        if not self._wait_for_mutations():
            return False
        self._engine.command_now(empty_superseded())
        self._engine.command_now(name_superseded(self._settled_parts()))
        self._engine.command_now(mask_superseded())
        return self._wait_for_mutations()

    def _settled_parts(self) -> tuple[str, ...]:
        listing = self._list(fresh=True)
        # A set of most of the keys would take more memory than it saves time.
        return listing.settled.parts if listing.settled is not None else ()

    def _wait_for_mutations(self) -> bool:
        went_well = wait_for_mutations(self._engine, "persons", self._stop)
        if not went_well and not self._stop.is_set():
            self._may_mask = False
        return went_well

    def _list(self, *, fresh: bool = False) -> _Listing:
        """Return the parts as they were a moment ago, or now."""
        with self._lock:
            listing, known = self._listing, self._known
            age = _MOST_LIST_SECONDS if listing is None else time.monotonic() - listing.at
            if listing is not None and not fresh and age < _MOST_LIST_SECONDS:
                is_listing = self._lister is not None and self._lister.is_alive()
                if age >= _LIST_SECONDS and not is_listing and not self._stop.is_set():
                    self._lister = threading.Thread(
                        target=self._list_anew, name="parts", daemon=True
                    )
                    self._lister.start()
                return listing
        inserts = self._engine.inserts
        parts = self._engine.fetch_now(list_parts())
        listing = self._listed(parts, known, inserts)
        with self._lock:
            if self._known is known:
                self._listing = listing
        if listing.rows >= self._least_rows and (known is None or _is_much(listing)):
            self.wake()
        return listing

    def _list_anew(self) -> None:
        """List the parts, so that no request need wait for that; in a thread of its own."""
        try:
            self._list(fresh=True)
        except PersonhouseError as error:
            _log.warning("the parts of persons could not be listed: %s", detail_of(error))

    def _listed(self, parts: list[Part], known: _Known | None, inserts: int | None) -> _Listing:
        rows = sum(part.rows for part in parts)
        settled = [part for part in parts if known is not None and _covers(known.covered, part)]
        unsettled = rows - sum(part.rows for part in settled)
        at = time.monotonic()
        if known is None or unsettled > _MOST_UNSETTLED_SHARE * rows:
            return _Listing(at, inserts, None, rows, unsettled)
        names = tuple(part.name for part in settled)
        if unsettled and not self._are_newer(known, names, {part.name for part in parts}):
            return _Listing(at, inserts, None, rows, unsettled)
        found = Settled(names, known.has_tombstones, known.newest_us)
        return _Listing(at, inserts, found, rows, unsettled)

    def _are_newer(self, known: _Known, names: tuple[str, ...], parts: set[str]) -> bool:
        """Say whether all versions outside of the settled parts are higher than all in them.

        So they are unless a clock went back. Parts never change, so each is looked at once.
        """
        others = parts.difference(names)
        if not others <= self._newer:
            (oldest,) = self._engine.fetch_now(oldest_elsewhere(names))
            self._newer = others if oldest.version > known.newest_version else set()
        return others <= self._newer


def _is_much(listing: _Listing) -> bool:
    return listing.unsettled > max(_LEAST_UNSETTLED, _UNSETTLED_SHARE * listing.rows)


def _covers(ranges: tuple[tuple[int, int], ...], part: Part) -> bool:
    """Say whether all inserts a part was made of are in the ranges."""
    wanted = part.first
    for first, last in ranges:
        if first <= wanted <= last:
            wanted = last + 1
            if wanted > part.last:
                return True
    return False
