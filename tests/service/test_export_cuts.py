"""Exports that are cut: by the network, by a failure, by clients that leave or stand still."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, contextmanager
from typing import cast
from urllib.parse import urlsplit

import httpx
import msgspec
import polars as pl
import pytest

from queries.export_source import Source
from queries.sql import sql
from queries.statement import Statement
from service.engine import Engine
from service.errors import PersonhouseError
from service.exports.asked import Ask, Format, decode_ask
from service.exports.stream import Cut, Export, open_export
from service.exports.writers import Named
from tests.engine.people import insert, person
from tests.service.exported import new_project, select
from tests.service.running import Commands

KEY = ("key", "create", "--label", "k", "--scope", "person:read", "--project", "1")
FORMATS = tuple(Format)
PERSONS = 4_000
LINES = "".join(
    f'{{"distinct_ids": ["p{n}"], "properties": {{"n": {n}, "text": "{"x" * 4_000}"}}}}\n'
    for n in range(PERSONS)
)


class Running(msgspec.Struct):
    statements: int


RUNNING = Statement(
    "tests.running",
    sql(
        "SELECT count() AS statements FROM system.processes"
        " WHERE Settings['log_comment'] LIKE 'persons.rows:%'"
    ),
    Running,
)


@pytest.fixture(scope="module")
def filled(engine: Engine) -> int:
    project = new_project()
    for start in range(0, 60_000, 10_000):
        people = [person(n + 1, f'{{"n":{n}}}') for n in range(start, start + 10_000)]
        insert(engine, project, people, version=1)
    return project


def columns(fmt: str) -> Ask:
    return decode_ask(fmt, columns="uuid,properties")


@pytest.mark.engine
@pytest.mark.parametrize("fmt", FORMATS)
def test_rows_that_come_to_another_number_are_no_export(
    engine: Engine, filled: int, fmt: str
) -> None:
    async def short() -> None:
        ask = columns(fmt)
        out = Named(ask)
        frames = cast(
            "AsyncGenerator[pl.DataFrame, None]",
            engine.batches(out.statement(Source(select(filled)))),
        )

        async def fewer() -> AsyncGenerator[pl.DataFrame, None]:
            async for frame in frames:
                yield frame.head(frame.height - 1)

        export = Export(engine, ask, out, fewer())
        await export.begin()
        assert export.total == 60_000
        async for _ in export.chunks():
            pass

    with pytest.raises(Cut):
        asyncio.run(short())


@pytest.mark.engine
@pytest.mark.embedded("over HTTP all may have been sent before it is killed")
def test_a_statement_that_is_killed_is_no_end(engine: Engine, filled: int) -> None:
    async def killed() -> int:
        export = await open_export(engine, columns("ndjson"), Source(select(filled)))
        received = 0
        async with aclosing(export.chunks()) as chunks:
            async for chunk in chunks:
                if not received:
                    kill = sql(
                        "KILL QUERY WHERE Settings['log_comment'] LIKE 'persons.rows:%' ASYNC"
                    )
                    engine.command_now(Statement("tests.kill", kill, type(None)))
                received += len(chunk)
        return received

    with pytest.raises(PersonhouseError):
        asyncio.run(killed())


@pytest.mark.engine
def test_clients_that_leave_at_any_moment_leave_nothing_running(
    engine: Engine, filled: int
) -> None:
    draw = random.Random(7)

    async def leave(fmt: str, chunks_taken: int) -> None:
        export = await open_export(engine, columns(fmt), Source(select(filled)))
        async with aclosing(export.chunks()) as chunks:
            for _ in range(chunks_taken):
                await anext(chunks, None)
        await export.close()

    async def all_leave() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                task = group.create_task(leave(draw.choice(FORMATS), draw.randrange(4)))
                if draw.random() < 0.3:
                    group.create_task(_cancel_soon(task, draw.randrange(30)))
        async with asyncio.timeout(10):
            while (await engine.fetch(RUNNING))[0].statements:
                pass

    asyncio.run(all_leave())


async def _cancel_soon(task: asyncio.Task[None], turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A service with persons in project 1, and what opens it; a client may stand still 0.5 s."""
    commands = Commands(tmp_path_factory.mktemp("cuts"))
    (commands.folder / "exports.toml").write_text("[exports]\nstall_seconds = 0.5\n")
    with commands.started("--config", "exports.toml", "serve", "--port", "0") as (_, ready):
        commands.json("project", "create", "cuts")
        commands.json("import", "-", "--project", "1", stdin=LINES.encode())
        secret = commands.json(*KEY)["key"]
        yield str(ready["url"]), {"Authorization": f"Bearer {secret}"}


