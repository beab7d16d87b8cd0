"""Records of other makers: PostHog's batch export and tables, and Mixpanel's profiles.

What is renamed of a Mixpanel profile: `$email` and `$name` to `email` and `name`, unless the
profile has such a key as well; `$created` and `$last_seen` become the person's times. Without
any name, `name` is made of `$first_name` and `$last_name`. All other keys stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec import Raw

from queries.import_values import (
    Unfit,
    check_properties,
    distinct_id_of,
    flag_of,
    uuid_of,
    version_of,
)
from queries.imports import (
    Outcome,
    PersonInput,
    Record,
    explained,
    keys_of,
    natural,
    object_of,
    person,
    properties_of,
    refuse_unknown,
    value_of,
)

Decode: TypeAlias = Callable[[int, bytes], Outcome]

# Its `version` is the mapping's, and its persons would lose their properties.
MAPPING = "a row of `person_distinct_id2` holds no person; import the batch export of persons"

_POSTHOG_KEYS = frozenset(
    {
        *("team_id", "distinct_id", "person_id", "id", "properties", "created_at", "last_seen_at"),
        *("is_identified", "is_deleted", "person_version", "person_distinct_id_version", "version"),
    }
)
_MIXPANEL_KEYS = frozenset(
    {
        *("$distinct_id", "$properties", "$set"),
        # Of an update; they tell how it was sent.
        *("$token", "$ip", "$time", "$ignore_time", "$ignore_alias"),
    }
)


def shape_of(record: bytes) -> Decode | None:
    """Tell by its keys which function reads a record; None if they tell nothing."""
    try:
        keys = keys_of(record).keys()
    except Unfit:
        return None
    if keys & {"uuid", "distinct_ids", "record", "_airbyte_data"}:
        return natural
    if "$distinct_id" in keys:
        return mixpanel
    if keys & {"person_id", "distinct_id", "team_id", "person_version", "is_deleted", "version"}:
        return posthog
    return None


def posthog(line: int, record: bytes) -> Outcome:
    """Decode a row of PostHog's batch export, its DuckLake view or ClickHouse's `person`.

    A row has one distinct id at most: the persons of several rows are for the caller to join.
    """
    return explained(line, record, _posthog)


def _posthog(row: bytes) -> PersonInput | None:
    record = keys_of(row)
    refuse_unknown(record, _POSTHOG_KEYS)
    if flag_of("is_deleted", value_of(record, "is_deleted")):
        return None
    if "person_id" in record and "version" in record:
        raise Unfit(MAPPING)
    key = "person_id" if "person_id" in record else "id"
    distinct_id = value_of(record, "distinct_id", ids=True)
    version = "version" if "version" in record else "person_version"
    return person(
        uuid=uuid_of(key, value_of(record, key)),
        distinct_ids=() if distinct_id is None else (distinct_id_of("distinct_id", distinct_id),),
        properties=object_of(record),
        created_at=value_of(record, "created_at"),
        is_identified=value_of(record, "is_identified"),
        last_seen_at=value_of(record, "last_seen_at"),
        source_version=version_of(version, value_of(record, version)),
    )


def mixpanel(line: int, record: bytes) -> Outcome:
    """Decode a profile as Mixpanel's engage query has it, or as an update sets it."""
    return explained(line, record, _mixpanel)


def _mixpanel(row: bytes) -> PersonInput:
    record = keys_of(row)
    refuse_unknown(record, _MIXPANEL_KEYS)
    if "$properties" in record and "$set" in record:
        raise Unfit("a profile has `$properties` or `$set`, not both")
    properties = _profile(record, "$set" if "$set" in record else "$properties")
    created_at = _taken(properties, "$created")
    last_seen_at = _taken(properties, "$last_seen")
    return person(
        uuid=None,
        distinct_ids=(distinct_id_of("$distinct_id", value_of(record, "$distinct_id", ids=True)),),
        properties=msgspec.json.encode(_renamed(properties)),
        created_at=created_at,
        is_identified=None,
        last_seen_at=last_seen_at,
    )


def _profile(record: Record, key: str) -> Record:
    raw = properties_of(record, key)
    if raw is None:
        return {}
    check_properties(raw)
    return keys_of(raw)


def _taken(properties: Record, key: str) -> object:
    value = value_of(properties, key)
    properties.pop(key, None)
    return value


def _renamed(properties: Record) -> Record:
    renamed: Record = {}
    for key, raw in properties.items():
        plain = key.removeprefix("$")
        renames = key in {"$email", "$name"} and plain not in properties
        renamed[plain if renames else key] = raw
    if "name" not in renamed:
        parts = [value_of(properties, key) for key in ("$first_name", "$last_name")]
        name = " ".join(part for part in parts if isinstance(part, str) and part)
        if name:
            renamed["name"] = Raw(msgspec.json.encode(name))
    return renamed
