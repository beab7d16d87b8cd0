"""What goes wrong between the service and a server: no answer is wrong, none is a part."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient
from msgspec import Struct

from service.app import create_app
from service.engine import Engine
from service.errors import EngineDown
from service.settings import Auth, ClickHouse, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, make_project
from tests.engine.people import command
from tests.wire.faults import Fault, Proxy
from tests.wire.process import DoubleProcess

pytestmark = [pytest.mark.slow, pytest.mark.engine]

PERSONS = 3_000
SILENCE_SECONDS = 0.6


class Place(Struct):
    """A service that reaches its server through a proxy."""

    client: Client
    proxy: Proxy
    address: str
    uuid: str

    def get(self, path: str, **arguments: str) -> httpx.Response:
        """Ask for something of the project; what breaks off is told apart by `broken`."""
        return self.client.get(f"{self.address}/{path}", params=arguments)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faults")
    double = DoubleProcess(folder / "clickhouse", "--user", "ann", "--password", "b:c/d")
    double.start()
    proxy = Proxy(double.port)
    settings = Settings(
        data=str(folder),
        dsn=f"http://ann:b%3Ac%2Fd@127.0.0.1:{proxy.port}",
        clickhouse=ClickHouse(
            database="faults", timeout_seconds=5, silence_seconds=SILENCE_SECONDS
        ),
        auth=Auth(cache_seconds=60.0, note_use_seconds=3_600.0),
    )
    engine = Engine(settings)
    engine.open()
    app = create_app(settings, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with ExitStack() as stack:
        stack.callback(double.stop)
        stack.callback(proxy.close)
        stack.callback(engine.close)
        client = stack.enter_context(TestClient(app))
        yield _filled(client, proxy, engine)


def _filled(client: Client, proxy: Proxy, engine: Engine) -> Place:
    project = make_project(client, "faults")
    address = f"/api/projects/{project}"
    client.headers.update(ADMIN)
    lines = [
        {"distinct_ids": [f"p{n}"], "properties": {"n": n, "plan": "pro", "text": "x" * 200}}
        for n in range(PERSONS)
    ]
    body = b"\n".join(map(msgspec.json.encode, lines))
    assert client.post(f"{address}/imports", content=body).json()["written"] == PERSONS
    command(engine, "OPTIMIZE TABLE persons FINAL")
    found = client.get(f"{address}/persons", params={"distinct_id": "p1"}).json()["results"]
    return Place(client, proxy, address, found[0]["uuid"])


READS: dict[str, tuple[str, dict[str, str]]] = {
    "list": ("persons", {"limit": "2000"}),
    "person": ("persons/{uuid}", {}),
    "by distinct id": ("persons", {"distinct_id": "p1"}),
    "search": ("persons", {"search": "p11"}),
    "values": ("persons/values", {"key": "plan"}),
    "filtered": ("persons", {"properties": '[{"key":"n","operator":"lt","value":50}]'}),
    "csv": ("persons.csv", {}),
    "activity": ("persons/activity", {}),
    "deletions": ("persons/deletion_status", {}),
    "history": ("persons/{uuid}/history", {}),
}
FAULTS: dict[str, tuple[Fault, dict[str, Any]]] = {
    "refuse": ("refuse", {}),
    "reset": ("reset", {}),
    "black hole": ("black hole", {}),
    "lag": ("lag", {"lag_seconds": 0.05}),
    "error": ("error", {}),
    "cut at once": ("cut", {"cut_after": 0}),
    "cut in the head": ("cut", {"cut_after": 90}),
    "cut in the body": ("cut", {"cut_after": 500}),
    "cut late": ("cut", {"cut_after": 70_000}),
    "cut later": ("cut", {"cut_after": 300_000}),
}


@pytest.fixture(scope="module")
def answers(place: Place) -> dict[str, bytes]:
    """What is answered when nothing is wrong."""
    return {name: _read(place, name).content for name in READS}


def _read(place: Place, name: str) -> httpx.Response:
    path, arguments = READS[name]
    return place.get(path.format(uuid=place.uuid), **arguments)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_read_is_wrong_or_a_part(place: Place, answers: dict[str, bytes], fault: str) -> None:
    kind, options = FAULTS[fault]
    seen: set[int] = set()
    with place.proxy.fault(kind, **options):
        for name in READS:
            try:
                answer = _read(place, name)
            except Exception:
                # A response that had begun broke off, which no client takes for the whole.
                if name != "csv":
                    raise
                continue
            seen.add(answer.status_code)
            if answer.status_code == 200:
                assert _same(answer.content, answers[name]), name
            else:
                assert answer.status_code == 503, (name, answer.text)
                assert answer.json()["code"] in ("engine_down", "busy")
                assert int(answer.headers["Retry-After"]) >= 1
    if kind in ("refuse", "reset", "black hole", "error"):
        assert seen == {503}
    _wait_until_well(place)


def _same(answer: bytes, expected: bytes) -> bool:
    """Say whether two answers say the same; of CSV the order of blocks may differ."""
    if answer.startswith(b"{"):
        left, right = (msgspec.json.decode(one, type=dict[str, Any]) for one in (answer, expected))
        for one in (left, right):
            for link in ("next", "previous"):
                one.pop(link, None)
        return left == right
    return list(csv.reader(io.StringIO(answer.decode()))) == list(
        csv.reader(io.StringIO(expected.decode()))
    )


def _wait_until_well(place: Place) -> float:
    began = time.monotonic()
    while (answer := place.get(f"persons/{place.uuid}")).status_code != 200:
        assert answer.status_code == 503, answer.text
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    return time.monotonic() - began


def test_who_comes_while_the_server_is_silent_is_told_at_once(place: Place) -> None:
    _wait_until_well(place)
    with place.proxy.fault("black hole"):
        began = time.monotonic()
        assert place.get(f"persons/{place.uuid}").status_code == 503
        first = time.monotonic() - began
        quick: list[float] = []
        for _ in range(5):
            began = time.monotonic()
            assert place.get(f"persons/{place.uuid}").status_code == 503
            quick.append(time.monotonic() - began)
    # It waited until connections were cut; who came after that did not wait at all.
    assert first < 15
    assert min(quick) < 0.2
    assert _wait_until_well(place) < 15


@pytest.mark.parametrize("fault", ["refuse", "reset", "cut at once", "error"])
def test_a_write_is_there_once_or_not_at_all(place: Place, fault: str) -> None:
    """Not known to its sender, so it is repeated with its key until it is answered."""
    _wait_until_well(place)
    kind, options = FAULTS[fault]
    url = f"{place.address}/persons/{place.uuid}/update_property"
    name = f"w_{fault.replace(' ', '_')}"
    before = place.get(f"persons/{place.uuid}/activity").json()["total_count"]

    def write() -> httpx.Response:
        body = {"key": name, "value": fault}
        return place.client.post(url, json=body, headers={"Idempotency-Key": name})

    with place.proxy.fault(kind, **options):
        assert write().status_code == 503
    _wait_until_well(place)
    assert write().status_code == 200
    assert place.get(f"persons/{place.uuid}").json()["properties"][name] == fault
    after = place.get(f"persons/{place.uuid}/activity").json()["total_count"]
    assert after == before + 1


def test_an_import_that_fails_midway_is_finished_by_its_repeat(place: Place) -> None:
    _wait_until_well(place)
    lines = [{"distinct_ids": [f"q{n}"], "properties": {"n": n}} for n in range(500)]
    body = b"\n".join(map(msgspec.json.encode, lines))
    with place.proxy.fault("cut", cut_after=2_000):
        assert place.client.post(f"{place.address}/imports", content=body).status_code == 503
    _wait_until_well(place)
    done = place.client.post(f"{place.address}/imports", content=body)
    assert done.status_code == 200, done.text
    assert done.json()["written"] + done.json()["unchanged"] == 500
    assert place.get("persons", search="q499").json()["count"] == 1


def test_a_server_killed_and_started_again_is_found_again(tmp_path: Path) -> None:
    double = DoubleProcess(tmp_path / "clickhouse")
    double.start()
    engine = Engine(Settings(dsn=double.dsn(), clickhouse=ClickHouse(database="again")))
    engine.open()
    try:
        command(engine, "SELECT 1")
        double.kill()
        with pytest.raises(EngineDown):
            command(engine, "SELECT 1")
        double.start()
        until = time.monotonic() + 10
        while not _answers(engine):
            assert time.monotonic() < until
    finally:
        engine.close()
        double.stop()


def _answers(engine: Engine) -> bool:
    try:
        command(engine, "SELECT 1")
    except EngineDown:
        return False
    return True
