"""Who a person is: uuid, integer id, display name, and which distinct ids come first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID, uuid5

import msgspec
from msgspec import Raw, Struct

# PostHog's namespace for person uuids; the same project and distinct id give the same person.
NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")

# JavaScript and many JSON decoders hold integers exactly only below 2^53.
_NUMBER_MASK = (1 << 53) - 1

# Five dash-separated groups of lower-case letters and digits: what posthog-js makes up for a
# visitor it does not know. Every lower-case UUID is one too.
ANONYMOUS = r"([a-z0-9]+-){4}[a-z0-9]+"
_anonymous = re.compile(ANONYMOUS)


def person_uuid(project: int, distinct_id: str) -> UUID:
    """Return the uuid of the person first seen as `distinct_id`."""
    return uuid5(NAMESPACE, f"{project}:{distinct_id}")


def later_uuid(project: int, distinct_id: str, turn: int) -> UUID:
    """Return the uuid of a distinct id's person where those of the turns before are taken.

    Turn 0 is `person_uuid`. Turn 1 is PostHog's rule for an id that is split off the person who
    was first seen as it. It has no rule for when somebody has that one, too: turns 2, 3 … are ours.
    """
    if turn == 0:
        return person_uuid(project, distinct_id)
    return person_uuid(project, f"{distinct_id}:split" + (f":{turn}" if turn > 1 else ""))


def person_number(uuid: UUID) -> int:
    """Return the integer id of a person: the low 53 bits of its uuid, at least 1."""
    return (uuid.int & _NUMBER_MASK) or 1


def is_anonymous(distinct_id: str) -> bool:
    """Say whether a distinct id looks made up for an unknown visitor."""
    return _anonymous.fullmatch(distinct_id) is not None


def ordered(distinct_ids: Iterable[str]) -> list[str]:
    """Put the ids that name somebody before the anonymous ones; else keep their order."""
    return sorted(distinct_ids, key=is_anonymous)


# Of a union with None msgspec would take the None alone, so absence is spelt as JSON's null.
_NULL = Raw(b"null")


class _Named(Struct):
    email: Raw = _NULL
    name: Raw = _NULL
    username: Raw = _NULL


_named = msgspec.json.Decoder(_Named)


def display_name(properties: bytes, distinct_ids: list[str], number: int) -> str:
    """Return the text a person is shown by.

    The first truthy of the properties email, name and username; else the first of the distinct
    ids (in `ordered` order); else the integer id. A value that is no text is shown as JSON.
    """
    return stored_name(properties) or (distinct_ids[0] if distinct_ids else str(number))


def stored_name(properties: bytes) -> str:
    """Return the name that properties tell; empty where they tell none."""
    named = _named.decode(properties)
    return first_name((named.email, named.name, named.username))


def first_name(tokens: Iterable[Raw]) -> str:
    """Return the first of some JSON values that is truthy, as a text; empty where none is."""
    for raw in tokens:
        value = msgspec.json.decode(raw)
        if value:
            return value if isinstance(value, str) else bytes(raw).decode()
    return ""
