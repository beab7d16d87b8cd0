"""Import a file of persons or events that is sent as the body of a request.

The body is spooled to disk first, in bounded memory: so a slow client holds no worker, and a body
that is cut off or too large is found out before anything is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Stream
from msgspec import Struct

from queries.imports import Reject
from service.api.access import WRITE_PERSONS
from service.api.failures import body_of
from service.api.openapi import WRITES_PERSONS, TakesFile, answers, operation_id
from service.api.reports import Report, line_of
from service.api.spool import spool
from service.counts import Counts
from service.engine import Engine
from service.errors import BadRequest, UnsupportedMedia
from service.event_imports import import_events
from service.import_runs import Summary
from service.imports import import_persons
from service.projects import Project
from service.readers import Format, UnreadableSource
from service.settings import Settings
from service.settling import Settling

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_NDJSON = "application/x-ndjson"
_KINDS = ("persons", "events")
_TICK_SECONDS = 0.25


class Imported(Struct):
    """What an import did: lines, but `written`, which of persons counts persons.

    Attributes:
        rejects: the first of the lines that were not imported, with the reasons.
    """

    read: int
    written: int
    unchanged: int
    rejected: int
    skipped: int
    seconds: float
    rejects: list[Reject]


@post(
    "/imports",
    status_code=200,
    operation_id=operation_id("imports_create"),
    operation_class=TakesFile,
    summary="Import persons or events from a file",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Imported, 400, 401, 403, 404, 413, 415, 507),
    request_max_body_size=None,
)
async def import_file(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    counts: NamedDependency[SkipValidation[Counts]],
    settling: NamedDependency[SkipValidation[Settling]],
    project: NamedDependency[Project],
    import_threads: NamedDependency[SkipValidation[ThreadPoolExecutor]],
    format: Annotated[
        str,
        QueryParameter(
            description="The file's format. Told from its content if absent.",
            schema_extra={"enum": [known.value for known in Format]},
        ),
    ] = "",
    kind: Annotated[
        str,
        QueryParameter(
            description="What the file holds.",
            schema_extra={"enum": list(_KINDS), "default": "persons"},
        ),
    ] = "",
) -> Response[Imported] | Stream:
    """Import the body; the answer waits for the end, or tells of it line by line."""
    fmt = _decode_format(format)
    has_events = _decode_kind(kind, fmt)
    _refuse_forms(request)
    as_events = request.accept.best_match(["application/json", _NDJSON]) == _NDJSON
    source = await spool(request.stream(), settings)
    report = Report(None if as_events else settings.limits.rejects_kept)

    def work() -> Summary:
        if has_events:
            return import_events(
                engine,
                project.id,
                source,
                on_progress=report.note,
                on_reject=report.reject,
                batch_rows=settings.limits.import_batch_rows,
            )
        return import_persons(
            engine,
            project.id,
            source,
            fmt,
            counts=counts,
            on_progress=report.note,
            on_reject=report.reject,
            batch_rows=settings.limits.import_batch_rows,
        )

    running = import_threads.submit(work)
    running.add_done_callback(lambda _: source.unlink(missing_ok=True))
    running.add_done_callback(lambda _: settling.wake())
    if as_events:
        return await _events(report, running)
    return await _whole(report, running)


def _decode_format(name: str) -> Format | None:
    try:
        return Format(name) if name else None
    except ValueError:
        known = ", ".join(Format)
        raise BadRequest(
            f"`format` is one of {known}, not {name[:40]!r}; leave it out to have it told from the"
            " content.",
            attr="format",
        ) from None


def _decode_kind(kind: str, fmt: Format | None) -> bool:
    """Return whether the file holds events.

    Raises:
        BadRequest: there is no such kind, or not in that format.
    """
    if kind not in ("", *_KINDS):
        raise BadRequest(f"`kind` is `persons` or `events`, not {kind[:40]!r}.", attr="kind")
    if kind != "events":
        return False
    if fmt not in (None, Format.NDJSON):
        raise BadRequest("Events are read from lines of JSON: leave `format` out.", attr="format")
    return True


def _refuse_forms(request: Request[Any, Any, Any]) -> None:
    kind = request.content_type[0].lower()
    if kind in _FORMS:
        raise UnsupportedMedia(
            f'Unsupported media type "{kind}" in request. Send the file itself as the body, with'
            " the content type application/octet-stream."
        )


async def _whole(report: Report, running: Future[Summary]) -> Response[Imported]:
    try:
        summary = await asyncio.wrap_future(running)
    except UnreadableSource as error:
        raise _unreadable(error) from error
    finally:
        report.leave()
    return Response(
        Imported(
            summary.read,
            summary.written,
            summary.unchanged,
            summary.rejected,
            summary.skipped,
            summary.seconds,
            report.rejects,
        )
    )


async def _events(report: Report, running: Future[Summary]) -> Stream:
    """Answer once the import has something to tell: what fails before is told by the status."""
    done = asyncio.wrap_future(running)
    # Of an import that nobody waits for any more nobody asks how it ended.
    done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        told = b""
        while not told:
            await asyncio.wait((done,), timeout=_TICK_SECONDS)
            told = report.take()
            if done.done() and not told:
                told = line_of(summary=done.result())
    except UnreadableSource as error:
        raise _unreadable(error) from error
    except BaseException:
        report.leave()
        raise
    return Stream(_lines(told, report, done), media_type=_NDJSON)


async def _lines(
    told: bytes, report: Report, done: asyncio.Future[Summary]
) -> AsyncIterator[bytes]:
    """Yield what is told a few times a second, and how it ended; leaving ends the import."""
    try:
        yield told
        while not done.done():
            await asyncio.wait((done,), timeout=_TICK_SECONDS)
            told = report.take()
            if told:
                yield told
        yield report.take() + _end(done)
    finally:
        report.leave()


def _end(done: asyncio.Future[Summary]) -> bytes:
    """Return the last line. The status was sent long ago, so an error can only be here."""
    match done.exception():
        case None:
            return line_of(summary=done.result())
        case UnreadableSource() as error:
            return line_of(error=_unreadable(error).body())
        case error:
            return line_of(error=body_of(error))


def _unreadable(error: UnreadableSource) -> BadRequest:
    return BadRequest(f"The body cannot be imported: {error}.", attr="body")
