"""Statements that remove the events of distinct ids: those written before their deletion.

What is asked for stands in `event_deletions`, from which readers know what to hide. A round names
its entries in `removing` (kind `erased`), then what is to go: a distinct id with the version of a
batch (kind `event`), of which an id has as many as imports brought it, however many events it has.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from queries.deletions import PendingRow
from queries.identity import person_number
from queries.lists import rows_of
from queries.removal_names import Round, began, command, named, team
from queries.sql import Sql, bind, sql
from queries.statement import Statement


def note_events(
    project: int, uuids: Collection[UUID], now_us: int, *, keeps: bool
) -> Statement[None]:
    """Ask for the removal of the events of all distinct ids that persons have.

    Args:
        project: whose persons.
        uuids: of them.
        now_us: until then, or up to the tombstone's version where that is higher.
        keeps: the persons stay, so there will be no tombstone.
    """
    return command(
        "deletions.note_events",
        sql(
            """
            INSERT INTO event_deletions (team_id, distinct_id, until, person_id, tombstone)
            SELECT {}, distinct_id, last, id, if({}, 0, last)
            FROM (
                SELECT id, distinct_ids, greatest({}, version + 1) AS last
                FROM persons FINAL
                PREWHERE team_id = {} AND (created_at, id) IN (
                    SELECT created_at, id FROM person_keys
                    WHERE team_id = {} AND number IN {} AND id IN {}))
            ARRAY JOIN distinct_ids AS distinct_id
            """,
            bind("UInt32", project),
            bind("Bool", keeps),
            bind("UInt64", now_us),
            bind("UInt32", project),
            bind("UInt32", project),
            rows_of("Array(UInt64)", map(person_number, uuids)),
            rows_of("Array(UUID)", map(str, uuids)),
        ),
    )


def drop_unwritten(project: int) -> Statement[None]:
    """Drop what was asked for with a deletion that is void: the person was never deleted."""
    return command(
        "deletions.drop_unwritten_events",
        sql(
            """
            ALTER TABLE event_deletions DELETE
            WHERE team_id = {} AND tombstone > 0 AND (person_id, tombstone) NOT IN (
                SELECT person_id, tombstone FROM deletions FINAL WHERE team_id = {})
            SETTINGS mutations_sync = 1
            """,
            bind("UInt32", project),
            bind("UInt32", project),
        ),
    )


def list_pending_events() -> Statement[PendingRow]:
    """Select the projects with events that are being removed."""
    return Statement(
        "deletions.pending_events",
        sql("SELECT DISTINCT team_id AS project FROM event_deletions"),
        PendingRow,
    )


def name_erased(round: Round, most: int) -> Statement[None]:
    """Name the distinct ids whose events go, those asked for first first, so many at most."""
    return command(
        "removal.name_erased",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, distinct_id, version)
            SELECT {}, 'erased', person_id, distinct_id, until
            FROM event_deletions WHERE team_id = {}
            ORDER BY until LIMIT {}
            """,
            began(round),
            team(round),
            bind("UInt32", most),
        ),
    )


def name_events(round: Round) -> Statement[None]:
    """Name what is to go of the events of these ids: what was written until it was asked for."""
    return command(
        "removal.name_events",
        sql(
            """
            INSERT INTO removing (round, kind, distinct_id, version)
            SELECT {}, 'event', event.distinct_id, event.version
            FROM (
                SELECT DISTINCT distinct_id, version FROM events
                WHERE team_id = {} AND distinct_id IN (SELECT distinct_id FROM {})) AS event
            INNER JOIN (
                SELECT distinct_id, max(version) AS until FROM {} GROUP BY distinct_id) AS erased
            ON event.distinct_id = erased.distinct_id
            WHERE event.version <= erased.until
            """,
            began(round),
            team(round),
            named(round, "erased"),
            named(round, "erased"),
        ),
    )


def remove_events(round: Round) -> Statement[None]:
    """Start to rewrite the parts of `events` without what is named."""
    return command(
        "removal.remove_events",
        sql(
            "ALTER TABLE events DELETE WHERE {} SETTINGS mutations_sync = 0",
            is_named_event(round),
        ),
    )


def forget_erased(round: Round) -> Statement[None]:
    """Start to remove what was asked for, as it is done."""
    return command(
        "removal.forget_erased",
        sql(
            "ALTER TABLE event_deletions DELETE WHERE {} SETTINGS mutations_sync = 0",
            is_erased(round),
        ),
    )


def is_named_event(round: Round) -> Sql:
    """Return the condition that a row of `events` is to go."""
    return sql(
        """team_id = {} AND distinct_id IN (SELECT distinct_id FROM {})
                AND (distinct_id, version) IN (SELECT distinct_id, version FROM {})""",
        team(round),
        named(round, "event"),
        named(round, "event"),
    )


def is_erased(round: Round) -> Sql:
    """Return the condition that a row of `event_deletions` was done in this round."""
    return sql(
        """team_id = {} AND (distinct_id, until, person_id) IN (
                SELECT distinct_id, version, person_id FROM {})""",
        team(round),
        named(round, "erased"),
    )
