"""DELETE persons/:id, deletion_status and reset_person_distinct_id."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest

from service.engine import Engine
from service.removal import Removal
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.engine.people import command
from tests.service.deleting import at, bulk, listed, report, status
from tests.service.editing import People, refused

NOBODY = str(UUID(int=7))

_keys = itertools.count(1)


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "deletions"), insert_persons)


@pytest.mark.parametrize("form", ["uuid", "id"])
def test_a_deleted_person_is_gone_at_once_everywhere(people: People, form: str) -> None:
    gone = people.make("gone", "too", properties={"email": "gone@example.org", "plan": "pro"})
    stays = people.make("stays", properties={"email": "stays@example.org", "plan": "free"})
    answer = people.ask("DELETE", gone[form])
    assert (answer.status_code, answer.content) == (202, b"")
    for id in (gone["uuid"], gone["id"]):
        assert people.ask("GET", id).status_code == 404
        assert people.ask("DELETE", id).status_code == 404
        assert people.post(id, "update_property", {"key": "a", "value": 1}).status_code == 404
    everyone = listed(people)
    assert (everyone["count"], [one["uuid"] for one in everyone["results"]]) == (1, [stays["uuid"]])
    for params in (
        *({"search": "gone@example.org"}, {"search": "too"}, {"email": "gone@example.org"}),
        *({"distinct_id": "gone"}, {"properties": '{"plan":"pro"}'}),
    ):
        found = listed(people, **params)
        assert (found["count"], found["results"]) == (0, [])
    values = people.client.get(at(people, "/values"), params={"key": "plan"}).json()
    assert values["results"] == [{"name": "free", "count": 1}]
    ids = people.client.post(
        at(people, "/batch_by_distinct_ids"), json={"distinct_ids": ["too", "stays"]}
    )
    assert list(ids.json()["results"]) == ["stays"]
    uuids = people.client.post(at(people, "/batch_by_uuids"), json={"uuids": [gone["uuid"]]})
    assert uuids.json() == {"results": {}}
    exported = people.client.get(at(people, ".csv")).text
    assert "stays@example.org" in exported
    assert "gone" not in exported


def happened(people: People, *ids: str) -> None:
    lines = [
        f'{{"event":"seen","distinct_id":"{id}","timestamp":"2024-05-01T10:00:00Z"}}' for id in ids
    ]
    address = f"/api/projects/{people.project}/imports?kind=events"
    done = people.client.post(address, content="\n".join(lines).encode()).json()
    assert done["written"] == len(ids)


def seen(people: People, id: object) -> int:
    answer = people.ask("GET", id, "/properties_timeline?date_from=all")
    return sum(point["relevant_event_count"] for point in answer.json()["points"])


def test_events_go_if_asked_and_are_hidden_at_once(people: People) -> None:
    gone, kept, both = (people.make(id) for id in ("gone", "kept", "both"))
    happened(people, "gone", "kept", "both")
    assert people.ask("DELETE", gone["uuid"], "?delete_events=true").status_code == 202
    assert people.ask("DELETE", kept["uuid"], "?delete_events=false").status_code == 202
    assert [seen(people, people.make(id)["uuid"]) for id in ("gone", "kept")] == [0, 1]
    body = {"ids": [both["id"]], "delete_events": True, "keep_person": True}
    answer = bulk(people, body)
    assert answer.json() == {**report(1, 0), "events_queued_for_deletion": True}
    assert seen(people, both["uuid"]) == 0
    happened(people, "gone", "both")
    assert seen(people, both["uuid"]) == 1
    done = bulk(people, {"distinct_ids": ["both"], "delete_events": True})
    assert done.json() == {**report(1), "events_queued_for_deletion": True}


def test_the_log_names_who_was_deleted_by_the_uuid_alone(people: People) -> None:
    gone = people.make("a", properties={"name": "Ann"})
    people.ask("DELETE", gone["uuid"])
    (entry,) = people.client.get(at(people, "/activity")).json()["results"]
    assert (entry["activity"], entry["item_id"]) == ("deleted", str(gone["id"]))
    assert entry["detail"] == {
        "changes": None,
        "name": gone["uuid"],
        "short_id": None,
        "trigger": None,
        "type": None,
    }
    assert people.ask("GET", gone["uuid"], "/activity").status_code == 404


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("keep_person=true", True),
        ("keep_person=True&delete_events=true", True),
        ("keep_person=1", True),
        ("keep_person=false", False),
        ("keep_person=0&delete_recordings=true", False),
        ("delete_events=true&delete_recordings=false", False),
    ],
)
def test_flags_are_read_and_not_only_seen(people: People, query: str, kept: bool) -> None:
    person = people.make()
    assert people.ask("DELETE", person["uuid"], f"?{query}").status_code == 202
    assert people.ask("GET", person["uuid"]).status_code == (200 if kept else 404)
    assert status(people).json()["count"] == (0 if kept else 1)


def test_a_flag_that_is_neither_is_refused(people: People) -> None:
    person = people.make()
    answer = people.ask("DELETE", person["uuid"], "?keep_person=maybe")
    assert refused(answer) == (400, "invalid_input", "keep_person")
    answer = people.ask("DELETE", person["uuid"], "?keep_person=true&keep_person=false")
    assert refused(answer) == (400, "invalid_input", "keep_person")
    assert people.get(person["uuid"])


def test_who_is_not_there_cannot_be_deleted(people: People, open_client: Client) -> None:
    person = people.make()
    other = make_project(open_client, "other")
    for id in (NOBODY, 5, 0, -1):
        assert refused(people.ask("DELETE", id)) == (404, "not_found", None)
    answer = people.client.delete(f"/api/projects/{other}/persons/{person['uuid']}")
    assert refused(answer) == (404, "not_found", None)
    assert refused(people.ask("DELETE", "ada")) == (400, "invalid_input", None)
    assert people.get(person["uuid"])


def test_only_while_the_person_is_as_it_was(people: People) -> None:
    person = people.make()
    etag = people.ask("GET", person["uuid"]).headers["ETag"]
    people.post(person["uuid"], "update_property", {"key": "a", "value": 1})
    answer = people.ask("DELETE", person["uuid"], headers={"If-Match": etag})
    assert refused(answer) == (412, "precondition_failed", None)
    etag = people.ask("GET", person["uuid"]).headers["ETag"]
    assert people.ask("DELETE", person["uuid"], headers={"If-Match": etag}).status_code == 202


def test_a_repeat_under_its_key_is_answered_alike(people: People, engine: Engine) -> None:
    person = people.make()
    headers = {"Idempotency-Key": f"delete {next(_keys)}"}
    for form in ("uuid", "uuid"):
        assert people.ask("DELETE", person[form], headers=headers).status_code == 202
    # As after a crash, when the answer was not kept: the mark in the lineage is.
    command(engine, "TRUNCATE TABLE idempotency")
    assert people.ask("DELETE", person["uuid"], headers=headers).status_code == 202
    assert people.ask("DELETE", person["uuid"]).status_code == 404
    assert status(people).json()["count"] == 1


def test_the_status_tells_what_is_pending_and_what_is_gone(people: People, engine: Engine) -> None:
    gone = [people.make(f"id {n}") for n in range(5)]
    assert bulk(people, {"ids": [one["id"] for one in gone[:3]]}).json() == report(3)
    everything = status(people).json()
    assert (everything["count"], everything["next"], everything["previous"]) == (3, None, None)
    assert {one["person_uuid"] for one in everything["results"]} == {g["uuid"] for g in gone[:3]}
    assert {(one["status"], one["delete_verified_at"]) for one in everything["results"]} == {
        ("pending", None)
    }
    assert Removal(engine, held_seconds=0.1).remove()
    people.ask("DELETE", gone[3]["uuid"])
    (pending,) = status(people, status="pending").json()["results"]
    assert (pending["person_uuid"], pending["status"]) == (gone[3]["uuid"], "pending")
    completed = status(people, status="completed").json()["results"]
    assert {one["person_uuid"] for one in completed} == {g["uuid"] for g in gone[:3]}
    for one in completed:
        assert one["status"] == "completed"
        assert one["delete_verified_at"] > one["created_at"]
    found = status(people, status="all", person_uuid=gone[0]["uuid"].upper()).json()
    assert [one["person_uuid"] for one in found["results"]] == [gone[0]["uuid"]]
    assert status(people, person_uuid=gone[4]["uuid"]).json()["results"] == []


def test_the_status_has_pages(people: People) -> None:
    people.make("x")
    gone = [people.make() for _ in range(5)]
    for one in gone:
        people.ask("DELETE", one["uuid"])
    seen: list[str] = []
    page: dict[str, Any] = {"next": at(people, "/deletion_status?limit=2&status=pending")}
    while page["next"]:
        page = dict(people.client.get(page["next"]).json())
        assert page["count"] == 5
        seen += [one["person_uuid"] for one in page["results"]]
    assert seen == [one["uuid"] for one in reversed(gone)]
    back = people.client.get(page["previous"]).json()
    assert [one["person_uuid"] for one in back["results"]] == seen[2:4]
    assert status(people, offset="9").json()["results"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "done"), ("person_uuid", "ada"), ("limit", "-1"), ("limit", "x"), ("offset", "x")],
)
def test_a_wrong_argument_of_the_status_is_refused(people: People, name: str, value: str) -> None:
    assert refused(status(people, **{name: value})) == (400, "invalid_input", name)


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize("reset", [False, True])
def test_a_distinct_id_of_the_deleted_may_be_used_again(
    people: People, engine: Engine, removed: bool, reset: bool
) -> None:
    before = people.make("a", "b", properties={"v": 1}, created_at="2024-01-01T00:00:00Z")
    people.ask("DELETE", before["uuid"])
    if removed:
        assert Removal(engine, held_seconds=0.1).remove()
    if reset:
        answer = people.client.post(
            at(people, "/reset_person_distinct_id"), json={"distinct_id": "a"}
        )
        assert (answer.status_code, answer.content) == (202, b"")
    again = people.make("a", properties={"v": 2}, created_at="2024-01-01T00:00:00Z")
    assert (again["uuid"], again["distinct_ids"]) == (before["uuid"], ["a"])
    assert again["properties"] == {"v": 2}
    assert listed(people)["count"] == 1
    assert listed(people, distinct_id="b")["results"] == []
    assert people.post(again["uuid"], "update_property", {"key": "w", "value": 3}).is_success
    assert people.ask("DELETE", again["uuid"]).status_code == 202
    assert status(people).json()["count"] == 2
    assert Removal(engine, held_seconds=0.1).remove()
    assert status(people, status="completed").json()["count"] == 2
    assert people.make("b")["distinct_ids"] == ["b"]


def test_any_distinct_id_may_be_reset(people: People) -> None:
    person = people.make("a")
    for id in ("a", "nobody", " ", "'\\"):
        for place in ("json", "params"):
            sent: dict[str, Any] = {place: {"distinct_id": id}}
            answer = people.client.post(at(people, "/reset_person_distinct_id"), **sent)
            assert (answer.status_code, answer.content) == (202, b"")
    assert people.having("a") == person


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"distinct_id": None}, "required"),
        ({"distinct_id": ""}, "required"),
        ({"distinct_id": 5}, "invalid_input"),
        ({"distinct_id": ["a"]}, "invalid_input"),
        ({"distinct_id": "x" * 401}, "invalid_input"),
    ],
)
def test_what_is_no_distinct_id_cannot_be_reset(
    people: People, body: dict[str, Any], code: str
) -> None:
    answer = people.client.post(at(people, "/reset_person_distinct_id"), json=body)
    assert refused(answer) == (400, code, "distinct_id")


def test_it_takes_person_write_before_all_arguments(
    people: People, make_key: MakeKey, open_client: Client
) -> None:
    person = people.make()
    requests = [
        ("DELETE", f"/{person['uuid']}"),
        ("DELETE", "/ada"),
        ("POST", "/bulk_delete"),
        ("POST", "/reset_person_distinct_id"),
    ]
    reads = {"Authorization": f"Bearer {make_key('person:read')}"}
    for verb, path in requests:
        answer = open_client.request(verb, at(people, path), headers=reads)
        assert refused(answer) == (403, "permission_denied", None)
    assert open_client.get(at(people, "/deletion_status"), headers=reads).status_code == 200
    other = {"Authorization": f"Bearer {make_key('activity_log:read')}"}
    assert open_client.get(at(people, "/deletion_status"), headers=other).status_code == 403
    assert people.get(person["uuid"])
