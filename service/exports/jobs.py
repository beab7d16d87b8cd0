"""Exports into files: jobs that live in ClickHouse, write part after part, and go on after a crash.

A job begins with a copy of `persons` as it is then: of everybody by links to its files, at once;
of a selection the rows themselves, in one statement. All parts are read from the copy, so that they
are of one moment, and a part written again is the same to the byte. What is whole is noted after
each part; a job that was cut off goes on after the last of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import polars as pl
from msgspec import Struct, field
from msgspec.structs import replace

from queries.export_jobs import JobRow, find_job, list_jobs, list_unfinished
from queries.filter_text import decode_filter
from queries.persons import Selection, Times
from queries.times import iso
from service.engine import Engine
from service.errors import NotFound
from service.exports.asked import Ask, decode_ask
from service.exports.manifest import Part
from service.exports.union import UnionPlan

QUEUED, RUNNING, DONE = "queued", "running", "done"
FAILED, DELETED = "failed", "deleted"

_SCHEMA: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "id": pl.String(),
    "created_at": pl.Datetime("us", "UTC"),
    "state": pl.String(),
    "node": pl.String(),
    "directory": pl.String(),
    "ask": pl.String(),
    "total": pl.UInt64(),
    "parts": pl.String(),
    "seconds": pl.Float64(),
    "error": pl.String(),
    "version": pl.UInt64(),
}


class Order(Struct, frozen=True):
    """What a job is to do: the arguments of a request, and what it found out since.

    Attributes:
        format: as `parquet`, `csv.gz`.
        until_us: whoever was created later is left out, as in the list.
        columns: as in a request; so are all up to `distinct_id`.
        times: when persons were created, changed and seen.
        part_rows: persons in a part.
        copied_us: when the copy was made; 0 before.
        plan: the columns of a CSV of all properties, once they are known.
    """

    format: str
    until_us: int
    columns: str = ""
    distinct_ids: str = ""
    safe: str = ""
    properties: str = ""
    search: str = ""
    email: str = ""
    distinct_id: tuple[str, ...] = ()
    times: Times = Times()
    part_rows: int = 500_000
    copied_us: int = 0
    plan: UnionPlan | None = None

    def ask(self) -> Ask:
        """Return what a file of it looks like.

        Raises:
            BadRequest: an argument is wrong.
        """
        return decode_ask(
            self.format, columns=self.columns, distinct_ids=self.distinct_ids, safe=self.safe
        )

    def selection(self, project: int) -> Selection:
        """Return which persons it is about.

        Raises:
            FilterError: the filters cannot be understood.
        """
        tree = decode_filter(self.properties)
        return Selection(
            *(project, self.until_us, tree, self.search, self.email, self.distinct_id, self.times)
        )

    def shown(self) -> dict[str, str | list[str]]:
        """Return the arguments that say which persons, as a request has them."""
        times = {
            "created_after": self.times.created_from,
            "created_before": self.times.created_before,
            "updated_after": self.times.updated_from,
            "last_seen_after": self.times.seen_from,
        }
        given: dict[str, str | list[str]] = {
            "properties": self.properties,
            "search": self.search,
            "email": self.email,
            "distinct_id": list(self.distinct_id),
            **{name: iso(us) for name, us in times.items() if us is not None},
        }
        return {name: value for name, value in given.items() if value}


class Done(Struct, frozen=True):
    """A part that is whole, and the place it ends at."""

    part: Part
    created_us: int
    person: UUID


class Job(Struct, frozen=True):
    """A job as it was last noted. Times are microseconds since 1970."""

    project: int
    id: UUID
    created_us: int
    state: str
    node: str
    directory: str
    order: Order
    total: int = 0
    parts: Sequence[Done] = field(default_factory=list[Done])
    seconds: float = 0.0
    error: str = ""
    version: int = 1

    @property
    def rows(self) -> int:
        """How many persons are in whole parts."""
        return sum(done.part.rows for done in self.parts)

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in (QUEUED, RUNNING)


def job_of(row: JobRow) -> Job:
    """Return the job that a row is of."""
    return Job(
        row.team_id,
        row.id,
        row.created_us,
        row.state,
        row.node,
        row.directory,
        msgspec.json.decode(row.ask, type=Order),
        row.total,
        msgspec.json.decode(row.written, type=list[Done]),
        row.seconds,
        row.error,
        row.version,
    )


class JobStore:
    """The jobs in ClickHouse; all methods are for a worker thread."""

    def __init__(self, engine: Engine) -> None:
        """Take where they are."""
        self._engine = engine

    def create(
        self, project: int, order: Order, directory: Path, node: str, *, is_parent: bool = False
    ) -> Job:
        """Note a job; `is_parent` says that its own directory is to be one in that."""
        id = uuid4()
        own = str(directory / id.hex if is_parent else directory)
        job = Job(project, id, time.time_ns() // 1_000, QUEUED, node, own, order)
        self._write(job)
        return job

    def of(self, project: int) -> list[Job]:
        """Return a project's jobs, the newest first."""
        return [job_of(row) for row in self._engine.fetch_now(list_jobs(project))]

    def unfinished(self, node: str) -> list[Job]:
        """Return the jobs of a node that are not at their end, the oldest first."""
        return [job_of(row) for row in self._engine.fetch_now(list_unfinished(node))][::-1]

    def all_unfinished(self) -> list[Job]:
        """Return the jobs that are not at their end, whoever works on them."""
        return [job_of(row) for row in self._engine.fetch_now(list_unfinished())]

    def get(self, project: int, id: UUID) -> Job:
        """Return a job.

        Raises:
            NotFound: the project has none of that id.
        """
        for row in self._engine.fetch_now(find_job(project, id)):
            return job_of(row)
        raise NotFound("Export not found.")

    def note(self, job: Job) -> Job:
        """Note what has become of a job; returns it with its new version."""
        newer = replace(job, version=job.version + 1)
        self._write(newer)
        return newer

    def _write(self, job: Job) -> None:
        row = {
            "team_id": job.project,
            "id": str(job.id),
            "created_at": job.created_us,
            "state": job.state,
            "node": job.node,
            "directory": job.directory,
            "ask": msgspec.json.encode(job.order).decode(),
            "total": job.total,
            "parts": msgspec.json.encode(job.parts).decode(),
            "seconds": job.seconds,
            "error": job.error,
            "version": job.version,
        }
        frame = pl.DataFrame([row], schema={**_SCHEMA, "created_at": pl.Int64()})
        self._engine.insert_now("exports", frame.cast({"created_at": _SCHEMA["created_at"]}))
