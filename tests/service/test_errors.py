"""Every failure has one body, whoever noticed it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

import msgspec
import pytest
from litestar import get
from litestar.params import FromPath
from litestar.testing import TestClient

from service import errors
from service.app import create_app
from service.engine import Engine
from service.logs import JsonLines
from service.settings import Http, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, InsertPersons

CRASH = {
    "type": "server_error",
    "code": "error",
    "detail": "A server error occurred.",
    "attr": None,
}


@pytest.mark.parametrize(
    ("verb", "address"),
    [
        ("GET", "/"),
        ("GET", "/api"),
        ("GET", "/nope"),
        ("POST", "/api/projects/1/persons/1/nothing"),
    ],
)
def test_no_such_address(client: Client, verb: str, address: str) -> None:
    answer = client.request(verb, address)
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Endpoint not found.",
        "attr": None,
    }


@pytest.mark.parametrize(
    ("verb", "address", "allowed"),
    [
        ("DELETE", "persons", "GET"),
        ("PUT", "persons/", "GET"),
        ("POST", "persons.csv", "GET"),
        ("POST", "persons/values", "GET"),
        ("GET", "imports", "POST"),
    ],
)
def test_a_wrong_verb(client: Client, project: int, verb: str, address: str, allowed: str) -> None:
    answer = client.request(verb, f"/api/projects/{project}/{address}")
    assert answer.status_code == 405
    assert answer.json() == {
        "type": "invalid_request",
        "code": "method_not_allowed",
        "detail": f'Method "{verb}" not allowed.',
        "attr": None,
    }
    assert allowed in answer.headers["allow"]


def test_persons_are_not_created_here(client: Client, project: int) -> None:
    for prefix in ("projects", "environments"):
        answer = client.post(f"/api/{prefix}/{project}/persons/", json={"properties": {}})
        assert answer.status_code == 405
        body = answer.json()
        assert (body["type"], body["code"]) == ("invalid_request", "method_not_allowed")
        assert body["detail"].startswith("Creating persons via this API is not allowed.")
        assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "body", [b"{", b"", b'{"name": }', b"[" * 100_000, b'{"name":' * 5_000, b'{"name":"\xff"}']
)
def test_a_body_that_is_no_json(open_client: Client, body: bytes) -> None:
    answer = open_client.post(
        "/internal/projects",
        content=body,
        headers={**ADMIN, "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    if body:
        assert answer.json()["code"] == "parse_error"
        assert answer.json()["detail"].startswith("JSON parse error - ")
        assert len(answer.content) < 300


def test_a_body_of_another_shape_names_the_field(open_client: Client) -> None:
    answer = open_client.post("/internal/projects", json={"name": 5}, headers=ADMIN)
    assert answer.status_code == 400
    assert (answer.json()["type"], answer.json()["attr"]) == ("validation_error", "name")


def test_a_body_that_is_too_large(settings: Settings, engine: Engine) -> None:
    small = msgspec.structs.replace(settings, http=Http(max_body_bytes=100))
    app = create_app(small, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as client:
        answer = client.post("/internal/projects", json={"name": "x" * 200}, headers=ADMIN)
    assert answer.status_code == 413
    assert answer.json()["code"] == "request_too_large"


def test_a_host_that_is_none(client: Client) -> None:
    answer = client.get("/livez", headers={"Host": "a b"})
    assert (answer.status_code, answer.json()["type"]) == (400, "validation_error")


@pytest.fixture
def failing(settings: Settings, engine: Engine) -> Iterator[Client]:
    """An application with an address for each way to fail."""

    @get("/fail/{name:str}", include_in_schema=False)
    async def fail(name: FromPath[str]) -> None:
        if name in vars(errors):
            raise vars(errors)[name]("what happened") from RuntimeError("in ClickHouse's words")
        if name == "RecursionError":
            raise RecursionError
        raise OSError(errno.EIO, "secret")

    app = create_app(settings, engine, owns_engine=False)
    app.register(fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "status", "kind", "code"),
    [
        ("BadRequest", 400, "validation_error", "invalid_input"),
        ("ParseError", 400, "invalid_request", "parse_error"),
        ("NotAuthenticated", 401, "authentication_error", "not_authenticated"),
        ("Forbidden", 403, "authentication_error", "permission_denied"),
        ("NotFound", 404, "invalid_request", "not_found"),
        ("MethodNotAllowed", 405, "invalid_request", "method_not_allowed"),
        ("Conflict", 409, "invalid_request", "conflict"),
        ("RequestTimeout", 408, "invalid_request", "request_timeout"),
        ("TooLarge", 413, "invalid_request", "request_too_large"),
        ("UnsupportedMedia", 415, "invalid_request", "unsupported_media_type"),
        ("TooExpensive", 400, "validation_error", "too_expensive"),
        ("DiskFull", 507, "server_error", "disk_full"),
        ("Busy", 503, "server_error", "busy"),
        ("NotReady", 503, "server_error", "not_ready"),
        ("EngineDown", 503, "server_error", "engine_down"),
        ("EngineLocked", 503, "server_error", "engine_locked"),
    ],
)
def test_each_of_our_errors(failing: Client, name: str, status: int, kind: str, code: str) -> None:
    answer = failing.get(f"/fail/{name}")
    assert answer.status_code == status
    assert answer.json() == {"type": kind, "code": code, "detail": "what happened", "attr": None}
    assert ("retry-after" in answer.headers) == (status == 503)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_required_has_code_and_detail_swapped() -> None:
    body = errors.Required("properties").body()
    assert msgspec.to_builtins(body) == {
        "type": "validation_error",
        "code": "This field is required.",
        "detail": "required",
        "attr": "properties",
    }


def test_retry_after_is_in_seconds(failing: Client) -> None:
    assert failing.get("/fail/Busy").headers["retry-after"] == "1"


@pytest.mark.parametrize("name", ["mistake", "RecursionError"])
def test_a_crash_is_logged_and_tells_nothing(
    failing: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing.get(f"/fail/{name}")
    assert (answer.status_code, answer.json()) == (500, CRASH)
    (record,) = [record for record in caplog.records if record.name == "service.api.failures"]
    assert record.exc_info is not None
    assert record.getMessage() == "GET /fail/{name} failed"


def test_what_clickhouse_said_goes_nowhere_but_its_kind_to_the_log(
    failing: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("EngineError", "TooExpensive", "EngineDown"):
        caplog.clear()
        answer = failing.get(f"/fail/{name}")
        assert "ClickHouse" not in answer.text
        (record,) = [one for one in caplog.records if one.name == "service.api.failures"]
        line = JsonLines(words=False).format(record)
        assert f"{name} from RuntimeError" in line
        assert "in ClickHouse's words" not in line


def test_a_statement_stopped_at_a_limit_is_too_expensive(
    settings: Settings, project: int, insert_persons: InsertPersons
) -> None:
    insert_persons(project, *({"distinct_ids": [f"{n}"]} for n in range(3)))
    clickhouse = msgspec.structs.replace(settings.clickhouse, max_rows_to_read=1)
    limited = msgspec.structs.replace(settings, clickhouse=clickhouse)
    app = create_app(limited, Engine(limited), admin_token=ADMIN_TOKEN)
    with TestClient(app) as client:
        answer = client.get(f"/api/projects/{project}/persons", headers=ADMIN)
    assert answer.status_code == 400
    assert answer.json()["code"] == "too_expensive"
