"""The activity log: who changed what, of one person or of all, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter, SkipValidation
from msgspec import Raw, Struct

from queries.activity import EntryRow, count_activity, list_activity
from queries.times import from_us
from service.api.access import READ_ACTIVITY
from service.api.addresses import address_of, with_parameters
from service.api.arguments import decode_whole
from service.api.openapi import READS_ACTIVITY, Described, answers, operation_id
from service.api.people import PersonId, find_person
from service.engine import Engine
from service.errors import NotFound
from service.projects import Project
from service.settings import Settings

ENTRIES = 10
MAX_ENTRIES = 100
_MAX_PAGE = 10**9

_INTEGER: dict[str, Any] = {"type": OpenAPIType.INTEGER, "minimum": 1}

_Limit = Annotated[
    str,
    QueryParameter(
        description="Entries a page.",
        schema_extra={**_INTEGER, "maximum": MAX_ENTRIES, "default": ENTRIES},
    ),
]
_PageNumber = Annotated[
    str, QueryParameter(description="From 1.", schema_extra={**_INTEGER, "default": 1})
]


class Actor(Struct, frozen=True):
    """Who did something: a key of the API, by its label and id, or the service's own commands."""

    first_name: str
    email: None
    is_system: bool
    key_id: str | None


class LogEntry(Struct, frozen=True):
    """An entry. `item_id` is the person's integer id as text, `detail` an object."""

    id: UUID
    user: Actor
    activity: str
    scope: Literal["Person"]
    item_id: str
    detail: Raw
    created_at: datetime


class Log(Struct, frozen=True):
    """A page of entries; `total_count` is how many there are on all pages."""

    results: list[LogEntry]
    next: str | None
    previous: str | None
    total_count: int


@get(
    "/persons/activity",
    operation_id=operation_id("persons_all_activity_retrieve"),
    operation_class=Described,
    summary="List who changed persons of the project",
    opt=READ_ACTIVITY,
    security=READS_ACTIVITY,
    responses=answers(Log, 400, 401, 403, 404),
)
async def get_project_log(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
    limit: _Limit = "",
    page: _PageNumber = "",
) -> Response[Log]:
    """List the entries of all persons, of those deleted too."""
    window = _decode_window(limit, page)
    address = address_of(request, settings.http.public_url)
    return Response(await _log(engine, address, project.id, None, *window))


@get(
    "/persons/{id:str}/activity",
    operation_id=operation_id("persons_activity_retrieve"),
    operation_class=Described,
    summary="List who changed a person",
    opt=READ_ACTIVITY,
    security=READS_ACTIVITY,
    responses=answers(Log, 400, 401, 403, 404, 409),
)
async def get_person_log(
    request: Request[Any, Any, Any],
    person_id: PersonId,
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
    limit: _Limit = "",
    page: _PageNumber = "",
) -> Response[Log]:
    """List the entries of a person who is there."""
    window = _decode_window(limit, page)
    person = await find_person(engine, project.id, person_id)
    address = address_of(request, settings.http.public_url)
    return Response(await _log(engine, address, project.id, person.uuid, *window))


def _decode_window(limit: str, page: str) -> tuple[int, int]:
    """Decode how many entries a page has and which one is asked for; nothing is the default.

    Raises:
        BadRequest: one is no whole number, or out of range.
    """
    rows = decode_whole("limit", limit, default=ENTRIES, least=1, most=MAX_ENTRIES)
    return rows, decode_whole("page", page, default=1, least=1, most=_MAX_PAGE)


async def _log(
    engine: Engine, address: str, project: int, person: UUID | None, limit: int, page: int
) -> Log:
    """Read a page of the log.

    Raises:
        NotFound: it lies past the end; the first page is always there.
    """

    def work() -> tuple[list[EntryRow], int]:
        (counted,) = engine.fetch_now(count_activity(project, person=person))
        offset = (page - 1) * limit
        if offset >= counted.entries:
            return [], counted.entries
        entries = list_activity(project, person=person, limit=limit, offset=offset)
        return engine.fetch_now(entries), counted.entries

    rows, total = await engine.in_thread(work, is_quick=True)
    if page > 1 and (page - 1) * limit >= total:
        raise NotFound("Invalid page.")

    def beside(number: int) -> str:
        return with_parameters(address, {"page": str(number), "limit": str(limit)})

    return Log(
        [_shown(row) for row in rows],
        beside(page + 1) if page * limit < total else None,
        beside(page - 1) if page > 1 else None,
        total,
    )


def _shown(row: EntryRow) -> LogEntry:
    by_key = bool(row.key_id)
    return LogEntry(
        row.id,
        Actor(row.key_label if by_key else "System", None, not by_key, row.key_id or None),
        row.activity,
        "Person",
        str(row.number),
        Raw(row.detail.encode()),
        from_us(row.created_us),
    )
