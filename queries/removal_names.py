"""Names what is to be removed of deleted persons, into the table `removing`.

First the persons, then all superseded rows where they stood, and where others stood who ever had
one of their distinct ids (who lost one by a split or a merge). Such rows are named by place and
version, below the newest version there: whatever is written meanwhile, nobody changes by their
going. Then the persons' history, the entries of the log that hold values, and last, when all that
is gone, rows of the index of distinct ids, from which the others were found.
"""

from __future__ import annotations

from msgspec import Struct

from queries.sql import Sql, bind, sql
from queries.statement import Statement


class Round(Struct, frozen=True):
    """A round: whose persons it removes, and when it began, in microseconds since 1970."""

    project: int
    began_us: int


HOLDS_VALUES = sql(
    """(JSONExtractRaw(detail, 'changes', 1, 'before') NOT IN ('', 'null')
                  OR JSONExtractRaw(detail, 'changes', 1, 'after') NOT IN ('', 'null'))"""
)


def name_persons(round: Round, most: int) -> Statement[None]:
    """Name the deleted persons, those deleted first; `most` are as many as a round takes."""
    return command(
        "removal.name_persons",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, person_number, version)
            SELECT {}, 'person', person_id, any(person_number), max(tombstone)
            FROM deletions FINAL
            WHERE team_id = {} AND verified_at IS NULL
            GROUP BY person_id ORDER BY min(created_at) LIMIT {}
            """,
            began(round),
            team(round),
            bind("UInt32", most),
        ),
    )


def name_ids(round: Round) -> Statement[None]:
    """Name whoever has or had a distinct id that one of the persons ever had, with their place."""
    return command(
        "removal.name_ids",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, created_at, distinct_id, version)
            SELECT DISTINCT {}, 'id', person_id, created_at, distinct_id, {}
            FROM distinct_ids
            WHERE team_id = {} AND distinct_id IN (
                SELECT distinct_id FROM distinct_ids
                WHERE team_id = {} AND person_id IN (SELECT person_id FROM {}))
            """,
            began(round),
            began(round),
            team(round),
            team(round),
            named(round, "person"),
        ),
    )


def name_rows(round: Round) -> Statement[None]:
    """Name the superseded rows in all these places, those too that a mask hides already."""
    return command(
        "removal.name_rows",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, created_at, version)
            SELECT {}, 'row', id, created_at, old
            FROM (
                SELECT id, created_at, max(version) AS newest,
                    groupUniqArrayIf(version, is_deleted = 0) AS held
                FROM persons
                WHERE team_id = {} AND (created_at, id) IN (
                    SELECT created_at, id FROM person_keys
                    WHERE team_id = {} AND (number, id) IN (
                        SELECT person_number, person_id FROM {})
                    UNION ALL
                    SELECT created_at, person_id FROM {})
                GROUP BY created_at, id)
            ARRAY JOIN arrayFilter(one -> one < newest, held) AS old
            SETTINGS apply_deleted_mask = 0
            """,
            began(round),
            team(round),
            team(round),
            named(round, "person"),
            named(round, "id"),
        ),
    )


def name_entries(round: Round) -> Statement[None]:
    """Name the entries of the log that hold values of the persons from before their deletion.

    Of those others who are alive only splits and merges, which list distinct ids.
    """
    return command(
        "removal.name_entries",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, created_at)
            SELECT DISTINCT {}, 'entry', entry.id, entry.created_at
            FROM (
                SELECT id, created_at, person_id, activity FROM activity
                WHERE team_id = {} AND {}) AS entry
            INNER JOIN ({}) AS person
            ON entry.person_id = person.person_id
            WHERE toUnixTimestamp64Micro(entry.created_at) <= person.until
              AND (person.is_deleted OR entry.activity IN ('split_person', 'people_merged_into')
                OR {})
            """,
            began(round),
            team(round),
            HOLDS_VALUES,
            _concerned(round),
            _is_not_alive(round, sql("entry.person_id")),
        ),
    )


def name_history(round: Round) -> Statement[None]:
    """Name what is noted of the persons from before their deletion.

    And of those who had one of their distinct ids and are not alive: they were merged into them.
    """
    return command(
        "removal.name_history",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, version)
            SELECT DISTINCT {}, 'history', noted.person_id, noted.version
            FROM (
                SELECT person_id, version FROM history
                WHERE team_id = {} AND person_id IN (
                    SELECT person_id FROM removing
                    WHERE round = {} AND kind IN ('person', 'id'))) AS noted
            INNER JOIN ({}) AS person
            ON noted.person_id = person.person_id
            WHERE noted.version <= person.until
              AND (person.is_deleted OR {})
            """,
            began(round),
            team(round),
            began(round),
            _concerned(round),
            _is_not_alive(round, sql("noted.person_id")),
        ),
    )


def _concerned(round: Round) -> Sql:
    """Return a SELECT of who is named, until which version, and if it is one of the deleted."""
    return sql(
        """
                SELECT person_id, min(version) AS until, max(kind = 'person') AS is_deleted
                FROM removing
                WHERE round = {} AND kind IN ('person', 'id')
                GROUP BY person_id""",
        began(round),
    )


def _is_not_alive(round: Round, person: Sql) -> Sql:
    return sql(
        """{} NOT IN (
                    SELECT id FROM persons FINAL
                    WHERE team_id = {} AND (created_at, id) IN (
                        SELECT created_at, person_id FROM {}))""",
        person,
        team(round),
        named(round, "id"),
    )


def name_free(round: Round) -> Statement[None]:
    """Name the rows of the index of distinct ids that lead to nobody who has the id now.

    In the project's turn only: others write such a row a moment before its person.
    """
    return command(
        "removal.name_free",
        sql(
            """
            INSERT INTO removing (round, kind, person_id, created_at, distinct_id)
            SELECT {}, 'free', person_id, created_at, distinct_id
            FROM {}
            WHERE (created_at, person_id, distinct_id) NOT IN ({})
            """,
            began(round),
            named(round, "id"),
            held(round),
        ),
    )


def held(round: Round) -> Sql:
    """Return a SELECT of who has which of the distinct ids now, with their place."""
    return sql(
        """
                SELECT created_at, id, distinct_id
                FROM (
                    SELECT created_at, id, distinct_ids FROM persons FINAL
                    WHERE team_id = {} AND (created_at, id) IN (
                        SELECT created_at, person_id FROM {}))
                ARRAY JOIN distinct_ids AS distinct_id
                WHERE distinct_id IN (SELECT distinct_id FROM {})""",
        team(round),
        named(round, "id"),
        named(round, "id"),
    )


def named(round: Round, kind: str) -> Sql:
    """Return what is named in a round, to stand after FROM."""
    return sql(
        "(SELECT * FROM removing WHERE round = {} AND kind = {})",
        began(round),
        bind("String", kind),
    )


def began(round: Round) -> Sql:
    return sql("{}", bind("UInt64", round.began_us))


def team(round: Round) -> Sql:
    return sql("{}", bind("UInt32", round.project))


def command(name: str, text: Sql) -> Statement[None]:
    return Statement(name, text, type(None))
