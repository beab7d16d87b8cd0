"""PATCH and PUT of a person, update_property, delete_property."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.conftest import Client, InsertPersons, MakeKey
from tests.service.editing import People, refused

NOBODY = str(UUID(int=7))
DONE = {"success": True}


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, project: int, insert_persons: InsertPersons) -> People:
    return People(client, project, insert_persons)


def required(attr: str) -> dict[str, str]:
    return {
        "type": "validation_error",
        "code": "This field is required.",
        "detail": "required",
        "attr": attr,
    }


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_listed_keys_are_set_and_others_stay(people: People, verb: str) -> None:
    before = people.make(properties={"a": 1, "b": {"c": 1, "d": 2}, "e": "x"})
    answer = people.ask(
        verb, before["uuid"], json={"properties": {"b": {"c": 3}, "new": None, "a": 1}}
    )
    assert answer.status_code == 200
    expected = {"a": 1, "b": {"c": 3}, "e": "x", "new": None}
    assert answer.json() == {**before, "properties": expected}
    assert people.get(before["uuid"]) == answer.json()


def test_the_next_list_filter_search_and_value_see_it(people: People) -> None:
    person = people.make(properties={"email": "old@example.com"})
    people.ask("PATCH", person["uuid"], json={"properties": {"email": "fresh@example.com", "t": 7}})
    base = f"/api/projects/{people.project}/persons"
    for query in (
        "?email=fresh@example.com",
        "?search=FRESH@",
        '?properties=[{"key":"t","value":7}]',
    ):
        (row,) = people.client.get(base + query).json()["results"]
        assert row["uuid"] == person["uuid"], query
    assert people.client.get(f"{base}?email=old@example.com").json()["count"] == 0
    assert people.client.get(f"{base}/values?key=t").json()["results"] == [
        {"name": "7", "count": 1}
    ]


def test_numbers_and_escapes_stay_as_they_were_sent(people: People) -> None:
    person = people.make(properties={})
    text = '{"f":1.0,"big":123456789012345678901234567890,"e":"\\u00e9","n":1E5}'
    answer = people.ask(
        "PATCH",
        person["uuid"],
        content=f'{{"properties": {text}}}',
        headers={"Content-Type": "application/json"},
    )
    assert f'"properties":{text}' in answer.text
    after = people.post(person["uuid"], "update_property", {"key": "z", "value": 1})
    assert f'"properties":{text[:-1]},"z":1}}' in after.text


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_get_may_be_sent_back(people: People, verb: str) -> None:
    before = people.make(properties={"a": [1, {"b": None}]}, created_at="2024-01-01T00:00:00Z")
    other = {"id": 5, "uuid": NOBODY, "created_at": "2020-01-01T00:00:00Z", "distinct_ids": []}
    for body in (before, {**before, **other}):
        answer = people.ask(verb, before["uuid"], json=body)
        assert (answer.status_code, answer.json()) == (200, before)
    assert people.log(before["uuid"]) == []


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"properties":null}', b'{"$set":{"a":1}}'])
def test_properties_are_required(people: People, verb: str, body: bytes) -> None:
    person = people.make()
    headers = {"Content-Type": "application/json"}
    answer = people.ask(verb, person["uuid"], content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (400, required("properties"))


@pytest.mark.parametrize("value", [[], "a", 5, True, [["a", 1]], '{"a":1}'])
def test_properties_that_are_no_object_are_refused(people: People, value: object) -> None:
    person = people.make(properties={"a": 0})
    answer = people.ask("PATCH", person["uuid"], json={"properties": value})
    assert refused(answer) == (400, "invalid_input", "properties")
    assert people.get(person["uuid"]) == person


def test_no_properties_set_none(people: People) -> None:
    person = people.make(properties={"a": 0})
    answer = people.ask("PATCH", person["uuid"], json={"properties": {}})
    assert (answer.status_code, answer.json()) == (200, person)


@pytest.mark.parametrize(
    "value", [None, 0, False, "", "x", 1.5, [], {}, [1, [None]], {"a": {"b": "ß\U0001f600"}}]
)
def test_update_property_takes_any_json(people: People, value: object) -> None:
    person = people.make(properties={"k": "old", "other": 1})
    answer = people.post(person["uuid"], "update_property", {"key": "k", "value": value})
    assert answer.status_code == 200
    assert answer.json() == {**person, "properties": {"k": value, "other": 1}}
    assert people.get(person["uuid"]) == answer.json()


def test_a_key_may_be_any_text(people: People) -> None:
    person = people.make(properties={})
    keys = ["", " ", "a.b", "$x", "`", "\\", '"', "'", "ß", "\x00", "{p0:String}", "k" * 1_000]
    for n, key in enumerate(keys):
        answer = people.post(person["uuid"], "update_property", {"key": key, "value": n})
        assert answer.status_code == 200, key
    assert people.get(person["uuid"])["properties"] == {key: n for n, key in enumerate(keys)}


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "value"),
        (None, "value"),
        ({"key": "k"}, "value"),
        ({"value": 1}, "key"),
        ({"value": None}, "key"),
        ({"value": 1, "key": None}, "key"),
    ],
)
def test_value_and_then_key_are_required(people: People, body: object, attr: str) -> None:
    person = people.make()
    answer = people.post(person["uuid"], "update_property", body)
    assert (answer.status_code, answer.json()) == (400, required(attr))


@pytest.mark.parametrize("key", [5, True, ["k"], {"k": 1}])
def test_a_key_that_is_no_text_is_refused(people: People, key: object) -> None:
    person = people.make()
    answer = people.post(person["uuid"], "update_property", {"key": key, "value": 1})
    assert refused(answer) == (400, "invalid_input", "key")


def test_key_and_value_are_taken_from_the_address_where_the_body_has_none(people: People) -> None:
    person = people.make(properties={})

    def update(query: str, body: object = None) -> Any:
        answer = people.post(person["uuid"], f"update_property{query}", body)
        return answer.json().get("properties", answer.json())

    assert update("?key=k&value=5") == {"k": "5"}
    assert update("?key=k&value=") == {"k": ""}
    assert update("?key=k&value=true", {"other": 1}) == {"k": "true"}
    assert update("?key=k&value=x", {"key": "body", "value": 1}) == {"k": "true", "body": 1}
    assert update("?key=k&value=x", {"value": None}) == {"k": None, "body": 1}
    assert update("?value=y", {"key": "body"}) == {"k": None, "body": "y"}
    assert update("?key=&value=y") == required("key")
    assert update("?key=k") == required("value")
    twice = people.post(person["uuid"], "update_property?key=a&key=b&value=1")
    assert refused(twice) == (400, "invalid_input", "key")


def test_delete_property_takes_a_key_or_a_list_of_keys(people: People) -> None:
    person = people.make(properties={"a": 1.0, "b": 2, "c": None, "d": [4]})
    for body, left in (
        ({"$unset": "a"}, {"b": 2, "c": None, "d": [4]}),
        ({"$unset": ["b", "c", "b", "x"]}, {"d": [4]}),
        ({"$unset": ["x", "y"]}, {"d": [4]}),
        ({"$unset": "a"}, {"d": [4]}),
    ):
        answer = people.post(person["uuid"], "delete_property", body)
        assert (answer.status_code, answer.json()) == (200, DONE)
        assert people.get(person["uuid"]) == {**person, "properties": left}
    assert len(people.log(person["uuid"])) == 2


def test_unset_is_taken_from_the_address_where_the_body_has_none(people: People) -> None:
    person = people.make(properties={"a": 1, "b": 2, "c": 3})
    assert people.post(person["uuid"], "delete_property?$unset=a").json() == DONE
    assert people.post(person["uuid"], "delete_property?%24unset=b", {}).json() == DONE
    people.post(person["uuid"], "delete_property?$unset=c", {"$unset": "x"})
    assert people.get(person["uuid"])["properties"] == {"c": 3}


@pytest.mark.parametrize("body", [None, {}, {"$unset": None}, {"unset": "a"}])
def test_unset_is_required(people: People, body: object) -> None:
    answer = people.post(people.make()["uuid"], "delete_property", body)
    assert refused(answer) == (400, "required", "$unset")
    assert answer.json()["detail"] == "This field is required."


@pytest.mark.parametrize(
    "value", ["", [], [""], ["a", ""], ["a", 1], 5, True, {"a": 1}, [["a"]], ["k"] * 1_001]
)
def test_unset_takes_some_texts_that_are_not_empty(people: People, value: object) -> None:
    person = people.make(properties={"a": 1})
    answer = people.post(person["uuid"], "delete_property", {"$unset": value})
    assert refused(answer) == (400, "invalid_input", "$unset")
    assert people.get(person["uuid"]) == person


def test_a_thousand_keys_are_taken_out_at_once(people: People) -> None:
    keys = [f"k{n}" for n in range(1_000)]
    person = people.make(properties={**dict.fromkeys(keys, 1), "left": 1})
    assert people.post(person["uuid"], "delete_property", {"$unset": keys}).json() == DONE
    assert people.get(person["uuid"])["properties"] == {"left": 1}


def test_properties_have_512_kib_at_most(people: People) -> None:
    person = people.make(properties={})
    fits = {"a": "x" * (524_288 - len('{"a":""}'))}
    answer = people.ask("PATCH", person["uuid"], json={"properties": fits})
    assert answer.status_code == 200
    # All of a person's together, and those of one request.
    for more in ({"b": 1}, {"a": fits["a"] + "x"}):
        answer = people.ask("PATCH", person["uuid"], json={"properties": more})
        assert refused(answer) == (400, "invalid_input", "properties")
        assert "524288" in answer.json()["detail"]
    answer = people.post(person["uuid"], "update_property", {"key": "c", "value": "x" * 524_288})
    assert refused(answer) == (400, "invalid_input", "value")
    assert people.get(person["uuid"])["properties"] == fits


def test_values_are_nested_up_to_200_levels(people: People) -> None:
    person = people.make(properties={})

    def update(depth: int) -> Any:
        body = f'{{"key": "k", "value": {"[" * depth}{"]" * depth}}}'
        headers = {"Content-Type": "application/json"}
        return people.ask("POST", person["uuid"], "/update_property", content=body, headers=headers)

    assert update(199).status_code == 200
    assert refused(update(250)) == (400, "invalid_input", "value")
    assert refused(update(100_000)) == (400, "parse_error", None)


def test_a_person_is_kept_as_it_was_but_for_its_properties(people: People) -> None:
    ids = ["0-a-b-c-d", "named", "second"]
    person = people.make(
        *ids,
        properties={"email": "x@example.com"},
        created_at="2021-08-25T22:09:14.252001Z",
        last_seen_at="2024-01-01T00:00:00Z",
        is_identified=True,
    )
    answer = people.post(person["uuid"], "update_property", {"key": "k", "value": "v"})
    expected = {**person, "properties": {"email": "x@example.com", "k": "v"}}
    assert answer.json() == people.get(person["uuid"]) == expected
    listed = people.client.get(
        f"/api/projects/{people.project}/persons", params={"distinct_id": "second"}
    ).json()["results"][0]
    assert (listed["is_identified"], listed["last_seen_at"]) == (True, "2024-01-01T00:00:00Z")


def test_an_edit_that_changes_nothing_writes_nothing_and_logs_nothing(people: People) -> None:
    person = people.make(properties={"a": 1.0, "b": {"x": 1, "y": "é"}})
    tag = people.ask("GET", person["uuid"]).headers["etag"]
    same = msgspec.json.decode(b'{"a":1.0,"b":{"y":"\\u00e9","x":1}}')
    for verb, path, body in (
        ("PATCH", "", {"properties": same}),
        ("PUT", "", {"properties": {}}),
        ("POST", "/update_property", {"key": "a", "value": 1.0}),
        ("POST", "/delete_property", {"$unset": ["x", "y"]}),
        ("POST", "/split", {}),
    ):
        assert people.ask(verb, person["uuid"], path, json=body).status_code == 200
    assert people.ask("GET", person["uuid"]).headers["etag"] == tag
    assert people.log(person["uuid"]) == []
