"""What deletion_status and distinct ids come to when the deleted are removed for good.

Apart from the other deletions: a removal takes all that is pending, a project at a time.
"""

from __future__ import annotations

import pytest

from service.engine import Engine
from service.removal import Removal
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.deleting import at, bulk, listed, report, status
from tests.service.editing import People


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "deletions"), insert_persons)


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
