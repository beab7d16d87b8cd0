"""Edits that are written together: their rows, and what is noted of them."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from msgspec import Struct
from msgspec.structs import replace

from queries.activity import Entry
from queries.edits import Edit
from queries.history import Source
from queries.identity import person_number
from queries.stored import StoredPerson, by_uuid
from queries.upserts import Upsert
from service.server_turns import Held, Moment


class Author(Struct, frozen=True):
    """Who edits: the id and label of the API's key, empty for the service's own command line."""

    key_id: str = ""
    key_label: str = ""


class Decisive(Struct, frozen=True):
    """A write of a person, a row that it follows and that one's version."""

    uuid: UUID
    write_id: int
    follows: int
    base: int


class EditBatch:
    """Edits to be written together."""

    def __init__(self, project: int, when: Moment | Held, *, log_values: bool) -> None:
        """Hold none yet, of those that are decided at a time."""
        self.project = project
        self.when = when
        self.now_us = when.now_us
        self.rows: list[Upsert] = []
        self.sources: list[Source] = []
        self.entries: list[Entry] = []
        self.token = ""
        self.created = 0
        self.newest_us = 0
        self._log_values = log_values

    def add(self, edit: Edit, author: Author) -> dict[UUID, StoredPerson]:
        """Take an edit; returns the persons as it leaves them."""
        rows = [replace(row, write_id=secrets.randbits(64) or 1) for row in edit.rows]
        self.rows += rows
        source = Source(edit.note.activity, author.key_id, author.key_label)
        self.sources += [source] * len(rows)
        entry = entry_of(
            self.project, edit, rows[0], author, self.now_us, with_values=self._log_values
        )
        self.entries.append(entry)
        self.token = self.token or edit.token
        self.created += edit.created()
        self.newest_us = max(self.newest_us, edit.newest_us())
        return by_uuid(_stored(row, max(self.now_us, row.base + self.when.above)) for row in rows)

    def is_of_several(self) -> bool:
        """Say whether it writes more than one person, so that `token` does not speak for all."""
        return len({row.uuid for row in self.rows}) > 1

    def decisive(self) -> list[Decisive]:
        """Return what tells whether all was written: of each person who had a row, the last one."""
        first: dict[UUID, Upsert] = {}
        last: dict[tuple[UUID, int], Upsert] = {}
        for row in self.rows:
            first.setdefault(row.uuid, row)
            last[row.uuid, row.created_us] = row
        # Who moved to another place left a tombstone in the one before.
        standing = {row.uuid: row for row in sorted(last.values(), key=lambda row: -row.is_deleted)}
        return [
            Decisive(uuid, standing[uuid].write_id, follows_of(row), row.base)
            for uuid, row in first.items()
            if row.base
        ]

    def voided(self) -> list[Entry]:
        """Return the entries as they are hidden."""
        return [replace(entry, is_void=1, version=2) for entry in self.entries]


def entry_of(
    project: int, edit: Edit, row: Upsert, author: Author, now_us: int, *, with_values: bool = False
) -> Entry:
    """Return the log's entry of an edit.

    Args:
        project: whose person.
        edit: it.
        row: its first row, as it will be written: with a `write_id`.
        author: who edits.
        now_us: microseconds since 1970.
        with_values: note what the properties were and are, not only which.
    """
    return Entry(
        team_id=project,
        created_at=now_us,
        id=uuid4(),
        person_id=row.uuid,
        person_number=person_number(row.uuid),
        activity=edit.note.activity,
        detail=edit.note.detail(with_values=with_values),
        key_id=author.key_id,
        key_label=author.key_label,
        property_keys=edit.note.property_keys,
        write_id=row.write_id,
        follows=edit.follows,
    )


def follows_of(row: Upsert) -> int:
    """Return the `write_id` of the row that a row follows, 0 where there is none."""
    before = row.write_ids[1:] if row.mark else row.write_ids
    return before[0] if before else 0


def _stored(row: Upsert, version: int) -> StoredPerson:
    return StoredPerson(
        row.uuid,
        row.created_us,
        row.is_identified,
        row.last_seen_us,
        row.ids,
        row.properties.decode(),
        version,
        row.source_version,
        row.is_deleted,
        row.write_id,
        [row.write_id, *row.write_ids],
    )
