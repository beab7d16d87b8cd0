"""Whether the service runs, and whether it can answer; both without a key."""

from __future__ import annotations

import asyncio
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from queries.sql import sql
from queries.statement import Statement
from service.api.openapi import answers
from service.engine import Engine
from service.errors import EngineDown

_SECONDS = 5.0


class Alive(Struct):
    """The process runs."""

    status: Literal["ok"] = "ok"


class Ready(Struct):
    """The process runs and ClickHouse answers."""

    status: Literal["ok"] = "ok"
    engine: Literal["ok"] = "ok"


class _One(Struct, frozen=True):
    one: int


_ASK = Statement("service.ready", sql("SELECT 1 AS one"), _One, threads=1)


@get(
    "/livez",
    operation_id="livez",
    summary="Whether the service runs",
    tags=["health"],
    security=[],
    responses=answers(Alive),
)
async def get_livez() -> Alive:
    """Answer as long as the event loop turns."""
    return Alive()


@get(
    "/readyz",
    operation_id="readyz",
    summary="Whether the service can answer",
    tags=["health"],
    security=[],
    responses=answers(Ready, 503),
)
async def get_readyz(engine: NamedDependency[SkipValidation[Engine]]) -> Ready:
    """Ask ClickHouse for the least there is, in the queue that requests wait in too.

    Raises:
        Busy: the queue is full.
        EngineDown: no answer, or none in five seconds.
    """
    try:
        await asyncio.wait_for(engine.fetch(_ASK), _SECONDS)
    except TimeoutError:
        raise EngineDown(f"engine: no answer within {_SECONDS:.0f} seconds.") from None
    return Ready()
