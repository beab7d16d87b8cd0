"""Deletes persons: one, or as many as a request names, all gone for the next read.

A tombstone follows the person's newest row and holds nothing but its uuid. What the person was
stays in the table below it until `service.removal` has rewritten that; `deletions` says so.
"""

from __future__ import annotations

import secrets
import time
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
from service.activity import write_entries
from service.counts import Counts
from service.edits import Author, Terms, entry_of
from service.engine import Engine
from service.person_rows import person_rows

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

        On the embedded engine thousands are one INSERT. On a server, where other processes write
        too, each is a compare-and-set of its own.

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
                uuids = [uuid for uuid in find(some) if uuid not in found]
                rows = by_uuid(self._engine.fetch_now(select_graves(project, uuids))).values()
                living, gone = _told_apart(rows, terms)
                done = self._apply(project, living, author, terms, kind)
            return _Attempt(living, gone, done)

        size = _AT_ONCE if self._engine.exclusive or kind.keeps else 1
        try:
            for start in range(0, len(named), size):
                some = named[start : start + size]
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

    def _apply(
        self,
        project: int,
        living: Sequence[StoredPerson],
        author: Author,
        terms: Terms,
        kind: _Kind,
    ) -> bool:
        """Do what is asked of persons who are there; False as `_bury`."""
        if not kind.keeps:
            return self._bury(project, living, author, terms, erases=kind.erases)
        if kind.erases and living:
            uuids = [person.uuid for person in living]
            now_us = time.time_ns() // 1_000
            self._engine.command_now(note_events(project, uuids, now_us, keeps=True))
        return True

    def _bury(
        self,
        project: int,
        living: Sequence[StoredPerson],
        author: Author,
        terms: Terms,
        *,
        erases: bool,
    ) -> bool:
        """Write tombstones; False where another process has written the same row before."""
        if not living:
            return True
        engine, now_us = self._engine, time.time_ns() // 1_000
        edits = [delete(person) for person in living]
        if terms.mark:
            edits = [edit.marked(terms.mark) for edit in edits]
        rows = [replace(edit.rows[0], write_id=secrets.randbits(64) or 1) for edit in edits]
        persons = person_rows(project, rows, now_us).persons
        versions: list[int] = persons["version"].to_list()
        deletions = [
            _deletion(project, row, version, now_us)
            for row, version in zip(rows, versions, strict=True)
        ]
        entries = [
            entry_of(project, edit, row, author, now_us)
            for edit, row in zip(edits, rows, strict=True)
        ]
        # Others may write the same row at the same time; here nobody else writes at all.
        token = {} if engine.exclusive else {"insert_deduplication_token": edits[0].token}
        self._note(deletions)
        try:
            if erases:
                uuids = [row.uuid for row in rows]
                engine.command_now(note_events(project, uuids, now_us, keeps=False))
            write_entries(engine, entries)
            with self._counts.write(project) as written:
                engine.insert_now("persons", persons, settings=token)
                written.created = -len(rows)
        except BaseException:
            self._void(project, deletions, entries, erases=erases)
            raise
        if engine.exclusive or self._is_ours(project, rows[0]):
            return True
        self._void(project, deletions, entries, erases=erases)
        return False

    def _is_ours(self, project: int, row: Upsert) -> bool:
        found = by_uuid(self._engine.fetch_now(select_graves(project, [row.uuid])))
        return row.uuid in found and found[row.uuid].follows(row.write_id)

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
