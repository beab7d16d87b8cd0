"""GET projects: those the key may see."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tests.conftest import Client, MakeKey, make_project


@pytest.fixture(scope="module")
def two(open_client: Client) -> tuple[int, int]:
    return make_project(open_client, "first"), make_project(open_client, "second")


@pytest.mark.parametrize("address", ["projects", "projects/", "environments/?limit=100"])
def test_all_of_them(client: Client, two: tuple[int, int], address: str) -> None:
    answer = client.get(f"/api/{address}")
    assert (answer.status_code, answer.history) == (200, [])
    page = answer.json()
    assert list(page) == ["count", "next", "previous", "results"]
    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    assert [(row["id"], row["name"]) for row in page["results"]] == [
        (two[0], "first"),
        (two[1], "second"),
    ]


def test_a_project(client: Client, two: tuple[int, int]) -> None:
    project = client.get(f"/api/projects/{two[1]}/").json()
    assert (project["id"], project["name"], project["timezone"]) == (two[1], "second", "UTC")
    assert project["organization"] is None
    assert project["api_token"].startswith("phc_")
    assert UUID(project["uuid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", project["created_at"])


def test_a_key_sees_its_own_projects(
    open_client: Client, make_key: MakeKey, two: tuple[int, int]
) -> None:
    headers = {"Authorization": f"Bearer {make_key('activity_log:read', projects=[two[1]])}"}
    page = open_client.get("/api/projects", headers=headers).json()
    assert [row["id"] for row in page["results"]] == [two[1]]
    assert open_client.get(f"/api/projects/{two[1]}", headers=headers).status_code == 200
    assert open_client.get(f"/api/projects/{two[0]}", headers=headers).status_code == 403
    assert open_client.get("/api/projects/99", headers=headers).status_code == 404
    assert open_client.get("/api/projects/@current", headers=headers).status_code == 404


def test_without_key_none(open_client: Client, two: tuple[int, int]) -> None:
    for address in ("", "/", f"/{two[0]}", "/99"):
        assert open_client.get(f"/api/projects{address}").status_code == 401
