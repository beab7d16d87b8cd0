"""The files that every system loads, and the truth about them, made in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from msgspec import Struct

from benchmarks.events import events, has_events
from benchmarks.truth import SEED, Person, Truth, decode_person, lines
from service import generator

_UUID = slice(9, 45)


class Files(Struct, frozen=True):
    """Where the lines are, and how many persons there are at first."""

    folder: str
    persons: int

    def path(self, name: str) -> Path:
        """Return a file: `persons`, `newer`, `deleted` or `events`."""
        return Path(self.folder) / f"{name}.ndjson"

    def are_there(self) -> bool:
        """Say whether `write` has come to its end."""
        return self._done().exists()

    def write(self, truth: Truth) -> None:
        """Write the files, and tell the truth of each person that there is at last."""
        deleted = generator.deleted(self.persons, seed=SEED)
        gone = next(deleted, None)
        with ExitStack() as stack:
            out = {name: stack.enter_context(self.path(name).open("wb")) for name in _NAMES}
            for index, (line, newer) in enumerate(lines(self.persons, dirty=True)):
                out["persons"].write(line + b"\n")
                if newer is not None:
                    out["newer"].write(newer + b"\n")
                if line[_UUID].decode() == gone:
                    out["deleted"].write(line[_UUID] + b"\n")
                    gone = next(deleted, None)
                    continue
                truth.add(newer or line)
                if has_events(index):
                    _write_events(out["events"], index, decode_person(newer or line))
        self._done().touch()

    def latest(self) -> Iterator[tuple[bytes, Person]]:
        """Yield the line of each person that there is at last, and what it says."""
        with ExitStack() as stack:
            persons, newer_lines, deleted = (
                stack.enter_context(self.path(name).open("rb"))
                for name in ("persons", "newer", "deleted")
            )
            newer, gone = next(newer_lines, b""), next(deleted, b"").strip()
            for line in persons:
                uuid, latest = line[_UUID], line
                if uuid == newer[_UUID]:
                    latest, newer = newer, next(newer_lines, b"")
                if uuid == gone:
                    gone = next(deleted, b"").strip()
                else:
                    yield latest, decode_person(latest)

    def count(self, name: str) -> int:
        """Return how many lines a file has."""
        with self.path(name).open("rb") as file:
            return sum(1 for _ in file)

    def _done(self) -> Path:
        return Path(self.folder) / "written"


_NAMES = ("persons", "newer", "deleted", "events")


def _write_events(out: IO[bytes], index: int, person: Person) -> None:
    out.writelines(line + b"\n" for line in events(index, person))
