"""The service and its commands as processes of their own, as a user would start them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

ROOT = Path(__file__).parent.parent
_STOP_SECONDS = 60
_SHOWN_CHARACTERS = 2_000


class Failed(Exception):
    """The service or a command did not do what it should; the text shows what it said."""


class Service(Struct, frozen=True):
    """A running service; `pid` is the process in front, the parent of all the others."""

    url: str
    pid: int


class Imported(Struct, frozen=True):
    """What `personhouse import --json` says at its end."""

    read: int
    written: int
    unchanged: int
    rejected: int
    skipped: int
    seconds: float


class Table(Struct, frozen=True):
    """The parts of a table that count; `rows` are versions."""

    name: str
    rows: int
    parts: int
    bytes: int


class Held(Struct, frozen=True):
    """ClickHouse's version, and the tables with something in them."""

    clickhouse: str
    tables: list[Table]


class _Made(Struct):
    id: int


class _Key(Struct):
    key: str


@contextmanager
def serving(data: Path, log: Path) -> Generator[Service]:
    """Serve a data directory on a free port of this machine; `log` takes what it says.

    Raises:
        Failed: it does not start, or breaks off.
    """
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            _words(data, "serve", "--port", "0", "--json"),
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=environ(),
            # Ctrl-C is for the benchmark, which then takes the service down in good order.
            start_new_session=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            try:
                service = msgspec.json.decode(said, type=Service)
            except msgspec.DecodeError as error:
                raise Failed(f"the service does not start: {said.decode()}{_end(log)}") from error
            yield service
        except httpx.HTTPError as error:
            raise Failed(f"the service broke off: {error!r} {_end(log)}") from error
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            finally:
                # Whoever is left: the session is the service's own.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def prepare(data: Path, scope: str = "person:read") -> tuple[int, str]:
    """Make a project and a key to it; returns the project's id and the key."""
    made = msgspec.json.decode(_run(data, "project", "create", "Benchmark"), type=_Made)
    return unlock(data, made.id, scope)


def unlock(data: Path, project: int, scope: str = "person:read") -> tuple[int, str]:
    """Make a key to a project; returns the project's id and the key."""
    said = _run(data, "key", "create", "--project", str(project), "--scope", scope)
    return project, msgspec.json.decode(said, type=_Key).key


def import_file(data: Path, project: int, source: Path, *, events: bool = False) -> Imported:
    """Import a file of persons, or of events, into a project of the running service.

    Raises:
        Failed: it was stopped, or lines were rejected.
    """
    kind = ["--events"] if events else []
    said = _run(data, "import", *kind, str(source), "--project", str(project))
    return msgspec.json.decode(said, type=Imported)


def ask_parts(data: Path) -> Held | None:
    """Run `benchmarks.parts` on the data of a service that has ended; None where it fails."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.parts", str(data)],
        capture_output=True,
        cwd=ROOT,
        env=environ(),
        check=False,
    )
    return None if ended.returncode else msgspec.json.decode(ended.stdout, type=Held)


def _run(data: Path, *words: str) -> bytes:
    ended = subprocess.run(
        _words(data, *words, "--json"), capture_output=True, cwd=ROOT, env=environ(), check=False
    )
    if ended.returncode:
        said = (ended.stdout + ended.stderr).decode(errors="replace")
        raise Failed(f"`personhouse {' '.join(words)}`: {said[-_SHOWN_CHARACTERS:]}")
    return ended.stdout


def _words(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", "--data", str(data), *words]


def environ() -> dict[str, Any]:
    """Return the environment of what is started: nothing set here may reach the service.

    Its defaults are measured.
    """
    names = [name for name in os.environ if not name.startswith("PERSONHOUSE_")]
    return {**{name: os.environ[name] for name in names}, "PYTHONPATH": str(ROOT)}


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-_SHOWN_CHARACTERS:]
