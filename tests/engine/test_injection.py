"""Hostile texts mean what they say, and nothing else, on the real engine and over HTTP.

Each is stored as a key, a value, a name and a distinct id, then asked for in every place. That
none changes the SQL is tested without an engine: tests/queries/test_injection.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from urllib.parse import quote

import pytest
from msgspec import Struct

from queries.batches import get_owners
from queries.filter_text import MAX_KEYS
from queries.persons import PersonRow, Selection, list_persons
from queries.sql import bind, sql
from queries.statement import Statement
from queries.values import list_distinct_ids, list_values
from service.engine import Engine
from service.errors import BY_CODE
from service.pages import read_page
from tests import hostile
from tests.conftest import Client
from tests.engine import verdicts
from tests.engine.people import FOREVER_US, insert, person
from tests.engine.verdicts import leaf

# The one made over HTTP, which nobody is in, has the number 1.
PROJECT = 7
TEXTS = list(dict.fromkeys(text[:400] for text in hostile.texts(330, seed=7)))[:300]
# A key with two values, the key after it with another, and a name.
PEOPLE = [
    {TEXTS[n]: TEXTS[n - 1], TEXTS[n - 2]: [TEXTS[n], {TEXTS[n]: 1}], "name": TEXTS[n]}
    for n in range(len(TEXTS))
]
POPULATION = ["{}", *map(json.dumps, PEOPLE)]
IDS = [[], *([text, text + "'"] for text in TEXTS)]
# What is asked in one statement reads so many columns.
AT_ONCE = MAX_KEYS


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    rows = [person(n, text, ids=IDS[n]) for n, text in enumerate(POPULATION)]
    insert(engine, PROJECT, rows, version=1)
    return engine


def check(engine: Engine, filters: list[str]) -> None:
    for first in range(0, len(filters), AT_ONCE):
        verdicts.check(engine, POPULATION, filters[first : first + AT_ONCE], (PROJECT,))


def test_as_a_key(filled: Engine) -> None:
    check(filled, [leaf(text, "is_set", "null") for text in TEXTS])
    check(filled, [leaf(text, "is_not_set", "null") for text in TEXTS[::7]])
    check(filled, [f"{{{json.dumps(text)}:{json.dumps(TEXTS[n - 1])}}}" for n, text in _numbered()])


@pytest.mark.parametrize("operator", ["exact", "is_not", "icontains", "not_icontains", "gt", "lte"])
def test_as_a_key_and_a_value(filled: Engine, operator: str) -> None:
    check(filled, [leaf(text, operator, json.dumps(TEXTS[n - 1])) for n, text in _numbered()])


@pytest.mark.parametrize("operator", ["exact", "is_not", "icontains", "not_icontains"])
def test_as_an_item_of_a_list(filled: Engine, operator: str) -> None:
    lists = [[TEXTS[n - 1], TEXTS[n], TEXTS[n - 5]] for n, _ in _numbered()]
    check(filled, [leaf(TEXTS[n], operator, json.dumps(lists[n])) for n, _ in _numbered()])


@pytest.mark.parametrize("operator", ["exact", "icontains"])
def test_within_a_value_that_is_a_list(filled: Engine, operator: str) -> None:
    structures = [[[text, {text: 1}]] for text in TEXTS]
    check(filled, [leaf(TEXTS[n - 2], operator, json.dumps(structures[n])) for n, _ in _numbered()])


def test_all_values_in_one_list(filled: Engine) -> None:
    for key in TEXTS[::30]:
        for operator in ("exact", "icontains"):
            check(filled, [leaf(key, operator, json.dumps(TEXTS))])


def test_as_a_pattern_that_means_the_text(filled: Engine) -> None:
    # The oracle takes every dollar for the end.
    patterns = [(n, re.escape(TEXTS[n - 1])) for n, _ in _numbered() if "$" not in TEXTS[n - 1]]
    check(filled, [leaf(TEXTS[n], "regex", json.dumps(pattern)) for n, pattern in patterns])


def test_as_a_search(filled: Engine) -> None:
    for text in TEXTS[::3]:
        expected = {n for n in range(len(POPULATION)) if text.casefold() in _searched(n)}
        assert _listed(filled, Selection(PROJECT, FOREVER_US, search=text)) == expected, text


def test_as_an_email_nobody_has(filled: Engine) -> None:
    for text in TEXTS[::3]:
        assert _listed(filled, Selection(PROJECT, FOREVER_US, email=text)) == set(), text


def test_as_a_distinct_id(filled: Engine) -> None:
    for n, text in _numbered():
        owner = {n + 1}
        expected = owner | {m for m, ids in enumerate(IDS) if text in ids}
        assert owner == expected or text[-1] == "'"
        selection = Selection(PROJECT, FOREVER_US, distinct_ids=(text,))
        assert _listed(filled, selection) == expected, text


def test_many_distinct_ids(filled: Engine) -> None:
    rows = filled.fetch_now(get_owners(PROJECT, TEXTS[:150]))
    assert {row.uuid.int for row in rows} >= set(range(1, 151))
    assert {text for row in rows for text in row.asked} == set(TEXTS[:150])


def test_values_of_a_key(filled: Engine) -> None:
    for text in TEXTS[::5]:
        found = Counter[str]()
        for properties in PEOPLE:
            value = properties.get(text)
            if value:
                found[value if isinstance(value, str) else _compact(value)] += 1
        rows = filled.fetch_now(list_values(Selection(PROJECT, FOREVER_US), text, "", None))
        assert {row.name: row.count for row in rows} == dict(found), text


def test_values_that_contain_it(filled: Engine) -> None:
    for text in TEXTS[::5]:
        names = [name for name in TEXTS if text.casefold() in name.casefold()]
        rows = filled.fetch_now(list_values(Selection(PROJECT, FOREVER_US), "name", text, None))
        assert len(rows) == min(20, len(names))
        assert {row.name for row in rows} <= set(names)
        ids = {id for ids in IDS for id in ids if text.casefold() in id.casefold()}
        rows = filled.fetch_now(list_distinct_ids(PROJECT, text))
        assert len(rows) == min(20, len(ids))
        assert {row.name for row in rows} <= ids


MEANT = ("0", "1", "true", "[]", "{}")
PLACES = {
    "persons/{}": {400, 404},
    "persons/{}/": {400, 404},
    "persons?limit={}": {400},
    "persons?offset={}": {400},
    "persons?cursor={}": {400},
    "persons?include_total={}": {400},
    "persons?format={}": {404},
    "persons?properties={}": {400},
    "persons?distinct_id={}": {200},
    "persons?search={}": {200},
    "persons?email={}": {200},
    "persons?{}=1": {200, 400},
    "persons/values?key={}": {200},
    "persons/values?key=name&value={}": {200},
}


@pytest.mark.parametrize("place", PLACES)
def test_in_an_address(client: Client, project: int, place: str) -> None:
    for text in TEXTS[::4]:
        if place.endswith("={}") and not text.strip():
            continue
        answer = client.get(f"/api/projects/{project}/{place.format(quote(text, safe=''))}")
        allowed = PLACES[place]
        # Dots and slashes lead elsewhere before we see them; numbers and flags may be meant.
        if text.strip(".") == "" or "/" in text or text in MEANT:
            allowed = {*allowed, 200, 400, 404}
        assert answer.status_code in allowed, (text, answer.text)
        assert answer.json()


def test_as_a_project(client: Client) -> None:
    for text in TEXTS[::4]:
        answer = client.get(f"/api/projects/{quote(text, safe='')}/persons")
        assert answer.status_code == 404, text
        assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("address", "field"), [("batch_by_distinct_ids", "distinct_ids"), ("batch_by_uuids", "uuids")]
)
def test_in_a_body(client: Client, project: int, address: str, field: str) -> None:
    for text in TEXTS[::4]:
        for body in ({field: [text]}, {field: text}, {text: [text]}):
            answer = client.post(f"/api/projects/{project}/persons/{address}", json=body)
            refused = field == "uuids" and body == {field: [text]}
            assert answer.status_code == (400 if refused else 200), (text, answer.text)
            assert refused or answer.json() == {"results": {}}


@pytest.mark.parametrize(
    "pattern",
    [
        *("[", "\0[", "a\0(", "(TIMEOUT_EXCEEDED)(", "(TIMEOUT_EXCEEDED)\0(", "Code: 159. [\0"),
        *("No space left on device(", "No space left on device\0(", "', error: (", "{p0:String}["),
    ],
)
@pytest.mark.parametrize("path", ["persons", "persons.csv"])
def test_in_what_the_engine_says_of_it(
    client: Client, project: int, path: str, pattern: str
) -> None:
    """A message quotes the pattern, and ends at a NUL."""
    filters = json.dumps([{"key": "a", "operator": "regex", "value": pattern}])
    answer = client.get(f"/api/projects/{project}/{path}", params={"properties": filters})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Invalid regular expression"


def test_errors_are_known_by_their_right_numbers(engine: Engine) -> None:
    class Named(Struct):
        code: int
        name: str

    asked = sql(
        "SELECT code, errorCodeToName(code) AS name FROM (SELECT arrayJoin({}) AS code)",
        bind("Array(UInt32)", list(BY_CODE)),
    )
    rows = engine.fetch_now(Statement("tests.codes", asked, Named))
    assert {row.code: row.name for row in rows} == {n: name for n, (name, _) in BY_CODE.items()}


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(TEXTS))


def _listed(engine: Engine, selection: Selection) -> set[int]:
    """Who is found: on a page, which must be the list's."""
    statement: Statement[PersonRow] = list_persons(selection, limit=1_000)
    rows = engine.fetch_now(statement)
    assert read_page(engine, selection, limit=1_000, offset=0) == rows
    return {row.uuid.int for row in rows}


def _searched(n: int) -> str:
    name = [PEOPLE[n - 1]["name"]] if n else [""]
    uuid = f"00000000-0000-0000-0000-{n:012x}"
    return "\n".join(map(str, (*name, uuid, *IDS[n]))).casefold()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
