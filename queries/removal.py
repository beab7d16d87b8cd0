"""Removes what was named of deleted persons (queries/removal_names.py), and looks if it is gone."""

from __future__ import annotations

from msgspec import Struct

from queries.event_removal import is_erased, is_named_event
from queries.removal_names import HOLDS_VALUES, Round, began, command, held, named, team
from queries.sql import Sql, bind, sql
from queries.statement import Statement


class Begun(Struct, frozen=True):
    """How many persons a round removes, and of how many distinct ids the events."""

    persons: int
    erased: int


class OldRound(Struct, frozen=True):
    """A round of which something is left."""

    began_us: int


class Left(Struct, frozen=True):
    """What a scan found: rows that hold what was to go, masked ones too."""

    rows: int
    entries: int
    answers: int
    noted: int
    events: int

    def is_nothing(self) -> bool:
        """Say whether all is gone."""
        return not (self.rows or self.entries or self.answers or self.noted or self.events)


class LeftIds(Struct, frozen=True):
    """As `Left`, of the index of distinct ids, and of those whose events were to go."""

    links: int
    erased: int


def count_named(round: Round) -> Statement[Begun]:
    """Count the persons and distinct ids named; always one row."""
    return Statement(
        "removal.count_named",
        sql(
            "SELECT countIf(kind = 'person') AS persons, countIf(kind = 'erased') AS erased"
            " FROM removing WHERE round = {}",
            began(round),
        ),
        Begun,
    )


def remove_rows(round: Round) -> Statement[None]:
    """Start to rewrite the parts of `persons` without the rows named."""
    return command(
        "removal.remove_rows",
        sql(
            "ALTER TABLE persons DELETE WHERE {} SETTINGS mutations_sync = 0", _is_named_row(round)
        ),
    )


def apply_mask() -> Statement[None]:
    """Start to rewrite the parts of `persons` in which a mask hides rows, without those."""
    return command(
        "removal.apply_mask",
        sql("ALTER TABLE persons APPLY DELETED MASK SETTINGS mutations_sync = 0"),
    )


def scrub_entries(round: Round) -> Statement[None]:
    """Start to take the values out of the entries named; what was done, when and by whom stays."""
    return command(
        "removal.scrub_entries",
        sql(
            """
            ALTER TABLE activity UPDATE detail = concat(
                {}, JSONExtractRaw(detail, 'name'), {},
                if(empty(property_keys), '', concat({}, toJSONString(property_keys))), {})
            WHERE {}
            SETTINGS mutations_sync = 0
            """,
            bind("String", '{"changes":null,"name":'),
            bind("String", ',"short_id":null,"trigger":null,"type":null'),
            bind("String", ',"property_keys":'),
            bind("String", "}"),
            _is_named_entry(round),
        ),
    )


def forget_answers(round: Round) -> Statement[None]:
    """Start to remove the answers kept for repeats that show one of the persons."""
    return command(
        "removal.forget_answers",
        sql(
            "ALTER TABLE idempotency DELETE WHERE {} SETTINGS mutations_sync = 0",
            _shows_person(round),
        ),
    )


def forget_history(round: Round) -> Statement[None]:
    """Start to remove what is noted of the persons."""
    return command(
        "removal.forget_history",
        sql(
            "ALTER TABLE history DELETE WHERE {} SETTINGS mutations_sync = 0",
            _is_of_person(round),
        ),
    )


def count_left(round: Round) -> Statement[Left]:
    """Count what is there of that which is to go, in all active parts; always one row."""
    return Statement(
        "removal.count_left",
        sql(
            """
            SELECT
                (SELECT count() FROM persons WHERE {} SETTINGS apply_deleted_mask = 0) AS rows,
                (SELECT count() FROM activity WHERE {} AND {}) AS entries,
                (SELECT count() FROM idempotency WHERE {}) AS answers,
                (SELECT count() FROM history WHERE {}) AS noted,
                (SELECT count() FROM events WHERE {} SETTINGS apply_deleted_mask = 0) AS events
            """,
            _is_named_row(round),
            _is_named_entry(round),
            HOLDS_VALUES,
            _shows_person(round),
            _is_of_person(round),
            is_named_event(round),
        ),
        Left,
    )


def remove_free(round: Round) -> Statement[None]:
    """Start to remove what `name_free` named; what is written later stays."""
    return command(
        "removal.remove_free",
        sql(
            "ALTER TABLE distinct_ids DELETE WHERE {} SETTINGS mutations_sync = 0", _is_free(round)
        ),
    )


