"""The engine, the service and some persons, for tests that need them.

A process can have one directory of embedded ClickHouse open, so all tests share one; each module
has a database of its own in it. Modules marked `wire` run a second time through the real HTTP
client on a double of a server (`tests/wire`), and all that use `engine` do with `--engine=wire`.
With `--engine=distributed` that double is the one node of a cluster.
Where a server is at hand (PERSONHOUSE_TEST_DSN, or Docker), they run on it too, marked `server`.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from queries.sql import bind, sql
from queries.statement import Statement
from service.app import create_app
from service.counts import Counts
from service.engine import Engine
from service.imports import import_persons
from service.settings import Auth, ClickHouse, Deletion, Settings
from tests.wire.process import DoubleProcess

ADMIN_TOKEN = "the command line's own"
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}

Client = TestClient[Litestar]
InsertPersons = Callable[..., None]
DeletePerson = Callable[[int, dict[str, Any]], None]
MakeKey = Callable[..., str]

CLUSTERS = Path(__file__).parent / "wire" / "clusters.xml"

_numbers = itertools.count(1)
_clusters: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")
    parser.addoption(
        "--engine",
        choices=["embedded", "wire", "distributed", "server"],
        help="run what uses the engine on this one alone, and nothing else",
    )


def _has_server() -> bool:
    return bool(os.environ.get("PERSONHOUSE_TEST_DSN")) or _has_docker()


@cache
def _has_docker() -> bool:
    if not (os.environ.get("DOCKER_HOST") or Path("/var/run/docker.sock").exists()):
        return False
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=3)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except DockerException:
        return False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_dsn" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--engine")
    has_wire = metafunc.definition.get_closest_marker("wire") is not None
    places = [chosen] if chosen else ["embedded", *(["wire"] if has_wire else [])]
    if _has_server() and not chosen:
        places.append("server")
    marked = [pytest.param(one, marks=_PLACE_MARKS.get(one, ())) for one in places]
    metafunc.parametrize("engine_dsn", marked, indirect=True, scope="module")


_PLACE_MARKS = {"server": [pytest.mark.server]}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses the engine, before -m chooses; skip what needs a server that is not there."""
    if config.getoption("--engine"):
        on_it = [one for one in items if "engine_dsn" in getattr(one, "fixturenames", ())]
        config.hook.pytest_deselected(items=[one for one in items if one not in set(on_it)])
        items[:] = on_it
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engine)
        if item.get_closest_marker("server") is not None and not _has_server():
            item.add_marker(pytest.mark.skip("no server: PERSONHOUSE_TEST_DSN unset, no Docker"))
        if item.get_closest_marker("docker") is not None and not _has_docker():
            item.add_marker(pytest.mark.skip("no Docker: it starts servers of its own"))
        alone = item.get_closest_marker("embedded")
        if alone is not None and _place(item) not in (None, "embedded"):
            item.add_marker(pytest.mark.skip(f"on the embedded engine alone: {alone.args[0]}"))
        on_one = item.get_closest_marker("one_server")
        if on_one is not None and _place(item) == "distributed":
            item.add_marker(pytest.mark.skip(f"not on a cluster: {on_one.args[0]}"))


def _place(item: pytest.Item) -> str | None:
    """Return where the engine of a test is, None where it uses none."""
    call = getattr(item, "callspec", None)
    return None if call is None else call.params.get("engine_dsn")


