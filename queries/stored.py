"""Persons as they are stored: the newest row of each place, tombstones too.

Whoever writes starts from these. Not with FINAL, which hides the deleted: who comes back must get
a version above its deletion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import LiteralString
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.lists import rows_of
from queries.sql import Sql, bind, sql
from queries.statement import Statement

# So many writes a row remembers, its own among them.
LINEAGE = 16


class StoredPerson(Struct, frozen=True, gc=False):
    """The newest row of a person. Times are microseconds since 1970.

    Attributes:
        ids: its distinct ids, in the order they were attached.
        source_version: in the system it was imported from, 0 where that is not known.
        is_deleted: it is a tombstone.
        write_id: names the write that made the row, and no other row.
        write_ids: of that write and the ones before it, the latest first; empty in the rows of
            versions of personhouse that did not keep them.
    """

    uuid: UUID
    created_us: int
    is_identified: bool
    last_seen_us: int | None
    ids: list[str]
    properties: str
    version: int
    source_version: int
    is_deleted: bool
    write_id: int = 0
    write_ids: list[int] = []

    def lineage(self) -> list[int]:
        """Return the writes that led to this row, the latest first."""
        return self.write_ids or ([self.write_id] if self.write_id else [])

    def follows(self, write_id: int) -> bool:
        """Say whether a write made this row, or one of the last rows before it."""
        return write_id in self.lineage()

    def is_cut(self) -> bool:
        """Say whether there may have been writes that the lineage has forgotten."""
        return len(self.write_ids) >= LINEAGE


# No alias is the name of a column: ClickHouse would take it for the column in WHERE too.
_COLUMNS: LiteralString = """toString(id) AS uuid, toUnixTimestamp64Micro(created_at) AS created_us,
                is_identified, toUnixTimestamp64Micro(last_seen_at) AS last_seen_us,
                distinct_ids AS ids, properties, version, source_version,
                CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids"""
# As these, without what may be large.
_LINEAGE_COLUMNS: LiteralString = """toString(id) AS uuid,
                toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
                NULL AS last_seen_us, [] AS ids, '' AS properties, version, source_version,
                CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids"""


def newest_at(project: int, places: Sql, *, lineages: bool = False) -> Sql:
    """Return a SELECT of the newest row of each place, as `StoredPerson`, in no useful order.

    Args:
        project: whose persons.
        places: a SELECT of `created_at` and uuid; nobody need be there.
        lineages: leave `last_seen_us`, `ids` and `properties` empty, for who asks for no more.
    """
    return sql(
        """
            SELECT {}
            FROM persons
            WHERE team_id = {} AND (created_at, id) IN ({})
            ORDER BY version DESC
            LIMIT 1 BY created_at, id
        """,
        sql(_LINEAGE_COLUMNS if lineages else _COLUMNS),
        bind("UInt32", project),
        places,
    )


def select_persons(project: int, uuids: Collection[UUID]) -> Statement[StoredPerson]:
    """Select the newest row of each place where a person with one of the uuids is or was.

    A person stands in one place unless a merge moved it: then its tombstone is in the place
    before. `by_uuid` picks the row that counts.
    """
    team = bind("UInt32", project)
    places = sql(
        """
                SELECT created_at, id FROM person_keys
                WHERE team_id = {} AND number IN {} AND id IN {}""",
        team,
        rows_of("Array(UInt64)", map(person_number, uuids)),
        rows_of("Array(UUID)", map(str, uuids)),
    )
    return _point_read("persons.newest", newest_at(project, places))


def select_owners(project: int, distinct_ids: Collection[str]) -> Statement[StoredPerson]:
    """Select the newest row of each place where somebody has or had one of the distinct ids.

    Whether it still has it, `ids` of the row says. A tombstone does not say that its uuid is free:
    somebody who came back without the id may stand in another place.
    """
    places = sql(
        """
                SELECT created_at, person_id FROM distinct_ids
                WHERE team_id = {} AND distinct_id IN {}""",
        bind("UInt32", project),
        rows_of("Array(String)", distinct_ids),
    )
    return _point_read("persons.newest_owners", newest_at(project, places))


def by_uuid(rows: Iterable[StoredPerson]) -> dict[UUID, StoredPerson]:
    """Return the row that counts of each uuid: the live one, or else the last of its tombstones."""
    found: dict[UUID, StoredPerson] = {}
    for row in rows:
        known = found.get(row.uuid)
        if known is None or _rank(row) > _rank(known):
            found[row.uuid] = row
    return found


def _rank(row: StoredPerson) -> tuple[bool, int]:
    return not row.is_deleted, row.version


def _point_read(name: str, select: Sql) -> Statement[StoredPerson]:
    return Statement(name, select, StoredPerson, threads=1, skip_indexes=False)
