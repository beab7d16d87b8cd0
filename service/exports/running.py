"""Works on jobs: one after the other, each until it is done, stopped or cut off."""

from __future__ import annotations

import fcntl
import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from queries.export_jobs import (
    clone_persons,
    copy_name,
    count_copied,
    drop_copy,
    fill_copy,
    list_copies,
    make_copy,
)
from queries.export_source import Source
from queries.lines import Ids
from queries.persons import Selection
from queries.places import Place
from queries.times import iso
from service.engine import Engine
from service.errors import PersonhouseError
from service.exports.jobs import (
    DELETED,
    DONE,
    FAILED,
    RUNNING,
    Done,
    Job,
    JobStore,
    Order,
)
from service.exports.manifest import VERSION, Manifest, write_manifest
from service.exports.parts import Stopped, write_part
from service.exports.stream import Cut
from service.exports.union import plan_now
from service.exports.writers import Named, Union, Writer
from service.logs import detail_of

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0


class Progress(Struct):
    """How far the job under way is."""

    id: UUID
    rows: int
    began: float
    before: int

    def rate(self) -> float:
        """Return how many rows a second were written since this run began."""
        return (self.rows - self.before) / max(time.monotonic() - self.began, 1e-3)


def run_job(
    engine: Engine,
    job: Job,
    on_rows: Callable[[int], None],
) -> Job:
    """Work on a job until it is done; returns it as it was last noted.

    Args:
        engine: where the persons are.
        job: what to do, or what is left of it.
        on_rows: told of rows as they are written; may raise `Stopped`.

    Raises:
        Stopped: `on_rows` raised it. What is whole stays, and the job can be gone on with.
        PersonhouseError: the engine failed, or the disk is full.
    """
    run = _Run(engine, job)
    run.prepare()
    run.write(on_rows)
    return run.finish()


