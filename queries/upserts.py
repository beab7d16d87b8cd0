"""A batch of an import, put together with the persons that are there already.

An import states what a person is: the line's properties replace the stored ones, its distinct ids
join them, `created_at` stays as first stored. What a line does not say stays. A line that would
change nothing writes nothing, so the same file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from queries.identity import person_uuid
from queries.imports import PersonInput, Reject
from queries.sql import Sql, bind, sql
from queries.statement import Statement
from queries.texts import Texts
from queries.times import to_us


class StoredPerson(Struct, frozen=True, gc=False):
    """The latest version of a person that a batch may concern. Times are microseconds."""

    uuid: UUID
    created_us: int
    is_identified: bool
    last_seen_us: int | None
    ids: list[str]
    properties: str
    version: int
    source_version: int
    is_deleted: bool


class Upsert(Struct, gc=False):
    """A person as it will be written.

    Attributes:
        texts: of the properties; None where they are the stored ones and nobody took them out yet.
        base: the version it follows, 0 where there is none; that of its deletion where it had been.
        is_new: nobody is there yet, or nobody any more.
        new_ids: those of `ids` that it did not have before.
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


class Outcome(Struct):
    """What a batch comes to. `unchanged` counts lines, `upserts` are one a person."""

    upserts: list[Upsert]
    unchanged: int
    rejects: list[Reject]


def select_concerned(project: int, ids_table: str, uuids_table: str) -> Statement[StoredPerson]:
    """Select the persons that have a staged uuid, or ever had a staged distinct id.

    Not with FINAL, which hides the deleted: who comes back must get a version above its deletion.

    Args:
        project: whose persons.
        ids_table: a table of the batch's distinct ids, column `distinct_id`.
        uuids_table: a table of the batch's uuids, columns `number` and `id`.
    """
    team = bind("UInt32", project)
    return Statement(
        "imports.concerned",
        sql(
            """
            SELECT toString(id) AS uuid, toUnixTimestamp64Micro(created_at) AS created_us,
                is_identified, toUnixTimestamp64Micro(last_seen_at) AS last_seen_us,
                distinct_ids AS ids, properties, version, source_version,
                CAST(is_deleted, 'Bool') AS is_deleted
            FROM persons
            WHERE team_id = {} AND (created_at, id) IN (
                SELECT created_at, person_id FROM distinct_ids
                WHERE team_id = {} AND distinct_id IN (SELECT distinct_id FROM {})
                UNION ALL
                SELECT created_at, id FROM person_keys
                WHERE team_id = {} AND (number, id) IN (SELECT number, id FROM {}))
            ORDER BY version DESC
            LIMIT 1 BY created_at, id
            """,
            team,
            team,
            _table(ids_table),
            team,
            _table(uuids_table),
        ),
        StoredPerson,
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
) -> Outcome:
    """Put lines together with what is stored, one after the other.

    Args:
        project: whose persons.
        lines: the batch, with line numbers.
        uuids: `candidate_uuids` of it.
        texts: of the properties of each line.
        stored: all persons the batch may concern.
        now_us: `created_at` of a new person whose line has none.
    """
    people: dict[UUID, Upsert] = {}
    concerned = list(stored)
    if not concerned and _all_strangers(lines, uuids):
        # The first import of a file: nobody to compare with, and most of the time saved.
        strangers = zip(lines, uuids, texts, strict=True)
        return Outcome([_new(u, given, text, now_us) for (_, given), u, text in strangers], 0, [])
    owners: dict[str, UUID] = {}
    graves: dict[UUID, int] = {}
    for row in concerned:
        if row.is_deleted:
            graves[row.uuid] = max(row.version, graves.get(row.uuid, 0))
        else:
            people[row.uuid] = _of_stored(row)
            owners.update(dict.fromkeys(row.ids, row.uuid))
    unchanged = 0
    rejects: list[Reject] = []
    for (line, given), candidate, text in zip(lines, uuids, texts, strict=True):
        uuid, reason = _whose(project, given, candidate, owners, people)
        if uuid is None:
            rejects.append(Reject(line, reason))
            continue
        person = people.get(uuid)
        if person is None:
            people[uuid] = _new(uuid, given, text, now_us, graves.get(uuid, 0))
        elif not _apply(person, given, text):
            unchanged += 1
        for distinct_id in given.distinct_ids:
            owners[distinct_id] = uuid
    return Outcome([person for person in people.values() if person.changed], unchanged, rejects)


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
        if candidate in people:
            # The id was split off the person first seen under it: the rule PostHog has for that.
            return person_uuid(project, f"{given.distinct_ids[0]}:split"), ""
        return candidate, ""
    for uuid, distinct_id in holders.items():
        if uuid != given.uuid:
            return None, f"distinct_ids: {distinct_id[:80]!r} belongs to person {uuid}"
    return given.uuid, ""


def _of_stored(row: StoredPerson) -> Upsert:
    return Upsert(
        uuid=row.uuid,
        created_us=row.created_us,
        is_identified=row.is_identified,
        last_seen_us=row.last_seen_us,
        ids=row.ids,
        properties=row.properties.encode(),
        texts=None,
        base=row.version,
        is_new=False,
        source_version=row.source_version,
        new_ids=[],
        changed=False,
    )


def _new(uuid: UUID, given: PersonInput, texts: Texts, now_us: int, base: int = 0) -> Upsert:
    ids = list(given.distinct_ids)
    return Upsert(
        uuid=uuid,
        created_us=_us(given.created_at, now_us),
        is_identified=bool(given.is_identified),
        last_seen_us=None if given.last_seen_at is None else to_us(given.last_seen_at),
        ids=ids,
        properties=given.properties,
        texts=texts,
        base=base,
        is_new=True,
        source_version=given.source_version or 0,
        new_ids=ids,
        changed=True,
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
