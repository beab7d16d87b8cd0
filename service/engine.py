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
import queue
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal, LiteralString, TypeVar
from uuid import uuid4

import polars as pl
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from queries.parts import end_statement
from queries.sql import sql
from queries.statement import Statement
from schema.migrate import Migration, available, create_database, migrate, pending
from service.engine_target import Target, decode_lines, target
from service.errors import PersonhouseError, engine_failure
from service.lanes import Lane
from service.settings import Settings
from service.turns import Turns

Row = TypeVar("Row")
T = TypeVar("T")
Table = Literal["persons", "events"]

_HEAVY_NICE = 10
# They wait for their turn, and are made together: the more, the fewer statements for each.
_EDITS_AT_ONCE = 64


class Engine:
    """ClickHouse, a server or embedded."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened before `open`."""
        self._settings = settings.clickhouse
        workers, heavy = self._settings.workers, self._settings.heavy_workers
        self._target: Target = target(settings.engine_dsn(), connections=workers + heavy + 2)
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._clients: list[Client] = []
        self._quick, self._heavy, self._edits = (
            Lane(
                name,
                threads,
                waiting=self._settings.waiting,
                patience_seconds=self._settings.timeout_seconds,
            )
            for name, threads in (("quick", workers), ("heavy", heavy), ("edits", _EDITS_AT_ONCE))
        )
        self._exports = ThreadPoolExecutor(self._settings.export_workers, "export")
        # Never behind what they are to end.
        self._ending = ThreadPoolExecutor(2, "ending")
        self.turns = Turns()
        self._merging = threading.Lock()
        self._holding: dict[Table, int] = {}
        self._noting = threading.Lock()
        self._inserts = 0
        self._inserting = 0
        self._wide = 0
        self._streaming = 0

    @property
    def exclusive(self) -> bool:
        """Whether no other process can write to this database."""
        return self._target.exclusive

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
        with self._merging:
            return any(self._holding.values())

    @property
    def is_open(self) -> bool:
        """Whether `open` was called and `close` was not."""
        return bool(self._clients)

    def open(self) -> list[Migration]:
        """Make the database, open the clients and apply pending migrations; return those.

        Raises:
            EngineDown: no answer, or no engine: `service.opening` says why.
            MigrationError: the tables do not fit this version.
        """
        with _failures():
            first = self._target.connect(None)
            try:
                create_database(first, self._settings.database)
            finally:
                first.close()
            for _ in range(self._settings.workers + self._settings.heavy_workers):
                client = self._target.connect(self._settings.database)
                self._clients.append(client)
                self._idle.put(client)
            applied = migrate(self._clients[0], available())
            for client in self._clients:
                client.command("SELECT 1")
        return applied

    def pending(self) -> list[Migration]:
        """Return the migrations that `open` would apply; makes no table but the ledger."""
        with _failures():
            first = self._target.connect(None)
            try:
                create_database(first, self._settings.database)
                client = self._target.connect(self._settings.database)
            finally:
                first.close()
            try:
                return pending(client, available())
            finally:
                client.close()

    def close(self) -> None:
        """Wait for what is running and close all clients."""
        self._quick.close()
        self._heavy.close()
        self._edits.close()
        self._exports.shutdown(cancel_futures=True)
        self._ending.shutdown()
        for client in self._clients:
            client.close()
        self._clients.clear()

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
        return await self._edits.run(work)

    async def in_thread(self, work: Callable[[], T], *, is_quick: bool = False) -> T:
        """Run `work` on a worker thread; `is_quick` says that it reads little for certain.

        Raises:
            Busy: every worker is taken, and the queue full or its turn did not come.
        """
        return await (self._quick if is_quick else self._heavy).run(work)

    def fetch_now(self, statement: Statement[Row], *, seconds: int = 0) -> list[Row]:
        """As `fetch`, in the calling thread; it may take `seconds`, 0 for the usual limit."""
        text, values = statement.sql.render()
        with self._counted(statement), self._client() as client:
            text += self._limits(statement, seconds=seconds)
            body = client.raw_query(text, values, fmt="JSONEachRow")
        return decode_lines(body, statement.row)

    def insert_now(
        self, table: str, rows: pl.DataFrame, *, settings: Mapping[str, str] | None = None
    ) -> None:
        """Insert rows; when it returns they are durable and the next statement sees them.

        Args:
            table: its name.
            rows: a column for each of the table's that is given; texts may be binary.
            settings: of ClickHouse for this insert, as `insert_deduplication_token`.
        """
        sink = io.BytesIO()
        # ClickHouse reads the older layout of texts, not Arrow's string views.
        rows.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
        with self._noted(table), self._client() as client:
            client.raw_insert(
                table,
                column_names=rows.columns,
                insert_block=sink.getvalue(),
                settings=dict(settings or {}),
                fmt="ArrowStream",
            )

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

    @contextmanager
    def merges_held(self, table: Table) -> Generator[None]:
        """Keep the embedded engine from merging parts of a table for a while.

        A bulk load that merges as it goes writes every row three times over. On a server this
        does nothing: who died meanwhile would leave merges off for everybody.
        """
        if not self.exclusive:
            yield
            return
        with self._merging:
            if self._holding.get(table, 0) == 0:
                self._merges("SYSTEM STOP MERGES {}", table)
            self._holding[table] = self._holding.get(table, 0) + 1
        try:
            yield
        finally:
            with self._merging:
                self._holding[table] -= 1
                if self._holding[table] == 0:
                    self._merges("SYSTEM START MERGES {}", table)

    def _merges(self, template: LiteralString, table: Table) -> None:
        self.command_now(Statement("engine.merges", sql(template, sql(table)), type(None)))

    def command_now(self, statement: Statement[Row]) -> None:
        """Run a statement that answers nothing."""
        text, values = statement.sql.render()
        with self._client() as client:
            client.command(text, values)

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
        text, values = statement.sql.render()
        with self._noting:
            self._streaming += 1
        try:
            text += self._limits(statement, export=True, tag=tag)
            with _failures():
                yield from self._target.batches(self._settings.database, text, values)
        finally:
            with self._noting:
                self._streaming -= 1

    def end_now(self, tag: str) -> None:
        """Have the engine end a statement, whatever that is doing; returns at once."""
        self.command_now(end_statement(tag))

    async def batches(self, statement: Statement[Row]) -> AsyncIterator[pl.DataFrame]:
        """As `batches_now`, each batch awaited; leaving early ends the statement.

        A failure midway raises out of the iterator, so that a response breaks off and no client
        takes a part for the whole.
        """
        loop = asyncio.get_running_loop()
        tag = _tag(statement)
        source = self.batches_now(statement, tag=tag)
        step: Future[pl.DataFrame | None] | None = None
        try:
            while True:
                step = self._exports.submit(next, source, None)
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

    @contextmanager
    def _client(self) -> Generator[Client]:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            # An import's thread, beside the workers: the pool grows to as many as run at once.
            with _failures():
                client = self._target.connect(self._settings.database)
            self._clients.append(client)
        try:
            with _failures():
                yield client
        finally:
            self._idle.put(client)

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

    def _limits(
        self,
        statement: Statement[Row],
        *,
        export: bool = False,
        seconds: int = 0,
        tag: str = "",
    ) -> str:
        """Return the SETTINGS clause: ours alone, whole numbers and a name we made."""
        ours = self._settings
        memory = ours.export_memory_bytes if export else ours.max_memory_bytes
        values: dict[str, int | str] = {
            "max_execution_time": 0 if export else seconds or ours.timeout_seconds,
            "max_memory_usage": memory,
            "max_rows_to_read": 0 if export else ours.max_rows_to_read,
            "log_comment": f"'{tag or _tag(statement)}'",
        }
        together = self._streaming
        if not export:
            together = self._wide if self._heavy.holds_this_thread() else 0
        threads = statement.threads or self._share(together)
        if threads:
            values["max_threads"] = threads
        if export or self._heavy.holds_this_thread():
            # Threads of both lanes share the cores: those who read little come first. Without the
            # right to change it (CAP_SYS_NICE) the engine lets it be.
            values["os_threads_nice_value_query"] = _HEAVY_NICE
        if not statement.skip_indexes:
            values["use_skip_indexes_if_final"] = 0
        if export:
            values["output_format_arrow_compression_method"] = "'none'"
            values["output_format_json_escape_forward_slashes"] = 0
            values["enable_shared_storage_snapshot_in_query"] = 1
        return "\nSETTINGS " + ", ".join(f"{key} = {value}" for key, value in values.items())


def _tag(statement: Statement[Row]) -> str:
    return f"{statement.name}:{uuid4().hex}"


def _close(source: Iterator[pl.DataFrame]) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        close()


@contextmanager
def _failures() -> Generator[None]:
    """Turn ClickHouse's and the driver's errors into ours."""
    try:
        yield
    except PersonhouseError:
        raise
    except (ClickHouseError, OSError) as error:
        code: int | None = getattr(error, "code", None)
        raise engine_failure(code, str(error)) from error