class _Run:
    """One go at a job."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._store = JobStore(engine)
        self._job = job
        self._ask = job.order.ask()
        self._copy = copy_name(job.id)
        self._began = time.monotonic()
        self._seconds_before = job.seconds
        everyone = Selection(job.project, job.order.until_us)
        self._source = Source(everyone, copy=self._copy)

    def prepare(self) -> None:
        """Make the directory, and the copy and what it tells, where they are not there yet."""
        Path(self._job.directory).mkdir(parents=True, exist_ok=True)
        if self._job.order.copied_us:
            return
        engine, selection = self._engine, self._job.order.selection(self._job.project)
        engine.command_now(drop_copy(self._copy))
        copied_us = time.time_ns() // 1_000
        if selection.is_everyone() and not engine.is_cluster:
            engine.command_now(clone_persons(self._copy))
        else:
            engine.command_now(make_copy(self._copy))
            engine.command_now(fill_copy(self._copy, selection))
        (counted,) = engine.fetch_now(count_copied(self._source))
        order = replace(self._job.order, copied_us=copied_us)
        if self._ask.is_union:
            how = self._ask.ids or Ids.COLUMNS
            plan = plan_now(engine, self._source, how, is_safe=self._ask.is_safe)
            order = replace(order, plan=plan)
        self._note(state=RUNNING, order=order, total=counted.total)

    def write(self, on_rows: Callable[[int], None]) -> None:
        """Write the parts that are missing."""
        job = self._job
        while job.rows < job.total or not job.parts:
            after = Place(job.parts[-1].created_us, job.parts[-1].person) if job.parts else None
            source = replace(self._source, after=after, limit=job.order.part_rows)
            expected = min(job.order.part_rows, job.total - job.rows)
            file = Path(job.directory) / f"part-{len(job.parts):05}.{self._ask.suffix}"
            out = self._writer()
            written = write_part(self._engine, self._ask, out, source, file, on_rows)
            # The embedded engine ends what was killed as if that were all.
            if written.part.rows != expected:
                raise Cut(f"A part came to {written.part.rows:,} rows and not {expected:,}.")
            last = written.last or Place(0, UUID(int=0))
            done = Done(written.part, last.created_us, last.uuid)
            job = self._note(parts=[*job.parts, done])

    def finish(self) -> Job:
        """Write the manifest, and let go of the copy."""
        job, parts = self._job, [done.part for done in self._job.parts]
        ask = self._ask
        columns = () if job.order.plan is None else job.order.plan.columns
        manifest = Manifest(
            VERSION,
            str(job.id),
            job.project,
            iso(job.order.copied_us),
            ask.suffix,
            list(columns) if ask.is_union else [column.name for column in ask.named()],
            job.order.shown(),
            job.rows,
            sum(part.bytes for part in parts),
            parts,
        )
        write_manifest(Path(job.directory), manifest)
        # A list of columns may be long, and is in the manifest now.
        done = self._note(state=DONE, order=replace(job.order, plan=None))
        self._engine.command_now(drop_copy(self._copy))
        return done

    def _writer(self) -> Writer | None:
        plan = self._job.order.plan
        if not self._ask.is_union:
            return Named(self._ask)
        return Union(plan) if plan is not None and plan.columns else None

    def _note(self, **changes: Any) -> Job:  # noqa: ANN401 - any of the fields of a job
        seconds = self._seconds_before + time.monotonic() - self._began
        self._job = self._store.note(replace(self._job, seconds=seconds, **changes))
        return self._job


class Runner:
    """Works on the jobs of this machine in a thread of its own, one after the other."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        """Start nothing yet.

        Args:
            engine: where the persons are.
            directory: where jobs have their directories.
        """
        self.directory = directory
        self.node = f"{socket.gethostname()}:{directory}"
        self.store = JobStore(engine)
        self._engine = engine
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._unwanted: set[UUID] = set()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go on with what is left, and wait for more."""
        self._thread = threading.Thread(target=self._run, name="exports", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread soon; the job under way goes on at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def create(self, project: int, order: Order) -> Job:
        """Note a job, and begin with it as soon as it is its turn."""
        job = self.store.create(project, order, self.directory, self.node, is_parent=True)
        self._wake.set()
        return job

    def progress(self, job: Job) -> tuple[int, float]:
        """Return how many rows are written, and how many a second.

        Of a job that is done that is the rate of all of it; 0 where nobody writes.
        """
        with self._lock:
            if self._progress is None or self._progress.id != job.id:
                return job.rows, job.rows / max(job.seconds, 1e-3) if job.state == DONE else 0.0
            return self._progress.rows, self._progress.rate()

    def remove(self, job: Job) -> None:
        """Cancel a job, if it is not at its end, and remove its files; for a worker thread."""
        with self._lock:
            self._unwanted.add(job.id)
            is_running = self._progress is not None and self._progress.id == job.id
        if not is_running:
            self._forget(job)
        self._wake.set()

    def _forget(self, job: Job) -> None:
        self._engine.command_now(drop_copy(copy_name(job.id)))
        shutil.rmtree(job.directory, ignore_errors=True)
        self.store.note(replace(self.store.get(job.project, job.id), state=DELETED))

    def _run(self) -> None:
        with alone_in(self.directory, self._stop) as is_alone:
            if not is_alone:
                return
            self._drop_leftovers()
            while not self._stop.is_set():
                try:
                    jobs = self.store.unfinished(self.node)
                    for job in jobs[:1]:
                        self._work(job)
                except PersonhouseError as error:
                    _log.warning("exports could not be looked for: %s", detail_of(error))
                    jobs = []
                if not jobs:
                    self._wake.wait(_LOOK_SECONDS)
                    self._wake.clear()

    def _work(self, job: Job) -> None:
        with self._lock:
            if job.id in self._unwanted:
                return
            self._progress = Progress(job.id, job.rows, time.monotonic(), job.rows)
        try:
            run_job(self._engine, job, self._note_rows)
        except Stopped:
            _log.info("export %s stops", job.id)
        except Exception as error:
            # Whatever it is, it is of this job: the others are worked on.
            if not self._stop.is_set():
                _log.warning("export %s failed: %s", job.id, detail_of(error))
                self._fail(job, error)
        finally:
            with self._lock:
                self._progress = None
                is_unwanted = job.id in self._unwanted
        if is_unwanted:
            self._forget(job)

    def _fail(self, job: Job, error: Exception) -> None:
        latest = self.store.get(job.project, job.id)
        self.store.note(replace(latest, state=FAILED, error=str(error)))
        self._engine.command_now(drop_copy(copy_name(job.id)))

    def _note_rows(self, rows: int) -> None:
        with self._lock:
            progress = self._progress
            if progress is None or progress.id in self._unwanted or self._stop.is_set():
                raise Stopped
            progress.rows += rows

    def _drop_leftovers(self) -> None:
        """Drop copies of which no job is left, where no other process can have made them."""
        if not self._engine.exclusive:
            return
        wanted = {copy_name(job.id) for job in self.store.all_unfinished()}
        for copy in self._engine.fetch_now(list_copies()):
            if copy.name not in wanted:
                self._engine.command_now(drop_copy(copy.name))


@contextmanager
def alone_in(directory: Path, stop: threading.Event) -> Generator[bool]:
    """Wait until no other process works on the jobs of a directory; False where told to stop."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("wb") as file:
        while not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stop.wait(_LOOK_SECONDS)
            else:
                yield True
                return
        yield False
