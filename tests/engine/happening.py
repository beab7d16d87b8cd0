"""Events imported into one engine, and what is there of them, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from queries.events import Owner, Range
from queries.imports import Reject
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.event_imports import import_events
from service.import_runs import Progress, Summary
from service.timeline import Point, read_timeline

Line = dict[str, Any]

FIRST_US = -2_208_988_800_000_000
LAST_US = 8_000_000_000_000_000


class EventRow(Struct, frozen=True):
    """What a test looks at of a row."""

    distinct_id: str
    event: str
    properties: str
    person: str
    version: int
    arrived: int


class Happened(Struct):
    """What an import of events came to."""

    summary: Summary
    rejects: dict[int, str]
    progress: list[Progress]

    def numbers(self) -> tuple[int, int, int]:
        """Written, unchanged, rejected."""
        return self.summary.written, self.summary.unchanged, self.summary.rejected


class Events:
    """Imports events into the projects of one engine, by way of a file."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.file = folder / "events.ndjson"

    def lines(
        self, project: int, lines: Iterable[Line | bytes], *, batch_rows: int = 50_000
    ) -> Happened:
        """Import lines, each given as JSON or as what is to be JSON."""
        texts = (line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines)
        self.file.write_bytes(b"\n".join(texts))
        return self.run(project, batch_rows=batch_rows)

    def run(self, project: int, *, batch_rows: int = 50_000) -> Happened:
        """Import the file as it is."""
        rejects: list[Reject] = []
        progress: list[Progress] = []
        summary = import_events(
            self.engine,
            project,
            self.file,
            on_progress=lambda done: progress.append(msgspec.structs.replace(done)),
            on_reject=rejects.append,
            batch_rows=batch_rows,
        )
        return Happened(summary, {one.line: one.reason for one in rejects}, progress)

    def rows(self, project: int, *, final: bool = True) -> list[EventRow]:
        """All events of a project; without `final` all rows, superseded ones too."""
        every = sql(
            """SELECT distinct_id, event, properties, person_properties AS person, version, arrived
            FROM events {} WHERE team_id = {} ORDER BY timestamp, arrived, version""",
            sql("FINAL") if final else sql(""),
            bind("UInt32", project),
        )
        return self.engine.fetch_now(Statement("tests.events", every, EventRow))

    def timeline(
        self, project: int, ids: list[str], *keys: str, hiding: int = 0, **narrowed: Any
    ) -> list[Point]:
        """The timeline of who has these distinct ids."""
        owner = Owner(UUID(int=1), ids, len(ids), hiding)
        wanted = Range(
            project,
            owner,
            narrowed.pop("from_us", FIRST_US),
            narrowed.pop("to_us", LAST_US),
            **narrowed,
        )
        return read_timeline(self.engine, wanted, tuple(sorted(keys)), most=10_000)
