"""Whether another process has the embedded engine, and which.

chDB takes an exclusive `flock` on the file `status` in its directory. Asked first, the answer has
a name to it; chDB itself says BAD_ARGUMENTS, and prints the reason where we cannot read it
(seen with chDB 4.4).
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from service.errors import EngineLocked
from service.settings import Settings

_EMBEDDED = "chdb://"
_OWNER = re.compile(rb"^PID: ([0-9]{1,10})", re.MULTILINE)


def is_embedded(settings: Settings) -> bool:
    """Say whether these settings lead to the engine in a process, and not to a server."""
    return settings.engine_dsn().startswith(_EMBEDDED)


def require_free(settings: Settings) -> None:
    """Return if the engine can be opened in this process, or is a server.

    Raises:
        EngineLocked: another process has it; the text says which and what to do.
    """
    if not is_embedded(settings):
        return
    folder = Path(settings.engine_dsn().removeprefix(_EMBEDDED))
    if not _is_locked(folder / "status"):
        return
    pid = _owner(folder / "status")
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
