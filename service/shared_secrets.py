"""Secrets that every service on one database shares and that outlive each of them."""

from __future__ import annotations

import secrets

import polars as pl
from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.errors import EngineDown

_BYTES = 32
_SCHEMA = pl.Schema({"name": pl.String(), "value": pl.String(), "version": pl.UInt64()})


class _Secret(Struct, frozen=True):
    value: str


def shared_secret(engine: Engine, name: str) -> bytes:
    """Return the 32 bytes of a name, making them if nobody has; for a worker thread.

    Services that start at once agree: an insert bears the name as its deduplication token, so
    ClickHouse keeps the first alone, and what is read back is in force.

    Args:
        engine: an open one.
        name: what it is for; the same name gives the same secret.

    Raises:
        EngineDown: no answer, or what was written is not to be seen yet, as on a slow replica.
    """
    held = _held(engine, name)
    if held is None:
        row = {"name": name, "value": secrets.token_hex(_BYTES), "version": 1}
        engine.insert_now(
            "secrets",
            pl.DataFrame([row], schema=_SCHEMA),
            settings={"insert_deduplication_token": f"secret:{name}"},
        )
        held = _held(engine, name)
    if held is None:
        raise EngineDown("The database does not show yet what it has taken. Start again.")
    return held


def _held(engine: Engine, name: str) -> bytes | None:
    asked = sql("SELECT value FROM secrets FINAL WHERE name = {}", bind("String", name))
    rows = engine.fetch_now(Statement("secrets.get", asked, _Secret))
    return bytes.fromhex(rows[0].value) if rows else None
