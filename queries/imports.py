"""A record of an import file turned into a person, or the reason why not.

Three modules, a kind of source each, all with the same answer, an `Outcome`: `natural` here
takes a line of our own form and its kin, `import_foreign` the rows of PostHog's batch export and
of Mixpanel, `import_columns` a row of a table. None is a record that is no person: a deleted
row, or a message of the tool that wrote the file.

Most lines take the short way through `natural`, one decoder with everything checked as it
decodes. Only what fails there is looked at key by key: to find a spelling we know as well, or
the reason. A key we do not know is a reason: it may be data under a misspelt name.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import UTC, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from queries.import_values import (
    MAX_DISTINCT_ID_CHARS,
    Unfit,
    check_properties,
    decode_value,
    distinct_ids_of,
    flag_of,
    json_reason,
    moment_of,
    shown,
    unique,
    uuid_of,
)


class PersonInput(Struct, frozen=True, gc=False):
    """A person as a file describes it.

    It holds no cycles; left to the garbage collector, a batch of them would be walked time and
    again while it grows, which took a third of the time to read a file.

    Attributes:
        uuid: None where the source has none; there is a distinct id then.
        distinct_ids: in the order of the file, each once.
        properties: a JSON object, byte for byte as in the source; `{}` if absent or null.
        created_at: in UTC, of the years 1900 to 2299; so is `last_seen_at`.
        is_identified: None where the source does not say.
        last_seen_at: None where the source does not say.
        source_version: PostHog's version of the person, where the source has it.
    """

    uuid: UUID | None
    distinct_ids: tuple[str, ...]
    properties: bytes
    created_at: datetime | None
    is_identified: bool | None
    last_seen_at: datetime | None
    source_version: int | None

    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        return len(self.properties)


class Reject(Struct, frozen=True):
    """A record that was not imported.

    Attributes:
        line: counted from 1; where the record starts, or a row's number in Parquet.
        reason: names the field and what would be right; shows little of the data.
    """

    line: int
    reason: str


Outcome: TypeAlias = PersonInput | Reject | None
Record: TypeAlias = dict[str, Raw]

_ABSENT = Raw(b"")
_NULL = Raw(b"null")
_DistinctId = Annotated[str, Meta(min_length=1, max_length=MAX_DISTINCT_ID_CHARS)]


class _Natural(Struct, forbid_unknown_fields=True, gc=False):
    """A line as we export it. `name` and `type` follow from the rest and are not read."""

    uuid: UUID | None = None
    distinct_ids: tuple[_DistinctId, ...] = ()
    properties: Raw = Raw(b"{}")
    created_at: datetime | None = None
    is_identified: bool | None = None
    last_seen_at: datetime | None = None
    id: Raw = _ABSENT
    name: Raw = _ABSENT
    type: Raw = _ABSENT


class _AirbyteRecord(Struct):
    stream: str
    data: Raw


class _AirbyteMessage(Struct):
    record: _AirbyteRecord


# What PostHog's list of persons has beside: it follows from the rest, or is of no use here.
IGNORED = frozenset({"name", "type", "matched_recordings", "value_at_data_point"})
_KEYS = frozenset(_Natural.__struct_fields__) | IGNORED
_AIRBYTE_TYPES = frozenset(
    {"RECORD", "STATE", "LOG", "SPEC", "CONNECTION_STATUS", "CATALOG", "TRACE", "CONTROL"}
)

_decode_natural = msgspec.json.Decoder(_Natural).decode
_decode_record = msgspec.json.Decoder(Record).decode
_decode_airbyte = msgspec.json.Decoder(_AirbyteMessage).decode


def natural(line: int, record: bytes) -> Outcome:
    """Decode our own form and its kin: rows of PostHog's API, bare or wrapped by Airbyte."""
    try:
        fields = _decode_natural(record)
        ids = fields.distinct_ids
        if fields.uuid is None and (fields.id or not ids):
            return explained(line, record, _natural)
        properties = bytes(fields.properties)
        check_properties(properties)
        return PersonInput(
            fields.uuid,
            ids if len(ids) < 2 else unique(ids),
            properties,
            _moment(fields.created_at),
            fields.is_identified,
            _moment(fields.last_seen_at),
            None,
        )
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return explained(line, record, _natural)


