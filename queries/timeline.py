"""What a person's properties were over time, as its events tell.

The crucial properties are looked at from event to event. Where one of them differs from the event
before a new point begins; a point shows all properties as the event that opened it has them. All
of that is found in ClickHouse: the events are put in order, each with a hash of its crucial texts,
and only those that open a point are then read whole.
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


class Openings(Struct, frozen=True):
    """The events that open a point, in order, and how many events there are.

    Attributes:
        total: events in the range.
        places: of each opening among all events, counted from 1.
        times_us: theirs, microseconds since 1970.
        uuids: theirs.
        turns: in which they came: with the other two, what tells an event from all others.
    """

    total: int
    places: list[int]
    times_us: list[int]
    uuids: list[UUID]
    turns: list[int]

    def counts(self) -> list[int]:
        """Return how many events each point stands for: those until the next one."""
        return [end - place for place, end in pairwise([*self.places, self.total + 1])]


class Snapshot(Struct, frozen=True, gc=False):
    """What a person was at an event, as the JSON text that was stored."""

    at_us: int
    uuid: UUID
    arrived: int
    properties: str


def find_openings(range: Range, keys: Collection[str], *, most: int) -> Statement[Openings]:
    """Find the events that open a point: the first, and each unlike the one before it.

    Always one row. Events of one time are in the order in which they came.

    Args:
        range: which events.
        keys: the crucial properties; of none there is one point for all.
        most: points that are returned; a caller asks for one more than it shows.
    """
    return Statement(
        "timeline.openings",
        sql(
            """
            SELECT length(states) AS total,
                arraySlice(arrayFilter((one, opens) -> opens, arrayEnumerate(opening), opening),
                    1, {}) AS places,
                arraySlice(arrayFilter((one, opens) -> opens, ats, opening), 1, {}) AS times_us,
                arraySlice(arrayFilter((one, opens) -> opens, ones, opening), 1, {}) AS uuids,
                arraySlice(arrayFilter((one, opens) -> opens, came, opening), 1, {}) AS turns
            FROM (
                SELECT groupArray(at) AS ats, groupArray(one) AS ones, groupArray(turn) AS came,
                    groupArray(state) AS states,
                    arrayMap(
                        (place, state, before) -> place = 1 OR state != before,
                        arrayEnumerate(states), states, arrayShiftRight(states, 1)) AS opening
                FROM (
                    SELECT toUnixTimestamp64Micro(timestamp) AS at, uuid AS one, arrived AS turn,
                        {} AS state
                    FROM events FINAL
                    PREWHERE {}
                    WHERE {}
                    ORDER BY timestamp, arrived, uuid))
            """,
            *([bind("UInt32", most)] * 4),
            _state(keys),
            keys_within(range),
            passes(range),
        ),
        Openings,
    )


def read_snapshots(range: Range, openings: Openings) -> Statement[Snapshot]:
    """Select what the person was at each of the openings, in no useful order.

    One that was removed meanwhile is missing.
    """
    return Statement(
        "timeline.snapshots",
        sql(
            """
            SELECT toUnixTimestamp64Micro(timestamp) AS at_us, toString(events.uuid) AS uuid,
                arrived, person_properties AS properties
            FROM events FINAL
            PREWHERE {} AND (timestamp, events.uuid) IN (
                SELECT fromUnixTimestamp64Micro(one.1, 'UTC'), one.2
                FROM (SELECT arrayJoin(arrayZip({}, {})) AS one))
            WHERE {}
            """,
            keys_within(_narrowed(range, openings.times_us)),
            bind("Array(Int64)", openings.times_us),
            bind("Array(UUID)", list(map(str, openings.uuids))),
            passes(range),
        ),
        Snapshot,
        threads=1,
    )


def _narrowed(range: Range, times_us: Sequence[int]) -> Range:
    return replace(range, from_us=times_us[0], to_us=times_us[-1])


def _state(keys: Collection[str]) -> Sql:
    """Return a hash of the crucial texts, in which an absent one differs from all texts."""
    if not keys:
        return sql("toUInt64(0)")
    parts: list[str | Bind] = []
    for key in sorted(keys):
        value = text(key)
        parts.append(", " if parts else "sipHash64(")
        parts.extend(sql("isNull({}), ifNull({}, '')", value, value).parts)
    return Sql((*parts, ")"))
