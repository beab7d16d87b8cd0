"""/internal: projects and keys, for the command line alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.conftest import ADMIN, Client, MakeKey

NOBODY = UUID(int=7)
ROUTES = [
    ("GET", "projects"),
    ("POST", "projects"),
    ("GET", "keys"),
    ("POST", "keys"),
    ("DELETE", f"keys/{NOBODY}"),
]


@pytest.mark.parametrize(("verb", "path"), ROUTES)
def test_nobody_else_comes_in(open_client: Client, make_key: MakeKey, verb: str, path: str) -> None:
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {make_key('*')}"}, 403)):
        answer = open_client.request(verb, f"/internal/{path}", headers=headers)
        assert answer.status_code == status
        assert answer.json()["type"] == "authentication_error"


def test_no_word_of_it_in_the_api_document(open_client: Client) -> None:
    assert "internal" not in open_client.get("/schema/openapi.json").text


def ask(client: Client, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = client.request(verb, f"/internal/{path}", headers=ADMIN, json=body)
    return answer.status_code, answer.json()


def test_projects(open_client: Client) -> None:
    status, made = ask(open_client, "POST", "projects", {"name": "made"})
    assert status == 201
    assert set(made) == {"id", "uuid", "name", "api_token", "created_us"}
    assert made in ask(open_client, "GET", "projects")[1]


def test_keys(open_client: Client, project: int) -> None:
    wanted = {"label": "ours", "scopes": ["person:read"], "projects": [project]}
    status, made = ask(open_client, "POST", "keys", wanted)
    assert status == 201
    assert "hash" not in made["key"]
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert open_client.get(f"/api/projects/{project}/persons", headers=headers).status_code == 200
    status, listed = ask(open_client, "GET", "keys")
    assert made["secret"] not in str(listed)
    assert made["key"]["id"] in [key["id"] for key in listed]

    status, revoked = ask(open_client, "DELETE", f"keys/{made['key']['id']}")
    assert (status, revoked["id"]) == (200, made["key"]["id"])
    assert revoked["revoked_us"] is not None
    assert open_client.get(f"/api/projects/{project}/persons", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "attr"),
    [
        ("POST", "projects", {"name": ""}, 400, "name"),
        ("POST", "projects", {"nam": "x"}, 400, None),
        ("POST", "keys", {"label": "", "scopes": ["x"], "projects": []}, 400, "scopes"),
        ("POST", "keys", {"label": "", "scopes": ["*"], "projects": [77]}, 400, "projects"),
        ("DELETE", f"keys/{NOBODY}", None, 404, None),
    ],
)
def test_what_is_refused(
    open_client: Client, verb: str, path: str, body: Any, status: int, attr: str | None
) -> None:
    answered, error = ask(open_client, verb, path, body)
    assert answered == status
    if attr is not None:
        assert error["attr"] == attr
