"""Changes persons: what is answered is written, and the next read sees it.

An edit reads the newest row, decides what follows from it and writes that in one INSERT. Within a
process each project has one turn at a time, taken by edits and by an import's batches alike, so
none is decided on a row that another has replaced. On a server other processes write too: there
an edit is a compare-and-set. Its INSERT bears a token that names the row it follows, of which
ClickHouse takes one; the lineage of the row that is there afterwards says whose it was, and the
loser decides anew.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from typing import TypeAlias
from uuid import UUID, uuid4

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from queries.activity import Entry
from queries.edits import Edit, EditError, Plan
from queries.identity import person_number
from queries.ownership import Known, Unknown
from queries.persons import PersonRow
from queries.stored import StoredPerson, by_uuid, select_persons
from queries.upserts import Upsert
from service.activity import write_entries
from service.counts import Counts
from service.engine import Engine
from service.errors import BadRequest, Conflict, NotFound, PreconditionFailed
from service.person_rows import person_rows

# So often an edit is decided anew; with dozens of writers a handful is usual.
_ATTEMPTS = 50
_NO_PERSON = "Not found."

Decide: TypeAlias = Callable[[StoredPerson, Known], Plan | Unknown]
"""What to make of a person who is alive, from what is known of others."""


class Author(Struct, frozen=True):
    """Who edits: the id and label of the API's key, empty for the service's own command line."""

    key_id: str = ""
    key_label: str = ""


class Terms(Struct, frozen=True):
    """Under what conditions an edit is made.

    Attributes:
        version: that the person must have, 0 for any.
        mark: of the request, left in the lineage; 0 for none. Who bears it already was edited.
    """

    version: int = 0
    mark: int = 0


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
        terms = terms or Terms()
        for _ in range(_ATTEMPTS):
            with self._engine.turns.turn(project):
                done = self._attempt(project, uuid, decide, author, terms, others)
            if done is not None:
                return done
        raise Conflict("Others change this person all the time. Try again.", code="contended")

    def find(self, project: int, uuids: Collection[UUID]) -> dict[UUID, StoredPerson]:
        """Return the newest rows of some uuids; those that nobody has or had are left out."""
        return by_uuid(self._engine.fetch_now(select_persons(project, uuids)))

    def _attempt(
        self,
        project: int,
        uuid: UUID,
        decide: Decide,
        author: Author,
        terms: Terms,
        others: Collection[UUID],
    ) -> StoredPerson | None:
        """Edit the person as it is now; None where another process was quicker."""
        found = self.find(project, {uuid, *others})
        person = found.get(uuid)
        if person is not None and terms.mark and person.follows(terms.mark):
            return person
        if person is None or person.is_deleted:
            raise NotFound(_NO_PERSON)
        if terms.version not in (0, person.version):
            raise PreconditionFailed(
                f"The person has the version {person.version} by now, not {terms.version}."
            )
        plan = self._decide(project, decide, person, {one: found.get(one) for one in others})
        if plan is None:
            return person
        return self._write(project, plan.marked(terms.mark) if terms.mark else plan, author)

    def _decide(
        self, project: int, decide: Decide, person: StoredPerson, known: Known
    ) -> Edit | None:
        plan = decide(person, known)
        while isinstance(plan, Unknown):
            found = self.find(project, plan.uuids)
            known = {**known, **{uuid: found.get(uuid) for uuid in plan.uuids}}
            plan = decide(person, known)
        if isinstance(plan, EditError):
            raise BadRequest(plan.detail, attr=plan.attr)
        return plan

    def _write(self, project: int, edit: Edit, author: Author) -> StoredPerson | None:
        """Write an edit; None where another process has written one for the same row before."""
        engine, now_us = self._engine, time.time_ns() // 1_000
        rows = [replace(row, write_id=secrets.randbits(64) or 1) for row in edit.rows]
        entry = self._entry(project, edit, rows[0], author, now_us)
        tables = person_rows(project, rows, now_us)
        write_entries(engine, [entry])
        # Others may write the same row at the same time; here nobody else writes at all.
        token = {} if engine.exclusive else {"insert_deduplication_token": edit.token}
        try:
            with self._counts.write(project) as written:
                for table in ("person_keys", "distinct_ids"):
                    frame: pl.DataFrame = getattr(tables, table)
                    if frame.height:
                        engine.insert_now(table, frame)
                engine.insert_now("persons", tables.persons, settings=token)
                written.created, written.newest_us = edit.created(), edit.newest_us()
        except BaseException:
            write_entries(engine, [replace(entry, is_void=1, version=2)])
            raise
        if not engine.exclusive and not self._is_ours(project, rows[0]):
            write_entries(engine, [replace(entry, is_void=1, version=2)])
            return None
        versions: list[int] = tables.persons["version"].to_list()
        return _stored(rows[0], versions[0])

    def _is_ours(self, project: int, row: Upsert) -> bool:
        found = self.find(project, [row.uuid])
        return row.uuid in found and found[row.uuid].follows(row.write_id)

    def _entry(self, project: int, edit: Edit, row: Upsert, author: Author, now_us: int) -> Entry:
        return Entry(
            team_id=project,
            created_at=now_us,
            id=uuid4(),
            person_id=row.uuid,
            person_number=person_number(row.uuid),
            activity=edit.note.activity,
            detail=edit.note.detail(with_values=self._log_values),
            key_id=author.key_id,
            key_label=author.key_label,
            property_keys=edit.note.property_keys,
            write_id=row.write_id,
            follows=edit.follows,
        )


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


def _stored(row: Upsert, version: int) -> StoredPerson:
    return StoredPerson(
        row.uuid,
        row.created_us,
        row.is_identified,
        row.last_seen_us,
        row.ids,
        row.properties.decode(),
        version,
        row.source_version,
        row.is_deleted,
        row.write_id,
        [row.write_id, *row.write_ids],
    )
