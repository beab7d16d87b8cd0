"""On two shards of two replicas: where rows are, that all see them, and who may be away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from msgspec import Struct

from service.app import create_app
from service.engine import Engine
from service.removal import Removal
from service.settings import Auth, ClickHouse, Deletion, Settings
from tests.cluster.nodes import NAME, Node, cluster
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, make_project

pytestmark = [pytest.mark.server, pytest.mark.docker, pytest.mark.slow]

DATABASE = "house"
PERSONS = 500


class House(Struct):
    """Two services, each on a node of its own, and two projects, one on either shard."""

    nodes: list[Node]
    engines: list[Engine]
    clients: list[Client]
    projects: list[int]

    def at(self, project: int, path: str = "") -> str:
        """Return an address of the persons of a project."""
        return f"/api/projects/{project}/persons{path}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as stack:
        nodes = stack.enter_context(cluster(tmp_path_factory.mktemp("nodes")))
        engines: list[Engine] = []
        clients: list[Client] = []
        # One asks a node of either shard.
        for node in (nodes[0], nodes[3]):
            settings = Settings(
                data=str(tmp_path_factory.mktemp("service")),
                dsn=node.dsn(),
                clickhouse=ClickHouse(database=DATABASE, cluster=NAME, timeout_seconds=10),
                auth=Auth(cache_seconds=0.0),
                deletion=Deletion(remove_after_seconds=3_600.0),
            )
            engine = Engine(settings)
            engine.open()
            stack.callback(engine.close)
            app = create_app(settings, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
            client = stack.enter_context(TestClient(app))
            client.headers.update(ADMIN)
            engines.append(engine)
            clients.append(client)
        projects = [make_project(clients[0], name) for name in ("odd", "even")]
        found = House(nodes, engines, clients, projects)
        for project in projects:
            _bring(found, project, *(f"{n}" for n in range(PERSONS)))
        yield found


def _bring(house: House, project: int, *ids: str) -> None:
    lines = [{"distinct_ids": [id], "properties": {"plan": "pro"}} for id in ids]
    body = b"\n".join(map(msgspec.json.encode, lines))
    address = f"/api/projects/{project}/imports"
    answer = house.clients[0].post(address, content=body)
    assert (answer.status_code, answer.json()["written"]) == (200, len(ids)), answer.text


def _having(client: Client, house: House, project: int, id: str) -> dict[str, Any]:
    answer = client.get(house.at(project), params={"distinct_id": id})
    assert answer.status_code == 200, answer.text
    (person,) = answer.json()["results"]
    return dict(person)


def test_a_project_is_on_both_replicas_of_one_shard(house: House) -> None:
    for table, key in (("persons", "id"), ("person_keys", "id"), ("distinct_ids", "person_id")):
        seen = {
            (node.shard, node.replica): node.ask(
                f"SELECT team_id, uniqExact({key}) FROM {DATABASE}.{table}_local"
                " GROUP BY team_id ORDER BY team_id FORMAT CSV"
            )
            for node in house.nodes
        }
        for project in house.projects:
            shard = project % 2 + 1
            assert {seen[shard, replica] for replica in (1, 2)} == {f"{project},{PERSONS}"}, table


def test_small_tables_are_one(house: House) -> None:
    asked = f"SELECT count() FROM {DATABASE}.projects FINAL"
    assert {node.ask(asked) for node in house.nodes} == {str(len(house.projects))}


def test_what_one_service_wrote_the_other_reads_at_once(house: House) -> None:
    writer, reader = house.clients
    for project in house.projects:
        uuid = _having(writer, house, project, "7")["uuid"]
        for n in range(30):
            path = house.at(project, f"/{uuid}/update_property")
            assert writer.post(path, json={"key": "n", "value": n}).status_code == 200
            seen = reader.get(house.at(project, f"/{uuid}")).json()
            assert seen["properties"]["n"] == n


def test_of_those_who_add_at_once_none_is_lost(house: House) -> None:
    for project in house.projects:
        uuid = _having(house.clients[0], house, project, "8")["uuid"]
        path = house.at(project, f"/{uuid}/update_property")

        def write(n: int, path: str = path) -> int:
            client = house.clients[n % 2]
            return client.post(path, json={"key": f"k{n}", "value": n}).status_code

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(write, range(24))) == {200}
        seen = house.clients[0].get(house.at(project, f"/{uuid}")).json()["properties"]
        assert {key: seen[key] for key in seen if key[0] == "k"} == {f"k{n}": n for n in range(24)}


def test_a_merge_is_seen_whole(house: House) -> None:
    for project in house.projects:
        one, other = (_having(house.clients[0], house, project, id) for id in ("10", "11"))
        path = house.at(project, f"/{one['uuid']}/merge")
        assert house.clients[0].post(path, json={"ids": [other["uuid"]]}).status_code == 200
        for client in house.clients:
            assert _having(client, house, project, "11")["uuid"] == one["uuid"]
            assert client.get(house.at(project, f"/{other['uuid']}")).status_code == 404


def test_pages_counts_and_exports_have_everybody_once(house: House) -> None:
    for project, client in zip(house.projects, house.clients, strict=True):
        listed = client.get(house.at(project), params={"limit": 1_000}).json()
        ids = [id for person in listed["results"] for id in person["distinct_ids"]]
        assert sorted(ids, key=int) == [str(n) for n in range(PERSONS)]
        assert listed["count"] == len(listed["results"])
        lines = client.get(house.at(project).replace("persons", "persons.ndjson")).content
        assert len(lines.splitlines()) == listed["count"]


def test_who_is_deleted_is_gone_from_all_replicas(house: House) -> None:
    for project in house.projects:
        _bring(house, project, "canary-9f2c")
        uuid = _having(house.clients[0], house, project, "canary-9f2c")["uuid"]
        assert house.clients[0].delete(house.at(project, f"/{uuid}")).status_code in (202, 204)
    assert Removal(house.engines[0], held_seconds=0.0).remove()
    for node in house.nodes:
        for table in ("persons_local", "distinct_ids_local"):
            column = "distinct_ids" if table == "persons_local" else "distinct_id"
            asked = f"SELECT count() FROM {DATABASE}.{table}"
            found = node.ask(f"{asked} WHERE toString({column}) LIKE '%canary-9f2c%'")
            assert found == "0", (table, node.shard, node.replica)


def test_while_a_replica_is_away_its_shard_is_read_and_not_written(house: House) -> None:
    """And what was refused is there once when it is asked for again."""
    away = house.nodes[1]
    (project,) = (one for one in house.projects if one % 2 + 1 == away.shard)
    (other,) = (one for one in house.projects if one != project)
    client = house.clients[0]
    uuid = _having(client, house, project, "20")["uuid"]
    path = house.at(project, f"/{uuid}/update_property")
    key = {"Idempotency-Key": "while-away"}
    away.pause()
    try:
        assert _having(client, house, project, "20")["uuid"] == uuid
        refused = client.post(path, json={"key": "late", "value": 1}, headers=key)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        theirs = _having(client, house, other, "20")["uuid"]
        elsewhere = house.at(other, f"/{theirs}/update_property")
        assert client.post(elsewhere, json={"key": "late", "value": 1}).status_code == 200
    finally:
        away.go_on()
    away.wait()
    done = client.post(path, json={"key": "late", "value": 1}, headers=key)
    assert done.status_code == 200, done.text
    assert _having(house.clients[1], house, project, "20")["properties"]["late"] == 1
