"""GET persons/values: what a property's values are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Client, DeletePerson, InsertPersons, make_project


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    values: list[Any] = ["pro", "pro", "pro", 2, "2", True, {"b": 1, "a": 2}, "", None, "50% off"]
    insert_persons(
        project,
        *(
            {
                "distinct_ids": [f"id-{n}"],
                "created_at": f"2024-01-0{n % 9 + 1}T00:00:00Z",
                "properties": {"plan": value},
            }
            for n, value in enumerate(values)
        ),
    )
    return project


def values(client: Client, project: int, **params: str) -> list[tuple[str, int]]:
    answer = client.get(f"/api/projects/{project}/persons/values/", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["refreshing"] is False
    return [(row["name"], row["count"]) for row in answer.json()["results"]]


def test_values_are_texts_by_how_many_have_them(client: Client, filled: int) -> None:
    assert values(client, filled, key="plan") == [
        ("pro", 3),
        ("2", 2),
        ("50% off", 1),
        ("true", 1),
        ('{"a":2,"b":1}', 1),
    ]


def test_value_is_contained_case_ignored_and_literal(client: Client, filled: int) -> None:
    assert values(client, filled, key="plan", value="PR") == [("pro", 3)]
    assert values(client, filled, key="plan", value="%") == [("50% off", 1)]
    assert values(client, filled, key="plan", value="_") == []


@pytest.mark.parametrize("key", ["", "nothing", "$virt_initial_channel_type", "Plan"])
def test_without_values_the_answer_is_empty(client: Client, filled: int, key: str) -> None:
    assert values(client, filled, key=key) == []


def test_without_key_the_answer_is_empty(client: Client, filled: int) -> None:
    assert values(client, filled) == []


def test_key_distinct_id_lists_distinct_ids(client: Client, filled: int) -> None:
    found = values(client, filled, key="distinct_id", value="ID-1")
    assert found == [("id-1", 1)]
    assert len(values(client, filled, key="distinct_id")) == 10


def test_at_most_20(client: Client, open_client: Client, insert_persons: InsertPersons) -> None:
    project = make_project(open_client, "many values")
    insert_persons(
        project, *({"distinct_ids": [f"{n:02}"], "properties": {"n": n}} for n in range(30))
    )
    assert len(values(client, project, key="n")) == 20
    assert len(values(client, project, key="distinct_id")) == 20


def test_each_person_counts_once_and_a_deleted_one_no_more(
    client: Client, open_client: Client, insert_persons: InsertPersons, delete_person: DeletePerson
) -> None:
    project = make_project(open_client, "versions")
    insert_persons(project, {"distinct_ids": ["a"], "properties": {"plan": "old"}})
    insert_persons(project, {"distinct_ids": ["a"], "properties": {"plan": "new"}})
    insert_persons(project, {"distinct_ids": ["b"], "properties": {"plan": "new"}})
    assert values(client, project, key="plan") == [("new", 2)]
    found = client.get(f"/api/projects/{project}/persons?distinct_id=b").json()["results"]
    delete_person(project, found[0])
    assert values(client, project, key="plan") == [("new", 1)]


def test_it_may_be_kept_for_ten_seconds(client: Client, filled: int) -> None:
    answer = client.get(f"/api/projects/{filled}/persons/values?key=plan")
    assert answer.headers["cache-control"] == "max-age=10"


def test_csv(client: Client, filled: int) -> None:
    answer = client.get(f"/api/projects/{filled}/persons/values?key=plan&value=pro&format=csv")
    assert answer.text == "count,name\r\n3,pro\r\n"
    assert client.get(f"/api/projects/{filled}/persons/values?format=csv").text == ""
