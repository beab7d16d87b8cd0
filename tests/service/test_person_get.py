"""GET persons/:id: by integer, by uuid, and by what is neither."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from queries.identity import person_number
from tests.conftest import Client, InsertPersons

ADA = UUID("d0e7c1aa-4b6f-4c1e-9f8e-5a6b7c8d9e0f")
# The low 53 bits are the same.
TWINS = (
    UUID("00000000-0000-4000-8001-000000000001"),
    UUID("11111111-1111-4111-8801-000000000001"),
)


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    ada: dict[str, Any] = {
        "uuid": ADA,
        "distinct_ids": ["0-a-b-c-d", "ada"],
        "properties": {"email": "ada@example.com", "a": {"b": [1, None, 'x,"y']}, "ok": True},
        "created_at": "2024-01-01T00:00:00.5Z",
        "is_identified": True,
    }
    twins = [{"uuid": uuid, "distinct_ids": [str(uuid)]} for uuid in TWINS]
    insert_persons(project, ada, *twins)
    return project


def get(client: Client, project: int, id: object, query: str = "") -> Any:
    return client.get(f"/api/projects/{project}/persons/{id}{query}")


def test_a_person(client: Client, filled: int) -> None:
    answer = get(client, filled, ADA)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": person_number(ADA),
        "uuid": str(ADA),
        "name": "ada@example.com",
        "distinct_ids": ["ada", "0-a-b-c-d"],
        "properties": {"email": "ada@example.com", "a": {"b": [1, None, 'x,"y']}, "ok": True},
        "created_at": "2024-01-01T00:00:00.500000Z",
        "last_seen_at": None,
    }


@pytest.mark.parametrize(
    "id",
    [
        str(ADA),
        str(ADA).upper(),
        ADA.hex,
        f"{{{ADA}}}",
        f"urn:uuid:{ADA}",
        str(person_number(ADA)),
        f"{ADA}/",
        f"{person_number(ADA)}/",
    ],
)
def test_whatever_the_api_hands_out_is_an_id(client: Client, filled: int, id: str) -> None:
    answer = get(client, filled, id)
    assert answer.json()["uuid"] == str(ADA)
    assert answer.history == []


def test_the_id_of_a_row_is_the_id_of_the_person(client: Client, filled: int) -> None:
    for row in client.get(f"/api/projects/{filled}/persons").json()["results"]:
        one = get(client, filled, row["uuid"]).json()
        assert one == {name: row[name] for name in one}


@pytest.mark.parametrize(
    "id",
    ["ada", "ada@example.com", "%20", "1.5", "1e3", "0x10", "x" * 300, "%D9%A3", str(ADA)[:-1]],
)
def test_what_is_no_id_is_a_400(client: Client, filled: int, id: str) -> None:
    answer = get(client, filled, id)
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "validation_error",
        "code": "invalid_input",
        "detail": "The ID provided does not look like a personID. If you are using a distinctId,"
        " please use /persons?distinct_id=<id> instead.",
        "attr": None,
    }


@pytest.mark.parametrize(
    "id",
    ["1", "0", "-5", str(2**53), "9" * 25, "9" * 5_000, "0" * 32, str(UUID(int=7))],
)
def test_nobody_has_this_id(client: Client, filled: int, id: str) -> None:
    answer = get(client, filled, id)
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Not found.",
        "attr": None,
    }


def test_an_integer_that_two_share_is_a_409_that_names_both(client: Client, filled: int) -> None:
    number = person_number(TWINS[0])
    assert number == person_number(TWINS[1])
    answer = get(client, filled, number)
    body = answer.json()
    assert (answer.status_code, body["code"], body["attr"]) == (409, "ambiguous_id", None)
    assert all(str(uuid) in body["detail"] for uuid in TWINS)
    for uuid in TWINS:
        assert get(client, filled, uuid).json()["uuid"] == str(uuid)


@pytest.mark.parametrize("ask", ["format", "accept"])
def test_csv_is_one_row_of_dotted_columns(client: Client, filled: int, ask: str) -> None:
    address = f"/api/projects/{filled}/persons/{ADA}"
    if ask == "format":
        answer = client.get(f"{address}?format=csv", headers={"Accept": "application/json"})
    else:
        answer = client.get(address, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row == {
        "created_at": "2024-01-01T00:00:00.500000Z",
        "distinct_ids.0": "ada",
        "distinct_ids.1": "0-a-b-c-d",
        "id": str(person_number(ADA)),
        "last_seen_at": "",
        "name": "ada@example.com",
        "properties.a.b.0": "1",
        "properties.a.b.1": "",
        "properties.a.b.2": 'x,"y',
        "properties.email": "ada@example.com",
        "properties.ok": "True",
        "uuid": str(ADA),
    }
    assert list(row) == sorted(row)


def test_an_unknown_format_is_a_404_and_errors_stay_json(client: Client, filled: int) -> None:
    for path in ("", f"/{ADA}", "/values"):
        answer = client.get(f"/api/projects/{filled}/persons{path}?format=xml")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert get(client, filled, "ada", "?format=csv").json()["code"] == "invalid_input"
