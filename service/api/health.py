"""Whether the service runs, and whether it can answer; both without a key."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from queries.sql import sql
from queries.statement import Statement
from schema.migrate import available
from service.api.openapi import answers
from service.engine import Engine
from service.errors import EngineDown, NotReady
from service.settings import Settings

_SECONDS = 5.0


class Alive(Struct):
    """The process runs."""

    status: Literal["ok"] = "ok"


class Ready(Struct):
    """The process runs, ClickHouse answers, its tables fit, and there is room on the disk."""

    status: Literal["ok"] = "ok"
    engine: Literal["ok"] = "ok"
    migrations: Literal["ok"] = "ok"
    disk: Literal["ok"] = "ok"


class _Applied(Struct, frozen=True):
    migrations: int


_ASK = Statement(
    "service.ready",
    sql("SELECT uniqExact(number) AS migrations FROM schema_migrations"),
    _Applied,
    threads=1,
)


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
async def get_readyz(
    engine: NamedDependency[SkipValidation[Engine]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Ready:
    """Ask ClickHouse for next to nothing, in the queue that requests wait in too.

    Raises:
        Busy: the queue is full.
        EngineDown: no answer, or none in five seconds.
        NotReady: the tables are those of an older version, or the disk is nearly full.
    """
    try:
        (found,) = await asyncio.wait_for(engine.fetch(_ASK), _SECONDS)
    except TimeoutError:
        raise EngineDown(f"engine: no answer within {_SECONDS:.0f} seconds.") from None
    missing = len(available()) - found.migrations
    if missing > 0:
        raise NotReady(f"migrations: {missing} not applied; run `personhouse migrate`.")
    await asyncio.to_thread(_require_room, settings)
    return Ready()


def _require_room(settings: Settings) -> None:
    least = settings.health.least_free_bytes
    if not least:
        return
    free = shutil.disk_usage(existing(Path(settings.data))).free
    if free < least:
        raise NotReady(f"disk: {free:,} bytes free in `data`, {least:,} wanted.")


def existing(path: Path) -> Path:
    """Return a path, or of its parents the first that is there."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