def restore_held(round: Round) -> Statement[None]:
    """Write anew what leads to persons who got one of the ids meanwhile, in another process."""
    return command(
        "removal.restore_held",
        sql(
            """
            INSERT INTO distinct_ids (team_id, distinct_id, person_id, created_at)
            SELECT {}, distinct_id, person_id, created_at FROM {}
            WHERE (created_at, person_id, distinct_id) IN ({})
            """,
            team(round),
            named(round, "free"),
            held(round),
        ),
    )


def count_left_ids(round: Round) -> Statement[LeftIds]:
    """Count the rows of the index of distinct ids that were to go; always one row."""
    return Statement(
        "removal.count_left_ids",
        sql(
            """
            SELECT count() AS links,
                (SELECT count() FROM event_deletions WHERE {}) AS erased
            FROM distinct_ids
            WHERE {} AND (created_at, person_id, distinct_id) NOT IN ({})
            """,
            is_erased(round),
            _is_free(round),
            held(round),
        ),
        LeftIds,
    )


def complete(round: Round, now_us: int) -> Statement[None]:
    """Note that the persons are gone: all those of whom a scan of everybody finds no old row.

    And whose events, where they were to go too, went in this round or one before.
    """
    return command(
        "removal.complete",
        sql(
            """
            INSERT INTO deletions (
                team_id, created_at, person_id, person_number, tombstone, verified_at, version)
            SELECT {}, deletion.created_at, deletion.person_id, deletion.person_number,
                deletion.tombstone, fromUnixTimestamp64Micro({}, 'UTC'), deletion.version + 1
            FROM (
                SELECT created_at, person_id, person_number, tombstone, version
                FROM deletions FINAL
                WHERE team_id = {} AND verified_at IS NULL) AS deletion
            INNER JOIN (SELECT person_id, version FROM {}) AS person
            ON deletion.person_id = person.person_id
            WHERE deletion.tombstone <= person.version AND deletion.person_id NOT IN (
                SELECT old.id
                FROM (
                    SELECT id, version FROM persons
                    WHERE team_id = {} AND is_deleted = 0 AND id IN (SELECT person_id FROM {})
                    SETTINGS apply_deleted_mask = 0) AS old
                INNER JOIN (SELECT person_id, version FROM {}) AS gone
                ON old.id = gone.person_id
                WHERE old.version < gone.version)
              AND deletion.person_id NOT IN (
                SELECT person_id FROM event_deletions WHERE team_id = {} AND tombstone > 0)
            """,
            team(round),
            bind("Int64", now_us),
            team(round),
            named(round, "person"),
            team(round),
            named(round, "person"),
            named(round, "person"),
            team(round),
        ),
    )


def list_rounds() -> Statement[OldRound]:
    """Select the rounds of which something is named, the first first."""
    return Statement(
        "removal.rounds",
        sql("SELECT DISTINCT round AS began_us FROM removing ORDER BY round"),
        OldRound,
    )


def end_round(began_us: int) -> Statement[None]:
    """Forget what a round named."""
    return command(
        "removal.end_round",
        sql("ALTER TABLE removing DROP PARTITION {}", bind("UInt64", began_us)),
    )


def _is_named_row(round: Round) -> Sql:
    return sql(
        """team_id = {} AND is_deleted = 0 AND (created_at, id, version) IN (
                SELECT created_at, person_id, version FROM {})""",
        team(round),
        named(round, "row"),
    )


def _is_named_entry(round: Round) -> Sql:
    return sql(
        "team_id = {} AND (created_at, id) IN (SELECT created_at, person_id FROM {})",
        team(round),
        named(round, "entry"),
    )


def _shows_person(round: Round) -> Sql:
    """Return the condition that a kept answer is one of the persons: that has its uuid."""
    return sql(
        "team_id = {} AND toUUIDOrZero(extract(body, {})) IN (SELECT person_id FROM {})",
        team(round),
        bind("String", '"uuid":"([0-9a-f-]{36})"'),
        named(round, "person"),
    )


def _is_of_person(round: Round) -> Sql:
    return sql(
        "team_id = {} AND (person_id, version) IN (SELECT person_id, version FROM {})",
        team(round),
        named(round, "history"),
    )


def _is_free(round: Round) -> Sql:
    return sql(
        """team_id = {} AND (distinct_id, person_id, created_at) IN (
                SELECT distinct_id, person_id, created_at FROM {})""",
        team(round),
        named(round, "free"),
    )
