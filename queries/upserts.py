"""A batch of an import, put together with the persons that are there already.

An import states what a person is: the line's properties replace the stored ones, its distinct ids
join them, `created_at` stays as first stored. What a line does not say stays. A line that would
change nothing writes nothing, so the same file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import count, filterfalse
from uuid import UUID

from msgspec import Struct

from queries.identity import later_uuid, person_uuid
from queries.imports import PersonInput, Reject
from queries.sql import Sql, bind, sql
from queries.statement import Statement
from queries.stored import StoredPerson, by_uuid, newest_at
from queries.texts import Texts
from queries.times import to_us


class Before(Struct, frozen=True, gc=False):
    """What the history needs to know of the row that a write follows."""

    properties: bytes
    version: int
    write_id: int


class Upsert(Struct, gc=False):
    """A person as it will be written.

    Attributes:
        texts: of the properties; None where they are the stored ones and nobody took them out yet.
        base: the version it follows, 0 where there is none; that of its deletion where it had been.
        is_new: nobody is there yet, or nobody any more.
        new_ids: those of `ids` that have not been in this place before.
        changed: it differs from what is stored.
        is_deleted: what is written is a tombstone.
        write_id: of this write; 0 for the writer to make one up. No two rows may share one.
        write_ids: of the writes it follows, the latest first.
        before: the row of the same person that it follows; None where there is none, or only that
            of a deletion.
        mark: of the request that writes it, which is in `write_ids` too; 0 where it bears none.
    """

    uuid: UUID
    created_us: int
    is_identified: bool
    last_seen_us: int | None
    ids: list[str]
    properties: bytes
    texts: Texts | None
    base: int
    is_new: bool
    source_version: int
    new_ids: list[str]
    changed: bool
    is_deleted: bool = False
    write_id: int = 0
    write_ids: list[int] = []
    before: Before | None = None
    mark: int = 0


class Outcome(Struct):
    """What a batch comes to. `unchanged` counts lines, `upserts` are one a person.

    `assumed` are uuids that were taken to be free though nobody looked. Where there are any, look,
    and settle the batch once more.
    """

    upserts: list[Upsert]
    unchanged: int
    rejects: list[Reject]
    assumed: list[UUID] = []


def select_concerned(project: int, ids_table: str, uuids_table: str) -> Statement[StoredPerson]:
    """Select the persons that have a staged uuid, or ever had a staged distinct id.

    Args:
        project: whose persons.
        ids_table: a table of the batch's distinct ids, column `distinct_id`.
        uuids_table: a table of the batch's uuids, columns `number` and `id`.
    """
    places = _concerned(project, ids_table, uuids_table)
    return Statement("imports.concerned", newest_at(project, places), StoredPerson)


def select_lineages(project: int, ids_table: str, uuids_table: str) -> Statement[StoredPerson]:
    """As `select_concerned`, but of what may be large nothing: `ids`, `properties`, times."""
    places = _concerned(project, ids_table, uuids_table)
    return Statement("imports.lineages", newest_at(project, places, lineages=True), StoredPerson)


def _concerned(project: int, ids_table: str, uuids_table: str) -> Sql:
    team = bind("UInt32", project)
    return sql(
        """
                SELECT created_at, person_id FROM distinct_ids
                WHERE team_id = {} AND distinct_id IN (SELECT distinct_id FROM {})
                UNION ALL
                SELECT created_at, id FROM person_keys
                WHERE team_id = {} AND (number, id) IN (SELECT number, id FROM {})""",
        team,
        _table(ids_table),
        team,
        _table(uuids_table),
    )


def _table(name: str) -> Sql:
    return sql("{}", bind("Identifier", name))


def candidate_uuids(project: int, lines: Iterable[tuple[int, PersonInput]]) -> list[UUID]:
    """Return the uuid each line has, or would get as a new person."""
    return [person.uuid or person_uuid(project, person.distinct_ids[0]) for _, person in lines]


def upsert_batch(
    project: int,
    lines: list[tuple[int, PersonInput]],
    uuids: list[UUID],
    texts: list[Texts],
    stored: Iterable[StoredPerson],
    now_us: int,
    asked: Collection[UUID] = (),
) -> Outcome:
    """Put lines together with what is stored, one after the other.

    Args:
        project: whose persons.
        lines: the batch, with line numbers.
        uuids: `candidate_uuids` of it.
        texts: of the properties of each line.
        stored: all persons the batch may concern.
        now_us: `created_at` of a new person whose line has none.
        asked: uuids that were looked for beside `uuids`, as `Outcome.assumed` told to.
    """
    concerned = list(stored)
    if not concerned and _all_strangers(lines, uuids):
        # The first import of a file: nobody to compare with, and most of the time saved.
        strangers = zip(lines, uuids, texts, strict=True)
        return Outcome([_new(u, given, text, now_us) for (_, given), u, text in strangers], 0, [])
    newest = by_uuid(concerned)
    living = [row for row in newest.values() if not row.is_deleted]
    people = {row.uuid: draft(row, changed=False) for row in living}
    owners = {distinct_id: row.uuid for row in living for distinct_id in row.ids}
    unchanged = 0
    rejects: list[Reject] = []
    seconds: list[UUID] = []
    for (line, given), candidate, text in zip(lines, uuids, texts, strict=True):
        uuid, reason = _whose(project, given, candidate, owners, people)
        if uuid is None:
            rejects.append(Reject(line, reason))
            continue
        person = people.get(uuid)
        if person is None:
            people[uuid] = _new(uuid, given, text, now_us, newest.get(uuid))
            if uuid != candidate:
                seconds.append(uuid)
        elif not _apply(person, given, text):
            unchanged += 1
        for distinct_id in given.distinct_ids:
            owners[distinct_id] = uuid
    # A grave that an id led to says nothing: its uuid may live in another place.
    looked: set[UUID] = {*uuids, *asked} if seconds else set()
    return Outcome(
        [person for person in people.values() if person.changed],
        unchanged,
        rejects,
        [uuid for uuid in seconds if uuid not in looked],
    )


def _all_strangers(lines: list[tuple[int, PersonInput]], uuids: list[UUID]) -> bool:
    """Say whether no two lines share a uuid or a distinct id."""
    ids = [distinct_id for _, person in lines for distinct_id in person.distinct_ids]
    return len(set(ids)) == len(ids) and len(set(uuids)) == len(uuids)


def _whose(
    project: int,
    given: PersonInput,
    candidate: UUID,
    owners: dict[str, UUID],
    people: dict[UUID, Upsert],
) -> tuple[UUID | None, str]:
    """Return the person a line is about, or None and why there is none."""
    holders = {owners[d]: d for d in given.distinct_ids if d in owners}
    if given.uuid is None:
        if len(holders) > 1:
            named = " and ".join(f"{d[:80]!r} to {u}" for u, d in list(holders.items())[:2])
            return None, f"distinct_ids: they belong to different persons, {named}"
        if holders:
            return next(iter(holders)), ""
        if candidate not in people:
            return candidate, ""
        # The id was split off the person first seen under it, and deleted: a new person takes the
        # uuid that a split would give it.
        later = (later_uuid(project, given.distinct_ids[0], turn) for turn in count(1))
        return next(filterfalse(people.__contains__, later)), ""
    for uuid, distinct_id in holders.items():
        if uuid != given.uuid:
            return None, f"distinct_ids: {distinct_id[:80]!r} belongs to person {uuid}"
    return given.uuid, ""


def draft(person: StoredPerson, *, changed: bool = True) -> Upsert:
    """Return the row that follows a person's, so far with nothing changed."""
    properties = person.properties.encode()
    return Upsert(
        uuid=person.uuid,
        created_us=person.created_us,
        is_identified=person.is_identified,
        last_seen_us=person.last_seen_us,
        ids=person.ids,
        properties=properties,
        texts=None,
        base=person.version,
        is_new=False,
        source_version=person.source_version,
        new_ids=[],
        changed=changed,
        write_ids=person.lineage(),
        before=Before(properties, person.version, person.write_id),
    )


