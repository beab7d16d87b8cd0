"""All that reading an import file gives, for tests to look at."""

from __future__ import annotations

from pathlib import Path

from queries.imports import PersonInput
from service.readers import Batch, Format, UnreadableSource, read


class Reading:
    """A file read to its end, or up to the failure that ended it."""

    def __init__(self, path: Path, fmt: Format | None = None, *, batch_rows: int = 50_000) -> None:
        self.batches: list[Batch[PersonInput]] = []
        self.failure = ""
        try:
            for batch in read(path, fmt, batch_rows=batch_rows):
                self.batches.append(batch)
        except UnreadableSource as failure:
            self.failure = str(failure)
        self.persons = [person for batch in self.batches for _, person in batch.records]
        self.lines = [line for batch in self.batches for line, _ in batch.records]
        self.rejects = {r.line: r.reason for batch in self.batches for r in batch.rejects}
        self.skipped = sum(batch.skipped for batch in self.batches)

    @property
    def ids(self) -> list[str]:
        """The first distinct id of each person."""
        return [person.distinct_ids[0] for person in self.persons]
