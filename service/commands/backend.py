"""What commands ask for, whoever does it: the engine in this process, or a service that has it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from queries.imports import Reject
from queries.keys import Key
from queries.projects import Project
from service import handoff
from service.handoff import Backup, MadeKey, NewKey, Stats
from service.settings import Settings


class Asked(Struct, frozen=True):
    """What to export: as the arguments of the API; an empty one asks nothing."""

    search: str = ""
    email: str = ""
    distinct_id: tuple[str, ...] = ()
    properties: str = ""
    format: str = ""
    columns: str = ""
    distinct_ids: str = ""
    safe: str = ""


class Imported(Struct, frozen=True):
    """How far an import is, or what it came to: lines, but `written`, which of persons counts them.

    `service.import_runs.Progress` and `Summary` in one, in a module that is light to import. `demo`
    needs that: polars takes SIGINT away from whoever had it (seen with polars 2.1).
    """

    read: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    seconds: float = 0.0
    bytes_read: int = 0
    bytes_total: int = 0


class Exported(Struct, frozen=True):
    """How far an export into a directory is, or what it came to.

    `eta_seconds` is None where it is not known.
    """

    rows: int = 0
    rows_total: int = 0
    bytes: int = 0
    parts: int = 0
    rows_per_second: float = 0.0
    eta_seconds: float | None = None


class Backend(Protocol):
    """Does a command's work. Raises what the service's own functions raise."""

    def list_projects(self) -> list[Project]:
        """Return all projects, the oldest first."""
        ...

    def create_project(self, name: str) -> Project:
        """Make a project."""
        ...

    def list_keys(self) -> list[Key]:
        """Return all keys, the revoked ones too, the oldest first."""
        ...

    def create_key(self, key: NewKey) -> MadeKey:
        """Make a key."""
        ...

    def revoke_key(self, id: UUID) -> Key:
        """Revoke a key for good."""
        ...

    def import_file(
        self,
        project: int,
        source: Path,
        fmt: str | None,
        on_progress: Callable[[Imported], None],
        on_reject: Callable[[Reject], None],
        *,
        events: bool = False,
    ) -> Imported:
        """Import a file of persons, or of events; without `fmt` its format is told from it."""
        ...

    def export(self, project: int, asked: Asked) -> Iterator[bytes]:
        """Yield a file of persons. What is wrong with the question is raised by the first step."""
        ...

    def export_parts(
        self,
        project: int,
        asked: Asked,
        directory: Path,
        on_progress: Callable[[Exported], None],
    ) -> Exported:
        """Write parts and their manifest into a directory that is empty or not there yet."""
        ...

    def back_up(self, directory: str, disk: str) -> Backup:
        """Save everything."""
        ...

    def stats(self) -> Stats:
        """Say what is there and what it costs."""
        ...


@contextmanager
def backend(settings: Settings) -> Generator[Backend]:
    """Open the way to the engine: through the service that runs on it, or else in this process.

    Raises:
        SettingsError, EngineLocked, CannotOpen: as `service.opening.explained`.
        Failure: the service broke off.
    """
    service = handoff.running(settings)
    if service is not None:
        from service.commands.remote import remote

        with remote(service) as opened:
            yield opened
    else:
        from service.commands.local import local

        with local(settings) as opened:
            yield opened
