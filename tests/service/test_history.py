"""GET persons/:id/history, persons/properties_at_time, and `as_of`."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from queries.history import Noted, get_retention
from service.engine import Engine
from service.history import History, notes_frame
from tests.conftest import Client, InsertPersons, MakeKey, make_project
from tests.service.editing import People, refused

ABSENT = object()


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


@pytest.fixture
def people(client: Client, open_client: Client, insert_persons: InsertPersons) -> People:
    """Of a project of the test's own."""
    return People(client, make_project(open_client, "past"), insert_persons)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def changes(people: People, id: object, query: str = "") -> list[dict[str, Any]]:
    """All changes, page by page."""
    answer = people.ask("GET", id, f"/history{query}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found = list(body["results"])
    while body["next"]:
        body = people.client.get(body["next"]).json()
        found += body["results"]
    return found


def told(change: dict[str, Any]) -> tuple[str, object, object]:
    old = change["old_value"] if change["was_set"] else ABSENT
    new = change["new_value"] if change["is_set"] else ABSENT
    return change["property"], old, new


def test_each_change_says_when_by_whom_and_what(people: People, make_key: MakeKey) -> None:
    person = people.make("a", properties={"plan": "free", "n": 1})
    began = now()
    people.ask("PATCH", person["uuid"], json={"properties": {"plan": "pro", "m": None}})
    people.post(person["uuid"], "delete_property", {"$unset": "n"})
    found = changes(people, person["uuid"])
    assert [told(change) for change in found] == [
        ("n", 1, ABSENT),
        ("plan", "free", "pro"),
        ("m", ABSENT, None),
    ]
    assert [change["source"] for change in found] == ["delete_property", "updated", "updated"]
    logged = people.log(person["uuid"])
    assert [change["key_id"] for change in found] == [
        logged[n]["user"]["key_id"] for n in (0, 1, 1)
    ]
    assert {change["key_label"] for change in found} == {"tests"}
    assert all(began <= change["timestamp"] <= now() for change in found)
    assert found == changes(people, person["id"])


def test_an_import_is_told_from_a_key(people: People) -> None:
    person = people.make("a", properties={"n": 1, "gone": True})
    assert changes(people, person["uuid"]) == []
    people.make("a", properties={"n": 2})
    found = changes(people, person["uuid"])
    assert [told(change) for change in found] == [("n", 1, 2), ("gone", True, ABSENT)]
    assert {(one["source"], one["key_id"], one["key_label"]) for one in found} == {
        ("imported", None, None)
    }


def test_of_one_property_alone(people: People) -> None:
    person = people.make("a")
    for n in range(5):
        people.ask("PATCH", person["uuid"], json={"properties": {"n": n, "": n}})
    found = changes(people, person["uuid"], "?key=n&limit=2")
    assert [one["new_value"] for one in found] == [4, 3, 2, 1, 0]
    assert {one["property"] for one in found} == {"n"}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_have_each_change_once_while_others_write(people: People, limit: int) -> None:
    person = people.make("a")
    for n in range(4):
        people.ask("PATCH", person["uuid"], json={"properties": {"a": n, "b": n, "c": n}})
    body = people.ask("GET", person["uuid"], f"/history?limit={limit}").json()
    found = list(body["results"])
    while body["next"]:
        people.ask("PATCH", person["uuid"], json={"properties": {"a": len(found) + 10}})
        body = people.client.get(body["next"]).json()
        found += body["results"]
        assert len(body["results"]) == limit or body["next"] is None
    assert [(one["property"], one["new_value"]) for one in found] == [
        (key, n) for n in (3, 2, 1, 0) for key in "abc"
    ]


def test_a_split_and_a_merge_keep_the_way_back(people: People) -> None:
    person = people.make("a", "b", properties={"n": 0}, created_at="2024-05-01T00:00:00Z")
    other = people.make("c", properties={"n": 5, "lacking": "x"}, created_at="2024-01-01T00:00:00Z")
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 1}})
    people.post(person["uuid"], "split", {"distinct_ids_to_split": ["b"]})
    # To another place, as the other one was created before.
    people.post(person["uuid"], "merge", {"ids": [other["uuid"]]})
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 2}})
    assert [told(one) for one in changes(people, person["uuid"])] == [
        ("n", 1, 2),
        ("lacking", ABSENT, "x"),
        ("n", 0, 1),
    ]
    assert people.ask("GET", other["uuid"], "/history").status_code == 404


