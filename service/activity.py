"""Writes the activity log."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import polars as pl
from msgspec.structs import asdict

from queries.activity import Entry, void_unwritten
from service.engine import Engine
from service.errors import EngineDown, PersonhouseError
from service.logs import detail_of

_log = logging.getLogger(__name__)

# A crash is mostly followed by a start; half a million entries take a quarter of a second.
_DOUBTFUL_US = 6 * 3_600_000_000
# Longer than the statements of a write may take together.
_WRITE_US = 600_000_000

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
    engine.insert_soon("activity", pl.DataFrame(rows, schema=_SCHEMA))


def void_unwritten_now(engine: Engine) -> None:
    """Make void what the last six hours' log says of writes that a crash prevented.

    For the start, before this process writes. Where others write too, what they may be at is left
    alone; it is in doubt until the next start.
    """
    now = time.time_ns() // 1_000
    until = now if engine.exclusive else now - _WRITE_US
    try:
        engine.command_now(void_unwritten(now - _DOUBTFUL_US, until))
    except PersonhouseError as error:
        # To read must be possible even so, on a full disk not least.
        _log.warning("the activity log could not be checked: %s", detail_of(error))


def is_in_doubt(engine: Engine, error: BaseException) -> bool:
    """Say whether a write that failed may have come to be: the server was not heard of again."""
    return not engine.exclusive and isinstance(error, EngineDown)


class Doubts:
    """Entries of writes of which nobody knows whether they came to be, to be looked at later."""

    def __init__(self, engine: Engine) -> None:
        """There are none yet."""
        self._engine = engine
        self._due = 0.0

    def note(self) -> None:
        """There is one more."""
        self._due = self._due or time.monotonic() + 1.1 * _WRITE_US / 1_000_000

    def resolve(self) -> None:
        """Make void what never came to be, once no write can be under way any more."""
        if self._due and time.monotonic() > self._due:
            self._due = 0.0
            void_unwritten_now(self._engine)
