"""Whose events are read: those of the distinct ids a person has now, but for what is deleted.

Nothing in `events` names a person. Its key begins with the distinct id, so the events of a few ids
are a few ranges of it, and of a person with very many one subquery names them.
"""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.lists import rows_of
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement
from queries.texts import column_key

# So many distinct ids are handed from statement to statement; more are named anew by each.
IDS_CARRIED = 1_000
# So many are a parameter by themselves, which a server takes whatever they hold.
_FEW_IDS = 50


class Owner(Struct, frozen=True):
    """A person whose events are asked for.

    Attributes:
        ids: its distinct ids; empty where they are more than `IDS_CARRIED`.
        count: how many it has.
        hiding: how many distinct ids of the project have events that are being removed.
    """

    uuid: UUID
    ids: list[str]
    count: int
    hiding: int


class Hidden(Struct, frozen=True):
    """A distinct id whose events up to a version are deleted, and not removed yet."""

    distinct_id: str
    until: int


# A person's place in `persons`, by its uuid or integer id. Keys are in PREWHERE, as in
# `queries.persons.get_persons`.
_PERSON: LiteralString = """persons FINAL
            PREWHERE team_id = {} AND {} AND (created_at, id) IN (
                SELECT created_at, id FROM person_keys WHERE team_id = {} AND number = {} AND {})"""


def find_owners(project: int, *, uuid: UUID | None = None, number: int = 0) -> Statement[Owner]:
    """Select the persons with a uuid (one at most) or an integer id, and their distinct ids."""
    carried = bind("UInt32", IDS_CARRIED)
    return Statement(
        "events.owners",
        sql(
            """
            SELECT toString(id) AS uuid, if(length(distinct_ids) > {}, [], distinct_ids) AS ids,
                length(distinct_ids) AS count,
                (SELECT count() FROM event_deletions WHERE team_id = {}) AS hiding
            FROM {}
            """,
            carried,
            bind("UInt32", project),
            _person(project, uuid, number),
        ),
        Owner,
        threads=1,
    )


def list_hidden(project: int, owner: Owner) -> Statement[Hidden]:
    """Select which of a person's distinct ids have events that are being removed."""
    return Statement(
        "events.hidden",
        sql(
            """
            SELECT distinct_id, max(event_deletions.until) AS until
            FROM event_deletions
            WHERE team_id = {} AND distinct_id IN {}
            GROUP BY distinct_id
            """,
            bind("UInt32", project),
            _ids(project, owner),
        ),
        Hidden,
        threads=1,
    )


class Told(Struct, frozen=True):
    """What an event said that the person was: JSON; and when, microseconds since 1970."""

    at_us: int
    properties: str


class Range(Struct, frozen=True):
    """Which events of a person: from one time to another, both included, in microseconds.

    `names` empty means events of any name; `hidden` are to be left out.
    """

    project: int
    owner: Owner
    from_us: int
    to_us: int
    names: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()


def keys_within(range: Range) -> Sql:
    """Return the condition on the key of `events`, to stand in PREWHERE with FINAL too."""
    return all_of(
        [
            sql("team_id = {}", bind("UInt32", range.project)),
            sql("distinct_id IN {}", _ids(range.project, range.owner)),
            sql("timestamp >= fromUnixTimestamp64Micro({}, 'UTC')", bind("Int64", range.from_us)),
            sql("timestamp <= fromUnixTimestamp64Micro({}, 'UTC')", bind("Int64", range.to_us)),
        ]
    )


def passes(range: Range) -> Sql:
    """Return the condition on what a version may change, to be asked of the latest."""
    conditions: list[Sql] = []
    if range.names:
        conditions.append(sql("event IN {}", rows_of("Array(String)", range.names)))
    if range.hidden:
        conditions.append(
            sql(
                "version > transform(distinct_id, {}, {}, toUInt64(0))",
                bind("Array(String)", [one.distinct_id for one in range.hidden]),
                bind("Array(UInt64)", [one.until for one in range.hidden]),
            )
        )
    return all_of(conditions)


def find_last_told(range: Range) -> Statement[Told]:
    """Select what the last event said of the person; those that said nothing are passed over."""
    return Statement(
        "events.last_told",
        sql(
            """
            SELECT toUnixTimestamp64Micro(timestamp) AS at_us, person_properties AS properties
            FROM events FINAL
            PREWHERE {}
            WHERE person_properties != {} AND {}
            ORDER BY timestamp DESC, arrived DESC, uuid DESC
            LIMIT 1
            """,
            keys_within(range),
            bind("String", "{}"),
            passes(range),
        ),
        Told,
    )


def text(key: str) -> Sql:
    """What a property of the person was at an event, as Nullable(String)."""
    return sql("prop.{}.:String", bind("Identifier", column_key(key)))


def _ids(project: int, owner: Owner) -> Sql:
    if owner.count <= _FEW_IDS:
        return sql("{}", bind("Array(String)", owner.ids))
    if owner.count <= IDS_CARRIED:
        return rows_of("Array(String)", owner.ids)
    return sql(
        "(SELECT arrayJoin(distinct_ids) FROM {})",
        _person(project, owner.uuid, 0),
    )


def _person(project: int, uuid: UUID | None, number: int) -> Sql:
    by_uuid = sql("true") if uuid is None else sql("id = {}", bind("UUID", str(uuid)))
    team = bind("UInt32", project)
    sought = bind("UInt64", number if uuid is None else person_number(uuid))
    return sql(_PERSON, team, by_uuid, team, sought, by_uuid)
