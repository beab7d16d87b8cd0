"""Requests made to take as much as one can: each is refused, answered or stopped, never a crash.

How long another client waits meanwhile is measured by benchmarks/bombs.py; that it is let through
is tested here.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from benchmarks.bomb_requests import Bomb, bombs
from service.app import create_app
from service.engine import Engine
from service.settings import ClickHouse, Settings
from tests.conftest import ADMIN_TOKEN, Client, InsertPersons
from tests.service.running import Commands

PERSONS = 300
UUID = "00000000-0000-4000-8000-{:012d}"
NOTHING: list[Any] = [{}]
Filters = dict[str, Any] | list[Any] | str


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    insert_persons(
        project,
        *(
            {
                "uuid": UUID.format(n),
                "distinct_ids": [f"id {n}"],
                "properties": {"email": f"{n}@example.com", "plan": "a" * n, f"key {n}": n},
            }
            for n in range(PERSONS)
        ),
    )
    return project


def ask(client: Client, project: int, path: str) -> tuple[int, dict[str, Any]]:
    answer = client.get(f"/api/projects/{project}/{path}")
    return answer.status_code, answer.json()


def ask_filtered(client: Client, project: int, filters: Filters) -> tuple[int, dict[str, Any]]:
    text = filters if isinstance(filters, str) else json.dumps(filters)
    params = {"properties": text}
    answer = client.get(f"/api/projects/{project}/persons", params=params)
    return answer.status_code, answer.json()


def many(operator: str, value: object, times: int) -> list[dict[str, object]]:
    return [{"key": "plan", "operator": operator, "value": value}] * times


@pytest.mark.parametrize(
    ("filters", "detail"),
    [
        (NOTHING * 1_200, "$[999]: more than 1000 filters in one request"),
        ([{"key": f"k{n}", "value": 1} for n in range(200)], "$[100].key: more than 100 different"),
        (many("icontains", "a", 500), "$[499]: more than 1000 filters in one request, and this"),
        (many("semver_eq", "1.2.3", 63), "$[62]: more than 1000 filters in one request, and this"),
        (many("regex", [str(n) for n in range(101)], 1), "$[0].value: more than 100 patterns"),
        (
            many("regex", ["x"], 125),
            "$[124]: more than 1000 filters in one request, and this `regex`",
        ),
        ("[" * 21 + "]" * 21, "$" + "[0]" * 20 + ": filters are nested more than 20 levels deep"),
        ('{"values":[' * 200 + "]}" * 200, "$.values[0]"),
        ("[" * 20_000, "`properties` is nested too deeply"),
        (f'[{{"key":"a","value":{"[" * 20_000}', "`properties` is nested too deeply"),
        (f'[{{"key":"{"k" * 401}","value":1}}]', "$[0].key: a key has at most 400 characters"),
        (
            f'[{{"key":"a","operator":"{"exact" * 9_000}"}}]',
            "$[0].operator: unknown operator `exact",
        ),
        ([*many("gt", "1" * 50_000 + "x", 1), {"key": 1}], "$[1].key: a JSON text is needed"),
        (many("between", ["1" * 20_000 + "x"] * 2, 1), "$[0].value: `between` takes two numbers"),
        (many("is_date_exact", "2" * 50_000, 1), "$[0].value: `is_date_exact` takes a date"),
        (many("semver_eq", "1." * 20_000, 1), "$[0].value: semver_eq operator requires a valid"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) and value[:2] != "[[" else "",
)
def test_too_much_is_refused_with_its_place(
    client: Client, filled: int, filters: Filters, detail: str
) -> None:
    status, body = ask_filtered(client, filled, filters)
    assert (status, body["code"], body["attr"]) == (400, "invalid_input", "properties")
    assert body["detail"].startswith(detail)
    assert len(body["detail"]) < 700


@pytest.mark.parametrize("pattern", ["(x{1000}){1000}", r"\pL{1000}", "(" * 5_000, "[", "(?=a)"])
def test_a_pattern_that_cannot_be_compiled_is_refused(
    client: Client, filled: int, pattern: str
) -> None:
    status, body = ask_filtered(client, filled, many("regex", pattern, 1))
    assert (status, body["code"], body["attr"]) == (400, "invalid_input", "properties")
    assert body["detail"] == "Invalid regular expression"


def test_a_list_may_have_as_many_values_as_an_address_holds(client: Client, filled: int) -> None:
    for operator in ("exact", "icontains"):
        texts = [f"x{n}" for n in range(4_000)]
        status, body = ask_filtered(client, filled, many(operator, [*texts, "aaa"], 1))
        found = 1 if operator == "exact" else PERSONS - 3
        assert (status, body["count"]) == (200, found)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "((a{30}){30})", ".*.*.*.*.*.*=", "(.{1,50}){1,20}$"]
)
def test_a_pattern_takes_no_longer_than_its_text(client: Client, filled: int, pattern: str) -> None:
    status, body = ask_filtered(client, filled, many("regex", pattern, 1))
    assert status == 200
    assert body["count"] in range(PERSONS + 1)


@pytest.mark.parametrize("bomb", bombs(), ids=lambda bomb: bomb.name)
def test_every_bomb_is_answered(client: Client, filled: int, bomb: Bomb) -> None:
    answer = client.get(f"/api/projects/{filled}/{bomb.path}")
    if bomb.name.startswith("refused"):
        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, "invalid_input")
        assert body["attr"] == ("properties" if "properties=" in bomb.path else None)
    else:
        assert answer.status_code == 200, answer.text[:1_000]


@pytest.mark.parametrize("name", ["limit", "offset", "include_total", "cursor"])
def test_a_long_argument_is_refused_by_its_name(client: Client, filled: int, name: str) -> None:
    status, body = ask(client, filled, f"persons?{name}={'9' * 50_000}")
    assert (status, body["attr"]) == (400, name)
    assert len(body["detail"]) < 300


def test_thousands_of_parameters_are_refused(client: Client, filled: int) -> None:
    for count, status in ((300, 200), (301, 400), (9_000, 400)):
        answer = ask(client, filled, f"persons?{'&'.join(f'{n}=' for n in range(count))}")
        assert answer[0] == status
    assert answer[1]["detail"] == "The address has more than 300 parameters."


def test_a_long_key_has_no_values_to_list(client: Client, filled: int) -> None:
    status, body = ask(client, filled, f"persons/values?key={'k' * 401}")
    assert (status, body["attr"]) == (400, "key")
    assert body["detail"] == "`key` has at most 400 characters."
    assert ask(client, filled, f"persons/values?key={'k' * 400}") == (
        200,
        {"results": [], "refreshing": False},
    )


def test_a_long_text_finds_nobody(client: Client, filled: int) -> None:
    for name, text in (("search", "%25a" * 10_000), ("email", "_" * 50_000), ("search", "\\" * 9)):
        status, body = ask(client, filled, f"persons?{name}={text}")
        assert (status, body["count"]) == (200, 0)


def limited(settings: Settings, **limits: int) -> Settings:
    clickhouse: ClickHouse = msgspec.structs.replace(settings.clickhouse, **limits)
    return msgspec.structs.replace(settings, clickhouse=clickhouse)


def test_at_a_limit_it_is_stopped(
    settings: Settings, engine: Engine, filled: int, api_key: str
) -> None:
    own = limited(settings, max_rows_to_read=100)
    with TestClient(create_app(own, Engine(own), admin_token=ADMIN_TOKEN)) as client:
        client.headers["Authorization"] = f"Bearer {api_key}"
        for path in ('persons?properties={"plan":"none"}', "persons/values?key=plan&value=a"):
            answer = client.get(f"/api/projects/{filled}/{path}")
            assert answer.status_code == 400, answer.text
            body = answer.json()
            assert (body["type"], body["code"]) == ("validation_error", "too_expensive")
            assert "limit of time, memory or rows" in body["detail"]


@pytest.fixture
def jammed(settings: Settings, engine: Engine, filled: int, api_key: str) -> Iterator[Client]:
    """A client of a service whose threads for heavy work are all taken."""
    own = limited(settings, heavy_workers=1, timeout_seconds=1)
    its = Engine(own)
    over = threading.Event()
    with TestClient(create_app(own, its, admin_token=ADMIN_TOKEN)) as client:
        client.headers["Authorization"] = f"Bearer {api_key}"
        # What is counted once needs no counting again.
        client.get(f"/api/projects/{filled}/persons")
        taken = threading.Thread(target=lambda: asyncio.run(its.in_thread(over.wait)))
        taken.start()
        yield client
        over.set()
        taken.join()


def test_quick_requests_do_not_wait_for_heavy_ones(jammed: Client, filled: int) -> None:
    assert ask(jammed, filled, f"persons/{UUID.format(7)}")[0] == 200
    assert ask(jammed, filled, "persons?distinct_id=id%207")[0] in (200, 503)
    assert ask(jammed, filled, "persons?distinct_id=id%207&include_total=false")[0] == 200
    address = f"/api/projects/{filled}/persons/batch_by_uuids"
    assert jammed.post(address, json={"uuids": [UUID.format(7)]}).status_code == 200
    assert jammed.get("/readyz").status_code == 200


@pytest.mark.embedded("on a server a count is a statement that may read much")
def test_a_count_that_is_kept_does_not_wait(jammed: Client, filled: int) -> None:
    status, page = ask(jammed, filled, "persons")
    assert (status, page["count"]) == (200, PERSONS)


@pytest.mark.parametrize(
    "path",
    ["persons?search=a", 'persons?properties={"plan":"a"}', "persons/values?key=plan"],
)
def test_heavy_requests_wait_for_their_turn_only_so_long(
    jammed: Client, filled: int, path: str
) -> None:
    answer = jammed.get(f"/api/projects/{filled}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"


def head(project: int, key: str, query: bytes, *more: bytes) -> bytes:
    lines = [
        b"GET /api/projects/%d/persons%s HTTP/1.1" % (project, query),
        b"Host: here",
        b"Authorization: Bearer " + key.encode(),
        b"Connection: close",
        *more,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def send(port: int, request: bytes) -> bytes:
    """Send a request as far as it is taken, and return the beginning of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        sent = threading.Thread(target=_send_all, args=(connection, request))
        sent.start()
        answer = connection.recv(65_536)
        sent.join()
    return answer