def _new(
    uuid: UUID, given: PersonInput, texts: Texts, now_us: int, grave: StoredPerson | None = None
) -> Upsert:
    ids = list(given.distinct_ids)
    return Upsert(
        uuid=uuid,
        created_us=_us(given.created_at, now_us),
        is_identified=bool(given.is_identified),
        last_seen_us=None if given.last_seen_at is None else to_us(given.last_seen_at),
        ids=ids,
        properties=given.properties,
        texts=texts,
        base=0 if grave is None else grave.version,
        is_new=True,
        source_version=given.source_version or 0,
        new_ids=ids,
        changed=True,
        write_ids=[] if grave is None else grave.lineage(),
    )


def _us(moment: datetime | None, default: int) -> int:
    return default if moment is None else to_us(moment)


def _apply(person: Upsert, given: PersonInput, texts: Texts) -> bool:
    """Change a person as a line says; return whether anything did change."""
    known = set(person.ids)
    added = [d for d in given.distinct_ids if d not in known]
    seen = person.last_seen_us
    if given.last_seen_at is not None:
        seen = max(to_us(given.last_seen_at), seen or 0)
    properties, identified, source_version = (
        person.properties,
        person.is_identified,
        person.source_version,
    )
    # A row older than the one stored adds its distinct ids and says nothing else.
    if given.source_version is None or given.source_version >= source_version:
        properties = given.properties
        identified = person.is_identified if given.is_identified is None else given.is_identified
        source_version = given.source_version or source_version
    after = (properties, identified, seen, source_version)
    before = (person.properties, person.is_identified, person.last_seen_us, person.source_version)
    if after == before and not added:
        return False
    person.properties, person.is_identified, person.last_seen_us, person.source_version = after
    if properties is given.properties:
        person.texts = texts
    person.ids = [*person.ids, *added]
    person.new_ids = [*person.new_ids, *added]
    person.changed = True
    return True
