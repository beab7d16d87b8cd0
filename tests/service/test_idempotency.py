"""Requests that are repeated with one Idempotency-Key."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from queries.edits import update
from queries.idempotency import KEPT_US, mark_of, request_hash
from queries.ownership import merge
from service.edit_batches import Author
from service.edits import Editor, Terms
from service.engine import Engine
from service.errors import DiskFull
from service.idempotency import Answer, Answers, Repeatable
from service.keys import wall_us
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, project: int, insert_persons: InsertPersons) -> People:
    return People(client, project, insert_persons)


@pytest.fixture
def key() -> dict[str, str]:
    """A new key."""
    return {"Idempotency-Key": f"request {next(_numbers)}"}


@pytest.fixture
def crashing(app: Litestar) -> Iterator[None]:
    """The service ends after each write, before its answer is kept."""

    async def fail(*_: object) -> None:
        raise DiskFull("The end.")

    answers: Answers = app.state.answers
    with patch.object(answers, "keep", fail):
        yield


def same(first: Any, second: Any) -> bool:
    return (first.status_code, first.content, first.headers.get("etag")) == (
        *(second.status_code, second.content),
        second.headers.get("etag"),
    )


def edits(people: People) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("PATCH", "", {"properties": {"a": 1}}),
        ("PUT", "", {"properties": {"a": 2}}),
        ("POST", "/update_property", {"key": "a", "value": 3}),
        ("POST", "/delete_property", {"$unset": "a"}),
        ("POST", "/split", {}),
        ("POST", "/merge", {"ids": [people.make()["uuid"]]}),
    ]


def test_a_repeat_has_the_same_answer_and_one_effect(people: People) -> None:
    person = people.make("1", "2")
    for n, (verb, path, body) in enumerate(edits(people), 1):
        headers = {"Idempotency-Key": f"repeat {n}"}
        first = people.ask(verb, person["uuid"], path, json=body, headers=headers)
        assert first.status_code == 200
        assert "idempotent-replayed" not in first.headers
        again = people.ask(verb, person["uuid"], path, json=body, headers=headers)
        assert same(first, again)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["content-type"] == first.headers["content-type"]
        assert len(people.log(person["uuid"])) == n


def test_what_happened_since_stays(people: People, key: dict[str, str]) -> None:
    person = people.make()
    body = {"key": "a", "value": 1}
    first = people.post(person["uuid"], "update_property", body, headers=key)
    people.post(person["uuid"], "update_property", {"key": "a", "value": 2})
    assert same(first, people.post(person["uuid"], "update_property", body, headers=key))
    assert people.get(person["uuid"])["properties"] == {"a": 2}


def test_a_repeat_is_answered_after_the_person_is_gone(people: People, key: dict[str, str]) -> None:
    person, other = people.make(), people.make()
    body = {"properties": {"a": "ß"}}
    first = people.ask("PATCH", other["id"], json=body, headers=key)
    people.post(person["uuid"], "merge", {"ids": [other["uuid"]]})
    assert same(first, people.ask("PATCH", other["id"], json=body, headers=key))


def test_a_repeat_is_answered_whatever_if_match_says(people: People, key: dict[str, str]) -> None:
    person = people.make()
    body = {"properties": {"a": 1}}
    headers = {**key, "If-Match": people.ask("GET", person["uuid"]).headers["etag"]}
    first = people.ask("PATCH", person["uuid"], json=body, headers=headers)
    assert same(first, people.ask("PATCH", person["uuid"], json=body, headers=headers))
    assert same(first, people.ask("PATCH", person["uuid"], json=body, headers=key))


def test_another_request_under_the_same_key_is_a_422(people: People, key: dict[str, str]) -> None:
    person, other = people.make(), people.make()
    body = {"properties": {"a": 1}}
    people.ask("PATCH", person["uuid"], json=body, headers=key)
    for verb, id, path, sent in (
        ("PATCH", person["uuid"], "", {"json": {"properties": {"a": 2}}}),
        ("PATCH", person["uuid"], "", {"content": b""}),
        ("PATCH", person["uuid"], "", {"content": b"{"}),
        ("PUT", person["uuid"], "", {"json": body}),
        ("PATCH", other["uuid"], "", {"json": body}),
        ("PATCH", "1", "", {"json": body}),
        ("PATCH", person["uuid"], "?a=b", {"json": body}),
        ("POST", person["uuid"], "/split", {}),
    ):
        answer = people.ask(verb, id, path, headers=key, **sent)
        assert refused(answer) == (422, "idempotency_key_reused", "Idempotency-Key"), path
        assert answer.json()["type"] == "validation_error"
    assert people.get(person["uuid"])["properties"] == {"a": 1}
    assert people.get(other["uuid"]) == other


def test_each_key_of_the_api_has_its_own(
    people: People, make_key: MakeKey, key: dict[str, str]
) -> None:
    person = people.make()
    for n in range(2):
        headers = {**key, "Authorization": f"Bearer {make_key('person:write')}"}
        body = {"properties": {"n": n}}
        assert people.ask("PATCH", person["uuid"], json=body, headers=headers).status_code == 200
    assert people.get(person["uuid"])["properties"] == {"n": 1}


def test_each_project_has_its_own(people: People, open_client: Client, key: dict[str, str]) -> None:
    for _ in range(2):
        person = people.make()
        answer = people.ask("PATCH", person["uuid"], json={"properties": {}}, headers=key)
        assert answer.status_code == 200
        people.project = make_project(open_client, "another")


def test_a_refusal_is_not_kept(people: People, key: dict[str, str]) -> None:
    person = people.make()
    tag = people.ask("GET", person["uuid"]).headers["etag"]
    for id, path, body, more, status in (
        ("1", "update_property", {"key": "a", "value": 1}, {}, 404),
        (person["uuid"], "update_property", {"key": "a"}, {}, 400),
        (person["uuid"], "update_property", {"key": "a", "value": 1}, {"If-Match": '"1"'}, 412),
        (person["uuid"], "update_property", {"key": "a", "value": 1}, {"If-Match": tag}, 200),
    ):
        answer = people.post(id, path, body, headers={**key, **more})
        assert answer.status_code == status


@pytest.mark.parametrize("value", ["", "x" * 256, "\x7f", "\x00", "ß", "a\tb"])
def test_what_is_no_key_is_refused(people: People, value: str) -> None:
    person = people.make()
    headers = [("Idempotency-Key", value.encode("latin-1"))]
    answer = people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}}, headers=headers)
    assert refused(answer) == (400, "invalid_input", "Idempotency-Key")
    assert people.get(person["uuid"]) == person


@pytest.mark.parametrize("value", ["k", "x" * 255, "a \"b\" \\ 'c'", "%s {p0:String}"])
def test_a_key_is_up_to_255_printable_characters(people: People, value: str) -> None:
    person = people.make()
    headers = {"Idempotency-Key": value}
    answers = [
        people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}}, headers=headers)
        for _ in range(2)
    ]
    assert answers[0].status_code == 200
    assert same(*answers)


def test_of_two_at_the_same_time_the_second_waits_for_the_first(
    people: People, engine: Engine, key: dict[str, str]
) -> None:
    person = people.make(*(f"many {n}" for n in range(5)))
    with ThreadPoolExecutor(8) as threads:
        # The turn is taken, so that all eight are there before the first one writes.
        engine.turns.take(people.project)
        asked = [
            threads.submit(people.post, person["uuid"], "split", {}, headers=key) for _ in range(8)
        ]
        threading.Timer(0.3, engine.turns.leave, (people.project,)).start()
        answers = [one.result() for one in asked]
    assert all(same(answers[0], one) for one in answers)
    assert answers[0].status_code == 200
    assert sum("idempotent-replayed" in one.headers for one in answers) == 7
    assert len(people.log(person["uuid"])) == 1


def test_an_answer_is_kept_for_24_hours(engine: Engine, project: int) -> None:
    now = wall_us()
    asked = request_hash("PATCH", "/x?", b"{}")
    request = Repeatable(project, "key", "kept")

    async def work() -> None:
        answer = Answer(200, '{"a":"ß\\n"}'.encode(), '"5"')
        await Answers(engine, now_us=lambda: now).keep(request, asked, answer)
        for later, expected in ((0, answer), (KEPT_US - 1, answer), (KEPT_US + 1, None)):
            clock = now + later
            answers = Answers(engine, now_us=lambda clock=clock: clock)  # type: ignore[misc]
            assert await answers.find(request, asked) == expected

    asyncio.run(work())


@pytest.mark.usefixtures("crashing")
def test_a_crash_before_the_answer_is_kept_leaves_one_effect(
    people: People, key: dict[str, str]
) -> None:
    person = people.make()
    body = {"properties": {"a": 1}}
    assert people.ask("PATCH", person["uuid"], json=body, headers=key).status_code == 507
    # It was written all the same; somebody else goes on from there.
    people.ask("PATCH", person["uuid"], json={"properties": {"a": 2}})
    assert people.ask("PATCH", person["uuid"], json=body, headers=key).status_code == 507
    assert people.get(person["uuid"])["properties"] == {"a": 2}
    assert len(people.log(person["uuid"])) == 2


def key_id_of(people: People) -> str:
    """Return the id of the key that the client has."""
    person = people.make()
    people.ask("PATCH", person["uuid"], json={"properties": {"a": 1}})
    return str(people.log(person["uuid"])[0]["user"]["key_id"])


def test_a_repeat_after_a_crash_answers_as_the_request_would_have(
    people: People, app: Litestar, key: dict[str, str]
) -> None:
    """What the service has written, but not noted, is found by its mark."""
    person = people.make(properties={"n": 1})
    editor: Editor = app.state.editor
    key_id = key_id_of(people)
    author = Author(key_id, "tests")
    mark = mark_of(people.project, key_id, key["Idempotency-Key"])
    editor.edit(
        people.project,
        UUID(person["uuid"]),
        lambda one, _: update(one, {"n": b"2"}),
        author,
        terms=Terms(mark=mark),
    )
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 3, "since": True}})
    tag = people.ask("GET", person["uuid"]).headers["etag"]
    # The version it was made for is gone as well.
    headers = {**key, "If-Match": '"1"'}
    for _ in range(2):
        answer = people.ask("PATCH", person["uuid"], json={"properties": {"n": 2}}, headers=headers)
        assert answer.json()["properties"] == {"n": 3, "since": True}
        assert answer.headers["etag"] == tag
    assert len(people.log(person["uuid"])) == 2


@pytest.mark.parametrize("form", ["uuid", "integer", "distinct id"])
def test_a_merge_is_repeated_after_a_crash_though_its_others_are_gone(
    people: People, app: Litestar, form: str, key: dict[str, str]
) -> None:
    person, gone = people.make(), people.make(f"gone by {form}")
    editor: Editor = app.state.editor
    key_id = key_id_of(people)
    mark = mark_of(people.project, key_id, key["Idempotency-Key"])
    (other,) = editor.find(people.project, [UUID(gone["uuid"])]).values()
    editor.edit(
        people.project,
        UUID(person["uuid"]),
        lambda one, _: merge(one, [other]),
        Author(key_id, "tests"),
        terms=Terms(mark=mark),
    )
    body = {
        "uuid": {"ids": [gone["uuid"]]},
        "integer": {"ids": [gone["id"]]},
        "distinct id": {"distinct_ids": gone["distinct_ids"]},
    }[form]
    answers = [people.post(person["uuid"], "merge", body, headers=key) for _ in range(2)]
    assert answers[0].status_code == 200
    assert same(*answers)
    assert answers[0].json()["distinct_ids"] == [*person["distinct_ids"], *gone["distinct_ids"]]
    assert people.post(person["uuid"], "merge", body).status_code == 400


def test_bodies_of_any_size_are_answered_again(people: People, key: dict[str, str]) -> None:
    ids = [f"{n:_<400}" for n in range(3_000)]
    person = people.make(*ids)
    properties = {"text": "\"\\\n\t'\x00ß\U0001f600" * 10_000}
    answers = [
        people.ask("PATCH", person["uuid"], json={"properties": properties}, headers=key)
        for _ in range(2)
    ]
    assert answers[0].status_code == 200
    assert same(*answers)
    assert msgspec.json.decode(answers[1].content)["distinct_ids"] == ids
