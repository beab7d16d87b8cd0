"""What all edits of a person have in common: whom they name, and who may make them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from queries.identity import person_number
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

NOBODY = str(UUID(int=7))
DONE = {"success": True}
# The low 53 bits are the same.
TWINS = ("00000000-0000-4000-8001-000000000001", "11111111-1111-4111-8801-000000000001")
# Each edit: verb, path, a body that is good.
EDITS: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "", {"properties": {"a": 1}}),
    ("PUT", "", {"properties": {"a": 1}}),
    ("POST", "/update_property", {"key": "a", "value": 1}),
    ("POST", "/delete_property", {"$unset": "a"}),
    ("POST", "/split", {}),
    ("POST", "/merge", {"ids": [NOBODY]}),
]


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, project: int, insert_persons: InsertPersons) -> People:
    return People(client, project, insert_persons)


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_a_body_that_is_no_json_is_a_parse_error(
    people: People, verb: str, path: str, body: object
) -> None:
    headers = {"Content-Type": "application/json"}
    person = people.make()
    for content in (b"{", b'{"a":}', b"\xff", b'{"a":NaN}', b'{"a":1e999}'):
        answer = people.ask(verb, person["uuid"], path, content=content, headers=headers)
        assert refused(answer) == (400, "parse_error", None), content
        assert answer.json()["detail"].startswith("JSON parse error - ")


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_a_body_is_an_object_and_json(people: People, verb: str, path: str, body: object) -> None:
    person = people.make()
    headers = {"Content-Type": "application/json"}
    for content in (b"[]", b'"a"', b"5", b"null"):
        answer = people.ask(verb, person["uuid"], path, content=content, headers=headers)
        assert refused(answer) == (400, "invalid_input", None)
    answer = people.ask(verb, person["uuid"], path, data={"key": "a"})
    assert refused(answer) == (415, "unsupported_media_type", None)


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_who_is_not_there_is_a_404_whatever_the_body(
    people: People, verb: str, path: str, body: object
) -> None:
    for id in (NOBODY, "1", str(2**53), "0", "-5", "9" * 25):
        for sent in ({"json": body}, {}, {"content": b"{"}, {"json": {"properties": 5}}):
            answer = people.ask(verb, id, path, **sent)
            assert refused(answer) == (404, "not_found", None), (id, sent)


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_what_is_no_id_is_a_400(people: People, verb: str, path: str, body: object) -> None:
    for id in ("ada", "ada@example.com", "1.5"):
        for sent in ({"json": body}, {"content": b"{"}):
            answer = people.ask(verb, id, path, **sent)
            assert refused(answer) == (400, "invalid_input", None)
            assert answer.json()["detail"].startswith("The ID provided does not look like")


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_a_read_only_key_gets_a_403_before_the_404_and_the_body(
    open_client: Client, make_key: MakeKey, project: int, verb: str, path: str, body: object
) -> None:
    address = f"/api/projects/{project}/persons/{NOBODY}{path}"
    for scope in ("person:read", "activity_log:read"):
        headers = {"Authorization": f"Bearer {make_key(scope)}"}
        sent: list[dict[str, Any]] = [{"json": body}, {"content": b"{"}]
        for more in sent:
            answer = open_client.request(verb, address, headers=headers, **more)
            assert refused(answer) == (403, "permission_denied", None)
            assert answer.json()["detail"] == "API key missing required scope 'person:write'"
    assert open_client.request(verb, address).status_code == 401


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_another_projects_person_is_not_there(
    people: People, open_client: Client, verb: str, path: str, body: object
) -> None:
    person = people.make(properties={"a": 0})
    elsewhere = make_project(open_client, "elsewhere")
    address = f"/api/projects/{elsewhere}/persons/{person['uuid']}{path}"
    assert people.client.request(verb, address, json=body).status_code == 404
    assert people.get(person["uuid"]) == person


def test_an_id_is_an_integer_or_a_uuid_of_any_form(people: People) -> None:
    person = people.make(properties={})
    uuid = UUID(person["uuid"])
    ids = [person["id"], str(uuid), str(uuid).upper(), uuid.hex, f"urn:uuid:{uuid}"]
    for n, id in enumerate(ids):
        answer = people.ask("PATCH", id, json={"properties": {"n": n}})
        assert answer.json() == {**person, "properties": {"n": n}}


@pytest.mark.parametrize(("verb", "path", "body"), EDITS)
def test_an_integer_that_two_share_is_a_409(
    client: Client,
    open_client: Client,
    insert_persons: InsertPersons,
    verb: str,
    path: str,
    body: object,
) -> None:
    people = People(client, make_project(open_client, "twins"), insert_persons)
    before = [people.make(uuid=uuid) for uuid in TWINS]
    number = person_number(UUID(TWINS[0]))
    assert number == person_number(UUID(TWINS[1]))
    for sent in ({"json": body}, {"content": b"{"}):
        answer = people.ask(verb, number, path, **sent)
        assert refused(answer) == (409, "ambiguous_id", None)
        assert all(uuid in answer.json()["detail"] for uuid in TWINS)
    assert [people.get(uuid) for uuid in TWINS] == before


def test_of_two_who_share_an_integer_the_one_who_is_left_has_it(
    client: Client, open_client: Client, insert_persons: InsertPersons
) -> None:
    people = People(client, make_project(open_client, "twins"), insert_persons)
    left = people.make(uuid=TWINS[0])
    gone = people.make(uuid=TWINS[1])
    merged = people.post(left["uuid"], "merge", {"ids": [gone["uuid"]]})
    assert merged.status_code == 200
    answer = people.post(left["id"], "update_property", {"key": "a", "value": 1})
    assert (answer.status_code, answer.json()["uuid"]) == (200, left["uuid"])


def test_both_prefixes_with_and_without_slash(people: People) -> None:
    person = people.make(properties={})
    n = 0
    for prefix in ("projects", "environments"):
        for slash in ("", "/"):
            n += 1
            address = f"/api/{prefix}/{people.project}/persons/{person['uuid']}"
            answer = people.client.patch(address + slash, json={"properties": {"n": n}})
            assert (answer.json()["properties"], answer.history) == ({"n": n}, [])
            answer = people.client.post(f"{address}/delete_property{slash}", json={"$unset": "n"})
            assert (answer.json(), answer.history) == (DONE, [])
