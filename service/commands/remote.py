"""Commands' work done by a running service, over HTTP on this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
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
from service.backups import Backup
from service.commands.backend import Asked, Imported
from service.commands.console import Failure
from service.errors import ErrorBody
from service.handoff import Answered, MadeKey, NewBackup, NewKey, NewProject, Service
from service.stats import Stats

T = TypeVar("T")

_CHUNK_BYTES = 1_048_576
_CONNECT_SECONDS = 5.0
_SECONDS = 60.0


class _Event(Struct):
    """A line that a running import tells: one of these is there."""

    progress: Imported | None = None
    reject: Reject | None = None
    summary: Imported | None = None
    error: ErrorBody | None = None


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
        seconds: float | None = _SECONDS,
    ) -> T:
        response = self._client.request(
            verb,
            path,
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
