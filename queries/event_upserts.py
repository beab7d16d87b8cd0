"""A batch of events, put together with those that are there already.

An event is known by its distinct id, time and uuid. A line that says the same of it again changes
nothing; one that says something else replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeAlias
from uuid import UUID, uuid5

from msgspec import Struct

from queries.event_lines import EventInput
from queries.events import Hidden
from queries.identity import NAMESPACE
from queries.sql import bind, sql
from queries.statement import Statement
from queries.texts import texts_of

EventKey: TypeAlias = tuple[str, int, UUID]
"""Distinct id, time in microseconds since 1970, uuid."""


class EventRow(Struct, gc=False):
    """An event as it will be written; `arrived` 0 until its place among all is known."""

    uuid: UUID
    event: EventInput
    texts: bytes
    hash: int
    arrived: int = 0

    def key(self) -> EventKey:
        """Return what the event is known by."""
        return self.event.distinct_id, self.event.at_us, self.uuid


class StoredEvent(Struct, frozen=True, gc=False):
    """The newest row of an event."""

    distinct_id: str
    at_us: int
    uuid: UUID
    hash: int
    arrived: int
    version: int


class EventOutcome(Struct, frozen=True):
    """What a batch comes to: `written` and `unchanged` count lines, `rows` are one an event."""

    rows: list[EventRow]
    written: int
    unchanged: int
    version: int


def event_row(project: int, event: EventInput) -> EventRow:
    """Return the row of an event; one without a uuid gets one made of all it says."""
    properties, person = event.properties, event.person_properties
    said = b"%d %b%d %b%b" % (
        *(len(event.event), event.event.encode()),
        *(len(properties), properties),
        person,
    )
    uuid = event.uuid or uuid5(
        NAMESPACE,
        f"{project}:{event.distinct_id}:{event.at_us}:{blake2b(said, digest_size=32).hexdigest()}",
    )
    digest = blake2b(said, digest_size=8).digest()
    return EventRow(uuid, event, texts_of(person).prop, int.from_bytes(digest, "little"))


def upsert_events(
    rows: Sequence[EventRow],
    stored: Iterable[StoredEvent],
    hidden: Iterable[Hidden],
    now_us: int,
    arrived: int,
) -> EventOutcome:
    """Put a batch together with what is stored.

    Args:
        rows: in the order of the lines; an event may come more than once.
        stored: the newest row of each that is there.
        hidden: ids whose events are being removed up to a version: such a one is not there.
        now_us: the version of all, unless one of those before is as high.
        arrived: below the places of the new ones, which are counted on from there.
    """
    until = {one.distinct_id: one.until for one in hidden}
    version = max([now_us, *(last + 1 for last in until.values())])
    hashes: dict[EventKey, int] = {}
    places: dict[EventKey, int] = {}
    for one in stored:
        version = max(version, one.version + 1)
        if one.version > until.get(one.distinct_id, 0):
            key = (one.distinct_id, one.at_us, one.uuid)
            hashes[key], places[key] = one.hash, one.arrived
    written: dict[EventKey, EventRow] = {}
    unchanged = 0
    for row in rows:
        key = row.key()
        if hashes.get(key) == row.hash:
            unchanged += 1
            continue
        arrived += 1
        hashes[key] = row.hash
        row.arrived = places.setdefault(key, arrived)
        written[key] = row
    return EventOutcome(list(written.values()), len(rows) - unchanged, unchanged, version)


def select_stored(project: int, staged: str) -> Statement[StoredEvent]:
    """Select the newest row of each event whose key is staged.

    Args:
        project: whose events.
        staged: a table of `distinct_id`, `timestamp` and `uuid`.
    """
    return Statement(
        "events.stored",
        sql(
            """
            SELECT distinct_id, toUnixTimestamp64Micro(timestamp) AS at_us, toString(one) AS uuid,
                newest.2 AS hash, newest.3 AS arrived, newest.1 AS version
            FROM (
                SELECT distinct_id, timestamp, uuid AS one, max((version, hash, arrived)) AS newest
                FROM events
                WHERE team_id = {} AND (distinct_id, timestamp, uuid) IN (
                    SELECT distinct_id, timestamp, uuid FROM {})
                GROUP BY distinct_id, timestamp, uuid)
            """,
            bind("UInt32", project),
            bind("Identifier", staged),
        ),
        StoredEvent,
    )


def select_hidden(project: int, staged: str) -> Statement[Hidden]:
    """Select which of the staged distinct ids have events that are being removed."""
    return Statement(
        "events.staged_hidden",
        sql(
            """
            SELECT distinct_id, max(event_deletions.until) AS until
            FROM event_deletions
            WHERE team_id = {} AND distinct_id IN (SELECT distinct_id FROM {})
            GROUP BY distinct_id
            """,
            bind("UInt32", project),
            bind("Identifier", staged),
        ),
        Hidden,
    )
