"""Which persons a merge takes in, decoded; who they are is found out when it is its turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast
from uuid import UUID

import msgspec

from queries.batches import get_owners
from queries.edits import EditError, Plan
from queries.import_values import MAX_DISTINCT_ID_CHARS
from queries.ownership import Known, Unknown, merge
from queries.stored import StoredPerson
from service.api.edit_bodies import Members
from service.api.people import Named, locate_all
from service.edits import Decide
from service.engine import Engine
from service.errors import BadRequest

MAX_MERGED = 1_000

_SHOWN = 5

_Found: TypeAlias = dict[Any, UUID]
_Find: TypeAlias = Callable[[Known], _Found]


def decode_merge(members: Members, engine: Engine, project: int) -> Decide:
    """Decode `ids`, integer ids or uuids, or else `distinct_ids`: of whom to merge in.

    The decision asks `engine`, in the thread it is made in: within the turn, so that nobody is
    taken for the owner of an id who has just lost it. What is known then counts for more: edits
    made in the same turn are not written yet.

    Raises:
        BadRequest: there are both or none of them, or one is not of its type.
    """
    given: dict[str, object] = {
        field: value
        for field in ("ids", "distinct_ids")
        if field in members and (value := msgspec.json.decode(members[field])) is not None
    }
    if len(given) > 1:
        raise BadRequest("`ids` cannot be combined with `distinct_ids`.", attr="ids")
    if not given:
        raise BadRequest("`ids` or `distinct_ids` is required.", attr="ids", code="required")
    ((field, value),) = given.items()
    items = _items(field, value)
    if field == "ids":
        named = [_decode_id(n, item) for n, item in enumerate(items)]
        return _deciding(field, named, lambda _: locate_all(engine, project, named))
    texts = [_decode_text(n, item) for n, item in enumerate(items)]
    return _deciding(field, texts, lambda known: _owners(engine, project, texts, known))


def _deciding(field: str, wanted: Sequence[object], find: _Find) -> Decide:
    """Return what decides a merge with those that `find` finds by then."""

    def decide(person: StoredPerson, known: Known) -> Plan | Unknown:
        found = find({**known, person.uuid: person})
        lacking = [uuid for uuid in found.values() if uuid != person.uuid and uuid not in known]
        if lacking:
            return Unknown(lacking)
        others: list[StoredPerson] = []
        strangers: list[object] = []
        for one in wanted:
            uuid = found.get(one)
            other = person if uuid == person.uuid else known.get(uuid) if uuid else None
            if other is None or other.is_deleted:
                strangers.append(one if isinstance(one, str | int) else str(one))
            else:
                others.append(other)
        if strangers:
            return EditError(_nobody(strangers), field)
        return merge(person, others, attr=field)

    return decide


def _owners(engine: Engine, project: int, distinct_ids: Sequence[str], known: Known) -> _Found:
    # What is too long to be kept is nobody's.
    kept = {one for one in distinct_ids if len(one) <= MAX_DISTINCT_ID_CHARS}
    alive = [person for person in known.values() if person is not None and not person.is_deleted]
    found = {one: person.uuid for person in alive for one in person.ids if one in kept}
    kept.difference_update(found)
    rows = engine.fetch_now(get_owners(project, kept)) if kept else []
    # Who is known, but not to have it, has it no more.
    return found | {one: row.uuid for row in rows if row.uuid not in known for one in row.asked}


def _items(field: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadRequest("must be a list", attr=field)
    items = cast("list[object]", value)
    if not items:
        raise BadRequest("must not be empty", attr=field)
    if len(items) > MAX_MERGED:
        raise BadRequest(
            f"`{field}` has {len(items)} ids, and a merge may have {MAX_MERGED}.", attr=field
        )
    return items


def _decode_id(place: int, item: object) -> Named:
    """Decode an integer id, as number or text, or a uuid; whoever has id 0 is nobody."""
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    if isinstance(item, str):
        if item.isascii() and item.isdecimal() and len(item) <= 16:
            return int(item)
        try:
            return UUID(item)
        except ValueError:
            pass
    raise BadRequest(f"`ids[{place}]` is neither an integer id nor a UUID.", attr="ids")


def _decode_text(place: int, item: object) -> str:
    if not isinstance(item, str):
        raise BadRequest(f"`distinct_ids[{place}]` is no text.", attr="distinct_ids")
    return item


def _nobody(strangers: Sequence[object]) -> str:
    shown = ", ".join(repr(one)[:80] for one in strangers[:_SHOWN])
    more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
    return f"nobody in this project has: {shown}{more}"
