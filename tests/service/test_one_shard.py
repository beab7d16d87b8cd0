"""What is of one project is on one shard: all else may be away, and every route still answers.

Of the two shards of this cluster one is here and has the projects of even numbers. Where the other
should be nobody listens, so whatever asks it fails: that is what projects of odd numbers show.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient
from msgspec import Struct

from service.app import create_app
from service.engine import Engine
from service.settings import Auth, ClickHouse, Deletion, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, CLUSTERS, Client, make_project
from tests.contract.test_openapi import OPERATIONS
from tests.wire.process import DoubleProcess

pytestmark = [pytest.mark.engine]

_NOBODY = "00000000-0000-0000-0000-000000000000"
_EVENT = {"distinct_id": "a", "event": "seen", "timestamp": "2024-05-01T10:00:00Z"}


class House(Struct):
    """A service on that cluster, and a project on either shard."""

    client: Client
    away: int
    here: int


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("shards")
    double = DoubleProcess(folder / "clickhouse", "--config", str(CLUSTERS))
    double.start()
    settings = Settings(
        data=str(folder),
        dsn=double.dsn(),
        clickhouse=ClickHouse(
            database="shards",
            cluster="one_of_two_shards",
            cluster_is_replicated=False,
            silence_seconds=0,
        ),
        auth=Auth(cache_seconds=0.0),
        deletion=Deletion(remove_after_seconds=3_600.0),
    )
    engine = Engine(settings)
    engine.open()
    app = create_app(settings, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with ExitStack() as stack:
        stack.callback(double.stop)
        stack.callback(engine.close)
        client = stack.enter_context(TestClient(app))
        client.headers.update(ADMIN)
        yield House(client, make_project(client, "away"), make_project(client, "here"))


class Walk:
    """Requests to all routes of a project, in an order in which each finds what it needs."""

    def __init__(self, client: Client, project: int) -> None:
        self._client = client
        self._project = project
        self.answers: dict[str, httpx.Response] = {}

    def ask(self, name: str, path: str = "", /, **sent: Any) -> Any:
        """Make the request of an operation; names in the path are filled in as `path` has them."""
        verb, template, _, _ = OPERATIONS[name]
        address = template.replace("{project_id}", str(self._project))
        for value in path.split():
            head, _, rest = address.partition("{")
            address = head + value + rest.partition("}")[2]
        answer = self._client.request(verb, address, **sent)
        self.answers[name] = answer
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.json() if is_json and answer.content else None

    def all(self) -> None:
        """Ask every one."""
        ask = self.ask
        ask("imports_create", content=_lines(*({"distinct_ids": [id]} for id in "abcdefg")))
        found = ask("persons_list", params={"limit": 50, "include_total": "true"})
        persons: list[dict[str, Any]] = (found or {}).get("results", [])
        uuid: dict[str, str] = {one["distinct_ids"][0]: one["uuid"] for one in persons}
        a, b, c, d, e = (uuid.get(id, _NOBODY) for id in "abcde")
        ask("persons_partial_update", a, json={"properties": {"plan": "pro"}})
        ask("persons_update", a, json={"properties": {"plan": "free", "n": 1}})
        ask("persons_update_property_create", a, json={"key": "plan", "value": "pro"})
        ask("persons_delete_property_create", a, json={"$unset": "n"})
        ask("persons_merge_create", a, json={"ids": [b]})
        ask("persons_split_create", a, json={})
        ask("persons_destroy", c)
        ask("persons_bulk_delete_create", json={"ids": [d, e]})
        ask("persons_reset_person_distinct_id_create", json={"distinct_id": "c"})
        self._read(a)
        self._export()

    def _read(self, a: str) -> None:
        ask = self.ask
        ask("persons_retrieve", a)
        ask("persons_history_retrieve", a)
        moment = {"timestamp": "2024-05-01T10:00:00Z", "distinct_id": "a"}
        ask("persons_properties_at_time_retrieve", params=moment)
        ask("persons_values_retrieve", params={"key": "plan"})
        ask("persons_properties_retrieve")
        ask("persons_batch_by_distinct_ids_create", json={"distinct_ids": ["a", "f"]})
        ask("persons_batch_by_uuids_create", json={"uuids": [a]})
        ask("persons_deletion_status_list")
        ask("persons_activity_retrieve", a)
        ask("persons_all_activity_retrieve")
        ask("persons_properties_timeline_retrieve", a, params={"date_from": "2024-01-01"})

    def _export(self) -> None:
        ask = self.ask
        for kind in ("", "_ndjson", "_parquet", "_arrow"):
            ask(f"persons_export{kind}")
        made: dict[str, Any] = ask("exports_create", params={"format": "csv"}) or {}
        id = str(made.get("id", _NOBODY))
        ask("exports_list")
        ask("exports_retrieve", id)
        ask("exports_files_retrieve", f"{id} manifest.json")
        ask("exports_destroy", id)


def _lines(*lines: dict[str, Any]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, lines))


def test_every_route_of_a_project_asks_its_shard_alone(house: House) -> None:
    assert house.here % 2 == 0
    walk = Walk(house.client, house.here)
    walk.all()
    of_projects = {name for name in OPERATIONS if name.startswith("projects_")}
    assert set(walk.answers) == set(OPERATIONS) - of_projects
    bad = {name: one.text for name, one in walk.answers.items() if one.status_code >= 500}
    assert bad == {}
    # The job is not done yet, so there is no such file; all else is there.
    refused = {name for name, one in walk.answers.items() if one.status_code >= 400}
    assert refused <= {"exports_files_retrieve"}
    listed = walk.ask("persons_list")
    assert {id for one in listed["results"] for id in one["distinct_ids"]} == set("abfg")


def test_of_a_project_elsewhere_nothing_is_shown(house: House) -> None:
    """Not an empty page, or a count of what is here: nothing but a refusal."""
    assert house.away % 2 == 1
    walk = Walk(house.client, house.away)
    walk.all()
    seen = {name: one.status_code for name, one in walk.answers.items()}
    # The first has nothing to look up. Of the second chDB does not say that its INSERT into a
    # shard that is away failed, which a server does (tests/cluster).
    silent = {"persons_reset_person_distinct_id_create", "exports_create"}
    assert {name for name, code in seen.items() if code < 400} <= silent
    assert seen["persons_list"] == 503
    assert seen["persons_values_retrieve"] == 503
    assert int(walk.answers["persons_list"].headers["Retry-After"]) >= 1


def test_projects_and_keys_are_on_every_node(house: House) -> None:
    listed = house.client.get("/api/projects").json()["results"]
    assert {one["id"] for one in listed} == {house.here, house.away}
    made = house.client.post("/internal/keys", json={"label": "x", "scopes": ["*"], "projects": []})
    assert made.status_code == 201


def test_events_are_where_their_persons_are(house: House) -> None:
    address = f"/api/projects/{house.here}/imports"
    sent = house.client.post(f"{address}?kind=events", content=_lines(_EVENT))
    assert (sent.status_code, sent.json()["written"]) == (200, 1), sent.text
