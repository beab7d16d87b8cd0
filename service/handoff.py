"""How commands find the service that has the embedded engine open, and what the two exchange.

The engine belongs to one process at a time. A service on it leaves `service.json` in its data
directory, readable by its owner alone; a command with the same directory reads it and hands its
work over, with the token in it as its key. The file of a service that is gone is ignored.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec
from msgspec import Struct

from queries.keys import Key
from queries.parts import TableSize
from service.errors import ErrorBody, PersonhouseError
from service.metering import Cost
from service.settings import Settings

_ANSWERS_WITHIN_SECONDS = 3.0


class Service(Struct, frozen=True):
    """A running service.

    Attributes:
        url: where it answers, as `http://127.0.0.1:8000`.
        pid: the process to stop it by.
        token: passes everything at that service; made anew at each start.
        engine: the DSN and the database that it has open.
    """

    url: str
    pid: int
    token: str
    engine: str


class NewProject(Struct, frozen=True, forbid_unknown_fields=True):
    """A project to be made."""

    name: str


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be made; see `service.keys.Keys.create`."""

    label: str
    scopes: list[str]
    projects: list[int]
    expires_us: int | None = None


class NewBackup(Struct, frozen=True, forbid_unknown_fields=True):
    """A backup to be made; see `service.backups.back_up`."""

    directory: str
    disk: str = ""


class MadeKey(Struct, frozen=True):
    """A key just made, and its secret, which is shown this once."""

    key: Key
    secret: str


class Saved(Struct, frozen=True):
    """A project in a backup: live persons, and what their rows add up to."""

    project: int
    persons: int
    checksum: int


class Backup(Struct, frozen=True):
    """A backup that was made or restored, every sum compared."""

    place: str
    bytes: int
    tables: int
    projects: list[Saved]
    seconds: float


class Slow(Struct, frozen=True):
    """A statement, and what its runs have cost since the start of the service."""

    name: str
    cost: Cost


class Stats(Struct, frozen=True):
    """What is there.

    Attributes:
        engine: ClickHouse's version.
        free_bytes: room on its disks.
        total_bytes: their size.
        tables: what each takes, the largest first.
        superseded: rows of `persons` that a newer version of the same person replaced, and that
            no merge has left out yet.
        slowest: of this process, those first that have taken the most time.
    """

    engine: str
    free_bytes: int
    total_bytes: int
    tables: list[TableSize]
    superseded: int
    slowest: list[Slow]


class Answered(PersonhouseError):
    """A failure that another process of ours has told us of, as it told it."""

    def __init__(self, status: int, body: ErrorBody) -> None:
        """Keep the status and body of the answer."""
        super().__init__(body.detail, attr=body.attr, code=body.code)
        self.answer_status = status
        self._body = body

    def body(self) -> ErrorBody:
        """Return the body as it came."""
        return self._body


def is_embedded(settings: Settings) -> bool:
    """Say whether these settings lead to the engine in a process, and not to a server."""
    return settings.engine_dsn().startswith("chdb://")


def place(settings: Settings) -> Path:
    """Return where a service on these settings leaves its file."""
    return Path(settings.data) / "service.json"


def this_process(settings: Settings, *, url: str, token: str) -> Service:
    """Describe this process as the service at `url`."""
    return Service(url, os.getpid(), token, _engine(settings))


def announce(settings: Settings, service: Service) -> None:
    """Tell commands of a service."""
    write_private(place(settings), msgspec.json.encode(service))


def withdraw(settings: Settings) -> None:
    """Take back what this process announced; another's file stays."""
    service = _read(place(settings))
    if service is not None and service.pid == os.getpid():
        place(settings).unlink(missing_ok=True)


def running(settings: Settings) -> Service | None:
    """Return the service that has the engine of these settings open.

    None where there is no file, its process is gone or does not answer, or it has another
    database open.
    """
    service = _read(place(settings))
    if service is None or service.engine != _engine(settings):
        return None
    if not is_alive(service.pid) or not answers(service.url):
        return None
    return service


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole, so that its owner alone can read it and none reads a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Say whether a process runs, whoever's it is."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def answers(url: str) -> bool:
    """Say whether a service at `url` is there and serves."""
    import httpx

    try:
        # A proxy that the environment names is not for what runs on this machine.
        with httpx.Client(trust_env=False, timeout=_ANSWERS_WITHIN_SECONDS) as client:
            return client.get(f"{url}/livez").is_success
    except httpx.HTTPError:
        return False


def _read(path: Path) -> Service | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Service)
    except (OSError, msgspec.DecodeError):
        return None


def _engine(settings: Settings) -> str:
    return f"{settings.engine_dsn()} {settings.clickhouse.database}"
