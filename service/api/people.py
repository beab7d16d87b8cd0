"""Whom an address or a body names: a person by its integer id, its uuid or a distinct id."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Annotated, Protocol, TypeAlias, TypeVar
from uuid import UUID

from litestar.params import PathParameter

from queries.batches import get_many, name_numbers
from queries.events import Owner, find_owners
from queries.persons import PersonRow, get_persons
from service.engine import Engine
from service.errors import BadRequest, Conflict, NotFound

PersonId = Annotated[
    str, PathParameter(name="id", description="The integer `id` or the `uuid` of a person.")
]
Named: TypeAlias = UUID | int
"""What names a person: its uuid, or its integer id, which no other person should share."""

_INTEGER = re.compile(r"-?[0-9]+")
_MAX_NUMBER = 2**53
_MAX_DIGITS = 16
_NO_ID = (
    "The ID provided does not look like a personID. If you are using a distinctId, please use"
    " /persons?distinct_id=<id> instead."
)


async def find_person(engine: Engine, project: int, text: str) -> PersonRow:
    """Return the person an id in the address names.

    Raises:
        BadRequest: it is neither an integer nor a UUID.
        NotFound: nobody has it.
        Conflict: two persons share the integer.
    """
    named = decode_id(text)
    if isinstance(named, UUID):
        found = await engine.fetch(get_persons(project, uuid=named))
    elif _may_be(named):
        found = await engine.fetch(get_persons(project, number=named))
    else:
        found = []
    return _one(named, found)


def find_owner(engine: Engine, project: int, text: str) -> Owner:
    """Return whose events an id in the address stands for; as `find_person`, for a worker thread.

    Raises:
        BadRequest: it is neither an integer nor a UUID.
        NotFound: nobody has it.
        Conflict: two persons share the integer.
    """
    named = decode_id(text)
    if isinstance(named, UUID):
        found = engine.fetch_now(find_owners(project, uuid=named))
    elif _may_be(named):
        found = engine.fetch_now(find_owners(project, number=named))
    else:
        found = []
    return _one(named, found)


class _Known(Protocol):
    @property
    def uuid(self) -> UUID: ...


Found = TypeVar("Found", bound=_Known)


def _one(named: Named, found: Sequence[Found]) -> Found:
    """Return the only one of the persons an id names."""
    if not found:
        raise NotFound("Not found.")
    if len(found) > 1:
        raise shared(named, [row.uuid for row in found])
    return found[0]


def locate(engine: Engine, project: int, text: str) -> UUID:
    """Return the uuid an id in the address stands for, be the person alive or not.

    For a worker thread. A uuid is taken at its word; an integer that only one person ever had is
    that one's.

    Raises:
        BadRequest: it is neither an integer nor a UUID.
        NotFound: nobody ever had the integer.
        Conflict: two persons who are alive share it.
    """
    named = decode_id(text)
    found = locate_all(engine, project, [named]).get(named)
    if found is None:
        raise NotFound("Not found.")
    return found


def locate_all(engine: Engine, project: int, named: Collection[Named]) -> dict[Named, UUID]:
    """Return the uuids of all who are or were there, as `locate`; an unknown integer is absent."""
    found: dict[Named, UUID] = {one: one for one in named if isinstance(one, UUID)}
    numbers = [one for one in named if not isinstance(one, UUID) and _may_be(one)]
    if not numbers:
        return found
    bearers: defaultdict[int, list[UUID]] = defaultdict(list)
    for row in engine.fetch_now(name_numbers(project, numbers)):
        bearers[row.number].append(row.uuid)
    for number, uuids in bearers.items():
        found[number] = uuids[0] if len(uuids) == 1 else _only(engine, project, number, uuids)
    return found


def decode_id(text: str) -> Named:
    """Decode an id.

    Raises:
        BadRequest: it is neither an integer nor a UUID.
    """
    try:
        # 32 digits are a UUID, and no integer id has as many.
        return UUID(text)
    except ValueError:
        pass
    if not (text.isascii() and _INTEGER.fullmatch(text)):
        raise BadRequest(_NO_ID)
    # int() takes its time with long ones; whoever has so many digits is nobody.
    return int(text) if len(text) <= _MAX_DIGITS else -1


def shared(number: Named, uuids: Sequence[UUID]) -> Conflict:
    """Return what to raise where persons share an integer id."""
    names = " and ".join(sorted(map(str, uuids)))
    return Conflict(
        f"The integer id {number} is shared by {names}: use the uuid.", code="ambiguous_id"
    )


def _may_be(number: int) -> bool:
    return 0 < number < _MAX_NUMBER


def _only(engine: Engine, project: int, number: int, uuids: Sequence[UUID]) -> UUID:
    """Return which one of several with a number is alive; if none is, any of them."""
    alive = [row.uuid for row in engine.fetch_now(get_many(project, uuids))]
    if len(alive) > 1:
        raise shared(number, alive)
    return next(iter(alive), uuids[0])
