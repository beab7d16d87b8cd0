"""Persons: a page of them, one of them, all of them as a file."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation
from litestar.response import Stream
from msgspec import UNSET

from queries.persons import Selection
from service.api.access import READ_PERSONS
from service.api.addresses import address_of
from service.api.answers import ListedPerson, Page, Person, listed, shown
from service.api.arguments import CursorText, IncludeTotal, Limit, Offset, decode_flag
from service.api.conditions import etag_of
from service.api.exporting import Asking, Columns, IdsAs, Safe, Wanted, wanted
from service.api.long_pages import LongPages, is_long, stream
from service.api.openapi import READS_PERSONS, AlsoCsv, answers, exported_as, operation_id
from service.api.paging import (
    Ends,
    Found,
    Window,
    decode_window,
    is_quick,
    neighbours,
    read_window,
)
from service.api.past import AsOf, PastPerson, past_of
from service.api.people import PersonId, find_person
from service.api.tables import csv_table
from service.counts import Counts
from service.cursors import Cursors
from service.engine import Engine
from service.errors import BadRequest, ErrorBody, MethodNotAllowed
from service.exports.asked import JSON, SUFFIXES, Format
from service.exports.known import Known
from service.history import History
from service.projects import Project
from service.settings import Settings
from service.settling import Settling

_NO_CREATION = (
    "Creating persons via this API is not allowed. Import them instead:"
    " POST /api/projects/:project_id/imports."
)


@get(
    "/persons",
    operation_id=operation_id("persons_list"),
    operation_class=exported_as(*Format),
    summary="List persons, newest first",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Page, 400, 401, 403, 404),
)
async def get_page(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    counts: NamedDependency[SkipValidation[Counts]],
    cursors: NamedDependency[SkipValidation[Cursors]],
    settling: NamedDependency[SkipValidation[Settling]],
    long_pages: NamedDependency[SkipValidation[LongPages]],
    known: NamedDependency[SkipValidation[Known]],
    selection: NamedDependency[SkipValidation[Selection]],
    format: Wanted = "",
    limit: Limit = "",
    offset: Offset = "",
    cursor: CursorText = "",
    include_total: IncludeTotal = "",
    columns: Columns = "",
    distinct_ids: IdsAs = "",
    safe: Safe = "",
) -> Response[Page] | Stream:
    """List a page of persons, or all of them where an export is asked for."""
    asking, suffix = Asking(columns, distinct_ids, safe), wanted(request, format)
    if suffix != JSON:
        return await asking.answer(request, settings, engine, known, selection, suffix)
    asking.refuse()
    opened = cursors.open(cursor, selection) if cursor else None
    window = decode_window(limit, offset, opened, settings.limits)
    with_total = decode_flag("include_total", include_total)
    page = Page(count=UNSET, next=None, previous=None, results=[])
    written: list[bytes] = []

    async def read() -> Ends:
        if is_long(window):
            ends, pieces = await long_pages.read(selection, window)
            written.extend(pieces)
            return ends
        found, page.results = await engine.in_thread(
            lambda: _page_now(engine, settling, selection, window),
            is_quick=is_quick(selection, window),
        )
        return found.ends

    if not with_total:
        ends = await read()
    elif selection.is_narrow():
        # Mostly all of them are on the page, and so counted.
        ends = await read()
        is_known = window.cursor is None and not ends.more and (ends.count or not window.offset)
        page.count = (
            window.offset + ends.count if is_known else await counts.count_in_time(selection)
        )
    else:
        ends, page.count = await asyncio.gather(read(), counts.count_in_time(selection))
    address = address_of(request, settings.http.public_url)
    page.next, page.previous = neighbours(
        window, ends, address, lambda beside: cursors.seal(beside, selection)
    )
    return stream(page, written) if is_long(window) else Response(page)


def _export_at(suffix: str) -> HTTPRouteHandler:
    """Return the address of an export by its name alone, as `persons.ndjson.gz`."""
    is_plain = suffix in list(Format)

    @get(
        f"/persons.{suffix}",
        operation_id=operation_id(f"persons_export_{suffix}".removesuffix("_csv")),
        operation_class=exported_as(suffix),
        summary=f"Export all persons as {suffix}",
        include_in_schema=is_plain,
        opt=READ_PERSONS,
        security=READS_PERSONS,
        responses=answers(None, 400, 401, 403, 404),
    )
    async def export(
        request: Request[Any, Any, Any],
        settings: NamedDependency[SkipValidation[Settings]],
        engine: NamedDependency[SkipValidation[Engine]],
        known: NamedDependency[SkipValidation[Known]],
        selection: NamedDependency[SkipValidation[Selection]],
        columns: Columns = "",
        distinct_ids: IdsAs = "",
        safe: Safe = "",
    ) -> Stream:
        """Export the persons of a selection."""
        asked = request.query_params.get("format", suffix)
        if asked != suffix:
            raise BadRequest(
                f"The address says {suffix}, and `format` {asked[:40]!r}.", attr="format"
            )
        asking = Asking(columns, distinct_ids, safe)
        return await asking.answer(request, settings, engine, known, selection, suffix)

    return export


exports = [_export_at(suffix) for suffix in SUFFIXES]


@get(
    "/persons/{id:str}",
    operation_id=operation_id("persons_retrieve"),
    operation_class=AlsoCsv,
    summary="Get a person",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Person, 400, 401, 403, 404, 409),
)
async def get_person(
    person_id: PersonId,
    project: NamedDependency[Project],
    engine: NamedDependency[SkipValidation[Engine]],
    history: NamedDependency[SkipValidation[History]],
    as_csv: NamedDependency[bool],
    as_of: AsOf = "",
) -> Response[Person] | Response[PastPerson] | Response[str]:
    """Get a person by its integer id or its uuid, as it is or with the properties it had."""
    if as_of:
        return Response(await past_of(engine, history, project.id, person_id, as_of))
    found = await find_person(engine, project.id, person_id)
    person = shown(found)
    if as_csv:
        return csv_table([person], "person.csv")
    return Response(person, headers={"ETag": etag_of(found.version)})


@post("/persons", include_in_schema=False)
async def refuse_creation() -> Response[ErrorBody]:
    """Say where persons come from instead."""
    refusal = MethodNotAllowed(_NO_CREATION)
    return Response(refusal.body(), status_code=refusal.status, headers={"Allow": "GET"})


def _page_now(
    engine: Engine, settling: Settling, selection: Selection, window: Window
) -> tuple[Found, list[ListedPerson]]:
    """Return what is on a page, and how it is shown; for a worker thread."""
    found = read_window(engine, settling, selection, window)
    return found, [listed(row) for row in found.rows]
