"""Properties set in or taken out of a JSON object, the others left byte for byte as they are.

The object is never decoded beyond its first level: each value is moved as the bytes it came as, so
`1.0`, an integer of thirty digits or an escape stays as the client wrote it. Keys keep their order,
new ones follow. Of a key that the object holds twice the last value counts, here as everywhere,
and is the one that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Raw, Struct

from queries.import_values import Unfit, check_properties, json_reason
from queries.texts import canonical

_decode = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.encode


class Touched(Struct, frozen=True):
    """A property that an edit changed: its JSON before and after, None for absence."""

    key: str
    before: bytes | None
    after: bytes | None


class Edited(Struct, frozen=True):
    """Properties as they become, and what changed; at least one thing did."""

    properties: bytes
    touched: list[Touched]


def given_properties(raw: bytes) -> dict[str, bytes]:
    """Take a client's object of properties apart, each value the bytes it came as.

    Raises:
        Unfit: not an object that can be kept: the JSON is broken, has more than 512 KiB or more
            than 200 levels; the text is the reason.
    """
    check_properties(raw)
    return {key: bytes(value) for key, value in _decode(raw).items()}


def given_property(key: str, value: bytes) -> dict[str, bytes]:
    """Take a client's one property, as `given_properties` would have it from an object.

    Raises:
        Unfit: the value is not one JSON value, or as there.
    """
    try:
        msgspec.json.decode(value, type=Raw)
    except msgspec.MsgspecError as error:
        raise Unfit(f"`value`: {json_reason(error)}") from error
    return given_properties(_object({key: value}))


def set_properties(stored: bytes, given: Mapping[str, bytes]) -> Edited | None:
    """Set the given keys, None where that changes nothing.

    A value is the same if it is the same JSON: spaces, escapes and the order of an object's keys
    do not count, the digits of a number do. What is the same stays as it was written before.

    Args:
        stored: a JSON object.
        given: JSON by key, as `given_properties` has it; null is a value, too.
    """
    members = {key: bytes(value) for key, value in _decode(stored).items()}
    touched = [
        Touched(key, before, after)
        for key, after in given.items()
        if not _is_same(before := members.get(key), after)
    ]
    if not touched:
        return None
    for change in touched:
        members[change.key] = given[change.key]
    return Edited(_object(members), touched)


def unset_properties(stored: bytes, keys: Iterable[str]) -> Edited | None:
    """Take keys out, None where there is none of them. A key whose value is null is there."""
    members = {key: bytes(value) for key, value in _decode(stored).items()}
    touched = [
        Touched(key, members.pop(key), None) for key in dict.fromkeys(keys) if key in members
    ]
    return Edited(_object(members), touched) if touched else None


def touched_between(before: bytes, after: bytes) -> list[Touched]:
    """Return what differs between two objects, byte for byte, in the order of their keys."""
    if before == after:
        return []
    old = {key: bytes(value) for key, value in _decode(before).items()}
    new = {key: bytes(value) for key, value in _decode(after).items()}
    return [
        Touched(key, old.get(key), new.get(key))
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    ]


def untouched(properties: bytes, changes: Iterable[Touched]) -> bytes:
    """Return what an object was before changes: each has its value as it was then, or no more."""
    members = {key: bytes(value) for key, value in _decode(properties).items()}
    for change in changes:
        if change.before is None:
            members.pop(change.key, None)
        else:
            members[change.key] = change.before
    return _object(members)


def merged_properties(target: bytes, others: Iterable[bytes]) -> bytes:
    """Add to an object what it lacks of others: of them the last wins, over them the target."""
    members = {key: bytes(value) for key, value in _decode(target).items()}
    found: dict[str, bytes] = {}
    for other in others:
        found.update((key, bytes(value)) for key, value in _decode(other).items())
    lacking = {key: value for key, value in found.items() if key not in members}
    return _object({**members, **lacking}) if lacking else target


def _is_same(before: bytes | None, after: bytes) -> bool:
    return before is not None and (before == after or canonical(before) == canonical(after))


def _object(members: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(_encode(key) + b":" + value for key, value in members.items()) + b"}"
