"""A line of an event file turned into an event, or the reason why not.

Two forms, which one line may mix: our own, with the whole of the person's properties as they were
at the event in `person_properties`; and what PostHog's libraries capture, where `$set` and
`$set_once` say what the event sets, beside the event or within its `properties`. Of a captured
event these two are the person's properties: more is not known from the line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from queries.import_values import (
    MAX_DISTINCT_ID_CHARS,
    Unfit,
    check_properties,
    distinct_id_of,
    moment_of,
    shown,
    uuid_of,
)
from queries.imports import (
    Record,
    Reject,
    keys_of,
    object_of,
    refuse_unknown,
    value_of,
)
from queries.times import to_us

MAX_EVENT_CHARS = 400


class EventInput(Struct, frozen=True, gc=False):
    """An event as a file describes it.

    Attributes:
        uuid: None where the source has none: it is then made of all the rest.
        at_us: when it happened, in microseconds since 1970.
        properties: a JSON object, byte for byte as in the source; `{}` if absent or null.
        person_properties: as well, what the person was then; joined of `$set_once` and `$set`
            where the source has those.
    """

    uuid: UUID | None
    event: str
    distinct_id: str
    at_us: int
    properties: bytes
    person_properties: bytes

    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        return len(self.properties) + len(self.person_properties)


EventOutcome: TypeAlias = EventInput | Reject

_ABSENT = Raw(b"")
_SETS = ("$set_once", "set_once", "$set", "set")
_NAMED = b'"$set'


class _Own(Struct, forbid_unknown_fields=True, gc=False):
    """A line of our own form."""

    event: Annotated[str, Meta(min_length=1, max_length=MAX_EVENT_CHARS)]
    distinct_id: Annotated[str, Meta(min_length=1, max_length=MAX_DISTINCT_ID_CHARS)]
    timestamp: datetime
    uuid: UUID | None = None
    properties: Raw = Raw(b"{}")
    person_properties: Raw = _ABSENT


# What PostHog's libraries, its plugins and its export of events have beside: how the event was
# sent, whom it was taken to concern, or what is made of it.
_IGNORED = frozenset(
    (
        *("api_key", "token", "team_id", "project_id", "type", "library", "library_version"),
        *("message_id", "messageId", "offset", "now", "sent_at", "ip", "site_url", "context"),
        *("created_at", "inserted_at", "person_id", "person_created_at", "person_mode"),
        *("elements", "elements_chain", "elements_hash", "session_id", "window_id", "options"),
        *("groups", "$groups", "send_feature_flags", "historical_migration"),
    )
)
_KEYS = frozenset((*_Own.__struct_fields__, *_SETS))

_decode_own = msgspec.json.Decoder(_Own).decode


def event(line: int, record: bytes) -> EventOutcome:
    """Decode a line of either form."""
    try:
        own = _decode_own(record)
        properties, person = bytes(own.properties), bytes(own.person_properties)
        if person or _NAMED not in properties:
            check_properties(properties)
            check_properties(person or b"{}", "person_properties")
            return EventInput(
                own.uuid,
                own.event,
                own.distinct_id,
                _at_us(own.timestamp),
                properties,
                person or b"{}",
            )
    except (ValueError, msgspec.MsgspecError, RecursionError):
        # Another spelling, or a reason: what follows knows.
        pass
    try:
        return _read(record)
    except Unfit as unfit:
        return Reject(line, str(unfit))


def _read(line: bytes) -> EventInput:
    """Read a record in the way that takes more spellings, and knows the reason if none fits."""
    record = keys_of(line)
    refuse_unknown(record, _KEYS, _IGNORED)
    properties = object_of(record, "properties") or b"{}"
    check_properties(properties)
    captured = keys_of(properties)
    person = object_of(record, "person_properties")
    if person is None:
        person = _person(record, captured)
    check_properties(person, "person_properties")
    return EventInput(
        uuid_of("uuid", value_of(record, "uuid")),
        _name(value_of(record, "event")),
        _distinct_id(record, captured),
        _at_us(value_of(record, "timestamp")),
        properties,
        person,
    )


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Unfit(f"`event` must be a text that is not empty, not {shown(value)}")
    if len(value) > MAX_EVENT_CHARS:
        raise Unfit(
            f"`event` has {len(value)} characters, at most {MAX_EVENT_CHARS} are kept:"
            f" {shown(value)}"
        )
    return value


def _distinct_id(record: Record, captured: Record) -> str:
    """The event's, or the one that posthog-js has among the properties."""
    value = value_of(record, "distinct_id", ids=True)
    if value is None:
        value = value_of(captured, "distinct_id", ids=True)
    if value is None:
        raise Unfit("there is no `distinct_id`")
    return distinct_id_of("distinct_id", value)


def _at_us(value: object) -> int:
    moment = moment_of("timestamp", value)
    if moment is None:
        raise Unfit("there is no `timestamp`")
    return to_us(moment)


def _person(record: Record, captured: Record) -> bytes:
    """Join what the event sets: once, then anyway; what stands beside it after what is within."""
    joined: Record = {}
    for key in _SETS:
        for source in (captured, record) if key[0] == "$" else (record,):
            raw = object_of(source, key)
            if raw is not None:
                check_properties(raw, key)
                joined.update(keys_of(raw))
    return msgspec.json.encode(joined)
