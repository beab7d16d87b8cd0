"""Walks by `next` and `previous`: everyone once, in order, whatever is written meanwhile."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.settings import Limits, Settings
from tests.conftest import (
    ADMIN,
    ADMIN_TOKEN,
    Client,
    DeletePerson,
    InsertPersons,
    make_project,
)

_names = itertools.count(1)
# Seven of one moment, between two that are newer and two that are older.
MOMENTS = [
    *("2024-05-07", "2024-05-06"),
    *["2024-05-05T05:05:05.000005Z"] * 7,
    *("2024-05-04", "2024-05-03"),
]
N = len(MOMENTS)


def crowd(client: Client, insert_persons: InsertPersons) -> str:
    """The address of the persons of a new project with eleven of them."""
    project = make_project(client, f"walked {next(_names)}")
    persons = [
        {"distinct_ids": [f"p{n}"], "created_at": moment, "properties": {"plan": "pro", "n": n}}
        for n, moment in enumerate(MOMENTS)
    ]
    insert_persons(project, *persons)
    return f"/api/projects/{project}/persons"


@pytest.fixture(scope="module")
def walked(open_client: Client, insert_persons: InsertPersons) -> str:
    """Eleven whom nobody changes."""
    return crowd(open_client, insert_persons)


@pytest.fixture
def changing(client: Client, insert_persons: InsertPersons) -> str:
    """Eleven of the test's own."""
    return crowd(client, insert_persons)


