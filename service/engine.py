"""The one door to ClickHouse: fetch rows, stream batches, insert.

A bounded pool of synchronous clients behind an asynchronous face. The embedded engine has no
asynchronous client, so tests run what ships, and the pool is the admission limit: a request that
finds it full and the queue long is told so at once rather than left waiting.

There are two lanes, so that who gets one person does not wait for who counts ten million. Quick is
a statement bound to one thread, and what its caller calls so; all else is heavy.
"""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from typing import Literal, LiteralString, TypeVar

import polars as pl

from queries.mutations import Place
from queries.parts import end_statement
from queries.sql import bind, sql
from queries.statement import Statement
from schema.migrate import Migration, available, migrate, pending
from service.engine_clients import Clients
from service.engine_cluster import OnCluster, cluster_of, make_database, place_of
from service.engine_failures import failures
from service.engine_target import Target, target
from service.held_merges import HeldMerges
from service.journal import TABLES
from service.json_lines import decode_lines
from service.lanes import Lane, stand_back, start_polars
from service.metering import Meter, current
from service.settings import Settings
from service.statement_settings import export_clause, fetch_clause, tag_of
from service.turns import Turns

Row = TypeVar("Row")
T = TypeVar("T")
Table = Literal["persons", "events"]

# The setting of an INSERT that names it: of several with one name ClickHouse takes one.
TAKEN_ONCE = "insert_deduplication_token"

# They wait for their turn, and are made together: the more, the fewer statements for each.
_EDITS_AT_ONCE = 64
# Who reads comes first: an edit's statements are large where many wait for them.
_EDITS_NICE = 5
# An export may take all there is left: whoever reads a page, or edits, comes before it.
_EXPORTS_NICE = 10
# More are inserted as quickly as they would be written to the journal.
_FEW_ROWS = 1_000
# Threads for some rows cost more than they do: a seventh of the INSERT of an edit.
_BY_ONE = {"max_threads": "1"}


