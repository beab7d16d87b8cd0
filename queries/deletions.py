"""Statements about deletions: whom to delete, and what became of those deleted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.lists import rows_of
from queries.persons import has_any, stands_with
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement
from queries.stored import StoredPerson

Status = Literal["pending", "completed", "all"]


class Deletion(Struct, frozen=True, kw_only=True):
    """A row as it is written: its fields are the columns of `deletions`.

    Attributes:
        created_at: when it was asked for, in microseconds since 1970.
        tombstone: its version; what the person had below it is to be removed.
        verified_at: when nothing of that was found any more, as well; None before.
        is_void: 1 where the tombstone was never written.
        version: 1, then one more each time the row is written anew.
    """

    team_id: int
    created_at: int
    person_id: UUID
    person_number: int
    tombstone: int
    verified_at: int | None = None
    is_void: int = 0
    version: int = 1


class DeletionRow(Struct, frozen=True):
    """A deletion as it is read; times are microseconds since 1970."""

    person: UUID
    created_us: int
    verified_us: int | None


class DeletionCount(Struct, frozen=True):
    """How many deletions there are."""

    deletions: int


class PendingRow(Struct, frozen=True):
    """A project with persons whose bytes are not known to be gone."""

    project: int


class Named(Struct, frozen=True):
    """The uuid of a person."""

    uuid: UUID


def select_graves(project: int, uuids: Collection[UUID]) -> Statement[StoredPerson]:
    """Select the newest row of each place where a person with one of the uuids is or was.

    As `stored.select_persons`, but without properties and distinct ids, which a tombstone does
    not have: those of thousands of persons need not fit into memory.
    """
    team = bind("UInt32", project)
    return Statement(
        "deletions.graves",
        sql(
            """
            SELECT toString(id) AS uuid, toUnixTimestamp64Micro(created_at) AS created_us,
                is_identified, NULL AS last_seen_us, [] AS ids, {} AS properties, version,
                source_version, CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids
            FROM persons
            WHERE team_id = {} AND (created_at, id) IN (
                SELECT created_at, id FROM person_keys
                WHERE team_id = {} AND number IN {} AND id IN {})
            ORDER BY version DESC
            LIMIT 1 BY created_at, id
            """,
            bind("String", "{}"),
            team,
            team,
            rows_of("Array(UInt64)", map(person_number, uuids)),
            rows_of("Array(UUID)", map(str, uuids)),
        ),
        StoredPerson,
        skip_indexes=False,
    )


def name_owners(project: int, distinct_ids: Collection[str]) -> Statement[Named]:
    """Select who has one of the distinct ids or more, each person once."""
    return Statement(
        "deletions.name_owners",
        sql(
            "SELECT toString(id) AS uuid FROM persons FINAL PREWHERE {} WHERE team_id = {} AND {}",
            stands_with(project, distinct_ids),
            bind("UInt32", project),
            has_any(distinct_ids),
        ),
        Named,
        skip_indexes=False,
    )


def list_deletions(
    project: int, status: Status, person: UUID | None, *, limit: int, offset: int
) -> Statement[DeletionRow]:
    """Select deletions, those asked for last first.

    Args:
        project: whose persons.
        status: completed are those whose bytes are gone.
        person: of this one alone; None for all.
        limit: rows at most.
        offset: how many of the first to leave out.
    """
    return Statement(
        "deletions.list",
        sql(
            """
            SELECT toString(person_id) AS person, toUnixTimestamp64Micro(created_at) AS created_us,
                toUnixTimestamp64Micro(verified_at) AS verified_us
            FROM deletions FINAL
            WHERE {}
            ORDER BY created_at DESC, person_id
            LIMIT {} OFFSET {}
            """,
            _of(project, status, person),
            bind("UInt64", limit),
            bind("UInt64", offset),
        ),
        DeletionRow,
        threads=1,
    )


def count_deletions(project: int, status: Status, person: UUID | None) -> Statement[DeletionCount]:
    """Count what `list_deletions` selects on all pages; always one row."""
    return Statement(
        "deletions.count",
        sql(
            "SELECT count() AS deletions FROM deletions FINAL WHERE {}",
            _of(project, status, person),
        ),
        DeletionCount,
        threads=1,
    )


def _of(project: int, status: Status, person: UUID | None) -> Sql:
    conditions = [sql("team_id = {}", bind("UInt32", project))]
    if status == "pending":
        conditions.append(sql("verified_at IS NULL"))
    elif status == "completed":
        conditions.append(sql("verified_at IS NOT NULL"))
    if person is not None:
        conditions.append(sql("person_id = {}", bind("UUID", str(person))))
    return all_of(conditions)


def list_pending() -> Statement[PendingRow]:
    """Select the projects with deletions that are pending."""
    return Statement(
        "deletions.pending",
        sql(
            """
            SELECT team_id AS project FROM deletions FINAL
            WHERE verified_at IS NULL
            GROUP BY team_id ORDER BY min(created_at)
            """
        ),
        PendingRow,
    )


def void_unwritten(project: int, until_us: int) -> Statement[None]:
    """Make void the deletions whose tombstone never came to be: the person has no such version.

    Args:
        project: whose.
        until_us: microseconds since 1970; no write from before is still under way.
    """
    team = bind("UInt32", project)
    pending = sql(
        """team_id = {} AND verified_at IS NULL
                    AND created_at < fromUnixTimestamp64Micro({}, 'UTC')""",
        team,
        bind("Int64", until_us),
    )
    return Statement(
        "deletions.void_unwritten",
        sql(
            """
            INSERT INTO deletions (team_id, created_at, person_id, is_void, version)
            SELECT {}, deletion.created_at, deletion.person_id, 1, deletion.version + 1
            FROM (
                SELECT created_at, person_id, tombstone, version FROM deletions FINAL
                WHERE {}) AS deletion
            INNER JOIN (
                SELECT id, max(version) AS newest FROM persons
                WHERE team_id = {} AND (created_at, id) IN (
                    SELECT created_at, id FROM person_keys
                    WHERE team_id = {} AND (number, id) IN (
                        SELECT person_number, person_id FROM deletions FINAL WHERE {}))
                GROUP BY id) AS person
            ON deletion.person_id = person.id
            WHERE person.newest < deletion.tombstone
            """,
            team,
            pending,
            team,
            team,
            pending,
        ),
        type(None),
    )
