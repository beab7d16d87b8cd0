"""Edits of one person: from its newest row to the row that follows it. Pure, as all of `queries`.

An edit is decided for the row it was given. Whoever writes it makes sure that no other row came in
between (`Edit.token`), and decides anew if one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from queries import activity_notes
from queries.activity_notes import Note
from queries.import_values import MAX_PROPERTIES_BYTES
from queries.property_edits import set_properties, unset_properties
from queries.stored import StoredPerson
from queries.upserts import Upsert, draft


class Edit(Struct, frozen=True):
    """What to write: all rows in one INSERT, or none.

    Attributes:
        rows: the first is that of the person edited, of which the log has an entry.
        note: that entry.
        token: names the row that the first one follows. Of two inserts with one token ClickHouse
            takes one: a compare-and-set.
        follows: the `write_id` of that row.
    """

    rows: list[Upsert]
    note: Note
    token: str
    follows: int

    def created(self) -> int:
        """Return how many more persons there are, below 0 where fewer."""
        new = sum(row.is_new for row in self.rows)
        return new - sum(row.is_deleted for row in self.rows)

    def newest_us(self) -> int:
        """Return the latest `created_at` of the new persons, 0 where there are none."""
        return max((row.created_us for row in self.rows if row.is_new), default=0)

    def marked(self, mark: int) -> Edit:
        """Return the edit with one more entry in the lineage of each of its rows.

        So who repeats a request finds that it was done, however little of it was noted before.
        A mark is no `write_id`, which names a row: a repeat may write a second row with it.
        """
        rows = [replace(row, write_ids=[mark, *row.write_ids], mark=mark) for row in self.rows]
        return replace(self, rows=rows)


class EditError(Struct, frozen=True):
    """Why an edit is refused, and the argument that is wrong, if it is one."""

    detail: str
    attr: str | None


Plan: TypeAlias = Edit | EditError | None


def update(person: StoredPerson, given: Mapping[str, bytes]) -> Plan:
    """Set properties; None where nothing changes.

    Args:
        person: alive.
        given: JSON by key, as `property_edits.given_properties` has it.
    """
    edited = set_properties(person.properties.encode(), given)
    if edited is None:
        return None
    refused = too_large(edited.properties)
    if refused is not None:
        return refused
    row = draft(person)
    row.properties = edited.properties
    return edit_of(person, [row], activity_notes.updated(edited.touched))


def unset(person: StoredPerson, keys: Iterable[str]) -> Edit | None:
    """Take properties out; None where the person, who is alive, has none of them."""
    edited = unset_properties(person.properties.encode(), keys)
    if edited is None:
        return None
    row = draft(person)
    row.properties = edited.properties
    note = activity_notes.properties_deleted(person.uuid, edited.touched)
    return edit_of(person, [row], note)


def delete(person: StoredPerson) -> Edit:
    """Delete a person who is alive: a tombstone in its place, with nothing of it but the uuid."""
    return edit_of(person, [tombstone(person)], activity_notes.deleted(person.uuid))


def tombstone(person: StoredPerson) -> Upsert:
    """Return the row that follows a person's and says that there is nobody any more."""
    return Upsert(
        uuid=person.uuid,
        created_us=person.created_us,
        is_identified=False,
        last_seen_us=None,
        ids=[],
        properties=b"{}",
        texts=None,
        base=person.version,
        is_new=False,
        source_version=0,
        new_ids=[],
        changed=True,
        is_deleted=True,
        write_ids=person.lineage(),
    )


def edit_of(person: StoredPerson, rows: list[Upsert], note: Note) -> Edit:
    """Return the edit of a person; of its rows no two have one version, which makes the token."""
    return Edit(rows, note, f"{person.uuid}:{person.version}", person.write_id)


def too_large(properties: bytes) -> EditError | None:
    """Refuse properties that are larger than those an import may bring."""
    size = len(properties)
    if size <= MAX_PROPERTIES_BYTES:
        return None
    return EditError(
        f"the person's properties would have {size} bytes, at most {MAX_PROPERTIES_BYTES} are kept",
        "properties",
    )
