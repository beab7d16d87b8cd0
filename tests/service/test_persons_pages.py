"""Pages: `limit`, `offset`, and the addresses of the next and the previous one."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.settings import Http, Limits, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, InsertPersons

N = 7


@pytest.fixture(scope="module")
def seven(project: int, insert_persons: InsertPersons) -> int:
    """A project with seven persons of the same moment."""
    persons = [{"distinct_ids": [f"p{n}"], "created_at": "2024-05-05T05:05:05Z"} for n in range(N)]
    insert_persons(project, *persons)
    return project


def page(client: Client, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bare(address: str) -> str:
    """An address without its cursor, which must be there."""
    short, cursors = re.subn(r"&cursor=[\w-]{80}(?=&|$)", "", address)
    assert cursors == 1, address
    return short


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_a_walk_by_next_meets_everyone_once(client: Client, seven: int, limit: int) -> None:
    address: str | None = f"/api/projects/{seven}/persons/?limit={limit}"
    seen: list[str] = []
    sizes: list[int] = []
    while address is not None:
        answer = page(client, address)
        seen += [row["uuid"] for row in answer["results"]]
        sizes.append(len(answer["results"]))
        assert answer["count"] == N
        address = answer["next"]
    assert len(seen) == len(set(seen)) == N
    assert seen == sorted(seen, key=lambda uuid: (uuid[19:], uuid[:18]), reverse=True)
    assert all(size == limit for size in sizes[:-1])
    assert sizes[-1] > 0


def test_a_walk_by_offset_is_the_same_walk(client: Client, seven: int) -> None:
    address = f"/api/environments/{seven}/persons"
    everyone = [row["uuid"] for row in page(client, address)["results"]]
    walked = [
        row["uuid"]
        for offset in range(0, N + 2, 2)
        for row in page(client, f"{address}?limit=2&offset={offset}")["results"]
    ]
    assert walked == everyone


def test_next_and_previous_are_absolute_and_keep_the_rest(client: Client, seven: int) -> None:
    address = f"/api/environments/{seven}/persons/?search=p&limit=2&offset=2&format=json&x=%7B+"
    answer = page(client, address)
    base = f"http://testserver.local/api/environments/{seven}/persons/?search=p&limit=2"
    assert bare(answer["next"]) == f"{base}&offset=4&format=json&x=%7B+"
    assert bare(answer["previous"]) == f"{base}&offset=0&format=json&x=%7B+"
    again = page(client, answer["next"].replace("cursor=", "%63ursor="))
    assert bare(again["next"]) == f"{base}&offset=6&format=json&x=%7B+"


def test_next_appends_offset_and_adds_no_limit(
    client: Client, seven: int, settings: Settings, engine: Engine
) -> None:
    answer = page(client, f"/api/projects/{seven}/persons?limit=3")
    assert bare(answer["next"]).endswith("/persons?limit=3&offset=3")
    assert answer["previous"] is None
    answer = page(client, f"/api/projects/{seven}/persons?offset=1")
    assert bare(answer["previous"]).endswith("/persons?offset=0")


def test_previous_goes_down_to_the_first_page(client: Client, seven: int) -> None:
    answer = page(client, f"/api/projects/{seven}/persons?limit=3&offset=5")
    assert bare(answer["previous"]).endswith("offset=2")
    answer = page(client, answer["previous"])
    assert bare(answer["previous"]).endswith("offset=0")
    # The two that stand before it, not three of which one was on the page already.
    answer = page(client, answer["previous"])
    assert (answer["previous"], len(answer["results"])) == (None, 2)


def test_previous_by_offset_alone_goes_down_to_a_full_page(client: Client, seven: int) -> None:
    answer = page(client, f"/api/projects/{seven}/persons?limit=3&offset=2")
    answer = page(client, bare(answer["previous"]))
    assert (answer["previous"], len(answer["results"])) == (None, 3)


def test_an_exact_multiple_has_no_empty_page_behind(client: Client, seven: int) -> None:
    assert page(client, f"/api/projects/{seven}/persons?limit=7")["next"] is None


def test_past_the_end_is_an_empty_page(client: Client, seven: int) -> None:
    answer = page(client, f"/api/projects/{seven}/persons?limit=5&offset=100")
    assert (answer["results"], answer["next"], answer["count"]) == ([], None, N)
    assert answer["previous"].endswith("offset=95")
    far = page(client, f"/api/projects/{seven}/persons?offset=1000000")
    assert far["results"] == []


@pytest.mark.parametrize("offset", [1_000_001, 2**63 - 1])
def test_an_offset_too_deep_is_a_400_that_says_what_to_do(
    client: Client, seven: int, offset: int
) -> None:
    answer = client.get(f"/api/projects/{seven}/persons?offset={offset}")
    assert (answer.status_code, answer.json()["attr"]) == (400, "offset")
    assert "1000000" in answer.json()["detail"]
    assert "`next`" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("text", ["", "0", "00"])
def test_nothing_and_0_are_the_default(client: Client, seven: int, name: str, text: str) -> None:
    assert len(page(client, f"/api/projects/{seven}/persons?{name}={text}")["results"]) == N


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    "text", ["-1", "x", "1.5", "1e3", "%2B1", " 1", "1_0", "%D9%A3", "9" * 5_000, "null"]
)
def test_a_wrong_number_is_a_400_that_names_it(
    client: Client, seven: int, name: str, text: str
) -> None:
    answer = client.get(f"/api/projects/{seven}/persons?{name}={text}")
    assert answer.status_code == 400
    assert answer.json()["attr"] == name
    assert len(answer.content) < 300


def test_next_is_on_the_host_the_client_used(client: Client, seven: int) -> None:
    address = f"/api/projects/{seven}/persons?limit=1"
    cases: list[tuple[dict[str, str], str]] = [
        ({"Host": "a.example:8080"}, "http://a.example:8080/api/"),
        ({"Host": "[::1]:8080"}, "http://[::1]:8080/api/"),
        ({"Host": "a.example", "X-Forwarded-Proto": "https"}, "https://a.example/api/"),
        (
            {
                "Host": "inner",
                "X-Forwarded-Host": "b.example, c",
                "X-Forwarded-Proto": "https, http",
            },
            "https://b.example/api/",
        ),
        ({"Host": "a.example", "X-Forwarded-Host": "e/vil?"}, "http://a.example/api/"),
        ({"Host": "a.example", "X-Forwarded-Proto": "javascript"}, "http://a.example/api/"),
    ]
    for headers, start in cases:
        assert client.get(address, headers=headers).json()["next"].startswith(start)


def test_a_public_url_wins_over_the_headers(
    client: Client, seven: int, settings: Settings, engine: Engine
) -> None:
    set_so = msgspec.structs.replace(settings, http=Http(public_url="https://p.example/base/"))
    app = create_app(set_so, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as other:
        answer = other.get(f"/api/projects/{seven}/persons?limit=1", headers=ADMIN)
    expected = f"https://p.example/base/api/projects/{seven}/persons?limit=1&offset=1"
    assert bare(answer.json()["next"]) == expected


def test_a_small_largest_page_is_also_the_default(
    client: Client, seven: int, settings: Settings, engine: Engine
) -> None:
    set_so = msgspec.structs.replace(settings, limits=Limits(page_rows=3))
    app = create_app(set_so, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with TestClient(app) as other:
        answer = other.get(f"/api/projects/{seven}/persons", headers=ADMIN).json()
    assert len(answer["results"]) == 3
    assert bare(answer["next"]).endswith("offset=3")
