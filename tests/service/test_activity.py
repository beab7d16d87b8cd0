"""GET persons/:id/activity and persons/activity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from litestar.testing import TestClient

from queries.activity import Entry
from queries.identity import person_number
from service.activity import void_unwritten_now, write_entries
from service.app import create_app
from service.edits import Editor
from service.engine import Engine
from service.keys import wall_us
from service.settings import Activity, Settings
from tests.conftest import (
    ADMIN,
    ADMIN_TOKEN,
    Client,
    InsertPersons,
    MakeKey,
    make_project,
)
from tests.service.editing import People, refused

NOBODY = str(UUID(int=7))


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "log"), insert_persons)


def log(people: People, query: str = "") -> Any:
    return people.client.get(f"/api/projects/{people.project}/persons/activity{query}")


def test_a_person_without_entries_has_an_empty_log(people: People) -> None:
    empty: dict[str, Any] = {"results": [], "next": None, "previous": None, "total_count": 0}
    person = people.make()
    for id in (person["uuid"], person["id"]):
        answer = people.ask("GET", id, "/activity")
        assert (answer.status_code, answer.json()) == (200, empty)
    assert log(people).json() == empty


def test_what_an_entry_says(people: People, open_client: Client) -> None:
    person = people.make("a", "b", properties={"email": "secret@example.com"})
    other = people.make("c")
    uuid = person["uuid"]
    people.ask("PATCH", uuid, json={"properties": {"x": 1, "y": "hidden"}})
    people.ask("PUT", uuid, json={"properties": {"x": 2}})
    people.post(uuid, "update_property", {"key": "z", "value": None})
    people.post(uuid, "delete_property", {"$unset": ["x", "y", "none"]})
    people.post(uuid, "split", {"distinct_ids_to_split": ["b"]})
    people.post(uuid, "merge", {"ids": [other["uuid"]]})
    entries = people.log(uuid)
    keys = {key["label"]: key for key in open_client.get("/internal/keys", headers=ADMIN).json()}

    def change(action: str, field: str | None = None, before: Any = None, after: Any = None) -> Any:
        return [
            {"type": "Person", "action": action, "field": field, "before": before, "after": after}
        ]

    merged = {"distinct_ids": ["a", "c"], "merged": [other["uuid"]]}
    split = {"distinct_ids": ["a", "b"], "distinct_ids_to_split": ["b"]}
    expected: list[tuple[str, str | None, Any, list[str] | None]] = [
        ("people_merged_into", uuid, change("merged", None, {"distinct_ids": ["a"]}, merged), None),
        ("split_person", uuid, change("split", None, None, split), None),
        ("delete_property", uuid, change("changed"), ["x", "y"]),
        ("updated", None, change("changed", "properties"), ["z"]),
        ("updated", None, change("changed", "properties"), ["x"]),
        ("updated", None, change("changed", "properties"), ["x", "y"]),
    ]
    for entry, (activity, name, changes, touched) in zip(entries, expected, strict=True):
        detail = {
            "changes": changes,
            "name": name,
            "short_id": None,
            "trigger": None,
            "type": None,
            **({} if touched is None else {"property_keys": touched}),
        }
        assert entry == {
            "id": str(UUID(entry["id"])),
            "user": {
                "first_name": "tests",
                "email": None,
                "is_system": False,
                "key_id": entry["user"]["key_id"],
            },
            "activity": activity,
            "scope": "Person",
            "item_id": str(person["id"]),
            "detail": detail,
            "created_at": entry["created_at"],
        }
        assert entry["user"]["key_id"] in {key["id"] for key in keys.values()}
    times = [msgspec.convert(entry["created_at"], type=str) for entry in entries]
    assert times == sorted(times, reverse=True)
    text = people.ask("GET", uuid, "/activity").text
    assert "secret@example.com" not in text
    assert "hidden" not in text


def test_the_key_that_wrote_is_named(people: People, make_key: MakeKey) -> None:
    person = people.make()
    for n in range(2):
        headers = {"Authorization": f"Bearer {make_key('person:write')}"}
        people.ask("PATCH", person["uuid"], json={"properties": {"n": n}}, headers=headers)
    headers = ADMIN
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 3}}, headers=headers)
    system, *by_keys = [entry["user"] for entry in people.log(person["uuid"])]
    assert system == {"first_name": "System", "email": None, "is_system": True, "key_id": None}
    assert len({user["key_id"] for user in by_keys}) == 2


@pytest.fixture(scope="module")
def outspoken(settings: Settings, engine: Engine, project: int) -> Iterator[Client]:
    """A client of a service that logs values."""
    wanted = msgspec.structs.replace(settings, activity=Activity(log_values=True))
    app = create_app(wanted, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as client:
        client.headers.update(ADMIN)
        yield client


def test_values_are_logged_only_where_that_is_set(people: People, outspoken: Client) -> None:
    person = people.make(properties={"a": 1.0, "b": 2})
    loud = People(outspoken, people.project, lambda *_: None)
    loud.ask("PATCH", person["uuid"], json={"properties": {"a": 3, "c": None}})
    loud.post(person["uuid"], "delete_property", {"$unset": "b"})
    deleted, updated = [entry["detail"]["changes"][0] for entry in people.log(person["uuid"])]
    assert (updated["before"], updated["after"]) == ({"a": 1.0}, {"a": 3, "c": None})
    assert (deleted["before"], deleted["after"]) == ({"b": 2}, {})


def test_pages_are_exact(people: People) -> None:
    person, other = people.make(), people.make()
    for n in range(7):
        people.ask("PATCH", person["uuid"], json={"properties": {"n": n}})
    people.ask("PATCH", other["uuid"], json={"properties": {"n": 0}})
    everything = log(people, "?limit=100").json()
    assert everything["total_count"] == len(everything["results"]) == 8
    for path, expected in (("", everything["results"]), (None, everything["results"][1:])):
        base = f"/api/projects/{people.project}/persons"
        base += "/activity" if path == "" else f"/{person['uuid']}/activity"
        address, seen, pages = f"http://testserver.local{base}?limit=3&other=x%20y", [], 0
        previous = None
        while address:
            page = people.client.get(address).json()
            assert page["total_count"] == len(expected)
            assert (page["previous"] is None) == (previous is None)
            seen += page["results"]
            previous, address, pages = address, page["next"], pages + 1
            if address:
                assert address.endswith(f"{base}?limit=3&other=x%20y&page={pages + 1}")
        assert (seen, pages) == (expected, 3)
        last = people.client.get(f"{base}?page=3&limit=3").json()
        assert last["previous"].endswith(f"{base}?page=2&limit=3")


def test_ten_entries_are_a_page(people: People) -> None:
    person = people.make()
    for n in range(11):
        people.ask("PATCH", person["uuid"], json={"properties": {"n": n}})
    page = people.ask("GET", person["uuid"], "/activity?limit=&page=").json()
    assert (len(page["results"]), page["total_count"]) == (10, 11)
    assert page["next"].endswith("/activity?limit=10&page=2")
    assert len(people.client.get(page["next"]).json()["results"]) == 1


@pytest.mark.parametrize("page", ["2", "9", "1000000000"])
def test_a_page_past_the_end_is_a_404(people: People, page: str) -> None:
    person = people.make()
    people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}})
    for answer in (
        log(people, f"?page={page}"),
        people.ask("GET", person["uuid"], f"/activity?page={page}"),
    ):
        assert refused(answer) == (404, "not_found", None)
        assert answer.json()["detail"] == "Invalid page."


@pytest.mark.parametrize("name", ["limit", "page"])
@pytest.mark.parametrize("text", ["0", "-1", "x", "1.0", "1e2", "9" * 30, "%D9%A3", " 1"])
def test_what_is_no_number_of_a_page_is_refused(people: People, name: str, text: str) -> None:
    person = people.make()
    for answer in (
        log(people, f"?{name}={text}"),
        people.ask("GET", person["uuid"], f"/activity?{name}={text}"),
    ):
        assert refused(answer) == (400, "invalid_input", name)


def test_a_page_has_100_entries_at_most(people: People) -> None:
    assert log(people, "?limit=100").status_code == 200
    assert refused(log(people, "?limit=101")) == (400, "invalid_input", "limit")
    assert refused(log(people, "?page=1&page=2")) == (400, "invalid_input", "page")


def test_a_deleted_persons_own_log_is_a_404_and_the_projects_keeps_its_entries(
    people: People,
) -> None:
    person, other = people.make(), people.make()
    people.ask("PATCH", other["uuid"], json={"properties": {"a": 1}})
    people.post(person["uuid"], "merge", {"ids": [other["uuid"]]})
    for id in (other["uuid"], other["id"], NOBODY, "1"):
        assert refused(people.ask("GET", id, "/activity")) == (404, "not_found", None)
    assert refused(people.ask("GET", "ada", "/activity")) == (400, "invalid_input", None)
    items = [entry["item_id"] for entry in log(people).json()["results"]]
    assert items == [str(person["id"]), str(other["id"])]


def test_another_projects_log_is_its_own(people: People, open_client: Client) -> None:
    person = people.make()
    people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}})
    people.project = make_project(open_client, "quiet")
    assert log(people).json()["total_count"] == 0
    assert people.ask("GET", person["uuid"], "/activity").status_code == 404


def test_it_takes_activity_log_read(open_client: Client, make_key: MakeKey, project: int) -> None:
    for path in ("activity", f"{NOBODY}/activity"):
        address = f"/api/projects/{project}/persons/{path}"
        assert open_client.get(address).status_code == 401
        for scope in ("person:read", "person:write"):
            headers = {"Authorization": f"Bearer {make_key(scope)}"}
            answer = open_client.get(address, headers=headers)
            assert refused(answer) == (403, "permission_denied", None)
            assert answer.json()["detail"] == ("API key missing required scope 'activity_log:read'")
        headers = {"Authorization": f"Bearer {make_key('activity_log:read')}"}
        status = 200 if path == "activity" else 404
        assert open_client.get(address, headers=headers).status_code == status


def test_both_prefixes_with_and_without_slash(people: People) -> None:
    person = people.make()
    for prefix in ("projects", "environments"):
        for path in ("activity", f"{person['uuid']}/activity"):
            for slash in ("", "/"):
                address = f"/api/{prefix}/{people.project}/persons/{path}{slash}"
                answer = people.client.get(address)
                assert (answer.status_code, answer.history) == (200, [])


def test_a_restart_hides_entries_of_writes_that_never_were(
    people: People, engine: Engine, app: Any
) -> None:
    person = people.make()
    people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}})
    editor: Editor = app.state.editor
    uuid = UUID(person["uuid"])
    newest = editor.find(people.project, [uuid])[uuid]
    lost = Entry(
        team_id=people.project,
        # On a server others may be at it for ten minutes.
        created_at=wall_us() - 660_000_000,
        id=uuid4(),
        person_id=uuid,
        person_number=person_number(uuid),
        activity="updated",
        detail=b"{}",
        key_id="",
        key_label="",
        property_keys=["lost"],
        write_id=12345,
        follows=newest.write_id,
    )
    write_entries(engine, [lost])
    assert len(people.log(person["uuid"])) == 2
    void_unwritten_now(engine)
    (left,) = people.log(person["uuid"])
    assert left["detail"]["property_keys"] == ["a"]
    assert log(people).json()["total_count"] == 1
