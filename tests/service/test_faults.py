"""What goes wrong between the service and a server: no answer is wrong, none is a part."""

from __future__ import annotations

import csv
import gc
import io
import select
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import polars as pl
import pytest
from litestar.testing import TestClient
from msgspec import Struct

from service.app import create_app
from service.engine import Engine
from service.errors import EngineDown
from service.settings import Auth, ClickHouse, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, make_project
from tests.contract.test_openapi import OPERATIONS
from tests.engine.people import command
from tests.wire.faults import Fault, Proxy
from tests.wire.process import DoubleProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    # Where an answer is cut, the driver leaves what it has read of it to be found by the collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),
]

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


_MOMENT = {"timestamp": "2024-05-01T10:00:00Z", "distinct_id": "p1"}
# All routes that read, by name.
READS: dict[str, tuple[str, dict[str, str]]] = {
    "list": ("persons", {"limit": "2000"}),
    "person": ("persons/{uuid}", {}),
    "by distinct id": ("persons", {"distinct_id": "p1"}),
    "search": ("persons", {"search": "p11"}),
    "values": ("persons/values", {"key": "plan"}),
    "properties": ("persons/properties", {}),
    "filtered": ("persons", {"properties": '[{"key":"n","operator":"lt","value":50}]'}),
    "csv": ("persons.csv", {}),
    "ndjson": ("persons.ndjson", {}),
    "parquet": ("persons.parquet", {}),
    "arrow": ("persons.arrow", {}),
    "exports": ("exports", {}),
    "activity": ("persons/activity", {}),
    "of one person": ("persons/{uuid}/activity", {}),
    "deletions": ("persons/deletion_status", {}),
    "history": ("persons/{uuid}/history", {}),
    "at a time": ("persons/properties_at_time", _MOMENT),
    "timeline": ("persons/{uuid}/properties_timeline", {"date_from": "2024-01-01"}),
    "batch by ids": ("persons/batch_by_distinct_ids", {}),
    "batch by uuids": ("persons/batch_by_uuids", {}),
}
_BODIES: dict[str, dict[str, list[str]]] = {
    "batch by ids": {"distinct_ids": ["p1", "p2", "nobody"]},
    "batch by uuids": {"uuids": ["{uuid}"]},
}
_STREAMED = ("csv", "ndjson", "parquet", "arrow")
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
    path = path.format(uuid=place.uuid)
    if name not in _BODIES:
        return place.get(path, **arguments)
    body = {key: [one.format(uuid=place.uuid) for one in ids] for key, ids in _BODIES[name].items()}
    return place.client.post(f"{place.address}/{path}", json=body)


def _read_all(place: Place, answers: dict[str, bytes]) -> dict[str, int]:
    """Ask every route that reads; return what was answered, nothing of which was wrong."""
    seen: dict[str, int] = {}
    for name in READS:
        try:
            answer = _read(place, name)
        except Exception:
            # A response that had begun broke off, which no client takes for the whole.
            if name not in _STREAMED:
                raise
            continue
        seen[name] = answer.status_code
        if answer.status_code == 200:
            assert _same(name, answer.content, answers[name]), name
        else:
            assert answer.status_code == 503, (name, answer.text)
            assert answer.json()["code"] in ("engine_down", "busy")
            assert int(answer.headers["Retry-After"]) >= 1
    return seen


def test_every_route_that_reads_is_asked() -> None:
    """A new one is to be added above; files of jobs are on a disk, and projects are remembered."""
    paths = {f"/{path}" for path, _ in READS.values()}
    reads = {
        path.replace("{id}", "{uuid}").removeprefix("/api/projects/{project_id}")
        for name, (verb, path, _, _) in OPERATIONS.items()
        if (verb == "get" or "batch" in name) and not name.startswith("projects_")
    }
    assert reads - paths == {"/exports/{uuid}", "/exports/{uuid}/files/{name}"}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_read_is_wrong_or_a_part(place: Place, answers: dict[str, bytes], fault: str) -> None:
    kind, options = FAULTS[fault]
    _wait_until_well(place)
    with place.proxy.fault(kind, **options):
        seen = _read_all(place, answers)
    gc.collect()
    if kind in ("refuse", "reset", "black hole", "error"):
        # What was counted a moment ago is still told.
        seen.pop("properties")
        assert set(seen.values()) == {503}
    _wait_until_well(place)


@pytest.mark.fuzz
@pytest.mark.parametrize("fault", [*FAULTS, "2 s lag", "1 KB/s"])
def test_no_read_is_wrong_or_a_part_ten_times(
    place: Place, answers: dict[str, bytes], fault: str
) -> None:
    late: tuple[Fault, dict[str, Any]] = ("lag", {"lag_seconds": 2.0})
    slow: tuple[Fault, dict[str, Any]] = ("slow", {})
    kind, options = {**FAULTS, "2 s lag": late, "1 KB/s": slow}[fault]
    for _ in range(10):
        _wait_until_well(place)
        with place.proxy.fault(kind, **options):
            _read_all(place, answers)


def _same(name: str, answer: bytes, expected: bytes) -> bool:
    """Say whether two answers say the same; the order of an export's blocks may differ."""
    if name == "csv":
        return list(csv.reader(io.StringIO(answer.decode()))) == list(
            csv.reader(io.StringIO(expected.decode()))
        )
    if name == "ndjson":
        return sorted(answer.splitlines()) == sorted(expected.splitlines())
    if name in ("parquet", "arrow"):
        read = pl.read_parquet if name == "parquet" else pl.read_ipc_stream
        return read(io.BytesIO(answer)).sort("uuid").equals(read(io.BytesIO(expected)).sort("uuid"))
    left, right = (msgspec.json.decode(one, type=dict[str, Any]) for one in (answer, expected))
    for one in (left, right):
        for link in ("next", "previous", "counted_at"):
            one.pop(link, None)
    return left == right


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


@pytest.mark.parametrize("fault", ["refuse", "reset", "black hole", "error", "cut at once"])
def test_it_is_well_again_five_seconds_after(place: Place, fault: str) -> None:
    _wait_until_well(place)
    kind, options = FAULTS[fault]
    with place.proxy.fault(kind, **options):
        assert place.get(f"persons/{place.uuid}").status_code == 503
    assert _wait_until_well(place) <= 5.0


def test_a_second_after_it_fell_silent_nobody_waits_for_it(place: Place) -> None:
    """Not even behind those who came before, and fill all workers."""
    _wait_until_well(place)

    def ask() -> tuple[float, float]:
        began = time.monotonic()
        assert place.get(f"persons/{place.uuid}").status_code == 503
        return began, time.monotonic()

    with place.proxy.fault("black hole"), ThreadPoolExecutor(24) as threads:
        fell = time.monotonic()
        asked = [threads.submit(ask) for _ in range(12)]
        while time.monotonic() - fell < 1.0:
            select.select([], [], [], 0.02)
        asked += [threads.submit(ask) for _ in range(12)]
        answered = [one.result() for one in asked]
    took = [ended - began for began, ended in answered]
    assert max(took[:12]) > 1.0, "these came while nothing was known"
    assert max(took[12:]) < 0.5


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
