"""What a system must be able to do, and what is the same for several."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from benchmarks.asks import Answer, Ask
from benchmarks.data import Files

ExportFormat: TypeAlias = Literal["csv", "parquet"]

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_PAGES = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MEMORY_BYTES = _PAGES


class Missing(Exception):
    """The system is not there; the text says what is lacking."""


class Loaded(Struct, frozen=True):
    """What it took to load.

    Attributes:
        persons: how many were loaded at first, in bulk.
        seconds: that took, indexes included.
        disk_bytes: of everything, in the end.
        load: the load average before, which tells whether others were at work; below 0 unknown.
    """

    persons: int
    seconds: float
    disk_bytes: int
    load: float = -1.0

    def was_alone(self) -> bool:
        """Say whether nothing else took the processor, as far as is known."""
        return 0 <= self.load <= CORES + 1


class Facts(Struct, frozen=True):
    """What the report says of a system.

    Attributes:
        version: of it.
        about: how it is used, in a sentence or two.
        schema: the statements that made its tables.
        settings: what differs from the defaults.
    """

    version: str
    about: str
    schema: str = ""
    settings: str = ""


class System(Protocol):
    """One way to keep persons. `folder` is its own; what it raises ends the run.

    Attributes:
        variants: names, of the whole or of what is done another way in the same data.
    """

    variants: tuple[str, ...]

    def __init__(self, folder: Path) -> None:
        """Take the directory; raise `Missing` where the system is not installed."""
        ...

    def load(self, files: Files) -> Loaded:
        """Load everything, into an empty directory."""
        ...

    def open(self) -> None:
        """Open what was loaded."""
        ...

    def close(self) -> None:
        """Close it; called in the end in any case."""
        ...

    def facts(self) -> Facts:
        """Say what it is; while it is open."""
        ...

    def pid(self) -> int:
        """Return the process whose memory counts, with its children."""
        ...

    def can(self, ask: Ask, variant: str) -> bool:
        """Say whether this can be asked, and is not the same as in another variant."""
        ...

    def prepare(self, ask: Ask, variant: str) -> Callable[[], object]:
        """Return what is timed: it asks, and fetches all of the answer."""
        ...

    def read(self, ask: Ask, raw: object) -> Answer:
        """Return what the answer says."""
        ...

    def statement(self, ask: Ask, variant: str) -> str:
        """Return the text of what is asked, for the report; empty if there is none to show."""
        ...

    def export(self, form: ExportFormat, target: Path) -> int | None:
        """Write uuid, created_at and properties of all; returns rows, None if it cannot."""
        ...


@contextmanager
def timed() -> Generator[Callable[[], float]]:
    """Yield what returns the seconds within the context, once that is over."""
    began = time.monotonic()
    ended = began
    yield lambda: ended - began
    ended = time.monotonic()


def like(text: str) -> str:
    """Return a pattern of LIKE for what contains a text."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def quoted(text: str) -> str:
    """Return a text as a literal in SQL: a property's name cannot be a parameter everywhere."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a directory."""
    return sum(
        (Path(where) / name).stat().st_size
        for where, _, names in os.walk(folder)
        for name in names
        if (Path(where) / name).is_file()
    )
