"""Deletes persons: one, or as many as a request names, all gone for the next read.

A tombstone follows the person's newest row and holds nothing but its uuid. What the person was
stays in the table below it until `service.removal` has rewritten that; `deletions` says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar
from uuid import UUID

import polars as pl
from msgspec import Struct, field
from msgspec.structs import asdict, replace

from queries.activity import Entry
from queries.deletions import Deletion, name_owners, select_graves
from queries.edits import delete
from queries.event_removal import drop_unwritten, note_events
from queries.identity import person_number
from queries.stored import StoredPerson, by_uuid
from queries.upserts import Upsert
from service.activity import is_in_doubt, write_entries
from service.counts import Counts
from service.edit_batches import Author, entry_of, follows_of
from service.edits import Terms
from service.engine import Engine
from service.lineage import is_written
from service.person_rows import person_rows
from service.server_turns import Held, Moment, ServerTurns

T = TypeVar("T")

# So many tombstones are one INSERT, and the project's turn is given on after each.
_AT_ONCE = 10_000
_ATTEMPTS = 50

_SCHEMA: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "created_at": pl.Datetime("us", "UTC"),
    "person_id": pl.String(),
    "person_number": pl.UInt64(),
    "tombstone": pl.UInt64(),
    "verified_at": pl.Datetime("us", "UTC"),
    "is_void": pl.UInt8(),
    "version": pl.UInt64(),
}


class Report(Struct):
    """What a deletion came to.

    Attributes:
        found: persons who were there; of whom a repeated request deleted before, too.
        deleted: of them.
        erases: their events are being removed, too.
        failed: of them those whom others changed all the time, on a server.
    """

    found: int = 0
    deleted: int = 0
    erases: bool = False
    failed: list[UUID] = field(default_factory=list[UUID])


class _Kind(Struct, frozen=True):
    """What is to be done: the persons kept or not, their events removed or not."""

    keeps: bool
    erases: bool


class Deleter:
    """Deletes persons; all methods are for a worker thread."""

    def __init__(
        self, engine: Engine, counts: Counts, on_deleted: Callable[[], None] = lambda: None
    ) -> None:
        """Take where to write.

        Args:
            engine: it.
            counts: kept up with what is written.
            on_deleted: called when there is something to remove.
        """
        self._engine = engine
        self._counts = counts
        self._on_deleted = on_deleted
        self._turns = ServerTurns(engine)

    def delete_many(
        self,
        project: int,
        uuids: Collection[UUID],
        author: Author,
        *,
        terms: Terms | None = None,
        keeps: bool = False,
        erases: bool = False,
    ) -> Report:
        """Delete persons; those who are not there are passed over.

        Thousands are one INSERT. On a server, where other processes write too, it has a turn of
        the project's, unless it is of one person: that is a compare-and-set.

        Args:
            project: whose persons.
            uuids: of them.
            author: for the log.
            terms: conditions, if there are any.
            keeps: do not delete them.
            erases: the events of the distinct ids they have go, hidden at once, removed later.

        Raises:
            PreconditionFailed: one has not the version asked for; those before it are deleted.
        """
        named = list(dict.fromkeys(uuids))
        kind = _Kind(keeps, erases)
        return self._delete(project, named, lambda some: some, author, terms, kind)

    def delete_owners(
        self,
        project: int,
        distinct_ids: Collection[str],
        author: Author,
        *,
        terms: Terms | None = None,
        keeps: bool = False,
        erases: bool = False,
    ) -> Report:
        """As `delete_many`, of those who have the distinct ids when it is their turn."""

        def owners(some: Sequence[str]) -> list[UUID]:
            return [row.uuid for row in self._engine.fetch_now(name_owners(project, some))]

        named = list(dict.fromkeys(distinct_ids))
        return self._delete(project, named, owners, author, terms, _Kind(keeps, erases))

    def _delete(
        self,
        project: int,
        named: Sequence[T],
        find: Callable[[Sequence[T]], Collection[UUID]],
        author: Author,
        terms: Terms | None,
        kind: _Kind,
    ) -> Report:
        report = Report()
        found: set[UUID] = set()
        terms = terms or Terms()

        def attempt(some: Sequence[T]) -> _Attempt:
            with self._engine.turns.turn(project):
                return self._attempt(project, lambda: find(some), found, author, terms, kind)

        try:
            for start in range(0, len(named), _AT_ONCE):
                some = named[start : start + _AT_ONCE]
                last = attempt(some)
                for _ in range(_ATTEMPTS):
                    if last.is_done:
                        break
                    # On a server somebody else was quicker.
                    last = attempt(some)
                found.update(row.uuid for row in (*last.living, *last.gone))
                if not last.is_done:
                    report.failed += [row.uuid for row in last.living]
                elif not kind.keeps:
                    report.deleted += len(last.living) + len(last.gone)
        finally:
            report.found = len(found)
            report.erases = kind.erases and bool(report.found if kind.keeps else report.deleted)
            if report.deleted or report.erases:
                self._on_deleted()
        return report

    def _attempt(
        self,
        project: int,
        find: Callable[[], Collection[UUID]],
        found: Collection[UUID],
        author: Author,
        terms: Terms,
        kind: _Kind,
    ) -> _Attempt:
        """Do what is asked of who is found now, and was not found before."""

        def look() -> tuple[list[StoredPerson], list[StoredPerson]]:
            uuids = [uuid for uuid in find() if uuid not in found]
            rows = by_uuid(self._engine.fetch_now(select_graves(project, uuids))).values()
            return _told_apart(rows, terms)

        moment = self._turns.look(project)
        living, gone = look()
        if kind.keeps:
            if kind.erases and living:
                uuids = [person.uuid for person in living]
                note = note_events(project, uuids, moment.now_us, keeps=True)
                self._engine.command_now(note)
            return _Attempt(living, gone, True)
        if len(living) < 2 or self._engine.exclusive:
            done = self._bury(project, living, author, terms, moment, erases=kind.erases)
            return _Attempt(living, gone, done)
        # No token speaks for several persons: nobody else may write meanwhile.
        held = self._turns.take(project)
        try:
            living, gone = look()
            done = self._bury(project, living, author, terms, held, erases=kind.erases)
        finally:
            self._turns.give(project, held)
        return _Attempt(living, gone, done)

    def _bury(
        self,
        project: int,
        living: Sequence[StoredPerson],
        author: Author,
        terms: Terms,
        when: Moment | Held,
        *,
        erases: bool,
    ) -> bool:
        """Write tombstones; False where another process has written the same row before."""
        if not living:
            return True
        engine, now_us = self._engine, when.now_us
        edits = [delete(person) for person in living]
        if terms.mark:
            edits = [edit.marked(terms.mark) for edit in edits]
        rows = [replace(edit.rows[0], write_id=secrets.randbits(64) or 1) for edit in edits]
        persons = person_rows(project, rows, now_us, above=when.above).persons
        versions: list[int] = persons["version"].to_list()
        deletions = [
            _deletion(project, row, version, now_us)
            for row, version in zip(rows, versions, strict=True)
        ]
        entries = [
            entry_of(project, edit, row, author, now_us)
            for edit, row in zip(edits, rows, strict=True)
        ]
        self._note(deletions)
        try:
            if erases:
                uuids = [row.uuid for row in rows]
                engine.command_now(note_events(project, uuids, now_us, keeps=False))
            write_entries(engine, entries)
            with self._counts.write(project) as written:
                settings = self._turns.settings(when, edits[0].token)
                engine.insert_now("persons", persons, settings=settings)
                written.created = -len(rows)
        except BaseException as error:
            # What is in doubt, a round of the removal looks at, and the start of a service.
            if not is_in_doubt(engine, error):
                self._void(project, deletions, entries, erases=erases)
            raise
        if engine.exclusive or self._are_ours(project, rows, when):
            return True
        self._void(project, deletions, entries, erases=erases)
        return False

    def _are_ours(self, project: int, rows: Sequence[Upsert], when: Moment | Held) -> bool:
        if isinstance(when, Moment):
            self._turns.wait_if_begun(project, when)
        engine = self._engine
        found = by_uuid(engine.fetch_now(select_graves(project, [row.uuid for row in rows])))
        return all(
            row.uuid in found
            and is_written(
                engine, project, found[row.uuid], row.write_id, follows_of(row), row.base
            )
            for row in rows
        )

    def _note(self, deletions: Sequence[Deletion]) -> None:
        rows = [{**asdict(one), "person_id": str(one.person_id)} for one in deletions]
        self._engine.insert_now("deletions", pl.DataFrame(rows, schema=_SCHEMA))

    def _void(
        self,
        project: int,
        deletions: Sequence[Deletion],
        entries: Sequence[Entry],
        *,
        erases: bool,
    ) -> None:
        self._note([replace(one, is_void=1, version=2) for one in deletions])
        write_entries(self._engine, [replace(one, is_void=1, version=2) for one in entries])
        if erases:
            self._engine.command_now(drop_unwritten(project))


class _Attempt(Struct):
    """Who was found: alive until then, or deleted by the same request before."""

    living: list[StoredPerson]
    gone: list[StoredPerson]
    is_done: bool


def _told_apart(
    rows: Collection[StoredPerson], terms: Terms
) -> tuple[list[StoredPerson], list[StoredPerson]]:
    """Return who is alive, and who was deleted by the same request before.

    Raises:
        PreconditionFailed: somebody alive has not the version asked for.
    """
    living = [row for row in rows if not row.is_deleted]
    for row in living:
        terms.check(row)
    gone = [row for row in rows if row.is_deleted and terms.mark and row.follows(terms.mark)]
    return living, gone


def _deletion(project: int, row: Upsert, version: int, now_us: int) -> Deletion:
    return Deletion(
        team_id=project,
        created_at=now_us,
        person_id=row.uuid,
        person_number=person_number(row.uuid),
        tombstone=version,
    )
