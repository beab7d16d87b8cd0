"""Commands' work done in this process, with an engine of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from queries.export_source import Source
from queries.filter_text import FilterError, decode_filter
from queries.imports import Reject
from queries.keys import Key
from queries.persons import Selection
from queries.projects import Project
from service.api.arguments import decode_distinct_ids, until_us
from service.backups import back_up
from service.commands.backend import Asked, Exported, Imported
from service.commands.console import Failure
from service.counts import Counts
from service.engine import Engine
from service.errors import BadRequest, NotFound
from service.event_imports import import_events
from service.exports.asked import decode_ask
from service.exports.directories import export_into
from service.exports.jobs import Order
from service.exports.stream import export_now
from service.handoff import Backup, MadeKey, NewKey, Stats
from service.import_runs import Progress
from service.imports import import_persons
from service.keys import Keys
from service.opening import explained
from service.projects import Projects
from service.readers import Format, UnreadableSource
from service.settings import Settings
from service.stats import stats_now


class Local:
    """A `Backend` on an open engine."""

    def __init__(self, settings: Settings, engine: Engine, runner: asyncio.Runner) -> None:
        """Take an engine that is open, and what runs coroutines."""
        self._settings = settings
        self._engine = engine
        self._run = runner.run
        self._projects = Projects(engine)
        self._keys = Keys(engine, settings.auth)

    def list_projects(self) -> list[Project]:
        """As `Backend.list_projects`."""
        return self._run(self._projects.list())

    def create_project(self, name: str) -> Project:
        """As `Backend.create_project`."""
        return self._run(self._projects.create(name))

    def list_keys(self) -> list[Key]:
        """As `Backend.list_keys`."""
        return self._run(self._keys.list())

    def create_key(self, key: NewKey) -> MadeKey:
        """As `Backend.create_key`."""
        made = self._run(self._keys.create(key.label, key.scopes, key.projects, key.expires_us))
        return MadeKey(*made)

    def revoke_key(self, id: UUID) -> Key:
        """As `Backend.revoke_key`."""
        return self._run(self._keys.revoke(id))

    def import_file(
        self,
        project: int,
        source: Path,
        fmt: str | None,
        on_progress: Callable[[Imported], None],
        on_reject: Callable[[Reject], None],
        *,
        events: bool = False,
    ) -> Imported:
        """As `Backend.import_file`."""
        self._check(project)

        def note(progress: Progress) -> None:
            on_progress(_imported(progress))

        rows = self._settings.limits.import_batch_rows
        try:
            if events:
                summary = import_events(
                    self._engine,
                    project,
                    source,
                    on_progress=note,
                    on_reject=on_reject,
                    batch_rows=rows,
                )
                return _imported(summary)
            summary = import_persons(
                self._engine,
                project,
                source,
                None if fmt is None else Format(fmt),
                counts=Counts(self._engine),
                on_progress=note,
                on_reject=on_reject,
                batch_rows=rows,
            )
        except UnreadableSource as error:
            raise Failure(f"{source.name} cannot be imported: {error}") from error
        return _imported(summary)

    def export(self, project: int, asked: Asked) -> Iterator[bytes]:
        """As `Backend.export`."""
        self._check(project)
        ask = decode_ask(
            asked.format or "csv",
            columns=asked.columns,
            distinct_ids=asked.distinct_ids,
            safe=asked.safe,
        )
        try:
            tree = decode_filter(asked.properties)
        except FilterError as error:
            raise BadRequest(str(error), attr="properties") from error
        ids = decode_distinct_ids(asked.distinct_id, self._settings.limits.batch_ids)
        selection = Selection(project, until_us(), tree, asked.search.strip(), asked.email, ids)
        yield from export_now(self._engine, ask, Source(selection))

    def export_parts(
        self,
        project: int,
        asked: Asked,
        directory: Path,
        on_progress: Callable[[Exported], None],
    ) -> Exported:
        """As `Backend.export_parts`."""
        self._check(project)
        ids = decode_distinct_ids(asked.distinct_id, self._settings.limits.batch_ids)
        order = Order(
            asked.format or "csv",
            until_us(),
            asked.columns,
            asked.distinct_ids,
            asked.safe,
            asked.properties,
            asked.search.strip(),
            asked.email,
            ids,
            part_rows=self._settings.exports.part_rows,
        )
        order.ask()
        try:
            order.selection(project)
        except FilterError as error:
            raise BadRequest(str(error), attr="properties") from error

        def note(rows: int, total: int, seconds: float) -> None:
            rate = rows / max(seconds, 1e-3)
            on_progress(
                Exported(rows, total, rows_per_second=rate, eta_seconds=(total - rows) / rate)
            )

        job = export_into(self._engine, project, order, directory, note)
        return Exported(
            job.rows,
            job.total,
            sum(done.part.bytes for done in job.parts),
            len(job.parts),
            job.rows / max(job.seconds, 1e-3),
        )

    def back_up(self, directory: str, disk: str) -> Backup:
        """As `Backend.back_up`."""
        return back_up(self._engine, directory, disk)

    def stats(self) -> Stats:
        """As `Backend.stats`."""
        return stats_now(self._engine)

    def _check(self, project: int) -> None:
        if self._run(self._projects.get(project)) is None:
            raise NotFound("Project not found.")


def _imported(amounts: object) -> Imported:
    return msgspec.convert(amounts, Imported, from_attributes=True)


@contextmanager
def local(settings: Settings) -> Generator[Local]:
    """Open the engine in this process, and bring its tables up to date.

    Raises:
        SettingsError, EngineLocked, CannotOpen: as `service.opening.explained`.
    """
    engine = Engine(settings)
    try:
        with explained(settings):
            engine.open()
        with asyncio.Runner() as runner:
            yield Local(settings, engine, runner)
    finally:
        engine.close()


def migrations(settings: Settings, *, dry_run: bool) -> list[str]:
    """Apply the pending migrations and return their names; with `dry_run` only name them.

    Raises:
        SettingsError, EngineLocked, CannotOpen: as `service.opening.explained`.
    """
    engine = Engine(settings)
    try:
        with explained(settings):
            return [one.name for one in (engine.pending() if dry_run else engine.open())]
    finally:
        engine.close()
