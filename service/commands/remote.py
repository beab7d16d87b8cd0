"""Commands' work done by a running service, over HTTP on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import msgspec
from msgspec import Struct

from queries.imports import Reject
from queries.keys import Key
from queries.projects import Project
from service.commands.backend import Asked, Exported, Imported
from service.commands.console import Failure
from service.errors import ErrorBody
from service.exports.manifest import NAME as MANIFEST
from service.exports.manifest import verify
from service.handoff import Answered, Backup, MadeKey, NewBackup, NewKey, NewProject, Service, Stats

T = TypeVar("T")

_CHUNK_BYTES = 1_048_576
_CONNECT_SECONDS = 5.0
_SECONDS = 60.0
_LOOK_SECONDS = 0.3


class _Event(Struct):
    """A line that a running import tells: one of these is there."""

    progress: Imported | None = None
    reject: Reject | None = None
    summary: Imported | None = None
    error: ErrorBody | None = None


class _File(Struct):
    """A part that a job has written."""

    name: str
    bytes: int


class _Job(Struct):
    """What is said of an export job."""

    id: UUID
    state: str
    rows_total: int
    rows_done: int
    rows_per_second: float
    eta_seconds: float | None
    files: list[_File]
    error: str

    def progress(self) -> Exported:
        size = sum(file.bytes for file in self.files)
        return Exported(
            self.rows_done,
            self.rows_total,
            size,
            len(self.files),
            self.rows_per_second,
            self.eta_seconds,
        )


class Remote:
    """A `Backend` that asks a service."""

    def __init__(self, client: httpx.Client) -> None:
        """Take a client that knows the service's address and token."""
        self._client = client

    def list_projects(self) -> list[Project]:
        """As `Backend.list_projects`."""
        return self._ask("GET", "/internal/projects", list[Project])

    def create_project(self, name: str) -> Project:
        """As `Backend.create_project`."""
        return self._ask("POST", "/internal/projects", Project, NewProject(name))

    def list_keys(self) -> list[Key]:
        """As `Backend.list_keys`."""
        return self._ask("GET", "/internal/keys", list[Key])

    def create_key(self, key: NewKey) -> MadeKey:
        """As `Backend.create_key`."""
        return self._ask("POST", "/internal/keys", MadeKey, key)

    def revoke_key(self, id: UUID) -> Key:
        """As `Backend.revoke_key`."""
        return self._ask("DELETE", f"/internal/keys/{id}", Key)

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
        """As `Backend.import_file`."""
        with self._client.stream(
            "POST",
            f"/api/projects/{project}/imports",
            params={**({"format": fmt} if fmt else {}), **({"kind": "events"} if events else {})},
            content=_chunks(source),
            headers={"accept": "application/x-ndjson"},
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
        ) as response:
            _check(response)
            for line in response.iter_lines():
                event = msgspec.json.decode(line, type=_Event)
                if event.progress is not None:
                    on_progress(event.progress)
                elif event.reject is not None:
                    on_reject(event.reject)
                elif event.error is not None:
                    raise Answered(400, event.error)
                elif event.summary is not None:
                    return event.summary
        raise Failure("the service went away in the middle of the import; start it again")

    def export(self, project: int, asked: Asked) -> Iterator[bytes]:
        """As `Backend.export`."""
        arguments: dict[str, str | list[str]] = msgspec.to_builtins(asked)
        with self._client.stream(
            "GET",
            f"/api/projects/{project}/persons",
            params={"format": "csv"} | {name: value for name, value in arguments.items() if value},
            # The file as it is, and no compression on the way.
            headers={"accept-encoding": "identity"},
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
        ) as response:
            _check(response)
            yield from response.iter_bytes(_CHUNK_BYTES)

    def export_parts(
        self,
        project: int,
        asked: Asked,
        directory: Path,
        on_progress: Callable[[Exported], None],
    ) -> Exported:
        """As `Backend.export_parts`: a job of the service's, whose files are fetched."""
        arguments: dict[str, str | list[str]] = msgspec.to_builtins(asked)
        given = {name: value for name, value in arguments.items() if value}
        address = f"/api/projects/{project}/exports"
        job = self._ask("POST", address, _Job, params=given)
        address = f"{address}/{job.id}"
        try:
            while job.state in ("queued", "running"):
                on_progress(job.progress())
                time.sleep(_LOOK_SECONDS)
                job = self._ask("GET", address, _Job)
            if job.state != "done":
                raise Failure(f"the service could not export: {job.error or job.state}")
            directory.mkdir(parents=True, exist_ok=True)
            # The manifest last: what it is missing from is no whole export.
            for name in (*(file.name for file in job.files), MANIFEST):
                self._fetch(f"{address}/files/{name}", directory / name)
        finally:
            self._client.delete(address)
        verify(directory)
        return job.progress()

    def _fetch(self, address: str, file: Path) -> None:
        with self._client.stream("GET", address) as response, file.open("wb") as sink:
            _check(response)
            for chunk in response.iter_raw(_CHUNK_BYTES):
                sink.write(chunk)

    def back_up(self, directory: str, disk: str) -> Backup:
        """As `Backend.back_up`."""
        asked = NewBackup(directory, disk)
        return self._ask("POST", "/internal/backups", Backup, asked, seconds=None)

    def stats(self) -> Stats:
        """As `Backend.stats`."""
        return self._ask("GET", "/internal/stats", Stats)

    def _ask(
        self,
        verb: str,
        path: str,
        answer: type[T],
        body: object = None,
        params: Mapping[str, str | list[str]] | None = None,
        seconds: float | None = _SECONDS,
    ) -> T:
        response = self._client.request(
            verb,
            path,
            params=params,
            content=None if body is None else msgspec.json.encode(body),
            headers={} if body is None else {"content-type": "application/json"},
            timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
        )
        _check(response)
        return msgspec.json.decode(response.content, type=answer)


@contextmanager
def remote(service: Service) -> Generator[Remote]:
    """Connect to a service.

    Raises:
        Failure: it does not answer, or breaks off.
    """
    with httpx.Client(
        base_url=service.url,
        headers={"authorization": f"Bearer {service.token}"},
        # A proxy that the environment names is not for what runs on this machine.
        trust_env=False,
        timeout=httpx.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
    ) as client:
        try:
            yield Remote(client)
        except httpx.HTTPError as error:
            raise Failure(
                f"the service at {service.url} (process {service.pid}) broke off: {error}"
            ) from error


def _check(response: httpx.Response) -> None:
    """Raise the error that an answer is."""
    if response.is_success:
        return
    try:
        body = msgspec.json.decode(response.read(), type=ErrorBody)
    except msgspec.DecodeError:
        body = ErrorBody("server_error", "error", f"the service answered {response.status_code}")
    raise Answered(response.status_code, body)


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
