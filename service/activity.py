"""Writes the activity log."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec.structs import asdict

from queries.activity import Entry
from service.engine import Engine

_SCHEMA: dict[str, pl.DataType] = {
    "team_id": pl.UInt32(),
    "created_at": pl.Datetime("us", "UTC"),
    "id": pl.String(),
    "person_id": pl.String(),
    "person_number": pl.UInt64(),
    "activity": pl.String(),
    "detail": pl.Binary(),
    "key_id": pl.String(),
    "key_label": pl.String(),
    "property_keys": pl.List(pl.String()),
    "write_id": pl.UInt64(),
    "follows": pl.UInt64(),
    "is_void": pl.UInt8(),
    "version": pl.UInt64(),
}


def write_entries(engine: Engine, entries: Sequence[Entry]) -> None:
    """Write entries of the log, or newer versions of some."""
    rows = [
        {**asdict(entry), "id": str(entry.id), "person_id": str(entry.person_id)}
        for entry in entries
    ]
    engine.insert_now("activity", pl.DataFrame(rows, schema=_SCHEMA))
