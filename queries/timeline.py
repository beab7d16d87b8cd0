"""What a person's properties were over time, as its events tell.

The crucial properties are looked at from event to event. Where one of them differs from the event
before a new point begins; a point shows all properties as the event that opened it has them. All
of that is found in ClickHouse: the events are put in order, each with a hash of its crucial texts,
and of those in a row that have the same hash the first stays. Of a person with many events only
the openings are then read whole; of one with few all are at once, which saves a statement.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from queries.events import Range, keys_within, passes, text
from queries.sql import Bind, Sql, bind, sql
from queries.statement import Statement

# Of a person with so many events or fewer the snapshots come with the openings.
FEW_EVENTS = 500


class Opening(Struct, frozen=True, array_like=True):
    """An event that opens a point.

    Attributes:
        place: among all events of the range, counted from 1.
        at_us: its time, microseconds since 1970.
        uuid: its own.
        turn: in which it came: with the other two, what tells it from all others of the person.
        properties: what the person was, as the JSON text that was stored; empty where there are
            more than `FEW_EVENTS` events.
    """

    place: int
    at_us: int
    uuid: UUID
    turn: int
    properties: str


class Openings(Struct, frozen=True):
    """The events that open a point, in order, and how many events there are in all."""

    total: int
    openings: list[Opening]

    def counts(self) -> list[int]:
        """Return how many events each point stands for: those until the next one."""
        places = [opening.place for opening in self.openings]
        return [end - place for place, end in pairwise([*places, self.total + 1])]


class Snapshot(Struct, frozen=True, gc=False):
    """What a person was at an event, as the JSON text that was stored."""

    at_us: int
    uuid: UUID
    turn: int
    properties: str


def find_openings(range: Range, keys: Collection[str], *, most: int) -> Statement[Openings]:
    """Find the events that open a point: the first, and each unlike the one before it.

    Always one row. Events of one time are in the order in which they came. That a subquery counts
    before is no detour: the column it leaves out is not even opened.

    Args:
        range: which events.
        keys: the crucial properties; of none there is one point for all.
        most: points that are returned; a caller asks for one more than it shows.
    """
    keyed = keys_within(range)
    return Statement(
        "timeline.openings",
        sql(
            """
            SELECT count() AS total, arraySlice(arrayCompact(one -> one.6, arrayZip(
                arrayEnumerate(groupArray(state)), groupArray(at), groupArray(uuid),
                groupArray(arrived), groupArray(snapshot), groupArray(state))), 1, {}) AS openings
            FROM (
                SELECT toUnixTimestamp64Micro(timestamp) AS at, uuid, arrived,
                    if((SELECT count() FROM (SELECT 1 FROM events PREWHERE {} LIMIT {})) > {},
                        '', person_properties) AS snapshot,
                    {} AS state
                FROM events FINAL
                PREWHERE {}
                WHERE {}
                ORDER BY timestamp, arrived, uuid)
            """,
            bind("UInt32", most),
            keyed,
            bind("UInt32", FEW_EVENTS + 1),
            bind("UInt32", FEW_EVENTS),
            _state(keys),
            keyed,
            passes(range),
        ),
        Openings,
    )


def read_snapshots(range: Range, openings: Sequence[Opening]) -> Statement[Snapshot]:
    """Select what the person was at each of the openings, in no useful order.

    One that was removed meanwhile is missing, and others may be among them that share a time with
    one and the uuid with another. There must be one opening at least, in order.
    """
    narrowed = replace(range, from_us=openings[0].at_us, to_us=openings[-1].at_us)
    return Statement(
        "timeline.snapshots",
        sql(
            """
            SELECT toUnixTimestamp64Micro(timestamp) AS at_us, uuid, arrived AS turn,
                person_properties AS properties
            FROM events FINAL
            PREWHERE {} AND timestamp IN (
                SELECT fromUnixTimestamp64Micro(arrayJoin({}), 'UTC'))
            WHERE uuid IN (SELECT arrayJoin({})) AND {}
            """,
            keys_within(narrowed),
            bind("Array(Int64)", [opening.at_us for opening in openings]),
            bind("Array(UUID)", [str(opening.uuid) for opening in openings]),
            passes(range),
        ),
        Snapshot,
    )


def _state(keys: Collection[str]) -> Sql:
    """Return a hash of the crucial texts, in which an absent one differs from all texts."""
    if not keys:
        return sql("toUInt64(0)")
    parts: list[str | Bind] = []
    for key in sorted(keys):
        parts.append(", " if parts else "sipHash64(")
        parts.extend(sql("ifNull(concat('+', {}), '')", text(key)).parts)
    return Sql((*parts, ")"))
