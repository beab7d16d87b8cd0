"""POST persons/bulk_delete."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.settings import Settings, SettingsError, load
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, InsertPersons, MakeKey, make_project
from tests.service.deleting import REPORT, bulk, listed, report
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


@pytest.mark.parametrize("form", ["uuid", "upper", "number", "text", "query"])
def test_many_are_deleted_by_their_ids(people: People, form: str) -> None:
    gone = [people.make() for _ in range(3)]
    stays = people.make()
    ids = [
        {"upper": one["uuid"].upper(), "number": one["id"], "text": str(one["id"])}.get(
            form, one["uuid"]
        )
        for one in gone
    ]
    if form == "query":
        answer = bulk(people, params={"ids": [f"{ids[0]},{ids[1]}", ids[2], NOBODY]})
    else:
        answer = bulk(people, {"ids": [*ids, ids[0], NOBODY, 5]})
    assert (answer.status_code, answer.json()) == (202, report(3))
    assert [one["uuid"] for one in listed(people)["results"]] == [stays["uuid"]]
    assert bulk(people, {"ids": ids}).json() == REPORT


def test_many_are_deleted_by_their_distinct_ids(people: People) -> None:
    people.make("a", "b")
    people.make("c,d")
    people.make("e")
    names = ["b", "a", "c,d", "nobody", "", "x" * 401]
    answer = bulk(people, {"distinct_ids": names, "ids": None, "delete_events": True})
    assert answer.json() == {**report(2), "events_queued_for_deletion": True}
    assert listed(people)["count"] == 1
    assert bulk(people, params={"distinct_ids": ["e", "f"]}).json() == report(1)


@pytest.mark.parametrize("flag", [True, "true"])
def test_nobody_is_deleted_who_is_to_be_kept(people: People, flag: object) -> None:
    person = people.make("a")
    assert bulk(people, {"ids": [person["id"]], "keep_person": flag}).json() == report(1, 0)
    assert bulk(people, {"distinct_ids": ["a"], "keep_person": flag}).json() == report(1, 0)
    answer = bulk(people, {"ids": [person["id"]]}, params={"keep_person": "true"})
    assert answer.json() == report(1, 0)
    answer = bulk(people, {"ids": [person["id"]], "keep_person": False}, params={"keep_person": 1})
    assert answer.json() == report(1)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "ids"),
        ({"ids": []}, "required", "ids"),
        ({"ids": None, "distinct_ids": []}, "required", "ids"),
        ({"ids": [NOBODY], "distinct_ids": ["a"]}, "invalid_input", "ids"),
        ({"ids": NOBODY}, "invalid_input", "ids"),
        ({"ids": ["ada"]}, "invalid_input", "ids"),
        ({"ids": [NOBODY, True]}, "invalid_input", "ids"),
        ({"ids": [1.5]}, "invalid_input", "ids"),
        ({"ids": [None]}, "invalid_input", "ids"),
        ({"distinct_ids": "a"}, "invalid_input", "distinct_ids"),
        ({"distinct_ids": ["a", 5]}, "invalid_input", "distinct_ids"),
        ({"ids": [NOBODY], "keep_person": "maybe"}, "invalid_input", "keep_person"),
        ({"ids": [NOBODY], "keep_person": 5}, "invalid_input", "keep_person"),
        ({"ids": [NOBODY], "delete_events": []}, "invalid_input", "delete_events"),
        ({"ids": [NOBODY] * 1_001}, "invalid_input", "ids"),
        ({"distinct_ids": ["a"] * 1_001}, "invalid_input", "distinct_ids"),
    ],
)
def test_what_names_nobody_is_refused(
    people: People, body: dict[str, Any], code: str, attr: str
) -> None:
    people.make("a")
    assert refused(bulk(people, body)) == (400, code, attr)
    assert listed(people)["count"] == 1


def test_a_body_must_be_a_json_object(people: People) -> None:
    assert refused(bulk(people, content=b"{", headers={"Content-Type": "application/json"})) == (
        *(400, "parse_error", None),
    )
    assert refused(bulk(people, data={"ids": NOBODY})) == (415, "unsupported_media_type", None)
    assert refused(bulk(people)) == (400, "required", "ids")


def test_a_bulk_deletion_may_be_repeated(people: People) -> None:
    people.make("a")
    headers = {"Idempotency-Key": f"bulk {next(_keys)}"}
    for _ in range(2):
        assert bulk(people, {"distinct_ids": ["a"]}, headers=headers).json() == report(1)
    assert refused(bulk(people, {"distinct_ids": ["b"]}, headers=headers)) == (
        *(422, "idempotency_key_reused", "Idempotency-Key"),
    )


@pytest.fixture(scope="module")
def wide(settings: Settings, engine: Engine) -> Iterator[TestClient[Litestar]]:
    """A client of a service that deletes as many at once as can be set."""
    limits = msgspec.structs.replace(settings.limits, bulk_delete_ids=100_000)
    wider = msgspec.structs.replace(settings, limits=limits)
    app = create_app(wider, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as client:
        client.headers.update(ADMIN)
        yield client


def test_more_than_one_insert_of_tombstones(
    wide: TestClient[Litestar], open_client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(open_client, "crowd")
    names = [f"id {n}" for n in range(12_000)]
    insert_persons(project, *({"distinct_ids": [name, f"{name} too"]} for name in names))
    persons = f"/api/projects/{project}/persons"
    assert wide.get(persons, params={"limit": 1}).json()["count"] == len(names)
    # Both ids of a person, in different pieces: it is found once.
    asked = [*(f"{name} too" for name in names[:100]), *names[:11_000]]
    answer = wide.post(f"{persons}/bulk_delete", json={"distinct_ids": asked})
    assert answer.json() == report(11_000)
    assert wide.get(persons, params={"limit": 1}).json()["count"] == 1_000
    left = wide.get(persons, params={"limit": 1_000}).json()["results"]
    assert {one["distinct_ids"][0] for one in left} == set(names[11_000:])
    answer = wide.post(f"{persons}/bulk_delete", json={"ids": [one["id"] for one in left]})
    assert answer.json() == report(1_000)
    found = wide.get(f"{persons}/deletion_status", params={"limit": 1}).json()
    assert (found["count"], len(found["results"])) == (12_000, 1)


@pytest.mark.parametrize("ids", ["0", "100001", "many"])
def test_the_limit_can_be_set_up_to_a_hundred_thousand(ids: str) -> None:
    name = "PERSONHOUSE_LIMITS__BULK_DELETE_IDS"
    assert load(None, {name: "100000"}).limits.bulk_delete_ids == 100_000
    with pytest.raises(SettingsError, match="bulk_delete_ids"):
        load(None, {name: ids})