def test_what_a_write_noted_that_failed_is_not_shown(people: People, engine: Engine) -> None:
    person = people.make("a", properties={"n": 1})
    noted = Noted(
        team_id=people.project,
        person_number=person["id"],
        person_id=UUID(person["uuid"]),
        version=2**50,
        write_id=99,
        follows=98,
        followed=1,
        source="updated",
        key_id="",
        key_label="",
        keys=["n"],
        before=["1"],
        after=["7"],
    )
    engine.insert_now("history", notes_frame([noted]))
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 2}})
    assert [told(one) for one in changes(people, person["uuid"])] == [("n", 1, 2)]


def test_history_replays_to_what_is_after_a_thousand_random_writes(
    people: People, make_key: MakeKey, insert_persons: InsertPersons
) -> None:
    draw = random.Random(5)
    keys = [make_key("person:write") for _ in range(3)]
    lines = [
        {"distinct_ids": [f"p{n}", f"q{n}"], "properties": {"k0": n, "start": [n]}}
        for n in range(60)
    ]
    insert_persons(people.project, *lines)
    made = [people.having(f"p{n}") for n in range(60)]
    start = {person["uuid"]: person["properties"] for person in made}
    writes = 0
    while writes < 1_000:
        headers = {"Authorization": f"Bearer {draw.choice(keys)}"}
        number, key = draw.randrange(60), f"k{draw.randrange(6)}"
        uuid = made[number]["uuid"]
        match draw.randrange(6):
            case 0 | 1 | 2:
                value = draw.choice([writes, str(writes), None, [writes], {"n": 1}, writes / 7])
                body = {"properties": {key: value, "k1": draw.randrange(3)}}
                answer = people.ask("PATCH", uuid, json=body, headers=headers)
            case 3:
                unset = {"$unset": [key, "start"]}
                answer = people.post(uuid, "delete_property", unset, headers=headers)
            case _:
                # Each line of an import is a write to a person of its own.
                some = draw.sample(range(60), 25)
                again = [
                    {"distinct_ids": [f"p{n}"], "properties": {"imported": writes, key: n}}
                    for n in some
                ]
                insert_persons(people.project, *again)
                writes += len(some)
                continue
        assert answer.status_code == 200, answer.text
        writes += 1
    for person in made:
        properties = dict(start[person["uuid"]])
        for change in reversed(changes(people, person["uuid"], "?limit=37")):
            key, old, new = told(change)
            assert properties.get(key, ABSENT) == old or (old is ABSENT and key not in properties)
            if new is ABSENT:
                del properties[key]
            else:
                properties[key] = new
        assert properties == people.get(person["uuid"])["properties"]


