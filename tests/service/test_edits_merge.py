"""POST persons/:id/merge."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from service.engine import Engine
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

# Through HTTP too, in each run of the tests.
pytestmark = pytest.mark.wire

NOBODY = str(UUID(int=7))
# Bodies, and the code and field of their refusals; words stand for the persons there.
UNFIT: list[tuple[dict[str, Any] | None, str, str]] = [
    (None, "required", "ids"),
    ({}, "required", "ids"),
    ({"ids": None, "distinct_ids": None}, "required", "ids"),
    ({"ids": ["other"], "distinct_ids": ["b"]}, "invalid_input", "ids"),
    ({"ids": []}, "invalid_input", "ids"),
    ({"distinct_ids": []}, "invalid_input", "distinct_ids"),
    ({"ids": "other"}, "invalid_input", "ids"),
    ({"ids": {"a": 1}}, "invalid_input", "ids"),
    ({"distinct_ids": "b"}, "invalid_input", "distinct_ids"),
    ({"ids": ["ada"]}, "invalid_input", "ids"),
    ({"ids": [True]}, "invalid_input", "ids"),
    ({"ids": [None]}, "invalid_input", "ids"),
    ({"ids": [1.5]}, "invalid_input", "ids"),
    ({"ids": [["other"]]}, "invalid_input", "ids"),
    ({"distinct_ids": [5]}, "invalid_input", "distinct_ids"),
    ({"ids": ["other"] * 1_001}, "invalid_input", "ids"),
    ({"ids": ["self"]}, "invalid_input", "ids"),
    ({"ids": ["other", "number"]}, "invalid_input", "ids"),
    ({"distinct_ids": ["a"]}, "invalid_input", "distinct_ids"),
    ({"distinct_ids": ["b", "a"]}, "invalid_input", "distinct_ids"),
    ({"ids": [NOBODY]}, "invalid_input", "ids"),
    ({"ids": ["other", NOBODY]}, "invalid_input", "ids"),
    ({"ids": [1]}, "invalid_input", "ids"),
    ({"ids": [0, -5, 2**60]}, "invalid_input", "ids"),
    ({"distinct_ids": ["b", "x"]}, "invalid_input", "distinct_ids"),
    ({"distinct_ids": ["x" * 500, "\x00", ""]}, "invalid_input", "distinct_ids"),
]


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "merges"), insert_persons)


def test_ids_and_lacking_properties_move_and_the_others_are_gone(people: People) -> None:
    target = people.make(
        *("a", "b"),
        properties={"both": "target", "mine": 1.0},
        created_at="2024-05-01T00:00:00Z",
        last_seen_at="2024-05-02T00:00:00Z",
    )
    first = people.make(
        "c",
        properties={"both": 1, "shared": "first", "c": None},
        created_at="2024-01-01T00:00:00Z",
        is_identified=True,
    )
    second = people.make(
        *("d", "e"),
        properties={"shared": "second"},
        created_at="2024-02-01T00:00:00Z",
        last_seen_at="2024-06-01T00:00:00Z",
    )
    answer = people.post(target["uuid"], "merge", {"ids": [first["uuid"], second["id"]]})
    assert answer.status_code == 200
    expected = {
        **target,
        "distinct_ids": ["a", "b", "c", "d", "e"],
        "properties": {"both": "target", "mine": 1, "shared": "second", "c": None},
        "created_at": "2024-01-01T00:00:00Z",
        "last_seen_at": "2024-06-01T00:00:00Z",
    }
    assert answer.json() == expected
    assert people.get(target["uuid"]) == people.get(target["id"]) == expected
    for gone in (first, second):
        assert people.ask("GET", gone["uuid"]).status_code == 404
        assert people.ask("GET", gone["id"]).status_code == 404
    for id in "abcde":
        assert people.having(id)["uuid"] == target["uuid"]
    listed = people.client.get(f"/api/projects/{people.project}/persons").json()
    assert (listed["count"], len(listed["results"])) == (1, 1)
    assert listed["results"][0]["is_identified"] is True


@pytest.mark.parametrize("form", ["uuid", "upper", "number", "text"])
def test_others_are_named_by_uuid_or_integer(people: People, form: str) -> None:
    target, other = people.make("a"), people.make("b")
    id = {
        "uuid": other["uuid"],
        "upper": other["uuid"].upper(),
        "number": other["id"],
        "text": str(other["id"]),
    }[form]
    answer = people.post(target["id"], "merge", {"ids": [id, id]})
    assert answer.json()["distinct_ids"] == ["a", "b"]


def test_others_are_named_by_distinct_ids(people: People) -> None:
    target = people.make("a")
    people.make("b", "c")
    people.make("d")
    answer = people.post(target["uuid"], "merge", {"distinct_ids": ["c", "d", "b"], "ids": None})
    assert answer.json()["distinct_ids"] == ["a", "b", "c", "d"]


def test_whoever_has_the_distinct_id_when_it_is_the_merges_turn_is_merged(
    people: People, engine: Engine
) -> None:
    """Of two edits made in one turn the first is not in the tables yet when the second is made."""
    target, other = people.make("a"), people.make("b", "c", properties={"k": 1})
    with ThreadPoolExecutor(2) as threads:
        engine.turns.take(people.project)
        body = {"distinct_ids_to_split": ["c"]}
        split = threads.submit(people.post, other["uuid"], "split", body)
        time.sleep(0.3)
        merge = threads.submit(people.post, target["uuid"], "merge", {"distinct_ids": ["c"]})
        time.sleep(0.3)
        engine.turns.leave(people.project)
        assert split.result().status_code == 200
        assert merge.result().json() == {**target, "distinct_ids": ["a", "c"]}
    assert people.get(other["uuid"])["distinct_ids"] == ["b"]


def test_who_was_merged_away_may_come_back_by_a_split(people: People) -> None:
    target = people.make("a", created_at="2024-05-01T00:00:00Z")
    other = people.make("b", created_at="2024-01-01T00:00:00Z")
    people.post(target["uuid"], "merge", {"ids": [other["uuid"]]})
    people.post(target["uuid"], "split", {"distinct_ids_to_split": ["b"]})
    back = people.having("b")
    assert (back["uuid"], back["created_at"]) == (other["uuid"], "2024-01-01T00:00:00Z")
    assert people.get(target["uuid"])["distinct_ids"] == ["a"]


def test_a_merge_that_does_not_fit_is_refused_and_nothing_moves(people: People) -> None:
    target, other = people.make("a"), people.make("b")
    names = {"self": target["uuid"], "other": other["uuid"], "number": target["id"]}
    for unfit, code, attr in UNFIT:
        body = unfit and {
            field: [names.get(item, item) if isinstance(item, str) else item for item in value]
            if isinstance(value, list)
            else value
            for field, value in unfit.items()
        }
        answer = people.post(target["uuid"], "merge", body)
        assert refused(answer) == (400, code, attr), unfit
        assert [people.get(one["uuid"]) for one in (target, other)] == [target, other], unfit
    assert people.log(target["uuid"]) == []


def test_another_projects_person_is_nobody(people: People, open_client: Client) -> None:
    elsewhere = make_project(open_client, "elsewhere")
    target = people.make("a")
    people.project, here = elsewhere, people.project
    foreign = people.make("b")
    people.project = here
    for body in ({"ids": [foreign["uuid"]]}, {"ids": [foreign["id"]]}, {"distinct_ids": ["b"]}):
        answer = people.post(target["uuid"], "merge", body)
        assert refused(answer) == (400, "invalid_input", next(iter(body)))
        assert answer.json()["detail"].startswith("nobody in this project has: ")
    people.project = elsewhere
    assert people.get(foreign["uuid"]) == foreign


def test_who_is_gone_already_is_nobody(people: People) -> None:
    target, other = people.make("a"), people.make("b")
    body = {"ids": [other["id"]]}
    assert people.post(target["uuid"], "merge", body).status_code == 200
    answer = people.post(target["uuid"], "merge", body)
    assert refused(answer) == (400, "invalid_input", "ids")
    again = people.post(target["uuid"], "merge", {"distinct_ids": ["b"]})
    assert again.json()["detail"] == "a person cannot be merged with itself"


def test_merged_properties_have_512_kib_at_most(people: People) -> None:
    target = people.make("a", properties={"a": "x" * 300_000})
    other = people.make("b", properties={"b": "x" * 300_000})
    answer = people.post(target["uuid"], "merge", {"ids": [other["uuid"]]})
    assert refused(answer) == (400, "invalid_input", "properties")
    assert people.get(other["uuid"]) == other