class Engine:
    """ClickHouse, a server or embedded."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened before `open`."""
        self._settings = settings.clickhouse
        workers, heavy = self._settings.workers, self._settings.heavy_workers
        self._target: Target = target(settings.engine_dsn(), self._settings)
        self._tables = cluster_of(self._settings)
        self._on_cluster: OnCluster | None = None
        self.meter = Meter()
        self._clients = Clients(self._target, self._settings.database, self.meter)
        self._quick, self._heavy, self._edits = (
            Lane(
                name,
                threads,
                waiting=self._settings.waiting,
                patience_seconds=self._settings.timeout_seconds,
                nice=nice,
                share=self._settings.project_share,
            )
            for name, threads, nice in (
                ("quick", workers, 0),
                ("heavy", heavy, 0),
                ("edits", _EDITS_AT_ONCE, _EDITS_NICE),
            )
        )
        self._exports = ThreadPoolExecutor(
            self._settings.export_workers, "export", stand_back, (_EXPORTS_NICE,)
        )
        # Never behind what they are to end.
        self._ending = ThreadPoolExecutor(2, "ending")
        self.turns = Turns()
        self._held_merges = HeldMerges(
            stop=lambda table: self._say_of_merges("SYSTEM STOP MERGES {}", table),
            start=lambda table: self._say_of_merges("SYSTEM START MERGES {}", table),
        )
        self._noting = threading.Lock()
        self._inserts = 0
        self._inserting = 0
        self._wide = 0
        self._journal = self._target.journal(self._settings.database, self.insert_now)
        self._streaming = 0

    @property
    def exclusive(self) -> bool:
        """Whether no other process can write to this database."""
        return self._target.exclusive

    @property
    def is_cluster(self) -> bool:
        """Whether the rows are in other tables than those that lead to them."""
        return self._tables is not None

    def place_of(self, table: str) -> Place:
        """Return where a table's rows are."""
        return place_of(table, self._settings.database, self._tables)

    @property
    def inserts(self) -> int | None:
        """The inserts of persons that this process began, None while one runs.

        The same number before and after a look at `persons` means that nothing was written in
        between, where no other process can write.
        """
        with self._noting:
            return None if self._inserting else self._inserts

    @property
    def merges_are_held(self) -> bool:
        """Whether somebody is in `merges_held`, so that no mutation would start either."""
        return self._held_merges.are_any()

    def taken(self) -> dict[str, int]:
        """Return how much runs or waits in each lane."""
        lanes = {"quick": self._quick, "heavy": self._heavy, "edits": self._edits}
        return {name: lane.taken for name, lane in lanes.items()}

    @property
    def is_open(self) -> bool:
        """Whether `open` was called and `close` was not."""
        return self._clients.are_open

    def open(self) -> list[Migration]:
        """Make the database, open the clients and apply pending migrations; return those.

        Raises:
            EngineDown: no answer, or no engine: `service.opening` says why.
            MigrationError: the tables do not fit this version.
        """
        with failures():
            self._on_cluster = make_database(self._target, self._settings, self._tables)
            self._clients.open(self._settings.workers + self._settings.heavy_workers)
            with self._clients.lent("engine.migrate") as client:
                applied = migrate(client, available(), self._tables)
            self._clients.warm()
            self._target.put_background_last()
            # They encode exports; edits use them too.
            start_polars(_EDITS_NICE)
            if self._journal is not None and not self._journal.open():
                self._journal = None
        return applied

    def pending(self) -> list[Migration]:
        """Return the migrations that `open` would apply; makes no table but the ledger."""
        with failures():
            self._on_cluster = make_database(self._target, self._settings, self._tables)
            client = self._target.connect(self._settings.database)
            try:
                return pending(client, available(), self._tables)
            finally:
                client.close()

    def close(self) -> None:
        """Wait for what is running and close all clients."""
        self._quick.close()
        self._heavy.close()
        self._edits.close()
        self._exports.shutdown(cancel_futures=True)
        if self._journal is not None:
            self._journal.close()
        self._ending.shutdown()
        self._clients.close()
        self._target.close()

    async def fetch(self, statement: Statement[Row]) -> list[Row]:
        """Run a statement and decode all of its rows.

        Raises:
            TooExpensive: ClickHouse stopped it at a limit.
            Busy: every worker is taken, and the queue full or its turn did not come.
            EngineDown: no answer from ClickHouse.
        """
        is_quick = statement.threads == 1
        return await self.in_thread(lambda: self.fetch_now(statement), is_quick=is_quick)

    async def in_edit_thread(self, work: Callable[[], T]) -> T:
        """As `in_thread`, for what may have to wait for the turn of its project."""
        self._target.require_answers()
        return await self._edits.run(work)

    async def in_thread(self, work: Callable[[], T], *, is_quick: bool = False) -> T:
        """Run `work` on a worker thread; `is_quick` says that it reads little for certain.

        Raises:
            Busy: every worker is taken, and the queue full or its turn did not come.
            EngineDown: all that are taken would wait in vain.
        """
        self._target.require_answers()
        return await (self._quick if is_quick else self._heavy).run(work)

    def fetch_now(
        self, statement: Statement[Row], *, seconds: int = 0, most_rows: int = 0
    ) -> list[Row]:
        """As `fetch`, in the calling thread.

        Args:
            statement: to be run.
            seconds: it may take; 0 for the usual limit.
            most_rows: it may read, which the engine mostly knows before it begins; 0 likewise.
        """
        text, values = self._rendered(statement)
        with self._counted(statement), self._clients.lent(statement.name) as client:
            is_heavy = self._heavy.holds_this_thread()
            text += fetch_clause(
                statement,
                self._settings,
                threads=statement.threads or self._share(self._wide if is_heavy else 0),
                is_heavy=is_heavy,
                seconds=seconds,
                most_rows=most_rows,
            )
            body = client.raw_query(text, values, fmt="JSONEachRow")
        return decode_lines(body, statement.row)

    def insert_now(
        self, table: str, rows: pl.DataFrame, *, settings: Mapping[str, str] | None = None
    ) -> None:
        """Insert rows; when it returns they are durable and the next statement sees them.

        Args:
            table: its name.
            rows: a column for each of the table's that is given; texts may be binary.
            settings: of ClickHouse for this insert, as `TAKEN_ONCE`.
        """
        sink = io.BytesIO()
        # ClickHouse reads the older layout of texts, not Arrow's string views.
        rows.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
        with self._noted(table), self._clients.lent(f"insert.{table}") as client:
            client.raw_insert(
                table,
                column_names=rows.columns,
                insert_block=sink.getvalue(),
                settings={**(_BY_ONE if rows.height <= _FEW_ROWS else {}), **(settings or {})},
                fmt="ArrowStream",
            )

    def insert_soon(self, table: str, rows: pl.DataFrame) -> None:
        """Insert rows into one of `journal.TABLES`, or make sure that they will be.

        When it returns they survive the end of this process, and the next statement sees them.
        """
        if self._journal is None or rows.height > _FEW_ROWS:
            self.insert_now(table, rows)
            return
        with failures():
            self._journal.add(table, rows)

    def flush(self) -> None:
        """Return when all that waits for its table is in it."""
        if self._journal is not None:
            self._journal.flush()

    def _rendered(self, statement: Statement[Row]) -> tuple[str, dict[str, object]]:
        """Return text and values, when what waits for a table that the text names is in it."""
        text, values = statement.sql.render()
        if self._journal is not None and any(table in text for table in TABLES):
            self._journal.flush()
        return text, values

    @contextmanager
    def _noted(self, table: str) -> Generator[None]:
        if table != "persons":
            yield
            return
        with self._noting:
            self._inserts += 1
            self._inserting += 1
        try:
            yield
        finally:
            with self._noting:
                self._inserting -= 1

    def merges_held(self, table: Table) -> AbstractContextManager[None]:
        """Keep the embedded engine from merging parts of a table for a while; see `HeldMerges`."""
        return self._held_merges.held(table) if self.exclusive else nullcontext()

    def _say_of_merges(self, template: LiteralString, table: str) -> None:
        text = sql(template, bind("Identifier", table))
        self.command_now(Statement("engine.merges", text, type(None)))

    def command_now(self, statement: Statement[Row]) -> None:
        """Run a statement that answers nothing."""
        text, values = self._rendered(statement)
        settings: dict[str, str] = {}
        if self._on_cluster is not None:
            text, settings = self._on_cluster.command(text)
        with self._clients.lent(statement.name) as client:
            client.command(text, values, settings=settings)

    async def in_export_thread(self, work: Callable[[], T]) -> T:
        """Run `work` on one of the threads that exports share; waits for as long as it takes."""
        return await asyncio.wrap_future(self._exports.submit(work))

    def batches_now(self, statement: Statement[Row], *, tag: str = "") -> Iterator[pl.DataFrame]:
        """Yield a statement's rows as data frames, one for each block the engine makes.

        Time is not limited: a slow reader pauses the engine. Closing the iterator ends it.

        Args:
            statement: what to run.
            tag: what `end_now` knows it by.
        """
        text, values = self._rendered(statement)
        tally, began, rows, size = current(), time.perf_counter(), 0, 0
        with self._noting:
            self._streaming += 1
        try:
            threads = statement.threads or self._share(self._streaming)
            text += export_clause(statement, self._settings, threads=threads, tag=tag)
            with failures():
                for batch in self._target.batches(self._settings.database, text, values):
                    rows, size = rows + batch.height, size + int(batch.estimated_size())
                    yield batch
        finally:
            with self._noting:
                self._streaming -= 1
            self.meter.note(statement.name, time.perf_counter() - began, rows, size, tally)

    def end_now(self, tag: str) -> None:
        """Have the engine end a statement, whatever that is doing; returns at once."""
        self.command_now(end_statement(tag))

    async def batches(self, statement: Statement[Row]) -> AsyncIterator[pl.DataFrame]:
        """As `batches_now`, each batch awaited; leaving early ends the statement.

        A failure midway raises out of the iterator, so that a response breaks off and no client
        takes a part for the whole.
        """
        loop = asyncio.get_running_loop()
        tag = tag_of(statement)
        source = self.batches_now(statement, tag=tag)
        step: Future[pl.DataFrame | None] | None = None
        try:
            while True:
                step = self._exports.submit(copy_context().run, lambda: next(source, None))
                batch = await asyncio.shield(asyncio.wrap_future(step, loop=loop))
                if batch is None:
                    return
                yield batch
        finally:
            # A generator cannot be closed while another thread is inside it.
            if step is None or step.done() or step.cancel():
                self._ending.submit(_close, source)
            else:
                self._ending.submit(self.end_now, tag)
                step.add_done_callback(lambda _: _close(source))

    def _share(self, together: int) -> int:
        """Return how many of this machine's cores a statement may use, 0 for all.

        Heavy ones that run together get more done with a share each than with all cores each,
        and leave the quick ones more.
        """
        if together < 2 or not self.exclusive:
            return 0
        return max(1, (os.cpu_count() or 1) // together)

    @contextmanager
    def _counted(self, statement: Statement[Row]) -> Generator[None]:
        """Count a statement among the heavy ones that take as many cores as they get."""
        if statement.threads or not self._heavy.holds_this_thread():
            yield
            return
        with self._noting:
            self._wide += 1
        try:
            yield
        finally:
            with self._noting:
                self._wide -= 1


def _close(source: Iterator[pl.DataFrame]) -> None:
    if isinstance(source, Generator):
        source.close()
