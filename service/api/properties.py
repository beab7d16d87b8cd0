"""What properties a project's persons have: the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from queries.catalogue import Property, Value
from queries.filter_text import MAX_KEY
from queries.times import from_us
from service.api.access import READ_PERSONS
from service.api.addresses import address_of, with_parameters
from service.api.arguments import PAGE_ROWS
from service.api.openapi import READS_PERSONS, Described, answers, operation_id
from service.api.paging import decode_window
from service.catalogue import Catalogue
from service.engine import Engine
from service.errors import BadRequest
from service.projects import Project
from service.settings import Settings

_INTEGER: dict[str, Any] = {"type": OpenAPIType.INTEGER, "minimum": 0}
_Key = Annotated[str, QueryParameter(description="Only this property, exactly.")]
_Search = Annotated[
    str, QueryParameter(description="Only properties whose key contains this, case ignored.")
]
_Limit = Annotated[
    str,
    QueryParameter(
        description="Properties a page; 0 is the default too.",
        schema_extra={**_INTEGER, "default": PAGE_ROWS},
    ),
]
_Offset = Annotated[
    str,
    QueryParameter(
        description="How many to leave out before the page.",
        schema_extra={**_INTEGER, "default": 0},
    ),
]


class PropertyShown(Struct, frozen=True, kw_only=True):
    """A property, and what persons have under it.

    Attributes:
        key: it.
        persons: who has it, null included.
        fill_percent: of all persons, how many have a value that is not null.
        types: how many persons have a value of which type.
        warning: what to know where the values are of several types; null where they are not.
        distinct: how many different values there are, null not counted.
        distinct_is_exact: if not, `distinct` is an estimate, of a per cent or two.
        top_values: the most frequent values as text, at most 20.
        top_values_are_exact: if not, some may be missing and the counts may be too small.
        first_seen_at: when the first person who has it, or had, was created.
        last_seen_at: when one who has it, or had, was last written.
    """

    key: str
    persons: int
    fill_percent: float
    types: dict[str, int]
    warning: str | None
    distinct: int
    distinct_is_exact: bool
    top_values: list[Value]
    top_values_are_exact: bool
    first_seen_at: datetime
    last_seen_at: datetime


class PropertyPage(Struct, frozen=True):
    """A page of properties, those of most persons first.

    Attributes:
        count: how many properties there are that were asked for.
        persons: how many persons there are.
        counted_at: all that was written before is counted.
    """

    count: int
    persons: int
    counted_at: datetime
    next: str | None
    previous: str | None
    results: list[PropertyShown]


@get(
    "/persons/properties",
    operation_id=operation_id("persons_properties_retrieve"),
    operation_class=Described,
    summary="List the properties that persons have",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(PropertyPage, 400, 401, 403, 404),
)
async def get_properties(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    catalogue: NamedDependency[SkipValidation[Catalogue]],
    project: NamedDependency[Project],
    key: _Key = "",
    search: _Search = "",
    limit: _Limit = "",
    offset: _Offset = "",
) -> Response[PropertyPage]:
    """List each key with its types, how many persons have it, and the most frequent values."""
    for name, text in (("key", key), ("search", search)):
        if len(text) > MAX_KEY:
            raise BadRequest(f"`{name}` has at most {MAX_KEY} characters.", attr=name)
    window = decode_window(limit, offset, None, settings.limits)
    counted = await engine.in_thread(lambda: catalogue.read(project.id))
    folded, persons = search.casefold(), counted.found.persons
    found = [
        one
        for one in counted.found.properties
        if key in ("", one.key) and folded in one.key.casefold()
    ]
    address = address_of(request, settings.http.public_url)

    def beside(start: int) -> str:
        return with_parameters(address, {"offset": str(start), "limit": str(window.limit)})

    end = window.offset + window.limit
    return Response(
        PropertyPage(
            count=len(found),
            persons=persons,
            counted_at=from_us(counted.at_us),
            next=beside(end) if end < len(found) else None,
            previous=beside(max(0, window.offset - window.limit)) if window.offset else None,
            results=[_shown(one, persons) for one in found[window.offset : end]],
        )
    )


def _shown(one: Property, persons: int) -> PropertyShown:
    return PropertyShown(
        key=one.key,
        persons=one.persons,
        fill_percent=round(100 * one.filled() / persons, 2) if persons else 0.0,
        types=one.types,
        warning=_warning(one),
        distinct=one.distinct,
        distinct_is_exact=one.distinct_is_exact,
        top_values=one.values,
        top_values_are_exact=one.values_are_exact,
        first_seen_at=from_us(one.first_us),
        last_seen_at=from_us(one.last_us),
    )


def _warning(one: Property) -> str | None:
    kinds = one.kinds()
    if len(kinds) < 2:
        return None
    usual, *others = kinds
    told = ", ".join(f"{kind} for {one.types[kind]:,}" for kind in others)
    return f"Mostly {usual}, but {told} of {one.filled():,} persons: filters compare texts."
