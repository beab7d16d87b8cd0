"""A file imported and what it came to, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from queries.imports import Reject
from queries.persons import PersonRow, Selection, list_persons
from service.counts import Counts
from service.engine import Engine
from service.import_runs import Progress, Summary
from service.imports import import_persons
from tests.engine.people import FOREVER_US

Line = dict[str, Any]


class Imported(Struct):
    """What an import came to, and what it told on the way."""

    summary: Summary
    rejects: dict[int, str]
    progress: list[Progress]

    def numbers(self) -> tuple[int, int, int]:
        """Written, unchanged, rejected."""
        return self.summary.written, self.summary.unchanged, self.summary.rejected


class Importer:
    """Imports lines into the projects of one engine, by way of a file."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Take an open engine and where to write files."""
        self.engine = engine
        self.counts = Counts(engine)
        self._file = folder / "persons.ndjson"

    def lines(
        self, project: int, lines: Iterable[Line | bytes], *, batch_rows: int = 50_000
    ) -> Imported:
        """Import lines, each given as JSON or as what is to be JSON."""
        self.write(lines)
        progress: list[Progress] = []
        again = self.run(
            project, lambda done: progress.append(msgspec.structs.replace(done)), batch_rows
        )
        again.progress = progress
        return again

    def write(self, lines: Iterable[Line | bytes]) -> None:
        """Write the file that `run` imports."""
        texts = (line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines)
        self._file.write_bytes(b"\n".join(texts))

    def run(
        self,
        project: int,
        on_progress: Callable[[Progress], None] = lambda _: None,
        batch_rows: int = 50_000,
    ) -> Imported:
        """Import the file as it is."""
        rejects: list[Reject] = []
        summary = import_persons(
            self.engine,
            project,
            self._file,
            counts=self.counts,
            on_progress=on_progress,
            on_reject=rejects.append,
            batch_rows=batch_rows,
        )
        return Imported(summary, {reject.line: reject.reason for reject in rejects}, [])

    def persons(self, project: int, **narrowed: Any) -> list[PersonRow]:
        """All persons of a project, or those of a selection, in the order of the list."""
        selection = Selection(project, FOREVER_US, **narrowed)
        return self.engine.fetch_now(list_persons(selection, limit=100_000))

    def by_id(self, project: int) -> dict[str, PersonRow]:
        """All persons of a project by their first distinct id."""
        return {row.ids[0]: row for row in self.persons(project) if row.ids}
