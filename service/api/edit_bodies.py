"""What edits of a person ask for, decoded from a body and the address: the body comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import msgspec

from queries.edits import Plan, unset, update
from queries.import_values import Unfit
from queries.ownership import Known, Unknown, split
from queries.property_edits import given_properties, given_property
from queries.stored import StoredPerson
from service.edits import Decide
from service.engine import Engine
from service.errors import BadRequest, Required
from service.last_seen import seen_of

T = TypeVar("T")
Members = Mapping[str, bytes]
"""The JSON of each field of a body."""

MAX_UNSET_KEYS = 1_000


def decode_update(members: Members) -> Decide:
    """Decode `properties`, those to set; all other fields say nothing, so a GET may be sent back.

    Raises:
        Required: they are absent or null.
        BadRequest: they are no object, or too large.
    """
    raw = _given(members, "properties")
    if raw is None:
        raise Required("properties")
    given = _fit("properties", lambda: given_properties(raw))
    return lambda person, known: update(person, given)


def decode_property(members: Members, key: str | None, value: str | None) -> Decide:
    """Decode one property to set; `value` may be any JSON, null too.

    Args:
        members: of the body.
        key: from the address, for where the body has none.
        value: as well, a text.

    Raises:
        Required: there is no `value`, or no `key`.
        BadRequest: one of them cannot be kept.
    """
    raw = members.get("value")
    if raw is None:
        if value is None:
            raise Required("value")
        raw = msgspec.json.encode(value)
    name = _decode(members, "key", key or None)
    if name is None:
        raise Required("key")
    if not isinstance(name, str):
        raise BadRequest("`key` must be a text.", attr="key")
    text, json = name, raw
    given = _fit("value", lambda: given_property(text, json))
    return lambda person, known: update(person, given)


def decode_unset(members: Members, key: str | None) -> Decide:
    """Decode `$unset`: the key of a property to take out, or a list of them.

    Args:
        members: of the body.
        key: from the address, for where the body has none.

    Raises:
        BadRequest: it is neither, or absent.
    """
    value = _decode(members, "$unset", key)
    if value is None:
        raise BadRequest("This field is required.", attr="$unset", code="required")
    keys = [value] if isinstance(value, str) else _texts(value)
    if not keys or not all(keys):
        raise BadRequest(
            "`$unset` takes a key, or a list of keys: texts that are not empty.", attr="$unset"
        )
    if len(keys) > MAX_UNSET_KEYS:
        raise BadRequest(
            f"`$unset` has {len(keys)} keys, and a request may have {MAX_UNSET_KEYS}.",
            attr="$unset",
        )
    return lambda person, known: unset(person, keys)


def decode_split(members: Members, main: str | None, engine: Engine, project: int) -> Decide:
    """Decode which distinct ids are to be split off.

    Args:
        members: of the body: `main_distinct_id`, `distinct_ids_to_split`, neither or null.
        main: the first of them from the address, for where the body has none.
        engine: to look up when the distinct ids were seen last.
        project: whose person it is.

    Raises:
        BadRequest: one is not of its type. Whether it fits the person is seen later.
    """
    kept = _decode(members, "main_distinct_id", main)
    if kept is not None and not isinstance(kept, str):
        raise BadRequest("must be a string", attr="main_distinct_id")
    name, moved = kept, _decode(members, "distinct_ids_to_split")
    wanted = None if moved is None else _texts(moved)
    if moved is not None and wanted is None:
        raise BadRequest("must be a list of strings", attr="distinct_ids_to_split")

    def decide(person: StoredPerson, known: Known) -> Plan | Unknown:
        seen = seen_of(engine, project, person.ids)
        return split(person, name, wanted, project=project, known=known, seen=seen)

    return decide


def _given(members: Members, field: str) -> bytes | None:
    """Return a field's JSON, None where it is absent or null."""
    raw = members.get(field)
    return None if raw == b"null" else raw


def _decode(members: Members, field: str, otherwise: str | None = None) -> object:
    """Return a field's value; where it is absent or null, the address's."""
    raw = _given(members, field)
    return otherwise if raw is None else msgspec.json.decode(raw)


def _texts(value: object) -> list[str] | None:
    """Return a value that is a list of texts, None where it is anything else."""
    if not isinstance(value, list):
        return None
    items = cast("list[object]", value)
    texts = [item for item in items if isinstance(item, str)]
    return texts if len(texts) == len(items) else None


def _fit(attr: str, decode: Callable[[], T]) -> T:
    try:
        return decode()
    except Unfit as error:
        raise BadRequest(str(error), attr=attr) from error
