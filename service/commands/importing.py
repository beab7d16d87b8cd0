"""An import on the command line: its progress, its rejects and its sum."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from queries.imports import Reject
from service.commands.backend import Backend, Imported
from service.commands.console import Console, Failure
from service.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Importing:
    """Files imported into one project, one after the other.

    `total` is the sum so far; it counts what was done by the time an import stopped.
    """

    def __init__(
        self,
        console: Console,
        project: int,
        fmt: str | None = None,
        *,
        events: bool = False,
        rejects: Path | None = None,
        naming: bool = False,
    ) -> None:
        """Take what all the files have in common.

        Args:
            console: where to tell of rejects.
            project: where to.
            fmt: the format; None to have it told from the content.
            events: whether they hold events, and not persons.
            rejects: where all rejects go; None for `<file>.rejected.ndjson` beside each file.
            naming: whether a reject names its file.
        """
        self._console = console
        self._naming = naming
        self._project = project
        self._fmt = fmt
        self._events = events
        self._rejects = rejects
        self._started: set[Path] = set()
        self.total: dict[str, Any] = {
            "read": 0,
            "written": 0,
            "unchanged": 0,
            "rejected": 0,
            "skipped": 0,
            "seconds": 0.0,
        }

    def run(self, backend: Backend, source: Path, called: Path) -> None:
        """Import a file.

        Args:
            backend: who does it.
            source: what to read.
            called: what it is known by, where `source` is a copy.

        Raises:
            Failure: it was stopped, or cannot be read.
        """
        done: Imported | None = None

        def note(progress: Imported) -> None:
            nonlocal done
            done = progress
            show(progress)

        try:
            with self._rejecting(called) as reject, _bar(called.name) as show:
                summary = backend.import_file(
                    self._project, source, self._fmt, note, reject, events=self._events
                )
        except KeyboardInterrupt as error:
            lines = 0 if done is None else done.read
            raise Failure(
                f"stopped in {called}, after {lines:,} lines or some more. Import it again for the"
                " others: what is there already stays as it is"
            ) from error
        except OSError as error:
            raise Failure(f"{called} cannot be imported: {error.strerror or error}") from error
        for name in self.total:
            self.total[name] += getattr(summary, name)
        self.total["seconds"] = round(self.total["seconds"], 3)

    @contextmanager
    def _rejecting(self, called: Path) -> Generator[Callable[[Reject], None]]:
        """Write rejects as lines of a file, which is made for the first of them."""
        path = self._rejects or called.with_name(f"{called.name}.rejected.ndjson")
        file: IO[bytes] | None = None

        def write(reject: Reject) -> None:
            nonlocal file
            if file is None:
                file = path.open("ab" if path in self._started else "wb")
                self._started.add(path)
            line: dict[str, Any] = {"line": reject.line, "reason": reject.reason}
            if self._naming:
                line = {"file": str(called), **line}
            file.write(msgspec.json.encode(line) + b"\n")

        try:
            yield write
        finally:
            if file is not None:
                file.close()
                self._console.note(f"the reasons of what was rejected are in {path}")
            elif path not in self._started and self._rejects is None:
                # Of an import before: what was wrong then is right now.
                path.unlink(missing_ok=True)


@contextmanager
def _bar(name: str) -> Generator[Callable[[Imported], None]]:
    """Show progress on stderr where it is a terminal."""
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    terminal = Terminal(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[lines]:>12,} lines {task.fields[rate]:>9,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=terminal, disable=not terminal.is_terminal, transient=True
    ) as progress:
        task = progress.add_task(name, total=None, lines=0, rate=0.0)
        yield lambda done: _advance(progress, task, done)


def _advance(progress: Progress, task: TaskID, done: Imported) -> None:
    progress.update(
        task,
        completed=done.bytes_read,
        total=done.bytes_total or None,
        lines=done.read,
        rate=done.read / done.seconds if done.seconds else 0.0,
    )


@contextmanager
def spooled(settings: Settings, write: Callable[[IO[bytes]], None]) -> Generator[Path]:
    """Have `write` fill a file of its own in the data directory, deleted afterwards."""
    from service.api.spool import folder

    try:
        folder(settings).mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="import-", dir=folder(settings))
    except OSError as error:
        raise Failure(f"{folder(settings)} cannot be written: {error.strerror}") from error
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        yield path
    finally:
        path.unlink(missing_ok=True)
