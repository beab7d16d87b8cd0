"""The run of an import through its batches: one is written while the next is read.

What a line comes to may depend on the lines before it, so a batch is put together with what is
stored only when the one before is written. All that needs no such knowledge is done meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import LiteralString, Protocol, TypeVar

from msgspec import Struct

from queries.imports import Reject
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.readers import Batch, Record

Prepared = TypeVar("Prepared")

# So many rows are written before the first is merged: merging at once costs a third of the speed,
# merging never leaves so many parts that every look-up is slow.
_HELD_ROWS = 1_000_000


class Progress(Struct):
    """How far an import is. Lines are counted, but `written`, which of persons counts persons."""

    read: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    seconds: float = 0.0


class Summary(Struct):
    """What an import did: lines read, persons or events written, lines that changed nothing."""

    read: int
    written: int
    unchanged: int
    rejected: int
    skipped: int
    seconds: float


class Settled(Struct, frozen=True):
    """What a batch comes to; `insert` writes it, and must be called, from any thread."""

    written: int
    unchanged: int
    rejects: Sequence[Reject]
    insert: Callable[[], None]


class Writer(Protocol[Record, Prepared]):
    """Writes batches into one project; entered for as long as that takes."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def merges_held(self) -> AbstractContextManager[None]:
        """Enclose the time in which what is written is not merged."""
        ...

    def prepare(self, lines: list[tuple[int, Record]]) -> Prepared:
        """Do what needs no knowledge of the batches before."""
        ...

    def settle(self, prepared: Prepared) -> Settled:
        """Put a batch together with what is stored, all batches before it included."""
        ...


def run(
    writer: Writer[Record, Prepared],
    bytes_total: int,
    batches: Iterator[Batch[Record]],
    on_progress: Callable[[Progress], None],
    on_reject: Callable[[Reject], None],
) -> Summary:
    """Write all batches; when it returns, all that was accepted is durable and visible.

    Args:
        writer: of what they hold.
        bytes_total: of the file.
        batches: as they are read.
        on_progress: called after each batch.
        on_reject: called for each line that is not imported, in no strict order.
    """
    started = time.monotonic()
    done = Progress(bytes_total=bytes_total)

    def note(batch: Batch[Record], settled: Settled) -> None:
        rejects = [*batch.rejects, *settled.rejects]
        for reject in rejects:
            on_reject(reject)
        done.read += len(batch.records) + len(batch.rejects) + batch.skipped
        done.written += settled.written
        done.unchanged += settled.unchanged
        done.rejected += len(rejects)
        done.skipped += batch.skipped
        done.bytes_read = batch.bytes_read
        done.seconds = round(time.monotonic() - started, 3)
        on_progress(done)

    with ExitStack() as held, writer, ThreadPoolExecutor(1, "import") as inserting:
        held.enter_context(writer.merges_held())
        before: Future[None] | None = None
        for batch in batches:
            prepared = writer.prepare(batch.records)
            if before is not None:
                before.result()
            settled = writer.settle(prepared)
            before = inserting.submit(settled.insert)
            if done.written > _HELD_ROWS:
                held.close()
            note(batch, settled)
        if before is not None:
            before.result()
    seconds = round(time.monotonic() - started, 3)
    return Summary(done.read, done.written, done.unchanged, done.rejected, done.skipped, seconds)


def staging(template: LiteralString, table: str) -> Statement[None]:
    """Return a statement about a table in memory, in which a batch's keys are staged."""
    return Statement("imports.staging", sql(template, bind("Identifier", table)), type(None))


def drop_leftovers(engine: Engine) -> None:
    """Drop what a killed import left staged; only while no import runs, here or elsewhere."""
    if not engine.exclusive:
        return
    left = sql(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        " AND engine IN ('Memory', 'ReplacingMergeTree') AND startsWith(name, 'import_')"
    )
    for table in engine.fetch_now(Statement("imports.leftovers", left, _Staged)):
        engine.command_now(staging("DROP TABLE IF EXISTS {} SYNC", table.name))


class _Staged(Struct):
    name: str
