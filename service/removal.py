"""Removes deleted persons for good, in the background; see queries.removal.

Reads miss a deleted person at once, but what it was lies in the files until they are rewritten.
That costs as much as the parts concerned are large, so deletions are taken together: a round
begins some time after the first of them, and is followed by a rest of ten times as long as it took.
"""

from __future__ import annotations

import logging
import threading
import time

from queries.deletions import list_pending, void_unwritten
from queries.event_removal import (
    drop_unwritten,
    forget_erased,
    list_pending_events,
    name_erased,
    name_events,
    remove_events,
)
from queries.property_statistics import drop_gone
from queries.removal import (
    apply_mask,
    complete,
    count_left,
    count_left_ids,
    count_named,
    end_round,
    forget_answers,
    forget_history,
    list_rounds,
    remove_free,
    remove_rows,
    restore_held,
    scrub_entries,
)
from queries.removal_names import (
    Round,
    name_entries,
    name_free,
    name_history,
    name_ids,
    name_persons,
    name_rows,
)
from service.engine import Engine
from service.errors import PersonhouseError
from service.logs import detail_of
from service.mutations import wait_for_mutations

_log = logging.getLogger(__name__)

_MOST_PERSONS = 100_000
_MOST_IDS = 1_000_000
_REST = 10.0
_LEAST_REST_SECONDS = 1.0
_SCAN_SECONDS = 600
_POLL_SECONDS = 0.2
# On a server: longer than the statements of another process's write may take together, and than
# a round of its.
_WRITE_US = 600_000_000
_HELD_SECONDS = 60.0
_ROUND_US = 86_400_000_000
_HOLDING = ("persons", "activity", "idempotency", "history", "events")
_REWRITTEN = (*_HOLDING, "distinct_ids", "event_deletions")


class Removal:
    """Sees to it that what was deleted is gone."""

    def __init__(
        self, engine: Engine, *, after_seconds: float = 0.0, held_seconds: float = _HELD_SECONDS
    ) -> None:
        """Start nothing yet.

        Args:
            engine: where the persons are.
            after_seconds: so long after a deletion a round begins that takes all until then.
            held_seconds: so long, on a server, another process may take to attach a distinct id
                that it has found to be there.
        """
        self._engine = engine
        self._after_seconds = after_seconds
        self._held_seconds = held_seconds
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to remove in the background, first what an earlier process left pending."""
        self._thread = threading.Thread(target=self._run, name="removal", daemon=True)
        self._thread.start()
        self.wake()

    def stop(self) -> None:
        """End the thread; a round under way is begun anew at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Say that somebody was deleted."""
        self._wake.set()

    def remove(self) -> bool:
        """Remove who is deleted; for a thread of its own.

        Returns:
            Whether nothing is left of anybody who was deleted when it began.
        """
        with self._working:
            if not self._tidy():
                return False
            is_done = True
            erasing = {row.project for row in self._engine.fetch_now(list_pending_events())}
            pending = self._engine.fetch_now(list_pending(), seconds=_SCAN_SECONDS)
            for project in dict.fromkeys([*(row.project for row in pending), *sorted(erasing)]):
                # One project's failure is no reason to leave out the others.
                is_done = self._round(project, erases=project in erasing) and is_done
            return is_done

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._stop.wait(self._after_seconds)
            self._wake.clear()
            if self._stop.is_set():
                return
            started = time.monotonic()
            try:
                is_done = self.remove()
            except PersonhouseError as error:
                _log.warning("deleted persons could not be removed: %s", detail_of(error))
                is_done = False
            took = time.monotonic() - started
            self._stop.wait(max(_LEAST_REST_SECONDS, _REST * took))
            if not is_done:
                self._wake.set()

    def _tidy(self) -> bool:
        """Wait for what an earlier round began, and forget what it named."""
        if not self._wait(*_REWRITTEN):
            return False
        until = _now_us() - (0 if self._engine.exclusive else _ROUND_US)
        for old in self._engine.fetch_now(list_rounds()):
            if old.began_us < until:
                self._engine.command_now(end_round(old.began_us))
        return True

    def _round(self, project: int, *, erases: bool) -> bool:
        """Remove persons of a project; returns whether all that were pending are gone."""
        engine = self._engine
        round = Round(project, _now_us())
        with engine.turns.turn(project):
            until = round.began_us - (0 if engine.exclusive else _WRITE_US)
            engine.command_now(void_unwritten(project, until))
            engine.command_now(name_persons(round, _MOST_PERSONS))
            if erases:
                engine.command_now(drop_unwritten(project))
                engine.command_now(name_erased(round, _MOST_IDS))
        (begun,) = engine.fetch_now(count_named(round))
        if not begun.persons and not begun.erased:
            return True
        started = time.monotonic()
        is_done = self._rewrite(round) and self._free_ids(round)
        if is_done:
            engine.command_now(complete(round, _now_us()))
            _log.info(
                "%d deleted persons, events of %d distinct ids of project %d removed in %.1f s",
                begun.persons,
                begun.erased,
                project,
                time.monotonic() - started,
            )
        if not self._stop.is_set():
            engine.command_now(end_round(round.began_us))
        return is_done and begun.persons < _MOST_PERSONS and begun.erased < _MOST_IDS

    def _rewrite(self, round: Round) -> bool:
        """Rewrite what holds persons or values of theirs, and look whether they are gone."""
        engine = self._engine
        for name in (name_ids, name_rows, name_entries, name_history, name_events):
            engine.command_now(name(round))
        left = engine.fetch_now(count_left(round), seconds=_SCAN_SECONDS)[0]
        if left.entries:
            engine.command_now(scrub_entries(round))
        if left.answers:
            engine.command_now(forget_answers(round))
        if left.noted:
            engine.command_now(forget_history(round))
        if (left.rows or left.events) and not self._wait_for_merges():
            return False
        if left.rows:
            engine.command_now(remove_rows(round))
        if left.events:
            engine.command_now(remove_events(round))
        if not self._wait(*_HOLDING):
            return False
        left = engine.fetch_now(count_left(round), seconds=_SCAN_SECONDS)[0]
        if left.rows:
            # A mutation passes over rows that a mask hides already.
            engine.command_now(apply_mask())
            if not self._wait("persons"):
                return False
            left = engine.fetch_now(count_left(round), seconds=_SCAN_SECONDS)[0]
        # What was counted of the parts that were rewritten may name values of theirs.
        engine.command_now(drop_gone())
        return self._wait("property_statistics") and left.is_nothing()

    def _free_ids(self, round: Round) -> bool:
        """Remove what leads from the distinct ids to who has them no more. Last: it is the way."""
        engine = self._engine
        with engine.turns.turn(round.project):
            engine.command_now(name_free(round))
            engine.command_now(remove_free(round))
            engine.command_now(forget_erased(round))
        if not self._wait("distinct_ids", "event_deletions"):
            return False
        if not engine.exclusive and self._stop.wait(self._held_seconds):
            return False
        engine.command_now(restore_held(round))
        (left,) = engine.fetch_now(count_left_ids(round), seconds=_SCAN_SECONDS)
        return not (left.links or left.erased)

    def _wait_for_merges(self) -> bool:
        """Wait until merges are not held; no mutation would start before."""
        while self._engine.merges_are_held:
            if self._stop.wait(_POLL_SECONDS):
                return False
        return True

    def _wait(self, *tables: str) -> bool:
        return all(wait_for_mutations(self._engine, table, self._stop) for table in tables)


def _now_us() -> int:
    return time.time_ns() // 1_000