def _moment(moment: datetime | None) -> datetime | None:
    """What `moment_of` does, in short where nothing needs to be done."""
    if moment is None or (moment.tzinfo is UTC and 1900 <= moment.year < 2300):
        return moment
    return moment_of("time", moment)


def explained(line: int, record: bytes, read: Callable[[bytes], PersonInput | None]) -> Outcome:
    """Read a record in the way that takes more spellings, and knows the reason if none fits."""
    try:
        return read(record)
    except Unfit as unfit:
        return Reject(line, str(unfit))


def keys_of(record: bytes) -> Record:
    """Decode a JSON object's keys, its values left as they are.

    Raises:
        Unfit: it is something else.
    """
    try:
        return _decode_record(record)
    except msgspec.ValidationError:
        found = shown(record.strip().decode(errors="replace"))
        raise Unfit(f"must be a JSON object, not {found}") from None
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Unfit(json_reason(error)) from error


def _natural(line: bytes) -> PersonInput | None:
    record = keys_of(line)
    if "record" in record or _is_airbyte_message(record):
        return _from_airbyte(line, record)
    if "_airbyte_data" in record:
        return _natural(bytes(record["_airbyte_data"]))
    refuse_unknown(record, _KEYS)
    uuid = uuid_of("uuid", value_of(record, "uuid"))
    return person(
        uuid=uuid_in_id(value_of(record, "id")) if uuid is None else uuid,
        distinct_ids=distinct_ids_of("distinct_ids", value_of(record, "distinct_ids", ids=True)),
        properties=properties_of(record),
        created_at=value_of(record, "created_at"),
        is_identified=value_of(record, "is_identified"),
        last_seen_at=value_of(record, "last_seen_at"),
    )


def _is_airbyte_message(record: Record) -> bool:
    kind = value_of(record, "type")
    return isinstance(kind, str) and kind in _AIRBYTE_TYPES


def _from_airbyte(line: bytes, record: Record) -> PersonInput | None:
    """Read a RECORD of the stream `persons`; any other message is none of a person."""
    if value_of(record, "type") != "RECORD":
        return None
    try:
        message = _decode_airbyte(line).record
    except (ValueError, msgspec.MsgspecError) as error:
        raise Unfit("an Airbyte RECORD must have `record.stream` and `record.data`") from error
    return _natural(bytes(message.data)) if message.stream == "persons" else None


def refuse_unknown(record: Record, known: Set[str], ignored: Set[str] = frozenset()) -> None:
    """Raise `Unfit` for a key that is neither known nor, as its underscore tells, a tool's own."""
    for key in record:
        if key not in known and key not in ignored and not key.startswith("_"):
            raise Unfit(f"unknown key {shown(key)}; known are {', '.join(sorted(known))}")


def value_of(record: Record, key: str, *, ids: bool = False) -> object:
    """The decoded value of a key, None if there is none; for `ids` see `decode_value`."""
    raw = record.get(key)
    return None if raw is None else decode_value(key, bytes(raw), ids=ids)


def properties_of(record: Record, key: str = "properties") -> bytes | None:
    """The bytes of an object, None if it is absent or null."""
    raw = record.get(key)
    return None if raw is None or raw == _NULL else bytes(raw)


def object_of(record: Record, key: str = "properties") -> bytes | None:
    """The bytes of an object, or those within a text that holds one; None if there is none."""
    raw = properties_of(record, key)
    if raw is None or raw[:1] != b'"':
        return raw
    return str(value_of(record, key)).strip().encode()


def uuid_in_id(value: object) -> UUID | None:
    """Read PostHog's `id`: a number of its own, of no use here, or else the UUID."""
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return None
    return uuid_of("id", value)


def person(
    *,
    uuid: UUID | None,
    distinct_ids: tuple[str, ...],
    properties: bytes | None,
    created_at: object,
    is_identified: object,
    last_seen_at: object,
    source_version: int | None = None,
) -> PersonInput:
    """Join what was read to a person; check what still is as it was found.

    Raises:
        Unfit: a value is not fit, or there is neither a UUID nor a distinct id.
    """
    if uuid is None and not distinct_ids:
        raise Unfit("there is neither a UUID nor a distinct id to know the person by")
    if properties is not None:
        check_properties(properties)
    return PersonInput(
        uuid,
        distinct_ids,
        b"{}" if properties is None else properties,
        moment_of("created_at", created_at),
        flag_of("is_identified", is_identified),
        moment_of("last_seen_at", last_seen_at),
        source_version,
    )