@contextmanager
def cutting(url: str, after: int) -> Generator[str]:
    """A way to a service on which nothing comes back after so many bytes."""
    to = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, socket.create_connection((to.hostname, to.port)) as service:
                        service.sendall(client.recv(65_536))
                        left = after
                        while left and (data := service.recv(min(left, 65_536))):
                            client.sendall(data)
                            left -= len(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def cuts(count: int, seed: int) -> list[tuple[Format, float]]:
    draw = random.Random(seed)
    return [(draw.choice(FORMATS), draw.random()) for _ in range(count)]


def check_cuts(served: tuple[str, dict[str, str]], count: int, seed: int) -> None:
    url, key = served
    sizes: dict[Format, int] = {
        fmt: len(httpx.get(f"{url}/api/projects/1/persons.{fmt}", headers=key).content)
        for fmt in FORMATS
    }
    for fmt, share in cuts(count, seed):
        after = 400 + int(sizes[fmt] * share)
        with cutting(url, after) as way:
            address = f"{way}/api/projects/1/persons.{fmt}"
            with pytest.raises(httpx.TransportError):
                httpx.get(address, headers={**key, "Accept-Encoding": "identity"}, trust_env=False)
            if curl := shutil.which("curl"):
                header = f"Authorization: {key['Authorization']}"
                asked = [curl, "-sS", "--noproxy", "*", "-H", header, "-o", "/dev/null", address]
                assert subprocess.run(asked, capture_output=True).returncode in (18, 52, 56)


@pytest.mark.slow
@pytest.mark.engine
def test_every_cut_is_noticed(served: tuple[str, dict[str, str]]) -> None:
    check_cuts(served, 20, seed=1)


@pytest.mark.fuzz
@pytest.mark.engine
def test_every_cut_of_many_is_noticed(served: tuple[str, dict[str, str]]) -> None:
    check_cuts(served, 200, seed=2)


@pytest.mark.slow
@pytest.mark.engine
def test_all_of_it_comes_where_nothing_is_cut(served: tuple[str, dict[str, str]]) -> None:
    url, key = served
    answer = httpx.get(f"{url}/api/projects/1/persons.ndjson", headers=key)
    assert answer.text.count("\n") == int(answer.headers["x-total-count"]) == PERSONS


@pytest.mark.slow
@pytest.mark.engine
def test_who_stands_still_is_cut_off(served: tuple[str, dict[str, str]]) -> None:
    url, key = served
    to = urlsplit(url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.connect((to.hostname, to.port))
        head = f"GET /api/projects/1/persons.ndjson HTTP/1.1\r\nHost: {to.netloc}\r\n"
        client.sendall(f"{head}Authorization: {key['Authorization']}\r\n\r\n".encode())
        received = client.recv(4_096)
        assert received.startswith(b"HTTP/1.1 200")
        # The limit is one of time, so some has to pass.
        threading.Event().wait(3)
        size, last = len(received), received
        with contextlib.suppress(ConnectionError):
            client.settimeout(20)
            while data := client.recv(65_536):
                size, last = size + len(data), data
    assert not last.endswith(b"0\r\n\r\n")
    assert size < PERSONS * 4_000
