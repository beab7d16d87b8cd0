"""Deletions: of one person, of many, what became of them; and distinct ids used again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from queries.deletions import DeletionRow, Status, count_deletions, list_deletions
from queries.times import from_us
from service.api.access import READ_PERSONS, WRITE_PERSONS, author_of, project_entered
from service.api.addresses import address_of, with_parameters
from service.api.arguments import PAGE_ROWS, SEVERAL
from service.api.bodies import decode_object
from service.api.conditions import terms_of
from service.api.deletion_bodies import (
    decode_distinct_id,
    decode_flags,
    decode_person_uuid,
    decode_wanted,
)
from service.api.deletion_docs import BULK_DELETES, RESETS
from service.api.edit_docs import EDITED, edits
from service.api.once import once
from service.api.openapi import (
    READS_PERSONS,
    WRITES_PERSONS,
    Described,
    answers,
    operation_id,
)
from service.api.paging import decode_window
from service.api.people import PersonId, locate, locate_all
from service.deletions import Deleter, Report
from service.edits import Terms
from service.engine import Engine
from service.errors import BadRequest, Conflict, NotFound
from service.idempotency import Answer
from service.projects import Project
from service.settings import Settings

_Request = Request[Any, Any, Any]

_BOOLEAN: dict[str, Any] = {"type": OpenAPIType.BOOLEAN, "default": False}
_Flag = Annotated[
    str | None,
    QueryParameter(description="There are none here to delete.", schema_extra=_BOOLEAN),
]
_Events = Annotated[
    str | None,
    QueryParameter(
        description="Remove the events of the distinct ids the person has, too.",
        schema_extra=_BOOLEAN,
    ),
]
_Keep = Annotated[
    str | None, QueryParameter(description="Do not delete the person.", schema_extra=_BOOLEAN)
]
_Status = Annotated[
    str,
    QueryParameter(
        description="`completed` are those whose bytes are gone.",
        schema_extra={"enum": ["pending", "completed", "all"], "default": "all"},
    ),
]
_PersonUuid = Annotated[
    str, QueryParameter(description="Only of this person.", schema_extra={"format": "uuid"})
]
_INTEGER: dict[str, Any] = {"type": OpenAPIType.INTEGER, "minimum": 0}
_Limit = Annotated[
    str,
    QueryParameter(
        description="Deletions a page; 0 is the default too.",
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

_STATUSES: dict[str, Status] = {
    "": "all",
    "all": "all",
    "pending": "pending",
    "completed": "completed",
}
_BULK = (400, 401, 403, 409, 413, 415, 422, 507)
_ACCEPTED = Answer(202, b"")
_NOBODY = "Not found."
_CONTENDED = "Others change this person all the time. Try again."


class DeletionError(Struct, frozen=True):
    """A person that could not be deleted, and why."""

    person_uuid: UUID
    error: str


class BulkDeletion(Struct, frozen=True):
    """What a deletion came to.

    `persons_found` of those named were there; `persons_deleted` of them are gone for the next read,
    and `persons_queued_for_deletion`, the same ones, go from the disk; their events, too, where
    that was asked for. Of recordings there are none here, so none are queued.
    """

    persons_found: int
    persons_deleted: int
    persons_queued_for_deletion: int
    events_queued_for_deletion: bool
    recordings_queued_for_deletion: bool
    deletion_errors: list[DeletionError]


class DeletionStatus(Struct, frozen=True):
    """A deletion. It is completed when a scan of all rows found nothing of the person any more."""

    person_uuid: UUID
    created_at: datetime
    status: Literal["pending", "completed"]
    delete_verified_at: datetime | None


class DeletionPage(Struct, frozen=True):
    """A page of deletions, those asked for last first; `count` is of all pages."""

    count: int
    next: str | None
    previous: str | None
    results: list[DeletionStatus]


@delete(
    "/persons/{id:str}",
    status_code=202,
    operation_id=operation_id("persons_destroy"),
    operation_class=edits({}),
    summary="Delete a person",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses={
        **answers(None, *EDITED),
        202: ResponseSpec(None, description="The person is gone for the next read."),
    },
)
async def delete_person(
    request: _Request,
    person_id: PersonId,
    delete_events: _Events = None,
    delete_recordings: _Flag = None,
    keep_person: _Keep = None,
) -> Response[bytes]:
    """Delete a person; the second time there is nobody to delete."""
    engine: Engine = request.app.state.engine
    deleter: Deleter = request.app.state.deleter
    project, author = project_entered(request).id, author_of(request)

    async def work(mark: int) -> Answer:
        terms = terms_of(request, mark)
        flags = decode_flags(
            delete_events=delete_events,
            delete_recordings=delete_recordings,
            keep_person=keep_person,
        )

        def bury() -> Report:
            uuid = locate(engine, project, person_id)
            return deleter.delete_many(
                project,
                [uuid],
                author,
                terms=terms,
                keeps=flags["keep_person"],
                erases=flags["delete_events"],
            )

        report = await engine.in_edit_thread(bury)
        if not report.found:
            raise NotFound(_NOBODY)
        if report.failed:
            raise Conflict(_CONTENDED, code="contended")
        return _ACCEPTED

    return await once(request, work)


@post(
    "/persons/bulk_delete",
    status_code=202,
    operation_id=operation_id("persons_bulk_delete_create"),
    operation_class=BULK_DELETES,
    summary="Delete many persons",
    opt={**WRITE_PERSONS, SEVERAL: ("distinct_ids",)},
    security=WRITES_PERSONS,
    responses={
        **answers(None, *_BULK),
        202: ResponseSpec(BulkDeletion, generate_examples=False, description="As asked."),
    },
)
async def bulk_delete(
    request: _Request, settings: NamedDependency[SkipValidation[Settings]]
) -> Response[bytes]:
    """Delete all persons named who are there; those who are not are passed over."""
    engine: Engine = request.app.state.engine
    deleter: Deleter = request.app.state.deleter
    project, author = project_entered(request).id, author_of(request)

    async def work(mark: int) -> Answer:
        body = await decode_object(request)
        wanted = decode_wanted(request, body, settings.limits.bulk_delete_ids)

        def bury() -> Report:
            terms = Terms(mark=mark)
            keeps, erases = wanted.keeps, wanted.erases
            if wanted.distinct_ids:
                ids = wanted.distinct_ids
                return deleter.delete_owners(
                    project, ids, author, terms=terms, keeps=keeps, erases=erases
                )
            uuids = locate_all(engine, project, wanted.ids).values()
            return deleter.delete_many(
                project, uuids, author, terms=terms, keeps=keeps, erases=erases
            )

        report = await engine.in_edit_thread(bury)
        return Answer(202, msgspec.json.encode(_reported(report)))

    return await once(request, work)


@get(
    "/persons/deletion_status",
    operation_id=operation_id("persons_deletion_status_list"),
    operation_class=Described,
    summary="List deletions, and whether the bytes are gone",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(DeletionPage, 400, 401, 403, 404),
)
async def get_status(
    request: _Request,
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
    status: _Status = "",
    person_uuid: _PersonUuid = "",
    limit: _Limit = "",
    offset: _Offset = "",
) -> Response[DeletionPage]:
    """List the deletions of persons, those asked for last first."""
    which = _STATUSES.get(status)
    if which is None:
        raise BadRequest(
            f"`status` is `pending`, `completed` or `all`, not {status[:40]!r}.", attr="status"
        )
    person = decode_person_uuid(person_uuid)
    window = decode_window(limit, offset, None, settings.limits)

    def work() -> tuple[list[DeletionRow], int]:
        (counted,) = engine.fetch_now(count_deletions(project.id, which, person))
        page = list_deletions(project.id, which, person, limit=window.limit, offset=window.offset)
        return engine.fetch_now(page), counted.deletions

    rows, total = await engine.in_thread(work, is_quick=True)
    address = address_of(request, settings.http.public_url)

    def beside(start: int) -> str:
        return with_parameters(address, {"offset": str(start), "limit": str(window.limit)})

    end = window.offset + window.limit
    return Response(
        DeletionPage(
            total,
            beside(end) if end < total else None,
            beside(max(0, window.offset - window.limit)) if window.offset else None,
            [_shown(row) for row in rows],
        )
    )


@post(
    "/persons/reset_person_distinct_id",
    status_code=202,
    operation_id=operation_id("persons_reset_person_distinct_id_create"),
    operation_class=RESETS,
    summary="Let a distinct id of a deleted person be used again",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses={
        **answers(None, *_BULK),
        202: ResponseSpec(None, description="Nothing is in its way."),
    },
)
async def reset_distinct_id(request: _Request) -> Response[bytes]:
    """Let a distinct id be used again: as each can be from the moment its person is deleted."""

    async def work(mark: int) -> Answer:
        del mark
        decode_distinct_id(request, await decode_object(request))
        return _ACCEPTED

    return await once(request, work)


def _reported(report: Report) -> BulkDeletion:
    return BulkDeletion(
        report.found,
        report.deleted,
        report.deleted,
        events_queued_for_deletion=report.erases,
        recordings_queued_for_deletion=False,
        deletion_errors=[DeletionError(uuid, _CONTENDED) for uuid in report.failed],
    )


def _shown(row: DeletionRow) -> DeletionStatus:
    verified = None if row.verified_us is None else from_us(row.verified_us)
    return DeletionStatus(
        row.person,
        from_us(row.created_us),
        "pending" if verified is None else "completed",
        verified,
    )
