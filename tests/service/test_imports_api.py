"""POST imports: a file as the body of a request."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from service.api.spool import folder
from service.app import create_app
from service.engine import Engine
from service.settings import Limits, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, make_project

NDJSON = {"Accept": "application/x-ndjson"}
GOOD = [b'{"distinct_ids":["a"],"properties":{"email":"a@x"}}', b'{"distinct_ids":["b"]}']


@pytest.fixture
def fresh(open_client: Client) -> int:
    """The id of a new project."""
    return make_project(open_client, "imports")


@pytest.fixture(autouse=True)
def _nothing_stays(settings: Settings) -> Iterator[None]:
    yield
    assert list(folder(settings).glob("*")) == []


def send(client: Client, project: int, body: Any, query: str = "", **headers: str) -> Any:
    headers = {"Content-Type": "application/octet-stream", **headers}
    return client.post(f"/api/projects/{project}/imports{query}", content=body, headers=headers)


def events(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.text.endswith("\n")
    return [next(iter(json.loads(line).items())) for line in answer.text.splitlines()]


def test_a_summary_is_answered_and_the_persons_are_there(client: Client, fresh: int) -> None:
    answer = send(client, fresh, b"\n".join([*GOOD, b"{}", b"nonsense"]))
    assert answer.status_code == 200
    summary = answer.json()
    assert list(summary) == [
        *("read", "written", "unchanged", "rejected", "skipped", "seconds", "rejects")
    ]
    assert (summary["read"], summary["written"], summary["rejected"]) == (4, 2, 2)
    assert [reject["line"] for reject in summary["rejects"]] == [3, 4]
    assert all(reject["reason"] for reject in summary["rejects"])
    page = client.get(f"/api/projects/{fresh}/persons?email=a@x").json()
    assert page["count"] == 1
    assert client.get(f"/api/projects/{fresh}/persons").json()["count"] == 2


def test_again_changes_nothing(client: Client, fresh: int) -> None:
    body = b"\n".join(GOOD)
    send(client, fresh, body)
    summary = send(client, fresh, body).json()
    assert (summary["written"], summary["unchanged"]) == (0, 2)
    assert client.get(f"/api/projects/{fresh}/persons").json()["count"] == 2


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"\n".join(GOOD), ""),
        (gzip.compress(b"\n".join(GOOD), mtime=0), ""),
        (b"\n".join(GOOD), "?format=ndjson"),
        (b"distinct_ids.0,properties.email\r\na,a@x\r\nb,\r\n", ""),
        (b"distinct_ids.0,properties.email\r\na,a@x\r\nb,\r\n", "?format=csv"),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_the_format_is_told_from_the_content(
    client: Client, fresh: int, body: bytes, query: str, kind: str
) -> None:
    summary = send(client, fresh, body, query, **{"Content-Type": kind}).json()
    assert summary["written"] == 2


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_is_a_415(client: Client, fresh: int, kind: str) -> None:
    answer = send(client, fresh, GOOD[0], **{"Content-Type": kind})
    assert answer.status_code == 415
    body = answer.json()
    assert (body["type"], body["code"]) == ("invalid_request", "unsupported_media_type")
    assert body["detail"].startswith(f'Unsupported media type "{kind.partition(";")[0]}" in')


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_an_unknown_format_is_a_400(client: Client, fresh: int, accept: str) -> None:
    answer = send(client, fresh, GOOD[0], "?format=xlsx", Accept=accept)
    assert (answer.status_code, answer.json()["attr"]) == (400, "format")
    assert "ndjson" in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("body", [b"", b"  \n", b"PK\x03\x04 a zip", b"\x1f\x8b broken"])
def test_an_unreadable_body_is_a_400(client: Client, fresh: int, body: bytes, accept: str) -> None:
    answer = send(client, fresh, body, Accept=accept)
    assert answer.status_code == 400, answer.text
    assert (answer.json()["type"], answer.json()["attr"]) == ("validation_error", "body")


EVENT = (
    b'{"event":"seen","distinct_id":"a","timestamp":"2024-05-01T10:00:00Z",'
    b'"properties":{"$set":{"v":1}}}'
)


def test_events_are_a_kind(client: Client, fresh: int) -> None:
    body = EVENT + b"\n{}\n" + EVENT.replace(b'"v":1', b'"v":2')
    for query in ("?kind=events", "?kind=events&format=ndjson"):
        summary = send(client, fresh, gzip.compress(body), query).json()
        assert (summary["read"], summary["rejected"]) == (3, 1)
        assert summary["rejects"][0]["line"] == 2
    assert (summary["written"], summary["unchanged"]) == (0, 2)
    assert client.get(f"/api/projects/{fresh}/persons").json()["count"] == 0
    told = events(send(client, fresh, body, "?kind=events", **NDJSON))
    assert told[-1][0] == "summary"
    assert send(client, fresh, GOOD[0], "?kind=persons").json()["written"] == 1


@pytest.mark.parametrize(
    ("query", "attr"),
    [("?kind=people", "kind"), ("?kind=events&format=csv", "format"), ("?kind=events", "body")],
)
def test_what_is_no_kind_or_no_file_of_events(
    client: Client, fresh: int, query: str, attr: str
) -> None:
    answer = send(client, fresh, b"uuid,event\r\n1,seen\r\n", query)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_events_end_with_the_summary(client: Client, fresh: int) -> None:
    told = events(send(client, fresh, b"\n".join([b"{}", *GOOD, b"x"]), **NDJSON))
    names = [name for name, _ in told]
    assert names[-1] == "summary"
    assert set(names) == {"progress", "reject", "summary"}
    assert sorted(event["line"] for name, event in told if name == "reject") == [1, 4]
    progress = [event for name, event in told if name == "progress"][-1]
    assert progress["bytes_read"] == progress["bytes_total"] > 0
    assert told[-1][1]["written"] == 2
    assert "rejects" not in told[-1][1]


def test_events_tell_of_a_failure_at_the_end(client: Client, fresh: int) -> None:
    cut = gzip.compress(b"\n".join(GOOD * 5_000), mtime=0)[:-200]
    told = events(send(client, fresh, cut, **NDJSON))
    assert told[-1][0] == "error"
    assert (told[-1][1]["type"], told[-1][1]["attr"]) == ("validation_error", "body")


def test_a_body_in_many_pieces(client: Client, fresh: int) -> None:
    pieces = (b'{"distinct_ids":["%d"]}\n' % n for n in range(5_000))
    assert send(client, fresh, pieces).json()["written"] == 5_000


@pytest.fixture
def small(settings: Settings, engine: Engine) -> Iterator[Client]:
    """An application that takes 200 bytes and keeps 2 rejects."""
    limits = Limits(import_bytes=200, rejects_kept=2, import_batch_rows=10)
    app = create_app(
        msgspec.structs.replace(settings, limits=limits),
        engine,
        admin_token=ADMIN_TOKEN,
        owns_engine=False,
    )
    with TestClient(app) as client:
        client.headers.update(ADMIN)
        yield client


def test_a_body_over_the_limit_is_a_413(small: Client, client: Client, fresh: int) -> None:
    bodies: list[Any] = [b'{"distinct_ids":["a"]}\n' * 10, iter([b'{"distinct_ids":["a"]}\n'] * 10)]
    for body in bodies:
        answer = send(small, fresh, body)
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
    assert client.get(f"/api/projects/{fresh}/persons").json()["count"] == 0


def test_the_first_rejects_are_kept_and_all_are_counted(small: Client, fresh: int) -> None:
    summary = send(small, fresh, b"{}\n" * 45).json()
    assert (summary["rejected"], len(summary["rejects"])) == (45, 2)
    told = events(send(small, fresh, b"{}\n" * 45, **NDJSON))
    assert [name for name, _ in told].count("reject") == 45


def test_a_body_larger_than_other_addresses_take(
    settings: Settings, engine: Engine, fresh: int
) -> None:
    http = msgspec.structs.replace(settings.http, max_body_bytes=10)
    app = create_app(
        msgspec.structs.replace(settings, http=http),
        engine,
        admin_token=ADMIN_TOKEN,
        owns_engine=False,
    )
    with TestClient(app) as client:
        client.headers.update(ADMIN)
        assert send(client, fresh, GOOD[0]).json()["written"] == 1


def test_what_a_killed_process_left_is_swept(
    settings: Settings, engine: Engine, data_dir: Path
) -> None:
    import os

    folder(settings).mkdir(exist_ok=True)
    old, new = folder(settings) / "import-old", folder(settings) / "import-new"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    with TestClient(create_app(settings, engine, owns_engine=False)):
        assert (old.exists(), new.exists()) == (False, True)
    new.unlink()
