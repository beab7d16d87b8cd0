"""Changes persons: what is answered is written, and the next read sees it.

An edit reads the newest row, decides what follows from it and writes that in one INSERT. Within a
process each project has one turn at a time, taken by edits and by an import's batches alike, so
none is decided on a row that another has replaced. On a server other processes write too: there
an edit is a compare-and-set. Its INSERT bears a token that names the row it follows, of which
ClickHouse takes one; the lineage of the row that is there afterwards says whose it was, and the
loser decides anew.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias
from uuid import UUID

import polars as pl
from msgspec import Struct

from queries.edits import Edit, EditError, Plan
from queries.ownership import Known, Unknown
from queries.persons import PersonRow
from queries.stored import StoredPerson, by_uuid, select_persons
from service.activity import Doubts, is_in_doubt, write_entries
from service.counts import Counts
from service.edit_batches import Author, EditBatch
from service.engine import Engine
from service.errors import (
    BadRequest,
    Conflict,
    NotFound,
    PreconditionFailed,
)
from service.history import write_notes
from service.lineage import is_written, was_made
from service.person_rows import person_rows
from service.server_turns import Held, Moment, ServerTurns

# So often an edit is decided anew; with dozens of writers a handful is usual.
_ATTEMPTS = 50
_AT_ONCE = 64
_NO_PERSON = "Not found."
# A part of some rows is searched as quickly without the index, which a merge makes. To make it
# takes a fifth of an edit's INSERT.
_FEW_ROWS = {"materialize_skip_indexes_on_insert": "0"}

Decide: TypeAlias = Callable[[StoredPerson, Known], Plan | Unknown]
"""What to make of a person who is alive, from what is known of others."""


class Terms(Struct, frozen=True):
    """Under what conditions an edit is made.

    Attributes:
        version: that the person must have, 0 for any.
        mark: of the request, left in the lineage; 0 for none. Who bears it already was edited.
    """

    version: int = 0
    mark: int = 0

    def check(self, person: StoredPerson) -> None:
        """Raise `PreconditionFailed` where the person has not the version asked for."""
        if self.version not in (0, person.version):
            raise PreconditionFailed(
                f"The person has the version {person.version} by now, not {self.version}."
            )


class Editor:
    """Makes edits; all methods are for a worker thread."""

    def __init__(self, engine: Engine, counts: Counts, *, log_values: bool = False) -> None:
        """Take where to write.

        Args:
            engine: it.
            counts: kept up with what is written.
            log_values: note the old and new values of properties in the log, not only their keys.
        """
        self._engine = engine
        self._counts = counts
        self._log_values = log_values
        self._turns = ServerTurns(engine)
        self._doubts = Doubts(engine)
        self._lock = threading.Lock()
        self._jobs: defaultdict[int, deque[_Job]] = defaultdict(deque)

    def edit(
        self,
        project: int,
        uuid: UUID,
        decide: Decide,
        author: Author,
        *,
        terms: Terms | None = None,
        others: Collection[UUID] = (),
    ) -> StoredPerson:
        """Edit a person and return it as it is then; a tombstone where it was deleted.

        Args:
            project: whose person.
            uuid: of the person.
            decide: see `Decide`; it may be asked more than once.
            author: for the log.
            terms: conditions, if there are any.
            others: of whom `decide` needs to know.

        Raises:
            NotFound: nobody alive has the uuid.
            PreconditionFailed: the person has not the version asked for.
            BadRequest: `decide` refuses.
            Conflict: others were quicker, over and over.
        """
        job = _Job(uuid, decide, author, terms or Terms(), frozenset(others))
        with self._lock:
            self._jobs[project].append(job)
        for _ in range(_ATTEMPTS):
            with self._engine.turns.turn(project):
                while not job.is_done:
                    self._work(project)
            if job.error is not None:
                raise job.error
            if job.person is not None:
                return job.person
            # On a server somebody else was quicker.
            with self._lock:
                job.is_done = False
                self._jobs[project].append(job)
        with self._lock:
            self._jobs[project].remove(job)
        raise Conflict("Others change this person all the time. Try again.", code="contended")

    def find(self, project: int, uuids: Collection[UUID]) -> dict[UUID, StoredPerson]:
        """Return the newest rows of some uuids; those that nobody has or had are left out."""
        return by_uuid(self._engine.fetch_now(select_persons(project, uuids)))

    def _work(self, project: int) -> None:
        """Make all edits that wait, in the order they came: one read, one INSERT for all.

        A statement costs milliseconds and a row next to nothing, so many writers get further
        together.
        """
        with self._lock:
            waiting = self._jobs[project]
            jobs = [waiting.popleft() for _ in range(min(_AT_ONCE, len(waiting)))]
        try:
            self._doubts.resolve()
            self._make(project, jobs)
        except BaseException as error:
            for job in jobs:
                job.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            for job in jobs:
                job.is_done = True

    def _make(self, project: int, jobs: Sequence[_Job]) -> None:
        batch = self._decided(project, jobs, self._turns.look(project))
        if batch.is_of_several() and not self._engine.exclusive:
            # No token speaks for several persons: nobody else may write meanwhile.
            held = self._turns.take(project)
            try:
                is_written = self._write(self._decided(project, jobs, held))
            finally:
                self._turns.give(project, held)
        else:
            is_written = self._write(batch)
        if not is_written:
            for job in jobs:
                job.person = None

    def _decided(self, project: int, jobs: Sequence[_Job], when: Moment | Held) -> EditBatch:
        """Return what to write of the jobs; each has its person then, or its error."""
        named = {uuid for job in jobs for uuid in (job.uuid, *job.others)}
        found = self.find(project, named)
        known: dict[UUID, StoredPerson | None] = {uuid: found.get(uuid) for uuid in named}
        batch = EditBatch(project, when, log_values=self._log_values)
        for job in jobs:
            try:
                edit = self._decide(project, job, known)
            except Exception as error:
                # Of one alone: the others' edits have nothing to do with it.
                job.fail(error)
                continue
            if edit is not None:
                # The next one of the same person starts from here.
                known.update(batch.add(edit, job.author))
            job.person = known[job.uuid]
        return batch

    def _decide(
        self, project: int, job: _Job, known: dict[UUID, StoredPerson | None]
    ) -> Edit | None:
        """Return the edit to make of what is known; None where there is nothing to do."""
        person, terms = known[job.uuid], job.terms
        mark = terms.mark
        if person is not None and mark and was_made(self._engine, project, person, mark):
            return None
        if person is None or person.is_deleted:
            raise NotFound(_NO_PERSON)
        terms.check(person)
        plan = job.decide(person, known)
        while isinstance(plan, Unknown):
            found = self.find(project, plan.uuids)
            known.update({uuid: found.get(uuid) for uuid in plan.uuids})
            plan = job.decide(person, known)
        if isinstance(plan, EditError):
            raise BadRequest(plan.detail, attr=plan.attr)
        return plan.marked(mark) if plan is not None and mark else plan

    def _write(self, batch: EditBatch) -> bool:
        """Write a batch; False where another process has written the same row before."""
        if not batch.rows:
            return True
        engine, when = self._engine, batch.when
        tables = person_rows(batch.project, batch.rows, when.now_us, above=when.above)
        write_entries(engine, batch.entries)
        try:
            write_notes(engine, batch.project, batch.rows, tables.persons, batch.sources)
            with self._counts.write(batch.project) as written:
                for table in ("person_keys", "distinct_ids"):
                    frame: pl.DataFrame = getattr(tables, table)
                    if frame.height:
                        engine.insert_now(table, frame)
                settings = self._turns.settings(when, batch.token)
                engine.insert_now("persons", tables.persons, settings={**_FEW_ROWS, **settings})
                written.created, written.newest_us = batch.created, batch.newest_us
        except BaseException as error:
            if is_in_doubt(engine, error):
                self._doubts.note()
            else:
                write_entries(engine, batch.voided())
            raise
        if engine.exclusive or self._is_ours(batch):
            return True
        write_entries(engine, batch.voided())
        return False

    def _is_ours(self, batch: EditBatch) -> bool:
        """Say whether what was written is there, and not another process's."""
        if isinstance(batch.when, Moment):
            self._turns.wait_if_begun(batch.project, batch.when)
        engine, project = self._engine, batch.project
        decisive = batch.decisive()
        found = self.find(project, [one.uuid for one in decisive])
        return all(
            one.uuid in found
            and is_written(engine, project, found[one.uuid], one.write_id, one.follows, one.base)
            for one in decisive
        )


class _Job:
    """An edit that waits. When `is_done`, it has a person or an error, or lost a race."""

    def __init__(
        self, uuid: UUID, decide: Decide, author: Author, terms: Terms, others: frozenset[UUID]
    ) -> None:
        self.uuid = uuid
        self.decide = decide
        self.author = author
        self.terms = terms
        self.others = others
        self.person: StoredPerson | None = None
        self.error: BaseException | None = None
        self.is_done = False

    def fail(self, error: BaseException) -> None:
        """Note why it cannot be made, unless that is known already."""
        self.person = None
        self.error = self.error or error


def as_row(person: StoredPerson) -> PersonRow:
    """Return a person as statements that show persons have it."""
    return PersonRow(
        person.uuid,
        person.created_us,
        person.is_identified,
        person.last_seen_us,
        person.ids,
        person.properties,
        person.version,
    )