def _send_all(connection: socket.socket, request: bytes) -> None:
    # Who has answered takes no more.
    for at in range(0, len(request), 65_536):
        try:
            connection.sendall(request[at : at + 65_536])
        except OSError:
            return


@pytest.mark.slow
@pytest.mark.engine
def test_an_address_that_is_too_long(tmp_path: Path) -> None:
    """The server below us says so, in as few words as HTTP has."""
    commands = Commands(tmp_path)
    with commands.started("serve", "--port", "0") as (_, ready):
        project = commands.json("project", "create", "First")["id"]
        key = commands.json("key", "create", "--project", str(project), "--scope", "*")["key"]
        port = int(ready["url"].rpartition(":")[2])
        good = head(project, key, b"?search=" + b"a" * 65_000)
        assert send(port, good).startswith(b"HTTP/1.1 200 ")
        for size in (65_600, 400_000):
            answer = send(port, head(project, key, b"?properties=" + b"[" * size))
            assert answer.startswith(b"HTTP/1.1 414 "), answer
        for request in (
            head(project, key, b"?properties=" + b"[" * 20_000_000),
            head(project, key, b"", b"X: " + b"a" * 1_000_000),
            head(project, key, b"", *(b"X%d: a" % n for n in range(101))),
        ):
            answer = send(port, request)
            assert answer.startswith(b"HTTP/1.1 431 "), answer
        assert send(port, head(project, key, b"?search=\xff")).startswith(b"HTTP/1.1 400 ")
        assert send(port, good).startswith(b"HTTP/1.1 200 ")
