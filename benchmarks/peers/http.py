"""personhouse as its users have it: `personhouse serve`, asked over HTTP on this machine."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from benchmarks.asks import (
    EDITED,
    Answer,
    Ask,
    Count,
    Get,
    Page,
    Place,
    Timeline,
    Update,
    Values,
    Where,
)
from benchmarks.data import Files
from benchmarks.peers.system import ExportFormat, Facts, Loaded
from benchmarks.processes import settle
from benchmarks.running import (
    Failed,
    Service,
    ask_parts,
    import_file,
    prepare,
    serving,
    unlock,
)
from queries.times import to_us

PROJECT = 1
_SETTLE_SECONDS = 1_800.0
_LEAST_MERGED = 50_000
_AT_ONCE = 1_000
_COLUMNS = "uuid,created_at,properties"
# What the engine makes once and never changes: two data directories may share it.
_SHARED = frozenset(
    (".bin", ".cmrk2", ".cmrk3", ".cmrk4", ".mrk2", ".mrk3", ".mrk4", ".idx", ".cidx")
)


class _Row(msgspec.Struct):
    uuid: str
    created_at: str


class _Listed(msgspec.Struct):
    results: list[_Row]
    count: int | None = None
    next: str | None = None


class _Shown(msgspec.Struct):
    uuid: str
    distinct_ids: list[str]
    properties: dict[str, Any]


class _Value(msgspec.Struct):
    name: str
    count: int


class _Values(msgspec.Struct):
    results: list[_Value]


class _Point(msgspec.Struct):
    timestamp: str
    relevant_event_count: int


class _Timeline(msgspec.Struct):
    points: list[_Point]


class PersonhouseHttp:
    """See the module."""

    variants = ("personhouse, HTTP",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._stack = ExitStack()
        self._service: Service | None = None
        self._client = httpx.Client()

    def load(self, files: Files) -> Loaded:
        """Import everything by the real command, delete over HTTP, and wait until merges are over.

        The second measurement gets the same data, in a directory of its own.
        """
        self._serve()
        assert self._service is not None
        project, key = prepare(self._data, "*")
        if project != PROJECT:
            raise Failed(f"the first project is {project}")
        imported = import_file(self._data, project, files.path("persons"))
        self._settle(files.persons)
        import_file(self._data, project, files.path("newer"))
        import_file(self._data, project, files.path("events"), events=True)
        self._connect(key)
        self._delete(files.path("deleted"))
        self._settle(files.persons, is_after_deletions=True)
        self.close()
        held = ask_parts(self._data)
        if held is None:
            raise Failed("what is on disk could not be read")
        size = sum(table.bytes for table in held.tables if "event" not in table.name)
        _share(self._data, self._folder.parent / "engine" / "data")
        return Loaded(imported.written, imported.seconds, size)

    def _delete(self, source: Path) -> None:
        uuids = source.read_text().split()
        for start in range(0, len(uuids), _AT_ONCE):
            some = {"ids": uuids[start : start + _AT_ONCE]}
            self._client.post("persons/bulk_delete", json=some).raise_for_status()

    def open(self) -> None:
        self._serve()
        assert self._service is not None
        self._connect(unlock(self._data, PROJECT, "*")[1])
        self._settle(self._client.get("persons", params={"limit": 1}).json()["count"])

    def _settle(self, persons: int, *, is_after_deletions: bool = False) -> None:
        """Wait until merges are over, where there are enough rows for any."""
        assert self._service is not None
        if persons < _LEAST_MERGED:
            return
        end = time.monotonic() + _SETTLE_SECONDS
        while is_after_deletions and time.monotonic() < end:
            # A round of them rewrites whole parts.
            asked = {"status": "pending", "limit": "1"}
            answer = self._client.get("persons/deletion_status", params=asked).raise_for_status()
            if not answer.json()["count"]:
                break
            time.sleep(1.0)
        settle(self._service.pid, _SETTLE_SECONDS)

    def _serve(self) -> None:
        log = self._folder / "serve.log"
        self._service = self._stack.enter_context(serving(self._data, log))

    def _connect(self, key: str) -> None:
        assert self._service is not None
        self._client = self._stack.enter_context(
            httpx.Client(
                base_url=f"{self._service.url}/api/projects/{PROJECT}/",
                headers={"authorization": f"Bearer {key}", "accept-encoding": "identity"},
                limits=httpx.Limits(
                    max_connections=1, max_keepalive_connections=1, keepalive_expiry=None
                ),
                timeout=None,
                trust_env=False,
            )
        )

    def close(self) -> None:
        self._stack.close()

    def facts(self) -> Facts:
        return Facts(
            version("personhouse"),
            "`personhouse serve` with its default settings, over one HTTP/1.1 connection that stays"
            " open: a time is from sending the request to the last byte of the body. A count alone"
            " is that of a page of one row, which is looked for meanwhile.",
        )

    def pid(self) -> int:
        assert self._service is not None
        return self._service.pid

    def can(self, ask: Ask, variant: str) -> bool:
        return True

    def prepare(self, ask: Ask, variant: str) -> Callable[[], object]:
        if isinstance(ask, Page) and ask.after is not None:
            # Whoever pages got this address with the page before.
            before = Page(ask.where, ask.offset - ask.limit, limit=ask.limit)
            page = msgspec.json.decode(self._send(_request(self._client, before)), type=_Listed)
            assert page.next is not None
            request = self._client.build_request("GET", page.next + "&include_total=false")
        else:
            request = _request(self._client, ask)
        return lambda: self._send(request)

    def _send(self, request: httpx.Request) -> bytes:
        response = self._client.send(request)
        if response.status_code != 200:
            raise Failed(f"{request.url}: {response.status_code} {response.text[:1_000]}")
        return response.content

    def read(self, ask: Ask, raw: object) -> Answer:
        assert isinstance(raw, bytes)
        match ask:
            case Page():
                rows = msgspec.json.decode(raw, type=_Listed).results
                return Answer(rows=[Place(_us(row.created_at), row.uuid) for row in rows])
            case Count():
                return Answer(count=msgspec.json.decode(raw, type=_Listed).count)
            case Get():
                shown = msgspec.json.decode(raw, type=_Shown)
                return Answer(
                    uuid=shown.uuid, distinct_ids=shown.distinct_ids, properties=shown.properties
                )
            case Values():
                results = msgspec.json.decode(raw, type=_Values).results
                return Answer(values=[(value.name, value.count) for value in results])
            case Timeline():
                points = msgspec.json.decode(raw, type=_Timeline).points
                return Answer(
                    points=[(_us(point.timestamp), point.relevant_event_count) for point in points]
                )
            case Update():
                body = self._send(_request(self._client, Get(ask.uuid)))
                return Answer(count=msgspec.json.decode(body, type=_Shown).properties.get(EDITED))

    def statement(self, ask: Ask, variant: str) -> str:
        request = _request(self._client, ask)
        return f"{request.method} …/{str(request.url).partition('/api/projects/1/')[2]}"

    def export(self, form: ExportFormat, target: Path) -> int | None:
        with (
            target.open("wb") as out,
            self._client.stream("GET", f"persons.{form}", params={"columns": _COLUMNS}) as response,
        ):
            response.raise_for_status()
            for chunk in response.iter_raw():
                out.write(chunk)
            return int(response.headers["x-total-count"])


def _us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def _request(client: httpx.Client, ask: Ask) -> httpx.Request:
    match ask:
        case Page():
            arguments = {**arguments_of(ask.where), "include_total": "false"}
            if ask.offset and ask.after is None:
                arguments["offset"] = str(ask.offset)
            if ask.limit != Page().limit:
                arguments["limit"] = str(ask.limit)
            return client.build_request("GET", f"persons?{urlencode(arguments)}")
        case Count():
            return client.build_request(
                "GET", f"persons?{urlencode({**arguments_of(ask.where), 'limit': '1'})}"
            )
        case Get():
            return client.build_request("GET", f"persons/{ask.uuid}")
        case Values():
            arguments = (
                {"key": ask.key, "value": ask.contains} if ask.contains else {"key": ask.key}
            )
            return client.build_request("GET", f"persons/values?{urlencode(arguments)}")
        case Timeline():
            arguments = {"properties": _filters_of_key(ask.key), "date_from": "all"}
            return client.build_request(
                "GET", f"persons/{ask.uuid}/properties_timeline?{urlencode(arguments)}"
            )
        case Update():
            body = {"properties": {EDITED: ask.value}}
            return client.build_request("PATCH", f"persons/{ask.uuid}", json=body)


def arguments_of(where: Where) -> dict[str, str]:
    """Return who is asked for as the arguments of an address."""
    arguments: dict[str, str] = {}
    if where.tests:
        arguments["properties"] = filters_of(where)
    for name in ("search", "email", "distinct_id"):
        if value := getattr(where, name):
            arguments[name] = value
    return arguments


def filters_of(where: Where) -> str:
    """Return the conditions as PostHog's filters."""
    tests: list[dict[str, Any]] = []
    for test in where.tests:
        one: dict[str, Any] = {"key": test.key, "operator": test.operator, "type": "person"}
        tests.append(one if test.operator == "is_set" else {**one, "value": test.value})
    return msgspec.json.encode(tests).decode()


def _filters_of_key(key: str) -> str:
    return msgspec.json.encode([{"key": key, "operator": "is_set", "type": "person"}]).decode()


def _share(source: Path, target: Path) -> None:
    """Copy a data directory; what never changes is there twice, not copied, and so cached once."""

    def copy(one: str, other: str) -> None:
        if Path(one).suffix in _SHARED:
            os.link(one, other)
        else:
            shutil.copy2(one, other)

    shutil.copytree(source, target, symlinks=True, copy_function=copy)
