"""What a client asks in the address, decoded once: which persons, which page, which format."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter, SkipValidation

from queries.filter_text import FilterError, decode_filter
from queries.moments import Ago, decode_moment
from queries.persons import Selection, Times
from service.errors import BadRequest, NotFound
from service.projects import Project
from service.settings import Settings

PAGE_ROWS = 100
# Beside a `distinct_id` for each id that may be named.
MAX_PARAMETERS = 100
_SHORT = 2_000
# One thread: more of them would only take more turns from everybody else.
_DECODING = ThreadPoolExecutor(1, "filters")

_WHOLE = re.compile(r"[0-9]{1,19}")
_DAY_US = 86_400_000_000
# Those that say one thing. `properties` has its own refusal, and `distinct_id` may be repeated.
_SINGLE = (
    *("email", "search", "limit", "offset", "cursor", "include_total", "format"),
    *("key", "value", "$unset", "main_distinct_id", "page"),
    *("delete_events", "delete_recordings", "keep_person", "status", "person_uuid"),
    *("created_after", "created_before", "updated_after", "last_seen_after"),
    *("as_of", "timestamp", "person_id", "include_set_once"),
    *("events", "actions", "breakdown", "breakdown_type", "date_from", "date_to", "interval"),
    *("display", "kind", "columns", "distinct_ids", "safe"),
)
SEVERAL = "several"
"""Names, in the `opt` of a handler, the parameters it takes several of."""

_FLAGS = {"": True, "true": True, "1": True, "false": False, "0": False}

# All are texts to Litestar, so that an empty one is as good as none and a wrong one is a 400 that
# says what would be right. The OpenAPI document shows what they really are.
_INTEGER: dict[str, Any] = {"type": OpenAPIType.INTEGER, "minimum": 0}

DistinctId = Annotated[
    tuple[str, ...],
    QueryParameter(
        description="Only the person who has this distinct id, exactly. Given several times: the"
        " persons who have one of them. A comma is a part of the id.",
    ),
]
Email = Annotated[
    str,
    QueryParameter(description="Only persons whose property `email` is this, exactly."),
]
Search = Annotated[
    str,
    QueryParameter(
        description="Only persons whose e-mail, name, username, UUID or one of whose distinct ids"
        " contains this, case ignored.",
    ),
]
Properties = Annotated[
    str,
    QueryParameter(
        description="Only persons whose properties pass these filters: a JSON list, as"
        ' `[{"key":"plan","value":"pro","operator":"exact","type":"person"}]`, all of which must'
        ' hold; or a group `{"type":"OR","values":[...]}`.',
    ),
]
CreatedAfter = Annotated[
    str,
    QueryParameter(
        description="Only persons created then or later: ISO 8601, UTC where it has no zone, or"
        " Unix time."
    ),
]
CreatedBefore = Annotated[
    str, QueryParameter(description="Only persons created before that moment.")
]
UpdatedAfter = Annotated[
    str, QueryParameter(description="Only persons who were changed then or later, or imported.")
]
LastSeenAfter = Annotated[
    str, QueryParameter(description="Only persons with a `last_seen_at` then or later.")
]
Format = Annotated[
    str,
    QueryParameter(
        description="`csv` or `json`. Wins over the header `Accept`.",
        schema_extra={"enum": ["csv", "json"], "default": "json"},
    ),
]
Limit = Annotated[
    str,
    QueryParameter(
        description="Persons a page. 0 is the default too. CSV has no pages.",
        schema_extra={**_INTEGER, "default": PAGE_ROWS},
    ),
]
Offset = Annotated[
    str,
    QueryParameter(
        description="How many persons to leave out before the page; all of them are read. To walk"
        " through a list follow `next`.",
        schema_extra={**_INTEGER, "default": 0},
    ),
]
CursorText = Annotated[
    str,
    QueryParameter(
        description="Where the page goes on: as it stands in `next` and `previous`, for this list"
        " alone. With an `offset` other than the one it came with, the `offset` counts.",
    ),
]
IncludeTotal = Annotated[
    str,
    QueryParameter(
        description="`false` leaves `count` out.",
        schema_extra={"type": OpenAPIType.BOOLEAN, "default": True},
    ),
]


def until_us() -> int:
    """Return the latest creation time shown: a day from now, in microseconds since 1970.

    What lies further ahead is a broken clock's, and would stand on top of every list.
    """
    return time.time_ns() // 1_000 + _DAY_US


def decode_times(
    created_after: CreatedAfter = "",
    created_before: CreatedBefore = "",
    updated_after: UpdatedAfter = "",
    last_seen_after: LastSeenAfter = "",
) -> Times:
    """Decode when persons were created, changed and seen.

    Raises:
        BadRequest: one is no time.
    """
    given = {
        "created_after": created_after,
        "created_before": created_before,
        "updated_after": updated_after,
        "last_seen_after": last_seen_after,
    }
    return Times(*(decode_time(name, text) if text else None for name, text in given.items()))


async def decode_selection(
    request: Request[Any, Any, Any],
    project: NamedDependency[Project],
    settings: NamedDependency[SkipValidation[Settings]],
    distinct_id: DistinctId = (),
    email: Email = "",
    search: Search = "",
    properties: Properties = "",
    *,
    times: NamedDependency[Times],
) -> Selection:
    """Decode which persons are asked for; an empty argument asks nothing.

    Raises:
        BadRequest: the filters cannot be understood, or come in a form that is not ours; or there
            are too many distinct ids.
    """
    refuse_other_forms(request)
    try:
        # What takes milliseconds must not keep everybody else's requests from being read.
        if len(properties) > _SHORT:
            loop = asyncio.get_running_loop()
            tree = await loop.run_in_executor(_DECODING, decode_filter, properties)
        else:
            tree = decode_filter(properties)
    except FilterError as error:
        raise BadRequest(str(error), attr="properties") from error
    ids = decode_distinct_ids(distinct_id, settings.limits.batch_ids)
    return Selection(project.id, until_us(), tree, search.strip(), email, ids, times)


def decode_distinct_ids(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """Return the distinct ids asked for, each once; an empty text asks nothing.

    Raises:
        BadRequest: they are more than `most`.
    """
    ids = tuple(dict.fromkeys(text for text in texts if text))
    if len(ids) > most:
        raise BadRequest(
            f"`distinct_id` is there with {len(ids)} ids, and a request may have {most}: send them"
            " in several, or set `limits.batch_ids` higher.",
            attr="distinct_id",
        )
    return ids


def refuse_crowds(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Refuse an address with thousands of parameters, before they are taken apart one by one.

    Raises:
        BadRequest: there are more than anybody needs.
    """
    del handler
    settings: Settings = connection.app.state["settings"]
    most = MAX_PARAMETERS + settings.limits.batch_ids
    if connection.scope["query_string"].count(b"&") >= most:
        raise BadRequest(f"The address has more than {most} parameters.")