def page(client: Client, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def uuids(page: dict[str, Any]) -> list[str]:
    return [row["uuid"] for row in page["results"]]


def number(address: str) -> int:
    """The project in an address."""
    return int(address.split("/")[3])


def walk(client: Client, address: str | None, way: str) -> list[list[str]]:
    pages: list[list[str]] = []
    while address is not None:
        answer = page(client, address)
        pages.append(uuids(answer))
        address = answer[way]
    return pages


def last(client: Client, address: str) -> str:
    """The address of the last page, as a walk comes to it."""
    while (following := page(client, address)["next"]) is not None:
        address = following
    return address


def refusal(client: Client, address: str, attr: str) -> str:
    answer = client.get(address)
    body = answer.json()
    assert (answer.status_code, body["type"], body["attr"]) == (400, "validation_error", attr)
    return str(body["detail"])


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 11, 12, 2_000])
@pytest.mark.parametrize("narrowed", ["", "&search=P", "&properties={%22plan%22:%22pro%22}"])
def test_walks_in_both_ways_meet_everyone_once(
    client: Client, walked: str, limit: int, narrowed: str
) -> None:
    first = f"{walked}?limit={limit}{narrowed}"
    everyone = uuids(page(client, walked))
    forward = walk(client, first, "next")
    assert list(itertools.chain(*forward)) == everyone
    assert [len(met) for met in forward] == [*[limit] * ((N - 1) // limit), (N - 1) % limit + 1]
    back = walk(client, last(client, first), "previous")
    assert back[::-1] == forward


def test_previous_and_next_lead_back(client: Client, walked: str) -> None:
    one = page(client, f"{walked}?limit=2")
    two = page(client, one["next"])
    three = page(client, two["next"])
    again = page(client, three["previous"])
    assert (uuids(again), again["next"], again["previous"]) == (
        *(uuids(two), two["next"], two["previous"]),
    )
    first = page(client, again["previous"])
    assert (uuids(first), first["next"], first["previous"]) == (uuids(one), one["next"], None)


def test_a_page_by_offset_leads_into_the_same_walks(client: Client, walked: str) -> None:
    everyone = uuids(page(client, walked))
    by_offset = page(client, f"{walked}?limit=3&offset=4")
    assert list(itertools.chain(*walk(client, by_offset["next"], "next"))) == everyone[7:]
    back = walk(client, by_offset["previous"], "previous")
    assert back == [everyone[1:4], everyone[:1]]


def test_the_limit_may_change_on_the_way(client: Client, walked: str) -> None:
    everyone = uuids(page(client, walked))
    following = page(client, f"{walked}?limit=2")["next"]
    wider = page(client, following.replace("limit=2", "limit=5"))
    assert uuids(wider) == everyone[2:7]
    narrower = page(client, wider["next"].replace("limit=5", "limit=1"))
    assert uuids(narrower) == everyone[7:8]
    back = page(client, narrower["previous"].replace("limit=1", "limit=4"))
    assert uuids(back) == everyone[3:7]


def test_who_comes_or_goes_does_not_shift_a_walk(
    client: Client, changing: str, insert_persons: InsertPersons, delete_person: DeletePerson
) -> None:
    everyone = page(client, changing)["results"]
    project = number(changing)
    one = page(client, f"{changing}?limit=3")
    insert_persons(project, {"distinct_ids": ["new"], "created_at": "2024-06-01"})
    two = page(client, one["next"])
    assert uuids(two) == [row["uuid"] for row in everyone[3:6]]
    # The very rows at which the next pages begin.
    delete_person(project, everyone[2])
    delete_person(project, everyone[5])
    rest = walk(client, two["next"], "next")
    assert list(itertools.chain(*rest)) == [row["uuid"] for row in everyone[6:]]
    # Back to where the new one is, and the two are not.
    met = walk(client, page(client, two["next"])["previous"], "previous")
    there = page(client, f"{changing}?limit=5")
    assert there["results"][0]["distinct_ids"] == ["new"]
    assert list(itertools.chain(*met[::-1])) == uuids(there)


def test_a_walk_goes_on_while_persons_are_imported(
    client: Client, changing: str, insert_persons: InsertPersons
) -> None:
    everyone = set(uuids(page(client, changing)))
    project, stopping = number(changing), Event()

    def import_on() -> None:
        for n in itertools.count():
            if stopping.is_set():
                return
            moment = MOMENTS[n % N]
            new = {"distinct_ids": [f"new{n}"], "created_at": moment}
            known = {"distinct_ids": [f"p{n % N}"], "created_at": moment, "properties": {"n": -n}}
            insert_persons(project, new, known)

    with ThreadPoolExecutor(1) as thread:
        importing = thread.submit(import_on)
        try:
            for _ in range(3):
                met = walk(client, f"{changing}?limit=3", "next")
                flat = list(itertools.chain(*met))
                assert len(flat) == len(set(flat))
                assert everyone <= set(flat)
                assert {len(one) for one in met[:-1]} == {3}
        finally:
            stopping.set()
        importing.result()


def test_the_count_is_of_now_and_not_of_when_the_cursor_was_made(
    client: Client, changing: str, delete_person: DeletePerson
) -> None:
    one = page(client, f"{changing}?limit=10&search=p")
    assert one["count"] == N
    delete_person(number(changing), one["results"][0])
    assert page(client, one["next"])["count"] == N - 1


def test_a_page_whose_rows_are_gone_leads_back_by_offset(
    client: Client, changing: str, delete_person: DeletePerson
) -> None:
    one = page(client, f"{changing}?limit=10")
    delete_person(number(changing), page(client, one["next"])["results"][0])
    gone = page(client, one["next"])
    assert (gone["results"], gone["next"]) == ([], None)
    assert gone["previous"].endswith("?limit=10&offset=0")


def test_a_page_before_all_that_is_left_leads_to_the_first(
    client: Client, changing: str, delete_person: DeletePerson
) -> None:
    one = page(client, f"{changing}?limit=1")
    two = page(client, one["next"])
    delete_person(number(changing), one["results"][0])
    gone = page(client, two["previous"])
    assert (gone["results"], gone["previous"]) == ([], None)
    assert gone["next"].endswith("?limit=1&offset=0")
    assert uuids(page(client, gone["next"])) == uuids(two)


@pytest.mark.parametrize(
    "more", ["search=q", "email=a", "distinct_id=p1", "properties={%22a%22:1}"]
)
def test_a_cursor_of_another_filter_is_refused(client: Client, walked: str, more: str) -> None:
    following = page(client, f"{walked}?limit=2")["next"]
    assert "another list" in refusal(client, f"{following}&{more}", "cursor")
    # An offset of the client's own does not make it right.
    elsewhere = following.replace("offset=2", "offset=4")
    assert "another list" in refusal(client, f"{elsewhere}&{more}", "cursor")


def test_a_cursor_of_another_project_is_refused(client: Client, walked: str, changing: str) -> None:
    following = page(client, f"{walked}?limit=2")["next"]
    assert walked in following
    assert "another list" in refusal(client, following.replace(walked, changing), "cursor")


def test_a_cursor_holds_under_both_prefixes_and_however_the_filter_is_written(
    client: Client, walked: str
) -> None:
    written = "properties={%22plan%22:%22pro%22}"
    one = page(client, f"{walked}?limit=2&{written}")
    other = (
        one["next"]
        .replace("/projects/", "/environments/")
        .replace(written, "properties=[{%22value%22:%22pro%22,%20%22key%22:%22plan%22}]")
    )
    assert uuids(page(client, other)) == uuids(page(client, one["next"]))


@pytest.mark.parametrize("cursor", ["x", "null", "A" * 80, "%00", "%F0%9F%98%80", "x" * 9_999])
def test_what_is_no_cursor_is_refused(client: Client, walked: str, cursor: str) -> None:
    for address in (f"{walked}?cursor={cursor}", f"{walked}?offset=2&cursor={cursor}"):
        assert "`next`" in refusal(client, address, "cursor")


def test_a_cut_off_cursor_is_refused(client: Client, walked: str) -> None:
    refusal(client, page(client, f"{walked}?limit=2")["next"][:-1], "cursor")


def test_an_empty_cursor_is_none(client: Client, walked: str) -> None:
    assert uuids(page(client, f"{walked}?cursor=")) == uuids(page(client, walked))


def test_csv_has_no_pages_and_no_cursor(client: Client, walked: str) -> None:
    plain = client.get(f"{walked}.csv")
    for address in (f"{walked}.csv?cursor=x", f"{walked}?format=csv&cursor=x&offset=9999999"):
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, plain.content)


@pytest.mark.parametrize("limit", [2, 2_000])
def test_an_offset_of_the_clients_own_wins_over_the_cursor(
    client: Client, walked: str, limit: int
) -> None:
    everyone = uuids(page(client, walked))
    following = page(client, f"{walked}?limit=2")["next"].replace("limit=2", f"limit={limit}")
    for offset in (0, 1, 3, 10):
        edited = page(client, following.replace("offset=2", f"offset={offset}"))
        assert uuids(edited) == everyone[offset:][:limit]


@pytest.mark.parametrize("offset", ["offset=2", "offset=", "offset=02", "x=2"])
def test_without_an_offset_of_the_clients_own_the_cursor_decides(
    client: Client,
    changing: str,
    insert_persons: InsertPersons,
    offset: str,
) -> None:
    everyone = uuids(page(client, changing))
    following = page(client, f"{changing}?limit=2")["next"].replace("offset=2", offset)
    insert_persons(number(changing), {"distinct_ids": ["new"], "created_at": "2024-06-01"})
    assert uuids(page(client, following)) == everyone[2:4]


def test_the_largest_offset_is_for_those_who_count_and_no_end_of_a_walk(
    client: Client, walked: str, settings: Settings, engine: Engine
) -> None:
    set_so = msgspec.structs.replace(settings, limits=Limits(max_offset=3))
    app = create_app(set_so, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    everyone = uuids(page(client, walked))
    with TestClient(app) as other:
        other.headers.update(ADMIN)
        first = f"{walked}?limit=2"
        assert list(itertools.chain(*walk(other, first, "next"))) == everyone
        met = walk(other, last(other, first), "previous")
        assert list(itertools.chain(*met[::-1])) == everyone
        assert uuids(page(other, f"{first}&offset=3")) == everyone[3:5]
        assert "`next`" in refusal(other, f"{first}&offset=4", "offset")
        deep = last(other, first)
        assert "`next`" in refusal(other, deep.replace("offset=10", "offset=8"), "offset")


def test_a_cursor_outlives_the_service(
    client: Client, walked: str, settings: Settings, engine: Engine
) -> None:
    following = page(client, f"{walked}?limit=2")["next"]
    app = create_app(settings, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as other:
        other.headers.update(ADMIN)
        assert uuids(page(other, following)) == uuids(page(client, following))
