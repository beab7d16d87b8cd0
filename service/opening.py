"""The engine opened, or a reason that helps whoever runs the service.

The embedded engine belongs to one process: chDB takes an exclusive `flock` on the file `status` in
its directory. Asked before chDB is, the answer has a name to it; chDB itself says BAD_ARGUMENTS
and prints the reason where we cannot read it (seen with chDB 4.4).
"""

from __future__ import annotations

import fcntl
import importlib.util
import logging
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from schema.names import MigrationError
from service.errors import EngineDown, EngineLocked, PersonhouseError
from service.handoff import is_embedded
from service.settings import Settings, SettingsError, masked

_OWNER = re.compile(rb"^PID: ([0-9]{1,10})", re.MULTILINE)
_REASON_CHARS = 300


class CannotOpen(EngineDown):
    """The engine cannot be opened; the text is for whoever runs the service."""


@contextmanager
def explained(settings: Settings) -> Generator[None]:
    """Enclose the opening of an engine: look first, and say why where it fails.

    Raises:
        SettingsError: the data directory cannot be used, or chDB is not installed.
        EngineLocked: another process has the engine; the text says which and what to do.
        CannotOpen: no answer, a wrong password, or tables that do not fit this version.
    """
    # It says less than the error does, and says it past us.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    if is_embedded(settings):
        _check(Path(settings.engine_dsn().removeprefix("chdb://")))
    try:
        yield
    except MigrationError as error:
        raise CannotOpen(str(error)) from error
    except PersonhouseError as error:
        reason = str(error.__cause__ or error.detail).partition("\n")[0][:_REASON_CHARS]
        raise CannotOpen(f"cannot open {masked(settings.engine_dsn())}: {reason}") from error


def _check(folder: Path) -> None:
    try:
        installed = importlib.util.find_spec("chdb") is not None
    except ValueError:
        installed = False
    if not installed:
        raise SettingsError(
            "the embedded engine is not installed: install personhouse[embedded], or name a"
            " ClickHouse server with --dsn"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"data: {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"data: {folder} cannot be written")
    _require_unlocked(folder)


def _require_unlocked(folder: Path) -> None:
    status = folder / "status"
    if not _is_locked(status):
        return
    pid = _owner(status)
    if pid == os.getpid():
        # A process may open its own engine more than once.
        return
    named = "another process" if pid is None else f"process {pid}{_command_of(pid)}"
    raise EngineLocked(
        f"the engine in {folder} is in use by {named}, and belongs to one process at a time."
        " If that is a service which is starting, wait until it answers: commands with the same"
        " --data then go through it. Else let it end, or stop it."
    )


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # Not there yet, or not for us to read: opening the engine will tell.
        return False
    return False


def _owner(path: Path) -> int | None:
    """Return the process that chDB wrote into its lock file."""
    found = _OWNER.search(path.read_bytes())
    return None if found is None else int(found[1])


def _command_of(pid: int) -> str:
    """Return a process's command line in brackets; empty where the system does not tell."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    shown = os.fsdecode(words).replace("\0", " ").strip()
    return f" ({shown[:120]})" if shown else ""
