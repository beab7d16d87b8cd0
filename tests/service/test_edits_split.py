"""POST persons/:id/split."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import pytest

from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

# Through HTTP too, in each run of the tests.
pytestmark = pytest.mark.wire

NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
DONE = {"success": True}


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "splits"), insert_persons)


def uuid_of(people: People, distinct_id: str, more: str = "") -> str:
    return str(uuid5(NAMESPACE, f"{people.project}:{distinct_id}{more}"))


def split(people: People, id: str, body: object = None, query: str = "") -> Any:
    answer = people.post(id, f"split{query}", body)
    assert (answer.status_code, answer.json()) == (200, DONE)
    return answer


@pytest.mark.parametrize(
    "body", [None, {}, {"main_distinct_id": None}, {"distinct_ids_to_split": None}]
)
def test_without_a_main_id_the_first_stays(people: People, body: object) -> None:
    person = people.make("a", "b", "c", properties={"k": 1}, is_identified=True)
    split(people, person["uuid"], body)
    assert people.get(person["uuid"]) == {**person, "distinct_ids": ["a"], "name": "a"}
    for id in ("b", "c"):
        new = people.having(id)
        assert new == {
            **person,
            "id": new["id"],
            "uuid": uuid_of(people, id),
            "name": id,
            "distinct_ids": [id],
            "properties": {},
        }
    listed = people.client.get(f"/api/projects/{people.project}/persons").json()
    assert listed["count"] == 3
    assert {row["uuid"]: row["is_identified"] for row in listed["results"]} == {
        person["uuid"]: True,
        uuid_of(people, "b"): False,
        uuid_of(people, "c"): False,
    }


def test_the_main_id_stays_and_each_other_moves(people: People) -> None:
    person = people.make("a", "b", "c", uuid=UUID(int=5), properties={"k": 1})
    split(people, person["uuid"], {"main_distinct_id": "b"})
    assert people.having("b") == {**person, "distinct_ids": ["b"], "name": "b"}
    assert people.having("a")["uuid"] == uuid_of(people, "a")
    assert people.having("c")["uuid"] == uuid_of(people, "c")


def test_the_main_id_is_taken_from_the_address_where_the_body_has_none(people: People) -> None:
    person = people.make("a", "b", "c")
    split(people, person["uuid"], query="?main_distinct_id=c")
    assert people.having("c")["uuid"] == person["uuid"]


def test_the_ids_to_split_move_alone(people: People) -> None:
    person = people.make("a", "b", "c", "d", uuid=UUID(int=5))
    split(people, person["uuid"], {"distinct_ids_to_split": ["c", "a", "c"]})
    assert people.get(person["uuid"])["distinct_ids"] == ["b", "d"]
    assert people.having("a")["uuid"] == uuid_of(people, "a")
    assert people.having("c")["uuid"] == uuid_of(people, "c")


def test_all_ids_may_be_split_off(people: People) -> None:
    person = people.make("a", "b", uuid=UUID(int=5), properties={"k": 1})
    split(people, person["uuid"], {"distinct_ids_to_split": ["a", "b"]})
    left = people.get(person["uuid"])
    assert (left["distinct_ids"], left["properties"]) == ([], {"k": 1})
    assert left["name"] == str(person["id"])


def test_the_id_that_a_person_was_created_from_gets_another_uuid(people: People) -> None:
    person = people.make("a", "b", properties={"k": 1})
    assert person["uuid"] == uuid_of(people, "a")
    split(people, person["uuid"], {"main_distinct_id": "b"})
    assert people.get(person["uuid"]) == {**person, "distinct_ids": ["b"], "name": "b"}
    assert people.having("a")["uuid"] == uuid_of(people, "a", ":split")


def test_nobodys_uuid_is_taken(people: People) -> None:
    other = people.make("x", uuid=uuid_of(people, "b"), properties={"mine": 1})
    second = people.make("y", uuid=uuid_of(people, "b", ":split"))
    person = people.make("a", "b")
    split(people, person["uuid"])
    assert people.having("b")["uuid"] == uuid_of(people, "b", ":split:2")
    assert people.get(other["uuid"]) == other
    assert people.get(second["uuid"]) == second


def test_one_id_is_nothing_to_split(people: People) -> None:
    person = people.make("a")
    split(people, person["uuid"])
    split(people, person["uuid"], {"main_distinct_id": "a"})
    assert people.get(person["uuid"]) == person
    assert people.log(person["uuid"]) == []


def test_split_ids_may_be_split_and_merged_again(people: People) -> None:
    person = people.make("a", "b", "c")
    for _ in range(3):
        split(people, person["uuid"])
        answer = people.post(person["uuid"], "merge", {"distinct_ids": ["b", "c"]})
        assert answer.json()["distinct_ids"] == ["a", "b", "c"]
    listed = people.client.get(f"/api/projects/{people.project}/persons").json()
    assert listed["count"] == 1


@pytest.mark.parametrize(
    ("body", "attr", "detail"),
    [
        ({"distinct_ids_to_split": "a"}, "distinct_ids_to_split", "must be a list of strings"),
        ({"distinct_ids_to_split": {"a": 1}}, "distinct_ids_to_split", "must be a list of strings"),
        ({"distinct_ids_to_split": ["a", 1]}, "distinct_ids_to_split", "must be a list of strings"),
        ({"distinct_ids_to_split": []}, "distinct_ids_to_split", "must not be empty"),
        (
            {"distinct_ids_to_split": ["a", "x", "x"]},
            "distinct_ids_to_split",
            "not on this person: ['x']",
        ),
        (
            {"distinct_ids_to_split": ["a"], "main_distinct_id": "b"},
            None,
            "main_distinct_id cannot be combined with distinct_ids_to_split",
        ),
        ({"main_distinct_id": "x"}, "main_distinct_id", "not on this person: ['x']"),
        ({"main_distinct_id": 5}, "main_distinct_id", "must be a string"),
        ({"main_distinct_id": ["a"]}, "main_distinct_id", "must be a string"),
    ],
)
def test_a_split_that_does_not_fit_is_refused_and_nothing_moves(
    people: People, body: object, attr: str | None, detail: str
) -> None:
    person = people.make("a", "b", "c")
    answer = people.post(person["uuid"], "split", body)
    assert refused(answer) == (400, "invalid_input", attr)
    assert answer.json()["detail"] == detail
    assert people.get(person["uuid"]) == person
    assert people.log(person["uuid"]) == []


def test_a_main_id_in_the_address_is_not_combined_either(people: People) -> None:
    person = people.make("a", "b")
    body = {"distinct_ids_to_split": ["a"]}
    answer = people.post(person["uuid"], "split?main_distinct_id=b", body)
    assert refused(answer) == (400, "invalid_input", None)
