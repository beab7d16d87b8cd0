"""Answers to requests with an Idempotency-Key, kept to be given again to who repeats one.

Only what succeeded is kept: a request that failed changed nothing, or is made whole by its repeat,
so to answer it anew is what its sender wants.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import polars as pl
from msgspec import Struct

from queries.idempotency import find_answer, mark_of
from service.engine import Engine
from service.errors import Unprocessable
from service.keys import wall_us

_SCHEMA: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "key_id": pl.String(),
    "key": pl.String(),
    "request_hash": pl.String(),
    "status": pl.UInt16(),
    "etag": pl.String(),
    "body": pl.Binary(),
    "created_at": pl.Datetime("us", "UTC"),
}
_REUSED = (
    "This Idempotency-Key was used for another request within the last 24 hours. Take a new key for"
    " each request, and the same one only to repeat it."
)


class Answer(Struct, frozen=True):
    """A successful answer: its status, its body as it goes out, its ETag if it has one."""

    status: int
    body: bytes
    etag: str = ""


class Repeatable(Struct, frozen=True):
    """A request that may be repeated: whose it is, and the Idempotency-Key it came with."""

    project: int
    key_id: str
    key: str

    def mark(self) -> int:
        """Return what is left in the lineage of all that the request writes."""
        return mark_of(self.project, self.key_id, self.key)


class _Line(Struct):
    lock: asyncio.Lock
    waiting: int = 0


class Answers:
    """The answers of one database. A request and its repeat in one process take turns."""

    def __init__(self, engine: Engine, *, now_us: Callable[[], int] = wall_us) -> None:
        """Take the engine, which need not be open yet, and the clock that the 24 hours go by."""
        self._engine = engine
        self._now_us = now_us
        self._lines: dict[Repeatable, _Line] = {}

    @asynccontextmanager
    async def alone(self, request: Repeatable) -> AsyncGenerator[None]:
        """Wait until nobody else is at the same request."""
        line = self._lines.setdefault(request, _Line(asyncio.Lock()))
        line.waiting += 1
        try:
            async with line.lock:
                yield
        finally:
            line.waiting -= 1
            if not line.waiting:
                del self._lines[request]

    async def find(self, request: Repeatable, asked: str) -> Answer | None:
        """Return the answer that a request had; None where it is new.

        Args:
            request: it.
            asked: `queries.idempotency.request_hash` of it.

        Raises:
            Unprocessable: the answer under its key is to something else.
        """
        statement = find_answer(request.project, request.key_id, request.key, self._now_us())
        for row in await self._engine.fetch(statement):
            if row.request_hash != asked:
                raise Unprocessable(_REUSED, attr="Idempotency-Key")
            return Answer(row.status, row.body.encode(), row.etag)
        return None

    async def keep(self, request: Repeatable, asked: str, answer: Answer) -> None:
        """Keep an answer; when this returns it is durable."""
        values = {
            "team_id": request.project,
            "key_id": request.key_id,
            "key": request.key,
            "request_hash": asked,
            "status": answer.status,
            "etag": answer.etag,
            "body": answer.body,
            "created_at": self._now_us(),
        }
        frame = pl.DataFrame([values], schema=_SCHEMA)
        await self._engine.in_thread(
            lambda: self._engine.insert_now("idempotency", frame), is_quick=True
        )
