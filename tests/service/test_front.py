"""What every answer has, and what the log and the metrics say of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.logs import REQUESTS, JsonLines, TextLines
from service.settings import Http, Metrics, Settings
from tests.conftest import ADMIN, Client, InsertPersons, MakeKey

SECRET = "canary-7f3a"


@pytest.fixture(scope="module")
def person(project: int, insert_persons: InsertPersons, open_client: Client) -> dict[str, Any]:
    insert_persons(project, {"distinct_ids": [f"{SECRET}-id"], "properties": {"email": SECRET}})
    page = open_client.get(f"/api/projects/{project}/persons", headers=ADMIN).json()
    return dict(page["results"][0])


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what was told of requests, as it would be written."""
    formatter = JsonLines(words=False)
    return [
        msgspec.json.decode(formatter.format(record), type=dict[str, Any])
        for record in caplog.records
        if record.name == REQUESTS
    ]


def test_a_request_is_a_line(
    client: Client, project: int, person: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.get(f"/api/projects/{project}/persons/{person['uuid']}")
    (line,) = lines(caplog)
    assert answer.headers["x-request-id"] == line["id"]
    assert list(line) == [
        *("time", "level", "event", "id", "method", "route", "status", "project", "key"),
        *("statements", "read_rows", "read_bytes", "sent_bytes", "engine_ms", "ms"),
    ]
    assert (line["method"], line["status"], line["project"]) == ("GET", 200, project)
    assert line["route"] == "/api/projects/{project_id}/persons/{id}"
    assert re.fullmatch(r"[0-9a-f-]{36}", line["key"])
    assert line["statements"] >= 1
    assert 0 < line["read_rows"] < 100_000
    assert line["read_bytes"] > 0
    assert line["sent_bytes"] == len(answer.content)
    assert 0 < line["engine_ms"] <= line["ms"] * line["statements"]
    # The answer says the same.
    summary = msgspec.json.decode(answer.headers["x-personhouse-summary"])
    assert summary["read_rows"] == line["read_rows"]
    assert re.fullmatch(r"engine;dur=[0-9.]+, total;dur=[0-9.]+", answer.headers["server-timing"])


def test_nothing_of_a_client_is_in_a_line(
    client: Client,
    api_key: str,
    project: int,
    person: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    base = f"/api/projects/{project}/persons"
    with caplog.at_level(logging.DEBUG):
        for path in (
            f"{base}?email={SECRET}",
            f'{base}?properties=[{{"key":"email","value":"{SECRET}"}}]',
            f"{base}/{SECRET}",
            f"{base}/values?key={SECRET}",
            f"{base}?properties={SECRET}",
            f"/{SECRET}",
            f"/api/projects/{SECRET}/persons",
        ):
            client.get(path)
        client.patch(f"{base}/{person['uuid']}", json={"properties": {SECRET: SECRET}})
        client.get(base, headers={"Authorization": f"Bearer phx_{SECRET}"})
        client.get(base, headers={"X-Request-Id": f"{SECRET} "})
    told = lines(caplog)
    assert [line["status"] for line in told] == [200, 200, 400, 200, 400, 404, 404, 200, 401, 200]
    text = "\n".join(
        formatter.format(record)
        for formatter in (JsonLines(words=False), TextLines(words=False))
        for record in caplog.records
        # Those of the tests' own client.
        if record.name.partition(".")[0] in ("service", "personhouse")
    )
    assert SECRET not in text
    assert api_key not in text
    metrics = client.get("/metrics", headers=ADMIN).text
    assert SECRET not in metrics
    assert api_key[:12] not in metrics


def test_a_request_id_of_the_clients_own_is_kept(client: Client) -> None:
    for given, is_kept in (("a.b-C_1", True), ("a b", False), ("x" * 65, False), ("", False)):
        answer = client.get("/livez", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) == is_kept
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])


def test_who_was_not_let_in_learns_no_costs(open_client: Client, project: int) -> None:
    answer = open_client.get(f"/api/projects/{project}/persons")
    assert answer.status_code == 401
    assert "server-timing" not in answer.headers
    assert "x-personhouse-summary" not in answer.headers


@pytest.mark.parametrize("path", ["/livez", "/api/projects", "/nowhere", "/schema", "/metrics"])
def test_security_headers(open_client: Client, path: str) -> None:
    headers = open_client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert ("default-src 'none'" in policy) == (path != "/schema")
    assert ("no-store" in headers.get("cache-control", "")) == path.startswith("/api")
    assert "strict-transport-security" not in headers


@pytest.fixture(scope="module")
def other_origin(settings: Settings, engine: Engine) -> Iterator[Client]:
    http = Http(cors_origins="https://a.example, https://b.example", public_url="https://p.example")
    changed = msgspec.structs.replace(settings, http=http, metrics=Metrics(access="open"))
    with TestClient(create_app(changed, engine, owns_engine=False)) as client:
        yield client


def test_pages_of_other_origins_may_ask_where_that_is_set(
    other_origin: Client, open_client: Client
) -> None:
    asking = {"Origin": "https://b.example", "Access-Control-Request-Method": "PATCH"}
    allowed = other_origin.options("/api/projects", headers=asking)
    assert allowed.headers["access-control-allow-origin"] == "https://b.example"
    assert "PATCH" in allowed.headers["access-control-allow-methods"]
    strange = other_origin.get("/livez", headers={"Origin": "https://c.example"})
    assert "access-control-allow-origin" not in strange.headers
    known = other_origin.get("/livez", headers=asking)
    assert known.headers["access-control-allow-origin"] == "https://b.example"
    assert "cross-origin-resource-policy" not in known.headers
    assert known.headers["strict-transport-security"] == "max-age=31536000"
    nobody = open_client.get("/livez", headers=asking)
    assert "access-control-allow-origin" not in nobody.headers


def test_metrics_count_what_was_asked(client: Client, project: int) -> None:
    route = "/api/projects/{project_id}/persons"
    sample = f'personhouse_requests_total{{method="GET",route="{route}",status="400"}}'

    def value() -> float:
        text = client.get("/metrics", headers=ADMIN).text
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = value()
    assert client.get(f"/api/projects/{project}/persons?limit=x").status_code == 400
    assert value() == before + 1
    text = client.get("/metrics", headers=ADMIN).text
    assert 'personhouse_statements_total{statement="keys.' in text
    for name in ("read_rows_total", "sent_bytes_total", "requests_under_way", "lane_requests"):
        assert f"\npersonhouse_{name}" in text
    assert client.request("BREW", "/livez").status_code == 405
    assert 'method="other"' in client.get("/metrics", headers=ADMIN).text


def test_who_may_read_metrics(
    open_client: Client, other_origin: Client, make_key: MakeKey, project: int
) -> None:
    def status(client: Client, *scopes: str, projects: tuple[int, ...] = ()) -> int:
        key = make_key(*scopes, projects=projects) if scopes else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return client.get("/metrics", headers=headers).status_code

    assert status(open_client) == 401
    assert status(open_client, "person:write") == 403
    assert status(open_client, "metrics:read", projects=(project,)) == 403
    assert status(open_client, "metrics:read") == 200
    assert status(open_client, "*") == 200
    assert status(other_origin) == 200


def test_metrics_may_be_off(settings: Settings, engine: Engine) -> None:
    off = msgspec.structs.replace(settings, metrics=Metrics(access="off"))
    with TestClient(create_app(off, engine, owns_engine=False)) as client:
        assert client.get("/metrics", headers=ADMIN).status_code == 404
