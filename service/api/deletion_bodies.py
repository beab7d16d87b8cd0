"""What deletions ask for, decoded from a body and the address: the body comes first."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from litestar import Request
from msgspec import Struct

from queries.import_values import MAX_DISTINCT_ID_CHARS
from service.api.arguments import decode_flag
from service.api.people import Named, decode_id
from service.errors import BadRequest

_SHOWN_CHARS = 40
_FLAGS = ("delete_events", "delete_recordings", "keep_person")

Query = Request[Any, Any, Any]


class Wanted(Struct, frozen=True):
    """Whom to delete: by integer ids and uuids, or else by distinct ids.

    `keeps` True deletes nobody; `erases` removes their events.
    """

    ids: list[Named]
    distinct_ids: list[str]
    keeps: bool
    erases: bool


def decode_wanted(request: Query, body: dict[str, Any], most: int) -> Wanted:
    """Decode `ids` or `distinct_ids`, and the flags.

    Args:
        request: for where the body has none; `ids` there may be separated by commas.
        body: decoded.
        most: ids that may be named.

    Raises:
        BadRequest: there are both or none of them, too many, or one is not of its type.
    """
    flags = {name: _flag(request, body, name) for name in _FLAGS}
    ids, distinct_ids = _items(request, body, "ids"), _items(request, body, "distinct_ids")
    if ids and distinct_ids:
        raise BadRequest("`ids` cannot be combined with `distinct_ids`.", attr="ids")
    if not ids and not distinct_ids:
        raise BadRequest("`ids` or `distinct_ids` is required.", attr="ids", code="required")
    field, items = ("ids", ids) if ids else ("distinct_ids", distinct_ids)
    if len(items) > most:
        raise BadRequest(
            f"`{field}` has {len(items)} ids, and a request may have {most}: send them in several,"
            " or set `limits.bulk_delete_ids` higher.",
            attr=field,
        )
    return Wanted(
        [_decode_id(n, item) for n, item in enumerate(ids)],
        [_decode_text(n, item) for n, item in enumerate(distinct_ids)],
        flags["keep_person"],
        flags["delete_events"],
    )


def decode_flags(**flags: str | None) -> dict[str, bool]:
    """Decode the flags of the address of one person: their values, not that they are there.

    Raises:
        BadRequest: one is neither true nor false.
    """
    return {name: text is not None and decode_flag(name, text) for name, text in flags.items()}


def decode_distinct_id(request: Query, body: dict[str, Any]) -> str:
    """Decode `distinct_id`.

    Raises:
        BadRequest: it is absent or empty, or nothing that a person can have.
    """
    value = body.get("distinct_id")
    if value is None:
        value = request.query_params.get("distinct_id")
    if value is None or value == "":
        raise BadRequest("`distinct_id` is required.", attr="distinct_id", code="required")
    if not isinstance(value, str):
        raise BadRequest("`distinct_id` must be a text.", attr="distinct_id")
    if len(value) > MAX_DISTINCT_ID_CHARS:
        raise BadRequest(
            f"`distinct_id` has {len(value)} characters, and a distinct id at most"
            f" {MAX_DISTINCT_ID_CHARS}.",
            attr="distinct_id",
        )
    return value


def decode_person_uuid(text: str) -> UUID | None:
    """Decode the uuid of the person asked for, None where there is none.

    Raises:
        BadRequest: it is no UUID.
    """
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadRequest(
            f"`person_uuid` is no UUID: {text[:_SHOWN_CHARS]!r}.", attr="person_uuid"
        ) from None


def _items(request: Query, body: dict[str, Any], field: str) -> list[object]:
    value: object = body.get(field)
    if value is None:
        texts = request.query_params.getall(field, [])
        if field == "ids":
            texts = [one.strip() for text in texts for one in text.split(",")]
        return [text for text in texts if text]
    if not isinstance(value, list):
        raise BadRequest(f"`{field}` must be a list.", attr=field)
    return cast("list[object]", value)


def _flag(request: Query, body: dict[str, Any], name: str) -> bool:
    value: object = body.get(name)
    if isinstance(value, bool):
        return value
    if value is None:
        text = request.query_params.get(name)
        return text is not None and decode_flag(name, text)
    return decode_flag(name, value if isinstance(value, str) and value else repr(value))


def _decode_id(place: int, item: object) -> Named:
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    if isinstance(item, str):
        try:
            return decode_id(item)
        except BadRequest:
            pass
    raise BadRequest(f"`ids[{place}]` is neither an integer id nor a UUID.", attr="ids")


def _decode_text(place: int, item: object) -> str:
    if not isinstance(item, str):
        raise BadRequest(f"`distinct_ids[{place}]` is no text.", attr="distinct_ids")
    return item
