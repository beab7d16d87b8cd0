"""A person as the API shows it, and a page of them.

`properties` stays the JSON text that was stored: it goes from ClickHouse to the client unparsed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType

from queries.identity import display_name, ordered, person_number
from queries.persons import PersonRow
from queries.times import from_us


class Person(Struct, gc=False):
    """A person.

    Attributes:
        id: an integer below 2^53 made from the uuid.
        uuid: the person's own id.
        name: the e-mail, name or username, else a distinct id.
        distinct_ids: those that name somebody first, then the anonymous ones.
        properties: a JSON object.
        created_at: in UTC; written as ISO 8601 with Z, microseconds only where there are any.
        last_seen_at: the hour of the latest event, or what an import said; null where neither is.
    """

    id: int
    uuid: UUID
    name: str
    distinct_ids: list[str]
    properties: Raw
    created_at: datetime
    last_seen_at: datetime | None


class ListedPerson(Person, gc=False):
    """A person in a list, with at most 1,000 distinct ids; the last three say nothing here."""

    is_identified: bool
    type: Literal["person"] = "person"
    matched_recordings: list[str] = []
    value_at_data_point: None = None


class Page(Struct, kw_only=True):
    """A page of persons, newest first.

    `count` is how many there are on all pages: exact, or null where to count them takes too long.
    """

    count: int | UnsetType | None = UNSET
    next: str | None
    previous: str | None
    results: list[ListedPerson]


def shown(row: PersonRow) -> Person:
    """Return a person as it is shown by itself."""
    ids = ordered(row.ids)
    number = person_number(row.uuid)
    properties = row.properties.encode()
    return Person(
        number,
        row.uuid,
        display_name(properties, ids, number),
        ids,
        Raw(properties),
        from_us(row.created_us),
        None if row.last_seen_us is None else from_us(row.last_seen_us),
    )


def listed(row: PersonRow) -> ListedPerson:
    """Return a person as it is shown in a list."""
    person = shown(row)
    return ListedPerson(
        person.id,
        person.uuid,
        person.name,
        person.distinct_ids,
        person.properties,
        person.created_at,
        person.last_seen_at,
        row.is_identified,
    )
