"""An export as it is sent: the rows are counted before the first byte, and again at the end.

The statement that reads the rows also counts them, of the same parts at the same moment, so the
number is known with the first block of rows. Rows that come to another number are an error, raised
out of the iterator like any other failure: a file that ends, ends whole. This is more than care:
the embedded engine ends a statement that was killed midway as if that were all (seen with 26.9).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, cast

import polars as pl

from queries.export_source import Source
from service.engine import Engine
from service.errors import EngineError
from service.exports.asked import Ask
from service.exports.encoders import compressor
from service.exports.known import Known, Looked
from service.exports.writers import Writer, writer, writer_now

_Frames = AsyncGenerator[pl.DataFrame, None]


class Cut(EngineError):
    """An export came to another number of rows than was said."""


class Export:
    """An export that has begun.

    Attributes:
        total: how many persons are in it.
        is_stale: what was known of the values is not true of all of them: begin anew without.
    """

    def __init__(
        self, engine: Engine, ask: Ask, out: Writer | None, frames: _Frames | None
    ) -> None:
        """Take what `open_export` has found."""
        self.total = 0
        self.is_stale = False
        self._engine = engine
        self._out = out
        self._frames = frames
        self._first: pl.DataFrame | None = None
        self._compressor = compressor(ask.compression)

    async def begin(self) -> None:
        """Wait for the first rows, and learn how many there are."""
        if self._frames is not None:
            self._first = await anext(self._frames, None)
        if self._first is not None:
            self.total = int(self._first["total"][0])
            self.is_stale = "others" in self._first.columns and bool(self._first["others"][0])

    async def close(self) -> None:
        """End the statement, if it has not ended."""
        if self._frames is not None:
            await self._frames.aclose()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the file in pieces of about a megabyte.

        Raises:
            Cut: there were more or fewer rows than there should be.
            PersonhouseError: what `Engine.batches` raises.
        """
        out, seen = self._out, 0
        work = self._engine.in_export_thread
        if out is not None:
            async with aclosing(self._ahead()) as frames:
                async for frame in frames:
                    seen += frame.height
                    pieces = out.write(frame)
                    while (piece := await work(partial(self._next, pieces))) is not None:
                        if piece:
                            yield piece
        _check(seen, self.total)
        ended = await work(partial(self._end, out))
        if ended:
            yield ended

    def _next(self, pieces: Iterator[bytes]) -> bytes | None:
        piece = next(pieces, None)
        return None if piece is None else bytes(self._compressor.compress(piece))

    def _end(self, out: Writer | None) -> bytes:
        end = b"" if out is None else bytes(self._compressor.compress(out.end()))
        return end + bytes(self._compressor.flush())

    async def _ahead(self) -> _Frames:
        """Yield the frames, and have the next one made while the last one is looked at."""
        frames, frame = self._frames, self._first
        self._first = None
        if frames is None:
            return
        async with aclosing(frames):
            coming = asyncio.ensure_future(anext(frames, None))
            try:
                while frame is not None:
                    yield frame
                    frame = await coming
                    coming = asyncio.ensure_future(anext(frames, None))
            finally:
                coming.cancel()
                await _ended(coming)


async def _ended(task: asyncio.Future[Any]) -> None:
    """Wait for a task that was cancelled, whoever is cancelled meanwhile: it takes no time."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def open_export(
    engine: Engine, ask: Ask, source: Source, known: Known | None = None
) -> Export:
    """Begin an export: what can be said about it, and what is wrong with it, is known then.

    Args:
        engine: where the persons are.
        ask: what is asked for.
        source: which persons.
        known: may know the columns and more; without it all persons are read for them.

    Raises:
        BadRequest: it would have too many columns.
        PersonhouseError: what `Engine.batches` raises.
    """
    looked = Looked(source)
    if known is not None:
        looked = await engine.in_export_thread(partial(known.look, ask, source))
    export = await _begun(engine, ask, looked)
    if not export.is_stale:
        return export
    # Somebody wrote since: nothing is known of that.
    await export.close()
    return await _begun(engine, ask, Looked(source))


async def _begun(engine: Engine, ask: Ask, looked: Looked) -> Export:
    out = await writer(engine, ask, looked)
    frames = None
    if out is not None:
        frames = cast("_Frames", engine.batches(out.statement(looked.source)))
    export = Export(engine, ask, out, frames)
    try:
        await export.begin()
    except BaseException:
        await export.close()
        raise
    return export


def export_now(engine: Engine, ask: Ask, source: Source) -> Iterator[bytes]:
    """Yield an export in the calling thread; what is wrong with it the first step raises."""
    out = writer_now(engine, ask, source)
    small = compressor(ask.compression)
    seen = total = 0
    if out is not None:
        for frame in engine.batches_now(out.statement(source)):
            total = int(frame["total"][0])
            seen += frame.height
            for piece in out.write(frame):
                yield bytes(small.compress(piece))
        _check(seen, total)
        yield bytes(small.compress(out.end()))
    yield bytes(small.flush())


def _check(seen: int, total: int) -> None:
    if seen != total:
        raise Cut(f"The export came to {seen:,} rows and not {total:,}.")
