"""What the activity log says of an edit, in PostHog's words where it has any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from queries.property_edits import Touched

# A person may hold 150,000; the log names no more of them than a page of the list does.
DISTINCT_IDS_NOTED = 1_000


class Change(Struct, frozen=True):
    """What changed of a person, as PostHog's log has it; `before` and `after` are any JSON."""

    action: str
    field: str | None = None
    before: object = None
    after: object = None


class _Change(Struct, frozen=True):
    type: str
    action: str
    field: str | None
    before: object
    after: object


class _Detail(Struct, frozen=True):
    changes: list[_Change] | None
    name: str | None
    short_id: None
    trigger: None
    type: None
    property_keys: list[str] | UnsetType = UNSET


class Note(Struct, frozen=True):
    """An entry of the log, but for when, by whom and of whom.

    Attributes:
        activity: as `updated`.
        name: the person's uuid, where PostHog gives a name; never a display name.
        change: None where nobody is left who changed.
        touched: the properties that did.
    """

    activity: str
    name: str | None
    change: Change | None
    touched: Sequence[Touched] = ()

    @property
    def property_keys(self) -> list[str]:
        """The keys of the properties that changed."""
        return [one.key for one in self.touched]

    def detail(self, *, with_values: bool = False) -> bytes:
        """Return the entry's `detail` as JSON.

        Args:
            with_values: say what the properties were and are, as objects of those that changed
                in the change's `before` and `after`; else only their keys are named.
        """
        change = self.change
        if change is not None and self.touched and with_values:
            before = {one.key: Raw(one.before) for one in self.touched if one.before is not None}
            after = {one.key: Raw(one.after) for one in self.touched if one.after is not None}
            change = Change(change.action, change.field, before, after)
        changes = None if change is None else [_shown(change)]
        keys = self.property_keys or UNSET
        return msgspec.json.encode(_Detail(changes, self.name, None, None, None, keys))


def updated(touched: Sequence[Touched]) -> Note:
    """Note that properties were set."""
    return Note("updated", None, Change("changed", "properties"), touched)


def properties_deleted(person: UUID, touched: Sequence[Touched]) -> Note:
    """Note that properties were taken out."""
    return Note("delete_property", str(person), Change("changed"), touched)


def split_off(person: UUID, ids: Sequence[str], wanted: Sequence[str] | None) -> Note:
    """Note a split of who had `ids`; `wanted` are those to move where they were named."""
    after = _some("distinct_ids", ids)
    if wanted is not None:
        after |= _some("distinct_ids_to_split", wanted)
    return Note("split_person", str(person), Change("split", after=after))


def merged_into(
    target: UUID, before: Sequence[str], after: Sequence[str], others: Iterable[UUID]
) -> Note:
    """Note a merge: the target's distinct ids before and after, and who is gone into it."""
    gone = {"merged": [str(uuid) for uuid in others]}
    change = Change(
        "merged", None, _some("distinct_ids", before), _some("distinct_ids", after) | gone
    )
    return Note("people_merged_into", str(target), change)


def deleted(person: UUID) -> Note:
    """Note a deletion; nothing of the person but its uuid."""
    return Note("deleted", str(person), None)


def _some(name: str, ids: Sequence[str]) -> dict[str, object]:
    """Name ids, the first thousand; if there are more, also how many in `…_count`."""
    if len(ids) <= DISTINCT_IDS_NOTED:
        return {name: ids}
    return {name: ids[:DISTINCT_IDS_NOTED], f"{name}_count": len(ids)}


def _shown(change: Change) -> _Change:
    return _Change("Person", change.action, change.field, change.before, change.after)