@pytest.fixture(scope="session")
def update_golden(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--update-golden"))


@pytest.fixture(scope="session", autouse=True)
def _quick_mutations() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Look for the end of mutations often: with so few rows they take milliseconds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("service.mutations._POLL_SECONDS", 0.02)
        yield


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one data directory of this process."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def server_dsn() -> Iterator[str]:
    """A ClickHouse server's DSN."""
    dsn = os.environ.get("PERSONHOUSE_TEST_DSN")
    if dsn:
        yield dsn
        return
    from testcontainers.clickhouse import ClickHouseContainer

    with ClickHouseContainer("clickhouse/clickhouse-server:latest") as server:
        address = f"{server.get_container_host_ip()}:{server.get_exposed_port(8123)}"
        yield f"http://{server.username}:{server.password}@{address}"


@pytest.fixture(scope="session")
def wire_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a double of a server."""
    double = DoubleProcess(tmp_path_factory.mktemp("double"))
    double.start()
    yield double.dsn()
    double.stop()


@pytest.fixture(scope="session")
def distributed_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a double that is the one node of a cluster."""
    double = DoubleProcess(tmp_path_factory.mktemp("node"), "--config", str(CLUSTERS))
    double.start()
    _clusters[double.dsn()] = "one_local_shard"
    yield double.dsn()
    double.stop()


@pytest.fixture(scope="module")
def engine_dsn(request: pytest.FixtureRequest) -> str:
    """Where the engine is: empty for embedded."""
    if request.param == "embedded":
        return ""
    dsn: str = request.getfixturevalue(f"{request.param}_dsn")
    return dsn


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest, data_dir: Path, engine_dsn: str) -> Settings:
    """Settings with a database of the module's own, and keys that are looked up each time.

    Who is deleted is removed when a test says so, and not meanwhile.
    """
    name = re.sub(r"\W", "_", request.path.stem)
    return Settings(
        data=str(data_dir),
        dsn=engine_dsn,
        # On a busy machine the double may be silent for longer than a server would.
        clickhouse=ClickHouse(
            database=f"{name[:40]}_{next(_numbers)}",
            silence_seconds=0,
            cluster=_clusters.get(engine_dsn, ""),
            # They take no rows without a server.
            cluster_is_replicated=False,
        ),
        auth=Auth(cache_seconds=0.0),
        deletion=Deletion(remove_after_seconds=3_600.0),
    )


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    """An open engine on empty tables."""
    engine = Engine(settings)
    engine.open()
    yield engine
    name = bind("Identifier", settings.clickhouse.database)
    engine.command_now(Statement("tests.drop", sql("DROP DATABASE {} SYNC", name), type(None)))
    engine.close()


@pytest.fixture(scope="module")
def app(settings: Settings, engine: Engine) -> Litestar:
    """The application on that engine."""
    return create_app(settings, engine, admin_token=ADMIN_TOKEN, owns_engine=False)


@pytest.fixture(scope="module")
def open_client(app: Litestar) -> Iterator[Client]:
    """A client without a key."""
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def project(open_client: Client) -> int:
    """The id of the module's project."""
    return make_project(open_client, "tests")


def make_project(client: Client, name: str) -> int:
    """Make a project and return its id."""
    made = client.post("/internal/projects", json={"name": name}, headers=ADMIN)
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


@pytest.fixture(scope="module")
def make_key(open_client: Client) -> MakeKey:
    """Make a key of some scopes, for some projects or all, and return its secret."""

    def make(*scopes: str, projects: Sequence[int] = ()) -> str:
        body = {"label": "tests", "scopes": scopes, "projects": projects}
        made = open_client.post("/internal/keys", json=body, headers=ADMIN)
        assert made.status_code == 201, made.text
        return str(made.json()["secret"])

    return make


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    """A key that may read and write persons of all projects."""
    return make_key("person:write")


@pytest.fixture
def client(open_client: Client, api_key: str) -> Iterator[Client]:
    """A client with that key."""
    open_client.headers["Authorization"] = f"Bearer {api_key}"
    yield open_client
    del open_client.headers["Authorization"]


@pytest.fixture(scope="module")
def insert_persons(engine: Engine, app: Litestar, data_dir: Path) -> InsertPersons:
    """Insert persons into a project, each given as a line of an import file would have it."""
    counts: Counts = app.state.counts

    def insert(project: int, *persons: dict[str, Any]) -> None:
        file = data_dir / f"persons-{next(_numbers)}.ndjson"
        file.write_bytes(b"\n".join(map(msgspec.json.encode, persons)))
        summary = import_persons(engine, project, file, counts=counts)
        assert summary.written == len(persons)

    return insert


@pytest.fixture(scope="module")
def delete_person(engine: Engine, app: Litestar) -> DeletePerson:
    """Delete a person, given as the API shows it, by writing its tombstone."""
    counts: Counts = app.state.counts

    def delete(project: int, person: dict[str, Any]) -> None:
        tombstone = pl.DataFrame(
            {
                "team_id": [project],
                "id": [person["uuid"]],
                "created_at": [msgspec.convert(person["created_at"], datetime)],
                "version": [time.time_ns() // 1_000],
                "is_deleted": [1],
            },
            schema_overrides={
                "team_id": pl.UInt32,
                "created_at": pl.Datetime("us", "UTC"),
                "version": pl.UInt64,
                "is_deleted": pl.UInt8,
            },
        )
        with counts.write(project) as written:
            engine.insert_now("persons", tombstone)
            written.created = -1

    return delete
