"""What a client asks in the address, decoded once: which persons, which page, which format."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter
from msgspec import Struct

from queries.filter_text import FilterError, decode_filter
from queries.persons import Selection
from service.errors import BadRequest, NotFound
from service.projects import Project

PAGE_ROWS = 100
MAX_OFFSET = 2**63 - 1

_DAY_US = 86_400_000_000
_WHOLE = re.compile(r"[0-9]{1,19}")
_FLAGS = {"": True, "true": True, "1": True, "false": False, "0": False}

# All are texts to Litestar, so that an empty one is as good as none and a wrong one is a 400 that
# says what would be right. The OpenAPI document shows what they really are.
_INTEGER: dict[str, Any] = {"type": OpenAPIType.INTEGER, "minimum": 0}

DistinctId = Annotated[
    str,
    QueryParameter(description="Only the person who has this distinct id, exactly."),
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
        description="How many persons to leave out before the page.",
        schema_extra={**_INTEGER, "default": 0},
    ),
]
IncludeTotal = Annotated[
    str,
    QueryParameter(
        description="`false` leaves `count` out.",
        schema_extra={"type": OpenAPIType.BOOLEAN, "default": True},
    ),
]


class Window(Struct, frozen=True):
    """A page of a list: at most `limit` rows after the first `offset`."""

    limit: int
    offset: int


def until_us() -> int:
    """Return the latest creation time shown: a day from now, in microseconds since 1970.

    What lies further ahead is a broken clock's, and would stand on top of every list.
    """
    return time.time_ns() // 1_000 + _DAY_US


def decode_selection(
    request: Request[Any, Any, Any],
    project: NamedDependency[Project],
    distinct_id: DistinctId = "",
    email: Email = "",
    search: Search = "",
    properties: Properties = "",
) -> Selection:
    """Decode which persons are asked for; an empty argument asks nothing.

    Raises:
        BadRequest: the filters cannot be understood, or come in a form that is not ours.
    """
    _refuse_other_forms(request)
    try:
        tree = decode_filter(properties)
    except FilterError as error:
        raise BadRequest(str(error), attr="properties") from error
    return Selection(project.id, until_us(), tree, search.strip(), email, distinct_id)


def _refuse_other_forms(request: Request[Any, Any, Any]) -> None:
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


def decode_window(limit: str, offset: str, most: int) -> Window:
    """Decode which page is asked for; nothing or 0 is the default of 100 rows from the first.

    Args:
        limit: as sent.
        offset: as sent.
        most: the largest `limit` allowed.

    Raises:
        BadRequest: one is no whole number, or too large.
    """
    return Window(
        _whole("limit", limit, most) or min(PAGE_ROWS, most),
        _whole("offset", offset, MAX_OFFSET),
    )


def _whole(name: str, text: str, most: int) -> int:
    if not text:
        return 0
    if not _WHOLE.fullmatch(text) or int(text) > most:
        raise BadRequest(
            f"`{name}` takes a whole number from 0 to {most}, not {text[:40]!r}.", attr=name
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
