"""GET persons: who is listed, in which order, and what a row looks like."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from queries.identity import person_number
from service.settings import Settings
from tests.conftest import Client, DeletePerson, InsertPersons, make_project

PERSONS: list[dict[str, Any]] = [
    {
        "uuid": "00000000-0000-4000-8000-00000000000a",
        "distinct_ids": ["ada"],
        "created_at": "2024-01-01T00:00:00Z",
        "last_seen_at": "2024-02-03T04:00:00Z",
        "is_identified": True,
        "properties": {"email": "Ada@Example.com", "plan": "pro", "age": 36},
    },
    {
        "uuid": "00000000-0000-4000-8000-00000000000b",
        "distinct_ids": ["0189-aa-bb-cc-dd", "bob"],
        "created_at": "2024-01-02T00:00:00.252000Z",
        "properties": {"name": "Bob 100%", "plan": "free", "age": "7"},
    },
    {
        "uuid": "00000000-0000-4000-8000-00000000000c",
        "distinct_ids": [],
        "created_at": "2024-01-03T00:00:00Z",
        "properties": {},
    },
    {
        "uuid": "00000000-0000-4000-8000-00000000000d",
        "distinct_ids": ["dee"],
        "created_at": "2024-01-04T00:00:00Z",
        "properties": {
            "username": "dee_user",
            "email": "",
            "odd": [1, 2.50, None, {"b": 1, "a": {}}],
        },
    },
]
BY_TIME = ["d", "c", "b", "a"]


@pytest.fixture(scope="module")
def filled(project: int, insert_persons: InsertPersons) -> int:
    """A project with the persons above."""
    insert_persons(project, *PERSONS)
    return project


def rows(client: Client, project: int, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/projects/{project}/persons{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def letters(found: list[dict[str, Any]]) -> list[str]:
    """The last letter of each uuid."""
    return [row["uuid"][-1] for row in found]


def test_a_page_has_count_next_previous_results(client: Client, filled: int) -> None:
    answer = client.get(f"/api/projects/{filled}/persons/")
    assert answer.headers["content-type"] == "application/json"
    page = answer.json()
    assert list(page) == ["count", "next", "previous", "results"]
    assert (page["count"], page["next"], page["previous"]) == (4, None, None)


@pytest.mark.parametrize("prefix", ["projects", "environments"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_both_prefixes_with_and_without_slash(
    client: Client, filled: int, prefix: str, slash: str
) -> None:
    answer = client.get(f"/api/{prefix}/{filled}/persons{slash}")
    assert answer.status_code == 200
    assert answer.history == []
    assert letters(answer.json()["results"]) == BY_TIME


def test_a_row(client: Client, filled: int) -> None:
    row = rows(client, filled)[3]
    assert row == {
        "id": person_number(UUID(row["uuid"])),
        "uuid": "00000000-0000-4000-8000-00000000000a",
        "name": "Ada@Example.com",
        "distinct_ids": ["ada"],
        "properties": {"email": "Ada@Example.com", "plan": "pro", "age": 36},
        "created_at": "2024-01-01T00:00:00Z",
        "last_seen_at": "2024-02-03T04:00:00Z",
        "is_identified": True,
        "type": "person",
        "matched_recordings": [],
        "value_at_data_point": None,
    }


def test_ids_are_positive_integers_below_2_53(client: Client, filled: int) -> None:
    ids = [row["id"] for row in rows(client, filled)]
    assert all(isinstance(id, int) and 0 < id < 2**53 for id in ids)
    assert len(set(ids)) == len(ids)


def test_times_have_microseconds_only_where_there_are_any(client: Client, filled: int) -> None:
    times = [row["created_at"] for row in rows(client, filled)]
    assert times[2:] == ["2024-01-02T00:00:00.252000Z", "2024-01-01T00:00:00Z"]
    assert rows(client, filled)[0]["last_seen_at"] is None


def test_properties_come_back_byte_for_byte(
    client: Client, insert_persons: InsertPersons, filled: int
) -> None:
    text = client.get(f"/api/projects/{filled}/persons?distinct_id=dee").text
    assert json.dumps(PERSONS[3]["properties"]).replace(" ", "") in text


def test_name_is_email_name_or_username_then_a_distinct_id(client: Client, filled: int) -> None:
    d, c, b, a = rows(client, filled)
    assert [a["name"], b["name"], d["name"]] == ["Ada@Example.com", "Bob 100%", "dee_user"]
    assert c["name"] == str(c["id"])


def test_anonymous_distinct_ids_stand_last(client: Client, filled: int) -> None:
    assert rows(client, filled)[2]["distinct_ids"] == ["bob", "0189-aa-bb-cc-dd"]


def test_at_most_1000_distinct_ids_in_a_row(
    client: Client, open_client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(open_client, "many ids")
    insert_persons(project, {"distinct_ids": [f"id{n}" for n in range(1_001)]})
    (row,) = rows(client, project)
    assert len(row["distinct_ids"]) == 1_000
    one = client.get(f"/api/projects/{project}/persons/{row['uuid']}").json()
    assert len(one["distinct_ids"]) == 1_001


def test_a_person_from_more_than_a_day_ahead_is_hidden(
    client: Client, open_client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(open_client, "ahead")
    now = datetime.fromtimestamp(time.time(), UTC)
    for hours, name in ((23, "soon"), (25, "ahead")):
        moment = (now + timedelta(hours=hours)).isoformat()
        insert_persons(project, {"distinct_ids": [name], "created_at": moment})
    page = client.get(f"/api/projects/{project}/persons").json()
    assert [row["name"] for row in page["results"]] == ["soon"]
    assert page["count"] == 1


def test_a_deleted_person_is_hidden(
    client: Client,
    open_client: Client,
    insert_persons: InsertPersons,
    delete_person: DeletePerson,
) -> None:
    project = make_project(open_client, "deleted")
    insert_persons(project, {"distinct_ids": ["here"]}, {"distinct_ids": ["gone"]})
    (gone,) = rows(client, project, "?distinct_id=gone")
    assert client.get(f"/api/projects/{project}/persons").json()["count"] == 2
    delete_person(project, gone)
    page = client.get(f"/api/projects/{project}/persons").json()
    assert (page["count"], [row["name"] for row in page["results"]]) == (1, ["here"])
    assert client.get(f"/api/projects/{project}/persons/{gone['uuid']}").status_code == 404
    assert client.get(f"/api/projects/{project}/persons/{gone['id']}").status_code == 404


def test_another_project_has_its_own_persons(
    client: Client, open_client: Client, filled: int
) -> None:
    other = make_project(open_client, "other")
    assert rows(client, other) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?distinct_id=ada", "a"),
        ("?distinct_id=Ada", ""),
        ("?distinct_id=nobody", ""),
        ("?distinct_id=", "dcba"),
        ("?email=Ada@Example.com", "a"),
        ("?email=ada@example.com", ""),
        ("?email=", "dcba"),
        ("?search=EXAMPLE", "a"),
        ("?search=%20%20bob%20", "b"),
        ("?search=dee_u", "d"),
        ("?search=0189-", "b"),
        ("?search=00000000000C", "c"),
        ("?search=100%25", "b"),
        ("?search=1%25%25", ""),
        ("?search=ad_", ""),
        ("?search=", "dcba"),
        ("?search=%20", "dcba"),
        ("?email=Ada@Example.com&distinct_id=bob", ""),
        ("?unknown=1&uuid=2", "dcba"),
    ],
)
def test_arguments_narrow_the_list(client: Client, filled: int, query: str, expected: str) -> None:
    page = client.get(f"/api/projects/{filled}/persons{query}").json()
    assert "".join(letters(page["results"])) == expected
    assert page["count"] == len(expected)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("", "dcba"),
        ("[]", "dcba"),
        ("{}", "dcba"),
        ('{"plan":"pro"}', "a"),
        ('[{"key":"plan","value":"pro","operator":"exact","type":"person"}]', "a"),
        ('[{"key":"plan","value":["pro","free"]}]', "ba"),
        ('[{"key":"plan","value":"pro","operator":"is_not"}]', "dcb"),
        ('[{"key":"age","value":"8","operator":"gt"}]', "a"),
        ('[{"key":"age","operator":"is_set"}]', "ba"),
        (
            '{"type":"OR","values":[{"key":"plan","value":"pro"},{"key":"username",'
            '"value":"DEE","operator":"icontains"}]}',
            "da",
        ),
        (
            '[{"type":"AND","values":[{"type":"OR","values":[{"key":"plan","value":"pro"},'
            '{"key":"plan","value":"free"}]},{"key":"age","value":7}]}]',
            "b",
        ),
    ],
)
def test_properties_narrow_the_list(
    client: Client, filled: int, properties: str, expected: str
) -> None:
    answer = client.get(f"/api/projects/{filled}/persons", params={"properties": properties})
    assert "".join(letters(answer.json()["results"])) == expected
    assert answer.json()["count"] == len(expected)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("?properties=[object Object]", "Properties are unparsable!"),
        ("?properties={'values': []}", "Properties are unparsable!"),
        ("?properties=5", None),
        ('?properties=[{"key":"a","operator":"contain","value":1}]', None),
        ("?properties[key]=email&properties[value]=x", None),
        ("?properties%5B0%5D=x", None),
        ('?properties={"a":1}&properties={"b":2}', None),
    ],
)
def test_properties_that_are_not_understood_are_refused(
    client: Client, filled: int, query: str, detail: str | None
) -> None:
    for address in (f"persons{query}", f"persons.csv{query}"):
        answer = client.get(f"/api/projects/{filled}/{address}")
        assert answer.status_code == 400
        body = answer.json()
        assert (body["type"], body["code"], body["attr"]) == (
            "validation_error",
            "invalid_input",
            "properties",
        )
        assert detail is None or body["detail"] == detail


SEMVER = "operator requires a valid semver string (e.g., '1.2.3')"
WILDCARD = SEMVER.replace("3", "*")
NO_DATE = "takes a date as 2024-05-31, 2024-05-31T10:00:00Z or -7d, not "


@pytest.mark.parametrize(
    ("operator", "value", "detail"),
    [
        ("regex", "[", "Invalid regular expression"),
        ("regex", "(?=a)", "Invalid regular expression"),
        ("regex", ["a", r"(a)\1"], "Invalid regular expression"),
        ("not_regex", "a{1001}", "Invalid regular expression"),
        ("between", [3, 1], "$[0].value: `between` takes two numbers, the lower one first"),
        ("between", [1], "$[0].value: `between` takes two numbers, the lower one first"),
        (
            "not_between",
            ["a", 1],
            "$[0].value: `not_between` takes two numbers, the lower one first",
        ),
        ("is_date_after", "soon", f"$[0].value: `is_date_after` {NO_DATE}'soon'"),
        ("is_date_exact", "2024-02-30", f"$[0].value: `is_date_exact` {NO_DATE}'2024-02-30'"),
        ("semver_gt", "1.2", f"$[0].value: semver_gt {SEMVER}"),
        ("semver_caret", "01", f"$[0].value: semver_caret {SEMVER}"),
        ("semver_wildcard", "1.2.3", f"$[0].value: semver_wildcard {WILDCARD}"),
        ("icontains_multi", "a", "$[0].value: `icontains_multi` takes a list"),
    ],
)
@pytest.mark.parametrize("form", ["persons", "persons.csv"])
@pytest.mark.parametrize("key", ["plan", "nobody has it"])
def test_values_that_are_not_understood_are_refused(
    client: Client, filled: int, key: str, form: str, operator: str, value: object, detail: str
) -> None:
    properties = json.dumps([{"key": key, "operator": operator, "value": value}])
    answer = client.get(f"/api/projects/{filled}/{form}", params={"properties": properties})
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "validation_error",
        "code": "invalid_input",
        "detail": detail,
        "attr": "properties",
    }


@pytest.mark.parametrize("operator", ["regex", "not_regex"])
def test_an_invalid_pattern_is_refused_where_there_is_nobody(
    client: Client, open_client: Client, operator: str
) -> None:
    project = make_project(open_client, "nobody")
    properties = json.dumps([{"key": "a", "operator": operator, "value": "["}])
    for form in ("persons", "persons.csv"):
        answer = client.get(f"/api/projects/{project}/{form}", params={"properties": properties})
        assert (answer.status_code, answer.json()["attr"]) == (400, "properties")


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("regex", "^(?i)PR.$", "a"),
        ("not_regex", "^p", "dcb"),
        ("is_cleaned_path_exact", "free", "b"),
        ("icontains_multi", ["RE", "nothing"], "b"),
    ],
)
def test_other_operators_narrow_the_list(
    client: Client, filled: int, operator: str, value: object, expected: str
) -> None:
    properties = json.dumps([{"key": "plan", "operator": operator, "value": value}])
    answer = client.get(f"/api/projects/{filled}/persons", params={"properties": properties})
    assert "".join(letters(answer.json()["results"])) == expected
    assert answer.json()["count"] == len(expected)


def test_include_total_false_leaves_count_out(client: Client, filled: int) -> None:
    address = f"/api/projects/{filled}/persons"
    assert "count" not in client.get(f"{address}?include_total=false").json()
    assert "count" not in client.get(f"{address}?include_total=False").json()
    for text in ("", "true", "1"):
        assert client.get(f"{address}?include_total={text}").json()["count"] == 4
    assert client.get(f"{address}?include_total=maybe").json()["attr"] == "include_total"


def test_values_of_any_kind_come_to_the_right_place(client: Client, filled: int) -> None:
    nasty = "'; DROP TABLE persons; -- \\ \" ` {p0:String} %00 \x00 \n \ud7ff \U0001f600"
    for name in ("distinct_id", "email", "search"):
        answer = client.get(f"/api/projects/{filled}/persons", params={name: nasty})
        assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert len(rows(client, filled)) == 4


def test_bytes_that_are_no_utf8_match_nobody(client: Client, filled: int) -> None:
    assert rows(client, filled, "?search=%ff%fe") == []
    assert rows(client, filled, "?distinct_id=%ed%a0%80") == []


def test_the_largest_page_is_a_setting(client: Client, filled: int, settings: Settings) -> None:
    most = settings.limits.page_rows
    assert len(rows(client, filled, f"?limit={most}")) == 4
    answer = client.get(f"/api/projects/{filled}/persons?limit={most + 1}")
    assert (answer.status_code, answer.json()["attr"]) == (400, "limit")
