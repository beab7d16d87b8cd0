"""ETag and If-Match."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Client, InsertPersons, MakeKey
from tests.service.editing import People, refused

# Through HTTP too, in each run of the tests.
pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, project: int, insert_persons: InsertPersons) -> People:
    return People(client, project, insert_persons)


def tag_of(people: People, person: dict[str, Any]) -> str:
    return str(people.ask("GET", person["uuid"]).headers["etag"])


def test_a_person_has_an_etag_that_each_edit_changes(people: People) -> None:
    person = people.make()
    tags = [tag_of(people, person)]
    for n in range(3):
        answer = people.ask("PATCH", person["id"], json={"properties": {"n": n}})
        tags.append(answer.headers["etag"])
        assert tag_of(people, person) == tags[-1]
    assert len(set(tags)) == 4
    assert all(tag[0] == tag[-1] == '"' and tag[1:-1].isdigit() for tag in tags)
    other = people.make()
    merged = people.post(person["uuid"], "merge", {"ids": [other["uuid"]]})
    assert merged.headers["etag"] == tag_of(people, person)


def test_csv_has_no_etag(people: People) -> None:
    assert "etag" not in people.ask("GET", people.make()["uuid"], "?format=csv").headers


def edits(people: People) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("PATCH", "", {"properties": {"a": 1}}),
        ("PUT", "", {"properties": {"a": 2}}),
        ("POST", "/update_property", {"key": "a", "value": 3}),
        ("POST", "/delete_property", {"$unset": "a"}),
        ("POST", "/split", {}),
        ("POST", "/merge", {"ids": [people.make()["uuid"]]}),
    ]


def test_an_edit_is_made_only_while_the_etag_is_the_persons(people: People) -> None:
    person = people.make("one", "two", properties={"a": 0})
    for verb, path, body in edits(people):
        before, tag = people.get(person["uuid"]), tag_of(people, person)
        lost = people.ask(
            verb, person["uuid"], path, json=body, headers={"If-Match": f'"{int(tag[1:-1]) - 1}"'}
        )
        assert refused(lost) == (412, "precondition_failed", None)
        assert people.get(person["uuid"]) == before
        won = people.ask(verb, person["uuid"], path, json=body, headers={"If-Match": tag})
        assert won.status_code == 200
        assert tag_of(people, person) != tag


def test_an_edit_that_changes_nothing_is_refused_too(people: People) -> None:
    person = people.make(properties={"a": 1})
    for tag, status in (('"1"', 412), (tag_of(people, person), 200)):
        answer = people.ask(
            "PATCH", person["uuid"], json={"properties": {"a": 1}}, headers={"If-Match": tag}
        )
        assert answer.status_code == status


def test_a_star_is_any_version(people: People) -> None:
    person = people.make()
    for path, status in ((person["uuid"], 200), ("1", 404)):
        answer = people.ask("PATCH", path, json={"properties": {"a": 1}}, headers={"If-Match": "*"})
        assert answer.status_code == status


@pytest.mark.parametrize(
    "tag",
    ["", "1", 'W/"1"', '"', '""', '"a"', '"1', '"1", "2"', '"0"', '"01"', '"-1"', '*, "1"'],
)
def test_what_is_no_etag_of_ours_is_refused(people: People, tag: str) -> None:
    person = people.make()
    for verb, path, body in edits(people):
        answer = people.ask(verb, person["uuid"], path, json=body, headers={"If-Match": tag})
        assert refused(answer) == (400, "invalid_input", "If-Match"), path
    assert people.get(person["uuid"]) == person


def test_two_headers_are_two_etags(people: People) -> None:
    person = people.make()
    tag = tag_of(people, person)
    answer = people.ask(
        "PATCH",
        person["uuid"],
        json={"properties": {"a": 1}},
        headers=[("If-Match", tag), ("If-Match", tag)],
    )
    assert refused(answer) == (400, "invalid_input", "If-Match")