def refuse_repeats(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Refuse a parameter that is given twice with two values: one would be dropped in silence.

    Those a handler takes several of are in its `opt`, under `SEVERAL`.

    Raises:
        BadRequest: with the parameter's name.
    """
    given = set(connection.query_params.multi_items())
    several: tuple[str, ...] = handler.opt.get(SEVERAL, ())
    for name in _SINGLE:
        if name in several:
            continue
        values = [value for key, value in given if key == name]
        if len(values) > 1:
            raise BadRequest(f"`{name}` is given more than once, not always the same.", attr=name)


def refuse_other_forms(request: Request[Any, Any, Any]) -> None:
    """Refuse filters spread over several parameters: to ignore them would widen the result."""
    names = [name for name, _ in request.query_params.multi_items()]
    if any(name.startswith("properties[") for name in names):
        raise BadRequest(
            "Send all filters as one JSON text: `properties=[{...}]`, not `properties[...]=`.",
            attr="properties",
        )
    if names.count("properties") > 1:
        raise BadRequest(
            "`properties` is there more than once; send all filters in one JSON list.",
            attr="properties",
        )


def decode_whole(name: str, text: str, *, most: int, default: int = 0, least: int = 0) -> int:
    """Decode a parameter that is a whole number; nothing is the default.

    Raises:
        BadRequest: it is none, or out of range.
    """
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise BadRequest(
            f"`{name}` takes a whole number from {least} to {most}, not {text[:40]!r}.", attr=name
        )
    return int(text)


def decode_flag(name: str, text: str) -> bool:
    """Decode a parameter that is true unless it says otherwise.

    Raises:
        BadRequest: it is neither true nor false.
    """
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise BadRequest(f"`{name}` is `true` or `false`, not {text[:40]!r}.", attr=name)
    return flag


def decode_time(name: str, text: str) -> int:
    """Decode a parameter that is a point in time, in microseconds since 1970.

    Raises:
        BadRequest: it is none.
    """
    wrong = BadRequest(
        f"`{name}` takes a time as 2024-05-31T12:00:00Z, or Unix time, not {text[:40]!r}.",
        attr=name,
    )
    try:
        # A plus that nobody escaped comes as a space.
        moment = decode_moment(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise wrong from None
    if isinstance(moment, Ago):
        raise wrong
    return moment.us


def wants_csv(request: Request[Any, Any, Any], format: Format = "") -> bool:
    """Say whether the answer should be CSV: by `format`, or else by the header `Accept`.

    Raises:
        NotFound: a format we do not have; 404 is what PostHog says to that.
    """
    if format:
        if format not in ("csv", "json"):
            raise NotFound("Not found.")
        return format == "csv"
    return request.accept.best_match(["application/json", "text/csv"]) == "text/csv"
