"""Edits that move distinct ids between persons: split and merge.

All rows go into one INSERT, which is seen whole or not at all, so each id has one owner at every
moment. No work here grows faster than the number of ids; a person may hold 150,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from queries.activity_notes import merged_into, split_off
from queries.edits import EditError, Plan, edit_of, tombstone, too_large
from queries.identity import later_uuid
from queries.last_seen import Seen, latest, without
from queries.property_edits import merged_properties
from queries.stored import StoredPerson
from queries.upserts import Upsert, draft

_SHOWN_IDS = 20

# Who has a uuid, None where nobody has or had; a uuid that nobody looked for is not in it.
Known = Mapping[UUID, StoredPerson | None]


class Unknown(Struct, frozen=True):
    """Nothing is decided yet: these uuids must be looked for first."""

    uuids: list[UUID]


def split(
    person: StoredPerson,
    main: str | None,
    ids_to_split: Sequence[str] | None,
    *,
    project: int,
    known: Known,
    seen: Seen | None = None,
) -> Plan | Unknown:
    """Move distinct ids of a person to new persons, one each; None where there are none to move.

    A new person is created when the first was, has no properties, and the uuid that follows from
    its id. Where somebody alive has that one, the person itself not least, it is that of
    `<id>:split`, then `<id>:split:2` and so on. A person with one distinct id keeps it.

    Args:
        person: alive.
        main: moves all ids but this one; None and "" stand for the first.
        ids_to_split: moves these alone; not with `main`.
        project: whose person.
        known: who has the uuids; call with none first and again with what `Unknown` asks for.
        seen: when each of its distinct ids was seen last.
    """
    seen = seen or {}
    refused = _unfit(person, main, ids_to_split)
    if refused is not None:
        return refused
    if len(person.ids) < 2:
        return None
    moved = (
        [one for one in person.ids if one != (main or person.ids[0])]
        if ids_to_split is None
        else list(dict.fromkeys(ids_to_split))
    )
    uuids = _free_uuids(person, moved, project, known)
    if isinstance(uuids, Unknown):
        return uuids
    left = draft(person)
    gone = set(moved)
    left.ids = [one for one in person.ids if one not in gone]
    left.last_seen_us = without(person, moved, left.ids, seen)
    new = [_split_off(person, one, uuids[one], known[uuids[one]], seen) for one in moved]
    note = split_off(person.uuid, person.ids, None if ids_to_split is None else moved)
    return edit_of(person, [left, *new], note)


def _unfit(
    person: StoredPerson, main: str | None, ids_to_split: Sequence[str] | None
) -> EditError | None:
    named = set(person.ids)
    if ids_to_split is None:
        if main and main not in named:
            return EditError(f"not on this person: {[main]}", "main_distinct_id")
        return None
    if main:
        both = "main_distinct_id cannot be combined with distinct_ids_to_split"
        return EditError(both, None)
    if not ids_to_split:
        return EditError("must not be empty", "distinct_ids_to_split")
    strange = [one for one in dict.fromkeys(ids_to_split) if one not in named]
    if strange:
        more = "" if len(strange) <= _SHOWN_IDS else f" and {len(strange) - _SHOWN_IDS} more"
        return EditError(
            f"not on this person: {strange[:_SHOWN_IDS]}{more}", "distinct_ids_to_split"
        )
    return None


def _free_uuids(
    person: StoredPerson, ids: Sequence[str], project: int, known: Known
) -> dict[str, UUID] | Unknown:
    """Return a uuid for each id, no two the same and none of somebody who is alive.

    Whoever is free to take the uuid of the id itself does so before others look further.
    """
    chosen: dict[str, UUID] = {}
    taken = {person.uuid}
    unknown: list[UUID] = []
    waiting, turn = list(ids), 0
    while waiting:
        behind: list[str] = []
        for one in waiting:
            uuid = later_uuid(project, one, turn)
            if uuid in taken or _is_alive(known.get(uuid)):
                behind.append(one)
            elif uuid not in known:
                unknown.append(uuid)
            else:
                chosen[one] = uuid
                taken.add(uuid)
        waiting, turn = behind, turn + 1
    return Unknown(unknown) if unknown else chosen


def _is_alive(person: StoredPerson | None) -> bool:
    return person is not None and not person.is_deleted


def _split_off(
    person: StoredPerson, distinct_id: str, uuid: UUID, grave: StoredPerson | None, seen: Seen
) -> Upsert:
    return Upsert(
        uuid=uuid,
        created_us=person.created_us,
        is_identified=False,
        last_seen_us=latest([distinct_id], seen),
        ids=[distinct_id],
        properties=b"{}",
        texts=None,
        base=0 if grave is None else grave.version,
        is_new=True,
        source_version=0,
        new_ids=[distinct_id],
        changed=True,
        write_ids=[] if grave is None else grave.lineage(),
    )


def merge(target: StoredPerson, others: Sequence[StoredPerson], *, attr: str = "ids") -> Plan:
    """Move all distinct ids of other persons to a target; the others are deleted.

    The target's properties stay; what it lacks comes from the others, from the last that has it.
    It is created when the first of them all was, which moves it to another place in the list.

    Args:
        target: alive, as all are.
        others: one or more.
        attr: the argument that named the others.
    """
    if not others:
        return EditError("must not be empty", attr)
    others = list({other.uuid: other for other in others}.values())
    if any(other.uuid == target.uuid for other in others):
        return EditError("a person cannot be merged with itself", attr)
    properties = merged_properties(
        target.properties.encode(), [other.properties.encode() for other in others]
    )
    refused = too_large(properties)
    if refused is not None:
        return refused
    everybody = [target, *others]
    gained = [one for other in others for one in other.ids]
    row = draft(target)
    row.ids = [*target.ids, *gained]
    row.new_ids = gained
    row.properties = properties
    row.is_identified = any(one.is_identified for one in everybody)
    seen = [one.last_seen_us for one in everybody if one.last_seen_us is not None]
    row.last_seen_us = max(seen, default=None)
    row.created_us = min(one.created_us for one in everybody)
    rows = [row, *map(tombstone, others)]
    if row.created_us != target.created_us:
        # Another place: what leads to a person must lead there too.
        row.is_new = True
        row.new_ids = row.ids
        rows.insert(1, tombstone(target))
    highest = max(one.version for one in everybody)
    for one in rows:
        one.base = highest
    note = merged_into(target.uuid, target.ids, row.ids, (other.uuid for other in others))
    return edit_of(target, rows, note)
