"""Export jobs as the API has them: begun, looked at, downloaded in ranges, removed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.conftest import Client, InsertPersons


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    people = [{"distinct_ids": [f"p{n}"], "properties": {"n": n}} for n in range(500)]
    insert_persons(project, *people)
    return project


def made(client: Client, project: int, query: str = "format=csv") -> dict[str, Any]:
    answer = client.post(f"/api/projects/{project}/exports?{query}")
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    while job["state"] in ("queued", "running"):
        job = client.get(f"/api/projects/{project}/exports/{job['id']}").json()
    return job


def test_from_beginning_to_end(client: Client, filled: int) -> None:
    job = made(client, filled, 'format=ndjson&search=p1&properties=[{"key":"n","value":100}]')
    assert (job["state"], job["rows_total"], job["rows_done"], job["error"]) == ("done", 1, 1, "")
    assert job["rows_per_second"] > 0
    assert job["eta_seconds"] is None
    assert set(job["filter"]) == {"search", "properties"}
    (part,) = job["files"]
    address = f"/api/projects/{filled}/exports/{job['id']}"
    body = client.get(f"{address}/files/{part['name']}").content
    assert (len(body), hashlib.sha256(body).hexdigest()) == (part["bytes"], part["sha256"])
    manifest = client.get(f"{address}/files/manifest.json").json()
    assert manifest["parts"] == job["files"]
    assert job["id"] in {one["id"] for one in _listed(client, filled)}
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert job["id"] not in {one["id"] for one in _listed(client, filled)}


def _listed(client: Client, project: int) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = client.get(f"/api/projects/{project}/exports").json()["results"]
    return results


def test_a_file_comes_in_ranges(client: Client, filled: int) -> None:
    job = made(client, filled)
    (part,) = job["files"]
    address = f"/api/projects/{filled}/exports/{job['id']}/files/{part['name']}"
    whole = client.get(address)
    size = part["bytes"]
    assert (whole.headers["accept-ranges"], len(whole.content)) == ("bytes", size)
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=5-{size * 2}", 5, size),
    ):
        some = client.get(address, headers={"Range": asked})
        assert (some.status_code, some.content) == (206, whole.content[start:end])
        assert some.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    changed = client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (changed.status_code, len(changed.content)) == (200, size)
    beyond = client.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")


@pytest.mark.parametrize(
    ("query", "attr"),
    [("format=xlsx", "format"), ("columns=no", "columns"), ("properties=no", "properties")],
)
def test_what_is_wrong_is_said_at_once(client: Client, filled: int, query: str, attr: str) -> None:
    answer = client.post(f"/api/projects/{filled}/exports?{query}")
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_a_body_is_refused(client: Client, filled: int) -> None:
    answer = client.post(f"/api/projects/{filled}/exports", json={"format": "csv"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "body")


def test_what_is_not_there(client: Client, filled: int) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    job = made(client, filled)
    address = f"/api/projects/{filled}/exports"
    for path in (f"/{nobody}", f"/{nobody}/files/x", f"/{job['id']}/files/.lock"):
        assert client.get(address + path).status_code == 404