def at(people: People, query: str) -> dict[str, Any]:
    answer = people.client.get(f"/api/projects/{people.project}/persons/properties_at_time{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_properties_are_those_of_the_time(people: People) -> None:
    person = people.make("a", properties={"n": 0})
    moments = [now()]
    for n in range(1, 4):
        people.ask("PATCH", person["uuid"], json={"properties": {"n": n}})
        moments.append(now())
    people.post(person["uuid"], "delete_property", {"$unset": "n"})
    found: dict[str, Any] = {}
    for n, moment in enumerate(moments):
        found = at(people, f"?timestamp={moment}&distinct_id=a")
        assert found["properties"] == {"n": n}
        assert found["point_in_time_metadata"]["is_known"] is True
        assert found["point_in_time_metadata"]["queried_timestamp"] == moment
        assert found == at(people, f"?timestamp={moment}&person_id={person['id']}")
        assert found == people.ask("GET", person["uuid"], f"?as_of={moment}").json()
    assert at(people, f"?timestamp={now()}&distinct_id=a")["properties"] == {}
    same = {key: value for key, value in found.items() if key in person and key != "properties"}
    assert same == {key: value for key, value in person.items() if key != "properties"}


def test_what_is_known_only_from_a_later_import_is_said_so(people: People) -> None:
    person = people.make("a", properties={"n": 0}, created_at="2024-01-01T00:00:00Z")
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 1}})
    found = at(people, "?timestamp=2024-02-01&distinct_id=a")
    known = found["point_in_time_metadata"]
    assert known["is_known"] is False
    assert known["queried_timestamp"] == "2024-02-01T00:00:00Z" < known["known_from"]
    assert found["properties"] == {"n": 0}
    assert at(people, f"?timestamp={known['known_from']}&distinct_id=a")["properties"] == {"n": 0}


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("", "timestamp"),
        ("?timestamp=&distinct_id=a", "timestamp"),
        ("?timestamp=yesterday&distinct_id=a", "timestamp"),
        ("?timestamp=-7d&distinct_id=a", "timestamp"),
        ("?timestamp=2024-13-01&distinct_id=a", "timestamp"),
        ("?timestamp=2024-01-01", "distinct_id"),
        ("?timestamp=2024-01-01&distinct_id=a&person_id=5", "distinct_id"),
        ("?timestamp=2024-01-01&distinct_id=a&distinct_id=b", "distinct_id"),
        ("?timestamp=2024-01-01&person_id=5&person_id=6", "person_id"),
        ("?timestamp=2024-01-01&person_id=5&include_set_once=x", "include_set_once"),
    ],
)
def test_what_cannot_be_understood_is_refused(people: People, query: str, attr: str) -> None:
    path = f"/api/projects/{people.project}/persons/properties_at_time{query}"
    status, _, named = refused(people.client.get(path))
    assert (status, named) == (400, attr)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?cursor=x", "cursor"),
        ("?cursor=1.2", "cursor"),
        ("?cursor=1.18446744073709551616.0", "cursor"),
        ("?cursor=1.1.1&cursor=2.2.2", "cursor"),
    ],
)
def test_history_refuses_junk(people: People, query: str, attr: str) -> None:
    person = people.make("a")
    status, _, named = refused(people.ask("GET", person["uuid"], f"/history{query}"))
    assert (status, named) == (400, attr)


@pytest.mark.parametrize("as_of", ["x", "-7d", "2024-99-01"])
def test_as_of_refuses_what_is_no_time(people: People, as_of: str) -> None:
    person = people.make("a")
    assert refused(people.ask("GET", person["uuid"], f"?as_of={as_of}"))[::2] == (400, "as_of")


def test_nobody_has_no_past(people: People) -> None:
    nobody = UUID(int=7)
    for answer in (
        people.ask("GET", nobody, "/history"),
        people.ask("GET", 12345, "/history"),
        people.ask("GET", nobody, f"?as_of={now()}"),
        people.ask("GET", f"properties_at_time?timestamp=2024-01-01&distinct_id={nobody}"),
        people.ask("GET", f"properties_at_time?timestamp=2024-01-01&person_id={nobody}"),
    ):
        assert answer.status_code == 404


def test_history_is_not_older_than_is_set(people: People, engine: Engine) -> None:
    person = people.make("a", properties={"n": 1})
    people.ask("PATCH", person["uuid"], json={"properties": {"n": 2}})
    short = History(engine, keep_days=1)
    short.start()
    try:
        (made,) = engine.fetch_now(get_retention(engine.place_of("history").table))
        assert made.days == 1
        assert [told(one) for one in changes(people, person["uuid"])] == [("n", 1, 2)]
    finally:
        History(engine, keep_days=400).start()
    (made,) = engine.fetch_now(get_retention(engine.place_of("history").table))
    assert made.days == 400
