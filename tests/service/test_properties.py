"""GET persons/properties: the catalogue, against one made in plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.conftest import Client, InsertPersons, make_project
from tests.service.editing import refused

AWKWARD: list[dict[str, Any]] = [
    {"plan": "pro", "age": 34, "ratio": 0.5, "is": True, "gone": None},
    {"plan": "free", "age": "34", "tags": ["a", "b"], "at": {"city": "X", "n": [1]}},
    {"plan": "pro", "age": 1.0, "": "empty", 'a"b\\c.d\n': 'x"\\y\n', "ü": "é"},
    {"age": 1.5e-300, "big": 10**30, "digits": "1" * 25, "plan": "a{}[]\\"},
    {"big": -(10**22), "digits": "123", "is": False, "huge": 2**64 - 1},
    {"long": "x" * 500, "plan": ""},
    {},
]


def catalogue(client: Client, project: int, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/api/projects/{project}/persons/properties{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def expected(persons: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for properties in persons:
        for key, value in properties.items():
            found[key][kind(value)] += 1
    return {key: dict(counts) for key, counts in found.items()}


def types(answer: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {one["key"]: one["types"] for one in answer["results"]}


@pytest.fixture
def awkward(client: Client, open_client: Client) -> int:
    project = make_project(open_client, "awkward")
    lines = [
        json.dumps({"distinct_ids": [f"a{n}"], "properties": properties})
        for n, properties in enumerate(AWKWARD)
    ]
    lines.append('{"distinct_ids": ["twice"], "properties": {"plan": 1, "x": 2, "plan": "pro"}}')
    answer = open_client.post(f"/api/projects/{project}/imports", content="\n".join(lines))
    assert answer.json()["written"] == len(lines), answer.text
    return project


def test_keys_types_and_values_of_awkward_properties(client: Client, awkward: int) -> None:
    answer = catalogue(client, awkward)
    assert answer["persons"] == len(AWKWARD) + 1
    assert types(answer) == expected([*AWKWARD, {"plan": "pro", "x": 2}])
    assert answer["count"] == len(answer["results"])


@pytest.fixture
def usual(open_client: Client, insert_persons: InsertPersons) -> int:
    """Persons with keys k0 to k4, k0 on all of them and k4 on one, and no others."""
    project = make_project(open_client, "usual")
    people = [
        {"distinct_ids": [f"u{n}"], "properties": {f"k{i}": str(n % 2) for i in range(n + 1)}}
        for n in reversed(range(5))
    ]
    insert_persons(project, *people)
    return project


def test_what_is_said_of_a_key(client: Client, usual: int) -> None:
    (found,) = catalogue(client, usual, "?key=k2")["results"]
    assert {name: found[name] for name in found if not name.endswith("_at")} == {
        "key": "k2",
        "persons": 3,
        "fill_percent": 60.0,
        "types": {"string": 3},
        "warning": None,
        "distinct": 2,
        "distinct_is_exact": True,
        "top_values": [{"name": "0", "count": 2}, {"name": "1", "count": 1}],
        "top_values_are_exact": True,
    }
    assert found["first_seen_at"] <= found["last_seen_at"]


def test_pages_and_search(client: Client, usual: int) -> None:
    assert [one["key"] for one in catalogue(client, usual)["results"]] == [
        *("k0", "k1", "k2", "k3", "k4")
    ]
    assert catalogue(client, usual, "?search=K3")["count"] == 1
    assert catalogue(client, usual, "?key=k")["results"] == []
    page = catalogue(client, usual, "?limit=2&offset=2&search=k")
    assert [one["key"] for one in page["results"]] == ["k2", "k3"]
    assert (page["count"], page["persons"]) == (5, 5)
    last = client.get(page["next"]).json()
    assert [one["key"] for one in last["results"]] == ["k4"]
    assert last["next"] is None
    assert [one["key"] for one in client.get(page["previous"]).json()["results"]] == ["k0", "k1"]


def test_a_conflict_of_types_is_warned_of(client: Client, usual: int) -> None:
    (person,) = client.get(f"/api/projects/{usual}/persons?distinct_id=u4").json()["results"]
    client.patch(
        f"/api/projects/{usual}/persons/{person['uuid']}",
        json={"properties": {"k1": 1, "k4": None}},
    )
    found = {one["key"]: one for one in catalogue(client, usual)["results"]}
    assert found["k1"]["types"] == {"string": 3, "number": 1}
    assert found["k1"]["warning"] == (
        "Mostly string, but number for 1 of 4 persons: filters compare texts."
    )
    assert (found["k4"]["types"], found["k4"]["fill_percent"]) == ({"null": 1}, 0.0)
    assert found["k4"]["warning"] is None


@pytest.mark.embedded("on a server a count is believed for a while")
def test_it_is_as_of_now(client: Client, usual: int, insert_persons: InsertPersons) -> None:
    before = catalogue(client, usual)
    assert catalogue(client, usual)["counted_at"] > before["counted_at"]
    insert_persons(usual, {"distinct_ids": ["more"], "properties": {"new": [1]}})
    after = catalogue(client, usual)
    assert types(after) == {**types(before), "new": {"array": 1}}
    assert (before["persons"], after["persons"]) == (5, 6)


def test_five_thousand_keys(client: Client, open_client: Client) -> None:
    project = make_project(open_client, "wide")
    lines = [
        json.dumps(
            {"distinct_ids": [f"w{n}"], "properties": {f"key_{n}_{i}": i for i in range(50)}}
        )
        for n in range(100)
    ]
    client.post(f"/api/projects/{project}/imports", content="\n".join(lines))
    answer = catalogue(client, project, "?limit=10000")
    assert answer["count"] == len({one["key"] for one in answer["results"]}) == 5_000


def test_a_project_without_persons_has_no_properties(client: Client, open_client: Client) -> None:
    empty = catalogue(client, make_project(open_client, "none"))
    assert (empty["count"], empty["persons"], empty["results"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("?limit=x", "limit"),
        ("?limit=-1", "limit"),
        ("?offset=1.5", "offset"),
        (f"?key={'k' * 401}", "key"),
        (f"?search={'k' * 401}", "search"),
        ("?key=a&key=b", "key"),
        ("?search=a&search=b", "search"),
    ],
)
def test_junk_is_refused(client: Client, usual: int, query: str, attr: str) -> None:
    status, _, named = refused(client.get(f"/api/projects/{usual}/persons/properties{query}"))
    assert (status, named) == (400, attr)
