"""Exports into files on the service's disk: begun, looked at, cancelled, downloaded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, SkipValidation
from litestar.response import Stream
from msgspec import Struct

from queries.persons import Selection
from queries.times import from_us
from service.api.access import READ_PERSONS
from service.api.exporting import Columns, IdsAs, Safe
from service.api.openapi import READS_PERSONS, Described, answers, operation_id
from service.engine import Engine
from service.errors import BadRequest, NotFound, RangeNotSatisfiable
from service.exports.asked import SUFFIXES, decode_ask
from service.exports.jobs import Job, Order
from service.exports.manifest import NAME, Part
from service.exports.running import Runner
from service.projects import Project
from service.settings import Settings

FileFormat = Annotated[
    str,
    QueryParameter(
        description="What the files are.",
        schema_extra={"enum": list(SUFFIXES), "default": "csv"},
    ),
]

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CHUNK_BYTES = 1_048_576


class ExportJob(Struct):
    """A job.

    Attributes:
        state: `queued`, `running`, `done` or `failed`.
        filter: which persons, as the arguments of the request.
        rows_total: persons in it; 0 until they are counted.
        rows_done: of them written.
        rows_per_second: at which they are written, or were if it is done; 0 where nobody writes.
        eta_seconds: how long it takes from now at that rate; null where it is not known.
        seconds: that were spent on it.
        files: those that are whole; `manifest.json` is the last, when all are.
        error: why it failed, or empty.
    """

    id: UUID
    state: str
    format: str
    filter: dict[str, str | list[str]]
    created_at: datetime
    rows_total: int
    rows_done: int
    rows_per_second: float
    eta_seconds: float | None
    seconds: float
    files: list[Part]
    error: str


class ExportJobs(Struct):
    """The jobs of a project, the newest first."""

    results: list[ExportJob]


def shown(runner: Runner, job: Job) -> ExportJob:
    """Return a job as the API shows it."""
    rows, rate = runner.progress(job)
    left = max(job.total - rows, 0) / rate if rate and job.total and job.is_open else None
    return ExportJob(
        job.id,
        job.state,
        job.order.format,
        job.order.shown(),
        from_us(job.created_us),
        job.total,
        rows,
        round(rate, 1),
        None if left is None else round(left, 1),
        round(job.seconds, 3),
        [done.part for done in job.parts],
        job.error,
    )


@post(
    "/exports",
    status_code=202,
    operation_id=operation_id("exports_create"),
    operation_class=Described,
    summary="Export persons into files",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(None, 400, 401, 403, 404, 507),
)
async def create_job(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    runner: NamedDependency[SkipValidation[Runner]],
    project: NamedDependency[Project],
    selection: NamedDependency[SkipValidation[Selection]],
    format: FileFormat = "",
    columns: Columns = "",
    distinct_ids: IdsAs = "",
    safe: Safe = "",
) -> ExportJob:
    """Begin a job; its arguments are those of an export, in the address."""
    if await request.body():
        raise BadRequest("The arguments stand in the address: send no body.", attr="body")
    suffix = format or "csv"
    decode_ask(suffix, columns=columns, distinct_ids=distinct_ids, safe=safe)
    order = Order(
        suffix,
        selection.until_us,
        columns,
        distinct_ids,
        safe,
        request.query_params.get("properties", ""),
        selection.search,
        selection.email,
        selection.distinct_ids,
        selection.times,
        settings.exports.part_rows,
    )
    job = await engine.in_thread(lambda: runner.create(project.id, order), is_quick=True)
    return shown(runner, job)


@get(
    "/exports",
    operation_id=operation_id("exports_list"),
    operation_class=Described,
    summary="List exports into files",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(ExportJobs, 401, 403, 404),
)
async def list_jobs(
    engine: NamedDependency[SkipValidation[Engine]],
    runner: NamedDependency[SkipValidation[Runner]],
    project: NamedDependency[Project],
) -> ExportJobs:
    """List the jobs of a project."""
    jobs = await engine.in_thread(lambda: runner.store.of(project.id), is_quick=True)
    return ExportJobs([shown(runner, job) for job in jobs])


@get(
    "/exports/{id:uuid}",
    operation_id=operation_id("exports_retrieve"),
    operation_class=Described,
    summary="Get an export into files, and how far it is",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(ExportJob, 401, 403, 404),
)
async def get_job(
    id: FromPath[UUID],
    engine: NamedDependency[SkipValidation[Engine]],
    runner: NamedDependency[SkipValidation[Runner]],
    project: NamedDependency[Project],
) -> ExportJob:
    """Get a job."""
    return shown(runner, await _find(engine, runner, project, id))


@delete(
    "/exports/{id:uuid}",
    status_code=204,
    operation_id=operation_id("exports_destroy"),
    operation_class=Described,
    summary="Cancel an export into files, and remove them",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(None, 401, 403, 404),
)
async def delete_job(
    id: FromPath[UUID],
    engine: NamedDependency[SkipValidation[Engine]],
    runner: NamedDependency[SkipValidation[Runner]],
    project: NamedDependency[Project],
) -> None:
    """Cancel a job and remove its files."""
    job = await _find(engine, runner, project, id)
    await engine.in_thread(lambda: runner.remove(job))


@get(
    "/exports/{id:uuid}/files/{name:str}",
    operation_id=operation_id("exports_files_retrieve"),
    operation_class=Described,
    summary="Download a file of an export",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(None, 401, 403, 404, 416),
)
async def get_file(
    request: Request[Any, Any, Any],
    id: FromPath[UUID],
    name: FromPath[str],
    engine: NamedDependency[SkipValidation[Engine]],
    runner: NamedDependency[SkipValidation[Runner]],
    project: NamedDependency[Project],
) -> Stream:
    """Download a file, or a range of it."""
    job = await _find(engine, runner, project, id)
    known = {done.part.name: done.part.sha256 for done in job.parts}
    file = Path(job.directory) / name
    is_known = name in known or (name == NAME and job.state == "done")
    if not is_known or not await asyncio.to_thread(file.is_file):
        raise NotFound("File not found.")
    size = (await asyncio.to_thread(file.stat)).st_size
    etag = f'"{known.get(name, job.id.hex)}"'
    asked = request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag:
        asked = ""
    start, end = _range_of(asked, size)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(end - start),
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": etag,
    }
    is_part = bool(_RANGE.fullmatch(asked))
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Stream(
        _read(file, start, end),
        status_code=206 if is_part else 200,
        media_type="application/octet-stream",
        headers=headers,
    )


async def _find(engine: Engine, runner: Runner, project: Project, id: UUID) -> Job:
    return await engine.in_thread(lambda: runner.store.get(project.id, id), is_quick=True)


def _range_of(header: str, size: int) -> tuple[int, int]:
    """Return the first byte and the one after the last of those asked for.

    What is no single range of bytes asks for all, as HTTP has it.

    Raises:
        RangeNotSatisfiable: the file has no such bytes.
    """
    match = _RANGE.fullmatch(header)
    if match is None:
        return 0, size
    first, last = match[1], match[2]
    if not first:
        start, end = max(size - int(last or 0), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= end:
        raise RangeNotSatisfiable(f"The file has {size} bytes, and none of these.")
    return start, end


async def _read(file: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as source:
        source.seek(start)
        while start < end:
            chunk = await asyncio.to_thread(source.read, min(_CHUNK_BYTES, end - start))
            if not chunk:
                raise NotFound("File not found.")
            start += len(chunk)
            yield chunk
