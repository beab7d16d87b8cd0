"""created_after, created_before, updated_after and last_seen_after of the list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

DAYS = [f"2024-05-0{n}T00:00:00Z" for n in range(1, 7)]


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Six, created on six days, of whom the even ones were seen a year later."""
    made = People(client, make_project(open_client, "times"), insert_persons)
    for n, day in enumerate(DAYS):
        seen = {"last_seen_at": day.replace("2024", "2025")} if n % 2 == 0 else {}
        made.make(f"p{n}", properties={"n": n}, created_at=day, **seen)
    return made


def found(people: People, **asked: Any) -> list[int]:
    path = f"/api/projects/{people.project}/persons"
    answer = people.client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["count"] == len(body["results"])
    return sorted(person["properties"]["n"] for person in body["results"])


def test_created_after_is_that_moment_or_later(people: People) -> None:
    assert found(people, created_after=DAYS[2]) == [2, 3, 4, 5]
    assert found(people, created_after="2024-05-03T00:00:00.000001Z") == [3, 4, 5]
    assert found(people, created_after="2024-05-03") == [2, 3, 4, 5]
    assert found(people, created_after="2024-05-03T02:00:00+02:00") == [2, 3, 4, 5]


def test_created_before_is_earlier(people: People) -> None:
    assert found(people, created_before=DAYS[2]) == [0, 1]
    assert found(people, created_before="2024-05-03T00:00:00.000001Z") == [0, 1, 2]


def test_spans_that_meet_have_nobody_in_common_and_leave_nobody_out(people: People) -> None:
    first = found(people, created_before=DAYS[3])
    second = found(people, created_after=DAYS[3], created_before=DAYS[5])
    third = found(people, created_after=DAYS[5])
    assert first + second + third == [0, 1, 2, 3, 4, 5]


def test_last_seen_after_leaves_out_who_was_never_seen(people: People) -> None:
    assert found(people, last_seen_after="2025-01-01") == [0, 2, 4]
    assert found(people, last_seen_after="2025-05-03") == [2, 4]
    assert found(people, last_seen_after="1970-01-01") == [0, 2, 4]


def test_updated_after_is_who_was_changed_since(people: People) -> None:
    assert found(people, updated_after="2024-01-01") == [0, 1, 2, 3, 4, 5]
    person = people.having("p1")
    people.ask("PATCH", person["uuid"], json={"properties": {"x": 1}})
    changed = people.ask("GET", person["uuid"], "/history").json()["results"][0]["timestamp"]
    assert found(people, updated_after=changed) == [1]
    # The version before passes nothing on.
    people.post(person["uuid"], "delete_property", {"$unset": "x"})
    assert found(people, updated_after=changed, search="p1") == [1]
    people.ask("DELETE", person["uuid"])
    assert found(people, updated_after=changed) == []


@pytest.mark.parametrize(
    ("name", "since_ever", "from_far_ahead"),
    [
        ("updated_after", [0, 1, 2, 3, 4, 5], []),
        ("created_after", [0, 1, 2, 3, 4, 5], []),
        ("created_before", [], [0, 1, 2, 3, 4, 5]),
        ("last_seen_after", [0, 2, 4], []),
    ],
)
def test_times_that_no_person_has_are_times_too(
    people: People, name: str, since_ever: list[int], from_far_ahead: list[int]
) -> None:
    for text in ("1001-01-01", "1960-01-01T00:00:00Z"):
        assert found(people, **{name: text}) == since_ever
    assert found(people, **{name: "9999-01-01"}) == from_far_ahead


def test_they_go_with_filters_and_csv(people: People) -> None:
    asked = {"created_after": DAYS[1], "properties": '{"n":[0,1,2,3]}', "last_seen_after": "2025"}
    assert refused(people.client.get(f"/api/projects/{people.project}/persons", params=asked)) == (
        400,
        "invalid_input",
        "last_seen_after",
    )
    asked["last_seen_after"] = "2025-01-01"
    assert found(people, **asked) == [2]
    table = people.client.get(f"/api/projects/{people.project}/persons.csv", params=asked).text
    assert len(table.splitlines()) == 2


def test_pages_keep_them(people: People) -> None:
    path = f"/api/projects/{people.project}/persons"
    body = people.client.get(path, params={"created_before": DAYS[5], "limit": 2}).json()
    met = list(body["results"])
    while body["next"]:
        body = people.client.get(body["next"]).json()
        met += body["results"]
    assert [person["properties"]["n"] for person in met] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "name", ["created_after", "created_before", "updated_after", "last_seen_after"]
)
@pytest.mark.parametrize("text", ["yesterday", "-7d", "2024-13-01", "1e9"])
def test_what_is_no_time_is_refused(people: People, name: str, text: str) -> None:
    path = f"/api/projects/{people.project}/persons"
    answer = people.client.get(path, params={name: text})
    assert refused(answer) == (400, "invalid_input", name)
