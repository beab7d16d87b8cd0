"""The columns of a table of persons, and a row of it turned into a person.

CSV and Parquet share these names: our own flat export and PostHog's, columns of its interface
with `person.` or `actor.` before the name, and its batch export. A column we do not know refuses
the whole table: each of its cells would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import TypeVar, cast

import msgspec
from msgspec import Raw, Struct

from queries.flatten import nest, path_of
from queries.import_foreign import MAPPING
from queries.import_values import (
    Unfit,
    decode_value,
    distinct_id_of,
    distinct_ids_of,
    flag_of,
    shown,
    text_of,
    unique,
    uuid_of,
    version_of,
)
from queries.imports import IGNORED, PersonInput, person, uuid_in_id

Cell = TypeVar("Cell")

# Of somebody with more than 1,000 distinct ids our export has the others here, as a JSON list.
_FURTHER_IDS = "distinct_ids.1000"
_WHO = ("uuid", "person_id", "id", "distinct_ids", "distinct_id")
_UUIDS = frozenset({"uuid", "person_id", "id"})
_VALUES = frozenset(
    {
        *_WHO,
        *("properties", "created_at", "is_identified", "last_seen_at"),
        *("is_deleted", "person_version", "version"),
    }
)
_IGNORED = IGNORED | {"team_id", "person_distinct_id_version", "is_unresolved"}
_KNOWN = (
    "known are uuid, id, distinct_ids.0, properties.<key>, created_at, is_identified, last_seen_at"
)


class Columns(Struct, frozen=True):
    """Where in a row a person's values stand.

    Attributes:
        count: how many columns there are.
        values: column of each value that has one, by its name.
        distinct_ids: name and column of `distinct_ids.0`, `distinct_ids.1`, …, in this order.
        properties: path and column of each `properties.…`.
    """

    count: int
    values: Mapping[str, int]
    distinct_ids: tuple[tuple[str, int], ...]
    properties: tuple[tuple[Sequence[str], int], ...]


def columns_of(header: Sequence[str]) -> Columns:
    """Find out by their names what the columns of a table are.

    Raises:
        Unfit: a column is unknown or there twice, or none tells which person a row is of.
    """
    values: dict[str, int] = {}
    distinct_ids: list[tuple[int, str, int]] = []
    properties: list[tuple[Sequence[str], int]] = []
    seen: set[str] = set()
    for at, given in enumerate(header):
        name = _plain(given)
        if name in seen:
            raise Unfit(f"the column {shown(given)} is there twice")
        seen.add(name)
        start, _, rest = name.partition(".")
        if name in _VALUES:
            values[name] = at
        elif name.startswith("properties."):
            properties.append((path_of(rest), at))
        elif start == "distinct_ids" and rest.isdecimal():
            distinct_ids.append((int(rest), name, at))
        elif start not in _IGNORED and not name.startswith("_"):
            raise Unfit(f"column {at + 1} is {shown(given)}; {_KNOWN}")
    if not distinct_ids and not any(name in values for name in _WHO):
        raise Unfit(f"no column tells which person a row is of: {', '.join(_WHO)}")
    if properties and "properties" in values:
        raise Unfit("there is `properties` as well as columns of single properties")
    if "person_id" in values and "version" in values:
        raise Unfit(MAPPING)
    return Columns(
        len(header),
        values,
        tuple((name, at) for _, name, at in sorted(distinct_ids)),
        tuple(properties),
    )


def _plain(name: str) -> str:
    """The name without what PostHog's interface puts before it."""
    for start in ("person.", "actor."):
        name = name.removeprefix(start)
    # The interface shows this property under its bare name.
    return "properties.email" if name == "email" else name


def person_of_row(
    columns: Columns, row: Sequence[Cell | None], json_of: Callable[[Cell], bytes]
) -> PersonInput | None:
    """Read a row; None is absent. `json_of` gives the JSON of a property's cell.

    Returns:
        None for a row that PostHog marks as deleted.

    Raises:
        Unfit: the reason why it cannot be imported.
    """

    def value(name: str) -> object:
        at = columns.values.get(name)
        found = None if at is None else row[at]
        if isinstance(found, bytes) and not (name in _UUIDS and len(found) == 16):
            # A Parquet file may have its texts as bytes.
            return text_of(name, found)
        return found

    if flag_of("is_deleted", value("is_deleted")):
        return None
    uuid = uuid_of("uuid", value("uuid")) or uuid_of("person_id", value("person_id"))
    version = "version" if "version" in columns.values else "person_version"
    return person(
        uuid=uuid_in_id(value("id")) if uuid is None else uuid,
        distinct_ids=_distinct_ids(columns, row, value("distinct_ids"), value("distinct_id")),
        properties=_properties(columns, row, json_of),
        created_at=value("created_at"),
        is_identified=value("is_identified"),
        last_seen_at=value("last_seen_at"),
        source_version=version_of(version, value(version)),
    )


def _distinct_ids(
    columns: Columns, row: Sequence[object], many: object, one: object
) -> tuple[str, ...]:
    if isinstance(many, str):
        many = decode_value("distinct_ids", many.encode(), ids=True)
    ids = [*distinct_ids_of("distinct_ids", many)]
    if one is not None:
        ids.append(distinct_id_of("distinct_id", one))
    for name, at in columns.distinct_ids:
        if (cell := row[at]) is None:
            continue
        if name == _FURTHER_IDS and isinstance(cell, str) and cell.startswith("["):
            ids += distinct_ids_of(name, decode_value(name, cell.encode(), ids=True))
        else:
            ids.append(distinct_id_of(name, cell))
    return unique(ids)


def _properties(
    columns: Columns, row: Sequence[Cell | None], json_of: Callable[[Cell], bytes]
) -> bytes | None:
    at = columns.values.get("properties")
    if at is None:
        cells = [(path, row[at]) for path, at in columns.properties]
        return nest((path, json_of(cell)) for path, cell in cells if cell is not None)
    whole = row[at]
    if isinstance(whole, str | bytes):
        return (whole.encode() if isinstance(whole, str) else whole).strip()
    return None if whole is None else json_of(whole)


def json_of_value(value: object) -> bytes:
    """The JSON of a typed value, as Parquet has it; keys whose value is null are left out.

    Raises:
        Unfit: NaN or an infinity, which JSON has not, or a type it has no form for.
    """
    try:
        return msgspec.json.encode(_without_nulls(value))
    except TypeError as error:
        raise Unfit(f"`properties`: {shown(value)} has no form in JSON") from error


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {key: _without_nulls(child) for key, child in pairs if child is not None}
    if isinstance(value, list):
        return [_without_nulls(child) for child in cast("list[object]", value)]
    if isinstance(value, float) and not isfinite(value):
        raise Unfit(f"`properties`: {value} is not JSON")
    if isinstance(value, bytes):
        return text_of("properties", value)
    if isinstance(value, Decimal):
        return Raw(str(value))
    return value
