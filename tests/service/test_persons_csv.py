"""The CSV form of the list, as the API answers it; what stands in it: test_export.py."""

from __future__ import annotations

import csv
import io

import pytest

from tests.conftest import Client, InsertPersons, make_project


@pytest.fixture(scope="module")
def three(project: int, insert_persons: InsertPersons) -> int:
    insert_persons(
        project,
        *(
            {
                "distinct_ids": [name],
                "created_at": f"2024-01-0{day}T00:00:00Z",
                "properties": {"plan": plan},
            }
            for day, name, plan in ((1, "a", "pro"), (2, "b", "free"), (3, "c", "pro"))
        ),
    )
    return project


def names(text: str) -> list[str]:
    return [row["name"] for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize(
    ("address", "accept"),
    [
        ("persons.csv", "*/*"),
        ("persons.csv/", "application/json"),
        ("persons?format=csv", "application/json"),
        ("persons/?format=csv", "*/*"),
        ("persons", "text/csv"),
        ("persons", "text/csv, application/json;q=0.5"),
        ("persons/?format=csv&limit=1&offset=1", "*/*"),
        ("persons.csv?limit=wrong&offset=-1", "*/*"),
    ],
)
def test_all_persons_whatever_the_page(
    client: Client, three: int, address: str, accept: str
) -> None:
    answer = client.get(f"/api/projects/{three}/{address}", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="persons.csv"'
    assert names(answer.text) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("", "*/*"),
        ("", "application/json, text/csv"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("format=json", "text/csv"),
    ],
)
def test_json_otherwise(client: Client, three: int, query: str, accept: str) -> None:
    answer = client.get(f"/api/projects/{three}/persons?{query}", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/json"


def test_the_arguments_narrow_it(client: Client, three: int) -> None:
    for query in ('properties={"plan":"pro"}', "search=c", "distinct_id=c", "email=nobody"):
        address = f"/api/environments/{three}/persons"
        listed = client.get(f"{address}?{query}").json()["results"]
        exported = client.get(f"{address}.csv?{query}").text
        assert names(exported) == [row["name"] for row in listed]


def test_of_nobody_it_is_empty(client: Client, open_client: Client) -> None:
    project = make_project(open_client, "nobody")
    answer = client.get(f"/api/projects/{project}/persons.csv")
    assert (answer.status_code, answer.content) == (200, b"")
