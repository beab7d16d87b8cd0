"""Statements about the activity log, and the rows that are written to it."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement


class Entry(Struct, frozen=True, kw_only=True):
    """A row as it is written: its fields are the columns of `activity`, in their order.

    Attributes:
        created_at: microseconds since 1970; with `id` the entry's key, so the same in all of its
            versions.
        person_number: `identity.person_number` of `person_id`.
        detail: JSON, `activity_notes.Note.detail`.
        key_id: of the API's key, empty for the service's own command line.
        write_id: of the person's row that the write makes; `follows` of the row before that one,
            `edits.Edit.follows`.
        is_void: 1 hides the entry.
        version: 1, then one more each time the entry is written anew.
    """

    team_id: int
    created_at: int
    id: UUID
    person_id: UUID
    person_number: int
    activity: str
    detail: bytes
    key_id: str
    key_label: str
    property_keys: list[str]
    write_id: int
    follows: int
    is_void: int = 0
    version: int = 1


class EntryRow(Struct, frozen=True):
    """An entry as it is read. `detail` is JSON text, `created_us` microseconds since 1970."""

    id: UUID
    created_us: int
    person: UUID
    number: int
    activity: str
    detail: str
    key_id: str
    key_label: str
    property_keys: list[str]


class EntryCount(Struct, frozen=True):
    """How many entries there are."""

    entries: int


def list_activity(
    project: int, *, person: UUID | None = None, limit: int, offset: int = 0
) -> Statement[EntryRow]:
    """Select entries of a project, or of one person alone, newest first.

    Args:
        project: whose log.
        person: alive or not.
        limit: rows at most.
        offset: how many of the newest to leave out.
    """
    return Statement(
        "activity.list",
        sql(
            """
            SELECT id, toUnixTimestamp64Micro(created_at) AS created_us, person_id AS person,
                person_number AS number, activity, detail, key_id, key_label, property_keys
            FROM activity FINAL
            WHERE {}
            ORDER BY created_at DESC, id DESC
            LIMIT {} OFFSET {}
            """,
            _of(project, person),
            bind("UInt64", limit),
            bind("UInt64", offset),
        ),
        EntryRow,
        threads=1,
        skip_indexes=False,
    )


def count_activity(project: int, *, person: UUID | None = None) -> Statement[EntryCount]:
    """Count the entries of a project, or of one person alone; always one row."""
    return Statement(
        "activity.count",
        sql("SELECT count() AS entries FROM activity FINAL WHERE {}", _of(project, person)),
        EntryCount,
        threads=1,
        skip_indexes=False,
    )


def _of(project: int, person: UUID | None) -> Sql:
    """Return the condition that an entry is a project's, or one person's alone.

    With FINAL the index on persons leads to a person's first and last entry and all between them:
    half a million took 190 ms. So it is asked without, for the places, which takes 9.
    """
    team = bind("UInt32", project)
    conditions = [sql("team_id = {}", team)]
    if person is not None:
        conditions.append(
            sql(
                """(created_at, id) IN (
                SELECT created_at, id FROM activity WHERE team_id = {} AND person_id = {})""",
                team,
                bind("UUID", str(person)),
            )
        )
    return all_of(conditions)


def void_unwritten(since_us: int, until_us: int) -> Statement[None]:
    """Make void the entries of a time, of all projects, whose write never came to be.

    Of a write that is not in its person's lineage, while the row it was to follow is, that is
    certain; and of those written with it, in one INSERT, which have the same `created_at`. In any
    other case the entry stays: the lineage may have been cut short since, or nothing be left of
    the person, which is how a deletion ends.

    Args:
        since_us: microseconds since 1970; no write from before is in doubt.
        until_us: as well; no write from before is still under way, here or elsewhere.
    """
    recent = sql(
        """(created_at >= fromUnixTimestamp64Micro({}, 'UTC')
                    AND created_at < fromUnixTimestamp64Micro({}, 'UTC'))""",
        bind("Int64", since_us),
        bind("Int64", until_us),
    )
    return Statement(
        "activity.void_unwritten",
        sql(
            """
            INSERT INTO activity (team_id, created_at, id, person_id, is_void, version)
            SELECT team_id, created_at, id, person_id, 1, version + 1
            FROM (
                SELECT entry.team_id AS team_id, entry.created_at AS created_at, entry.id AS id,
                    entry.person_id AS person_id, entry.version AS version,
                    has(person.lineage, entry.write_id) AS is_written,
                    max(has(person.lineage, entry.follows) AND NOT is_written)
                        OVER (PARTITION BY entry.team_id, entry.created_at) AS is_in_vain
                FROM (
                    SELECT team_id, created_at, id, person_id, write_id, follows, version
                    FROM activity FINAL
                    WHERE {}) AS entry
                LEFT JOIN (
                    SELECT team_id, id,
                        argMax(arrayPushFront(write_ids, write_id), version) AS lineage
                    FROM persons
                    WHERE (team_id, created_at, id) IN (
                        SELECT team_id, created_at, id FROM person_keys
                        WHERE (team_id, number, id) IN (
                            SELECT team_id, person_number, person_id FROM activity WHERE {}))
                    GROUP BY team_id, id) AS person
                ON entry.team_id = person.team_id AND entry.person_id = person.id)
            WHERE is_in_vain AND NOT is_written
            """,
            recent,
            recent,
        ),
        type(None),
    )
