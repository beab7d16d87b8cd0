"""Who may enter, and in which order it is found out."""

from __future__ import annotations

from typing import Any

import pytest

from service.api.access import enter_project
from tests.conftest import Client, MakeKey, make_project

NOBODY = "00000000-0000-4000-8000-000000000000"

# Each address of a project: verb, path, scope.
READS = [
    ("GET", ""),
    ("GET", "?limit=wrong"),
    ("GET", "?format=wrong"),
    ("GET", "?properties=wrong"),
    ("GET", ".csv?properties=wrong"),
    ("GET", "/wrong"),
    ("GET", f"/{NOBODY}"),
    ("GET", "/values"),
]
NOT_AUTHENTICATED = {
    "type": "authentication_error",
    "code": "not_authenticated",
    "detail": "Authentication credentials were not provided.",
    "attr": None,
}


@pytest.fixture(scope="module")
def other(open_client: Client, project: int) -> int:
    """The id of a second project."""
    return make_project(open_client, "other")


def ask(
    client: Client,
    verb: str,
    address: str,
    key: str | None = None,
    **more: Any,
) -> tuple[int, dict[str, Any]]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = client.request(verb, address, headers=headers, **more)
    assert set(answer.json()) == {"type", "code", "detail", "attr"}
    expected = "Bearer" if answer.status_code == 401 else None
    assert answer.headers.get("www-authenticate") == expected
    return answer.status_code, answer.json()


@pytest.mark.parametrize(("verb", "path"), READS)
def test_no_key_is_a_401_before_all_else(open_client: Client, verb: str, path: str) -> None:
    for project in ("1", "999", "@current"):
        status, body = ask(open_client, verb, f"/api/projects/{project}/persons{path}")
        assert (status, body) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("key", ["phx_wrong", "phx_" + "a" * 43, "", "x y", "\x7f" * 10])
def test_an_unknown_key_is_a_401(open_client: Client, project: int, key: str) -> None:
    status, body = ask(open_client, "GET", f"/api/projects/{project}/persons", key)
    assert status == 401
    if key:
        assert body["code"] == "authentication_failed"
        assert body["detail"] == (
            "Personal API key found in request Authorization header is invalid."
        )


@pytest.mark.parametrize("header", ["bearer {}", "Token {}", "{}", "Basic {}", "BEARER {}"])
def test_the_scheme_is_bearer(
    open_client: Client, project: int, make_key: MakeKey, header: str
) -> None:
    answer = open_client.get(
        f"/api/projects/{project}/persons",
        headers={"Authorization": header.format(make_key("*"))},
    )
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize("project", ["999", "0", "-1", "@current", "abc", "1.0", "٣", "9" * 400])
@pytest.mark.parametrize(("verb", "path"), READS)
def test_an_unknown_project_is_a_404_before_scope_and_arguments(
    open_client: Client, make_key: MakeKey, verb: str, path: str, project: str
) -> None:
    key = make_key("activity_log:read", projects=[1])
    status, body = ask(open_client, verb, f"/api/projects/{project}/persons{path}", key)
    assert status == 404
    assert body == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Project not found.",
        "attr": None,
    }


@pytest.mark.parametrize(("verb", "path"), READS)
def test_a_missing_scope_is_a_403_before_the_keys_projects_and_arguments(
    open_client: Client, make_key: MakeKey, project: int, other: int, verb: str, path: str
) -> None:
    key = make_key("activity_log:read", projects=[other])
    for prefix in ("projects", "environments"):
        status, body = ask(open_client, verb, f"/api/{prefix}/{project}/persons{path}", key)
        assert status == 403
        assert body == {
            "type": "authentication_error",
            "code": "permission_denied",
            "detail": "API key missing required scope 'person:read'",
            "attr": None,
        }


@pytest.mark.parametrize(("verb", "path"), READS)
def test_another_project_is_a_403_before_the_arguments(
    open_client: Client, make_key: MakeKey, project: int, other: int, verb: str, path: str
) -> None:
    key = make_key("person:read", projects=[other])
    status, body = ask(open_client, verb, f"/api/projects/{project}/persons{path}", key)
    assert status == 403
    assert body["detail"] == (
        f"API key does not have access to the requested project: ID {project}."
    )


@pytest.mark.parametrize("scope", ["person:read", "person:write", "*"])
def test_these_scopes_read_persons(
    open_client: Client, make_key: MakeKey, project: int, scope: str
) -> None:
    key = make_key(scope, projects=[project])
    answer = open_client.get(
        f"/api/projects/{project}/persons", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200


def test_an_import_needs_person_write(open_client: Client, make_key: MakeKey, project: int) -> None:
    address = f"/api/projects/{project}/imports"
    status, body = ask(open_client, "POST", address, make_key("person:read"), content=b"x")
    assert status == 403
    assert body["detail"] == "API key missing required scope 'person:write'"
    assert ask(open_client, "POST", address, content=b"x")[0] == 401


def test_a_key_is_not_taken_from_the_address_or_the_body(
    open_client: Client, make_key: MakeKey, project: int
) -> None:
    key = make_key("*")
    address = f"/api/projects/{project}/persons?personal_api_key={key}"
    assert ask(open_client, "GET", address)[0] == 401
    address = f"/api/projects/{project}/imports"
    assert ask(open_client, "POST", address, json={"personal_api_key": key})[0] == 401


def test_the_command_lines_addresses_are_its_own(open_client: Client, make_key: MakeKey) -> None:
    assert ask(open_client, "GET", "/internal/keys")[0] == 401
    assert ask(open_client, "GET", "/internal/keys", make_key("*"))[0] == 403


def test_every_address_of_a_project_is_guarded(app: Any) -> None:
    for route in app.routes:
        if "{project_id:str}" not in route.path:
            continue
        for handler, _ in route.route_handler_map.values():
            assert enter_project in handler.resolve_guards(), route.path
