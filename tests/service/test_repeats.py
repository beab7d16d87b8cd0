"""Parameters given more than once: `distinct_id` means any of them, the others say one thing."""

from __future__ import annotations

from typing import Any

import pytest

from service.settings import Settings
from tests.conftest import Client, InsertPersons, make_project


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    ids = [["ada"], ["bob", "0189-aa-bb-cc-dd"], [], ["dee"]]
    insert_persons(
        project,
        *(
            {
                "uuid": f"00000000-0000-4000-8000-00000000000{n}",
                "distinct_ids": mine,
                "created_at": f"2024-01-0{n}T00:00:00Z",
                "properties": {"name": "abcd"[n - 1], "plan": "pro" if n == 1 else n},
            }
            for n, mine in enumerate(ids, 1)
        ),
    )
    return project


def rows(client: Client, project: int, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/projects/{project}/persons{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?distinct_id=ada&distinct_id=dee", "da"),
        ("?distinct_id=bob&distinct_id=0189-aa-bb-cc-dd&distinct_id=bob", "b"),
        ("?distinct_id=ada&distinct_id=nobody", "a"),
        ("?distinct_id=&distinct_id=ada", "a"),
        ("?distinct_id=&distinct_id=", "dcba"),
        ("?distinct_id=ada,bob", ""),
        ("?distinct_id=ada&distinct_id=bob&search=ob", "b"),
    ],
)
def test_persons_who_have_any_of_the_distinct_ids(
    client: Client, filled: int, query: str, expected: str
) -> None:
    page = client.get(f"/api/projects/{filled}/persons{query}").json()
    assert "".join(names(page["results"])) == expected
    assert page["count"] == len(expected)
    exported = client.get(f"/api/projects/{filled}/persons.csv{query}").text
    assert exported.count("\r\n") == (len(expected) + 1 if expected else 0)


def test_a_walk_over_several_distinct_ids(client: Client, filled: int) -> None:
    found: list[str] = []
    address = f"/api/projects/{filled}/persons?distinct_id=ada&limit=1&distinct_id=dee"
    while address:
        page = client.get(address).json()
        assert page["count"] == 2
        found += names(page["results"])
        address = page["next"]
    assert found == ["d", "a"]


def test_a_comma_is_a_part_of_a_distinct_id(
    client: Client, open_client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(open_client, "commas")
    insert_persons(project, *({"distinct_ids": [id]} for id in ("a,b", "a", "b")))
    assert names(rows(client, project, "?distinct_id=a,b")) == ["a,b"]
    assert names(rows(client, project, "?distinct_id=a%2Cb")) == ["a,b"]
    found = rows(client, project, "?distinct_id=a,b&distinct_id=a")
    assert sorted(names(found)) == ["a", "a,b"]


@pytest.mark.parametrize("form", ["persons", "persons.csv"])
def test_more_distinct_ids_than_the_limit_are_refused(
    client: Client, filled: int, settings: Settings, form: str
) -> None:
    most = settings.limits.batch_ids
    ids = [f"id {n}" for n in range(most)]
    address = f"/api/projects/{filled}/{form}"
    asked = {"distinct_id": [*ids, "", ids[0]]}
    assert client.get(address, params=asked).status_code == 200
    answer = client.get(address, params={"distinct_id": [*ids, "one more"]})
    assert (answer.status_code, answer.json()["attr"]) == (400, "distinct_id")
    assert f"may have {most}" in answer.json()["detail"]
    assert "`limits.batch_ids`" in answer.json()["detail"]


ONE_THING = [
    *("email", "search", "limit", "offset", "cursor", "include_total", "format"),
    *("key", "value"),
]


@pytest.mark.parametrize("form", ["persons", "persons.csv", "persons/values"])
@pytest.mark.parametrize("name", ONE_THING)
def test_one_thing_said_in_two_ways_is_refused(
    client: Client, filled: int, form: str, name: str
) -> None:
    for values in ("1", "2"), ("", "1"), ("json", "csv", "json"):
        query = "&".join(f"{name}={value}" for value in values)
        answer = client.get(f"/api/projects/{filled}/{form}?{query}")
        assert (answer.status_code, answer.json()["attr"]) == (400, name)
        assert answer.json()["detail"] == f"`{name}` is given more than once, not always the same."


def test_one_thing_said_twice_is_said_once(client: Client, filled: int) -> None:
    query = "limit=2&limit=2&offset=1&offset=1&search=&search=&format=json&format=json"
    page = client.get(f"/api/projects/{filled}/persons?{query}").json()
    assert names(page["results"]) == ["c", "b"]
    address = f"/api/projects/{filled}/persons/values?key=plan&key=plan&value=pro&value=pro"
    assert client.get(address).json()["results"] == [{"name": "pro", "count": 1}]
