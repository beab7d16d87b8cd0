"""POST persons/batch_by_distinct_ids and persons/batch_by_uuids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.settings import Settings, SettingsError, load
from tests.conftest import (
    ADMIN,
    ADMIN_TOKEN,
    Client,
    DeletePerson,
    InsertPersons,
    MakeKey,
    make_project,
)

ADA = "d0e7c1aa-4b6f-4c1e-9f8e-5a6b7c8d9e0f"
BOB = "00000000-0000-4000-8001-000000000001"
# The low 53 bits, and so the integer id, are Bob's.
TWIN = "11111111-1111-4111-8801-000000000001"
NASTY = ["a,b", "", " ", "it's", '"', "\\", "\\'", "\n\t\r", "\x00", "{p0:String}", "ß\U0001f600"]
FIELDS = {"batch_by_distinct_ids": "distinct_ids", "batch_by_uuids": "uuids"}


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    ids = ["0-a-b-c-d", "ada", *(f"ada {n}" for n in range(12))]
    insert_persons(
        project,
        {
            "uuid": ADA,
            "distinct_ids": ids,
            "properties": {"email": "ada@example.com", "n": [1, 2.50]},
            "created_at": "2024-01-01T00:00:00.5Z",
            "is_identified": True,
        },
        {"uuid": BOB, "distinct_ids": ["bob"]},
        {"uuid": TWIN, "distinct_ids": ["twin", *(id for id in NASTY if id)]},
    )
    return project


def ask(client: Client, project: int, batch: str, **sent: Any) -> Any:
    return client.post(f"/api/projects/{project}/persons/{batch}", **sent)


def by_distinct_ids(client: Client, project: int, *ids: str) -> dict[str, dict[str, Any]]:
    answer = ask(client, project, "batch_by_distinct_ids", json={"distinct_ids": ids})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["results"]
    return dict(answer.json()["results"])


def by_uuids(client: Client, project: int, *uuids: str) -> dict[str, dict[str, Any]]:
    answer = ask(client, project, "batch_by_uuids", json={"uuids": uuids})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["results"]
    return dict(answer.json()["results"])


def refused(answer: Any) -> tuple[int, str, str | None]:
    body = answer.json()
    assert set(body) == {"type", "code", "detail", "attr"}
    return answer.status_code, body["code"], body["attr"]


def test_a_person_is_as_in_the_list_with_at_most_ten_distinct_ids(
    client: Client, filled: int
) -> None:
    listed = client.get(f"/api/projects/{filled}/persons?distinct_id=ada").json()["results"][0]
    assert len(listed["distinct_ids"]) == 14
    expected = {**listed, "distinct_ids": ["ada", *(f"ada {n}" for n in range(9))]}
    assert by_distinct_ids(client, filled, "ada") == {"ada": expected}
    assert by_uuids(client, filled, ADA) == {ADA: expected}
    text = ask(client, filled, "batch_by_uuids", json={"uuids": [ADA]}).text
    assert '"properties":{"email":"ada@example.com","n":[1,2.5]}' in text


def test_each_id_has_its_person_and_unknown_ones_are_absent(client: Client, filled: int) -> None:
    found = by_distinct_ids(client, filled, "twin", "nobody", "ada 11", "bob", "ada", "Ada", "bob")
    assert [(id, person["uuid"]) for id, person in found.items()] == [
        *(("twin", TWIN), ("ada 11", ADA), ("bob", BOB), ("ada", ADA))
    ]
    assert found["ada"] == found["ada 11"]
    nobody = str(UUID(int=7))
    found = by_uuids(client, filled, TWIN, nobody, BOB, BOB)
    assert [(id, person["uuid"]) for id, person in found.items()] == [(TWIN, TWIN), (BOB, BOB)]


@pytest.mark.parametrize("text", [ADA.upper(), UUID(ADA).hex, f"{{{ADA}}}", f"urn:uuid:{ADA}"])
def test_a_uuid_of_any_form_is_answered_in_one(client: Client, filled: int, text: str) -> None:
    assert list(by_uuids(client, filled, text)) == [ADA]


def test_distinct_ids_of_any_kind(client: Client, filled: int) -> None:
    found = by_distinct_ids(client, filled, *NASTY, "x" * 401, "y" * 1_000_000)
    assert list(found) == [id for id in NASTY if id]
    assert {person["uuid"] for person in found.values()} == {TWIN}


@pytest.mark.parametrize(("batch", "field"), FIELDS.items())
@pytest.mark.parametrize(
    "value", [..., None, "ada", 5, {}, {"0": "ada"}, True, []], ids=lambda value: str(value)
)
def test_without_a_list_there_are_no_results(
    client: Client, filled: int, batch: str, field: str, value: object
) -> None:
    body = {"ids": ["ada"]} if value is ... else {field: value}
    answer = ask(client, filled, batch, json=body)
    assert (answer.status_code, answer.json()) == (200, {"results": {}})


@pytest.mark.parametrize("batch", FIELDS)
def test_an_empty_body_is_an_empty_object(client: Client, filled: int, batch: str) -> None:
    for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}):
        answer = ask(client, filled, batch, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"results": {}})


@pytest.mark.parametrize(("batch", "field"), FIELDS.items())
@pytest.mark.parametrize("item", [1, None, True, ["ada"], {"id": ADA}])
def test_an_id_that_is_no_text_is_refused_by_its_place(
    client: Client, filled: int, batch: str, field: str, item: object
) -> None:
    answer = ask(client, filled, batch, json={field: [ADA, ADA, item, 5]})
    assert refused(answer) == (400, "invalid_input", field)
    assert answer.json()["detail"] == f"`{field}[2]` is no text."


@pytest.mark.parametrize("text", ["", "ada", ADA[:-1], f"{ADA}0", "1", "x" * 500])
def test_what_is_no_uuid_is_refused(client: Client, filled: int, text: str) -> None:
    answer = ask(client, filled, "batch_by_uuids", json={"uuids": [ADA, text]})
    assert refused(answer) == (400, "invalid_input", "uuids")
    assert answer.json()["detail"] == f"`uuids[1]` is no UUID: {text[:40]!r}."


@pytest.mark.parametrize(("batch", "field"), FIELDS.items())
def test_more_ids_than_the_limit_are_refused(
    client: Client, filled: int, batch: str, field: str
) -> None:
    most = 200
    answer = ask(client, filled, batch, json={field: [ADA] * most})
    assert answer.status_code == 200
    answer = ask(client, filled, batch, json={field: [ADA] * (most + 1)})
    assert refused(answer) == (400, "invalid_input", field)
    assert answer.json()["detail"] == (
        f"`{field}` has 201 ids, and a request may have 200: send them in several, or set"
        " `limits.batch_ids` higher."
    )


@pytest.fixture(scope="module")
def wide(settings: Settings, engine: Engine, filled: int) -> Iterator[Client]:
    """A client of a service that takes as many ids as can be set."""
    limits = msgspec.structs.replace(settings.limits, batch_ids=10_000)
    wider = msgspec.structs.replace(settings, limits=limits)
    app = create_app(wider, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as client:
        client.headers.update(ADMIN)
        yield client


def test_ten_thousand_ids(wide: Client, open_client: Client, insert_persons: InsertPersons) -> None:
    project = make_project(open_client, "crowd")
    # All of the longest that are kept, and escaped when they are sent.
    ids = [f"'\\\t{n:_<397}" for n in range(10_000)]
    insert_persons(project, *({"distinct_ids": [id]} for id in ids[::2]))
    found = by_distinct_ids(wide, project, *ids)
    assert list(found) == ids[::2]
    assert all(person["distinct_ids"] == [id] for id, person in found.items())
    uuids = [person["uuid"] for person in found.values()]
    assert list(by_uuids(wide, project, *uuids, *uuids)) == uuids
    assert len(by_uuids(wide, project, *(str(UUID(int=n)) for n in range(10_000)))) == 0


def test_a_person_with_150_000_distinct_ids(
    wide: Client, open_client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(open_client, "many ids")
    insert_persons(project, {"distinct_ids": [f"id {n}" for n in range(150_000)]})
    asked = [f"id {n}" for n in range(0, 150_000, 30)]
    answer = ask(wide, project, "batch_by_distinct_ids", json={"distinct_ids": asked})
    found = answer.json()["results"]
    assert list(found) == asked
    assert found["id 149970"]["distinct_ids"] == [f"id {n}" for n in range(10)]
    assert found["id 149970"]["name"] == "id 0"


@pytest.mark.parametrize("ids", ["0", "10001", "-1", "many"])
def test_the_limit_can_be_set_up_to_ten_thousand(ids: str) -> None:
    name = "PERSONHOUSE_LIMITS__BATCH_IDS"
    assert load(None, {name: "10000"}).limits.batch_ids == 10_000
    with pytest.raises(SettingsError, match="batch_ids"):
        load(None, {name: ids})


@pytest.mark.parametrize("batch", FIELDS)
@pytest.mark.parametrize(
    "body",
    [b"{", b"[1,", b"x", b'{"a":1,}', b"\xff", b'{"uuids":["\\ud800"]}', b"[" * 100_000],
    ids=["object", "list", "word", "comma", "byte", "surrogate", "deep"],
)
def test_a_body_that_is_no_json_is_a_parse_error(
    client: Client, filled: int, batch: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = ask(client, filled, batch, content=body, headers=headers)
    assert refused(answer) == (400, "parse_error", None)
    assert answer.json()["type"] == "invalid_request"
    assert answer.json()["detail"].startswith("JSON parse error - ")


@pytest.mark.parametrize("batch", FIELDS)
@pytest.mark.parametrize("body", [b"[]", b'"ada"', b"null", b"5", b'["ada"]'])
def test_a_body_that_is_no_object_is_refused(
    client: Client, filled: int, batch: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = ask(client, filled, batch, content=body, headers=headers)
    assert refused(answer) == (400, "invalid_input", None)


@pytest.mark.parametrize("batch", FIELDS)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
def test_a_body_of_another_kind_is_a_415(
    client: Client, filled: int, batch: str, kind: str
) -> None:
    answer = ask(client, filled, batch, content=b"{}", headers={"Content-Type": kind})
    assert refused(answer) == (415, "unsupported_media_type", None)
    assert answer.json()["detail"].startswith(f'Unsupported media type "{kind}" in request.')


@pytest.mark.parametrize("batch", FIELDS)
def test_both_prefixes_with_and_without_slash(client: Client, filled: int, batch: str) -> None:
    for prefix in ("projects", "environments"):
        for slash in ("", "/"):
            answer = client.post(f"/api/{prefix}/{filled}/persons/{batch}{slash}", json={})
            assert (answer.status_code, answer.history) == (200, [])


@pytest.mark.parametrize("batch", FIELDS)
def test_it_takes_person_read_before_all_arguments(
    open_client: Client, make_key: MakeKey, filled: int, batch: str
) -> None:
    def status(key: str | None, project: int = filled, content: bytes = b"{") -> int:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return int(ask(open_client, project, batch, content=content, headers=headers).status_code)

    assert status(None) == status("phx_wrong") == 401
    assert status(make_key("activity_log:read")) == 403
    assert status(make_key("person:read"), 999) == 404
    assert status(make_key("person:read")) == 415
    assert status(make_key("person:read"), content=b"") == 200
    answer = open_client.get(
        f"/api/projects/{filled}/persons/{batch}",
        headers={"Authorization": f"Bearer {make_key('*')}"},
    )
    assert refused(answer) == (405, "method_not_allowed", None)


def test_only_who_has_an_id_now_is_found(
    client: Client, open_client: Client, insert_persons: InsertPersons, delete_person: DeletePerson
) -> None:
    project = make_project(open_client, "moves")
    insert_persons(project, {"distinct_ids": ["a"], "properties": {"v": 1}})
    insert_persons(project, {"distinct_ids": ["a"], "properties": {"v": 2}})
    insert_persons(project, {"distinct_ids": ["gone"]})
    (gone,) = by_distinct_ids(client, project, "gone").values()
    delete_person(project, gone)
    found = by_distinct_ids(client, project, "a", "gone")
    assert {id: person["properties"] for id, person in found.items()} == {"a": {"v": 2}}
    assert by_uuids(client, project, gone["uuid"]) == {}
    assert by_distinct_ids(client, make_project(open_client, "other"), "a") == {}
