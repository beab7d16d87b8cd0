"""Requests made up from the OpenAPI document: no server error, and nothing it does not say."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as _checks

from tests.conftest import ADMIN, Client, InsertPersons, MakeKey
from tests.contract.test_openapi import OPERATIONS

# Of each operation so many in every run, under both prefixes; `make fuzz` makes up 50,000 in all.
FEW = 16
MANY = 50_000 // (2 * len(OPERATIONS))
# Its types say little: what it hands over is taken as it comes.
checks: Any = _checks
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def persons(project: int, insert_persons: InsertPersons) -> int:
    lines = [{"distinct_ids": [f"p{n}"], "properties": {"n": n, "s": str(n)}} for n in range(20)]
    insert_persons(project, *lines)
    return project


@pytest.fixture(scope="module")
def document(open_client: Client) -> dict[str, Any]:
    found: dict[str, Any] = open_client.get("/schema/openapi.json").json()
    return found


def fuzz(
    client: Client, key: str, document: dict[str, Any], project: int, examples: int
) -> Counter[int]:
    """Ask each operation so many made-up requests; returns how many had which status."""
    schema: Any = schemathesis.openapi.from_dict(document)
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        statuses += _fuzz_one(client, key, found.ok(), project, examples)
    return statuses


def _fuzz_one(
    client: Client, key: str, operation: Any, project: int, examples: int
) -> Counter[int]:
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if "project_id" in case.path_parameters:
            # Mostly a project that is there, for all others are told so before anything else.
            case.path_parameters["project_id"] = str(project)
        words: dict[str, Any] = case.as_transport_kwargs(base_url=str(client.base_url).rstrip("/"))
        words["content"] = words.pop("data", None)
        words["cookies"] = None
        headers: dict[str, str] = {**words.pop("headers"), "Authorization": f"Bearer {key}"}
        answer = client.request(**words, headers=headers)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)
        if operation.path.startswith("/api/") and statuses.total() % 10 == 0:
            del headers["Authorization"]
            assert client.request(**words, headers=headers).status_code == 401

    ask()
    return statuses


@pytest.mark.slow
def test_some_of_each(
    open_client: Client, make_key: MakeKey, document: dict[str, Any], persons: int
) -> None:
    statuses = fuzz(open_client, make_key("*"), document, persons, FEW)
    assert statuses.total() >= 1_000
    # Not all of it ends at the door.
    assert statuses[200] > 200
    assert 500 not in statuses


@pytest.mark.fuzz
def test_many_of_each(
    open_client: Client, make_key: MakeKey, document: dict[str, Any], persons: int
) -> None:
    assert fuzz(open_client, make_key("*"), document, persons, MANY)[500] == 0


def test_scopes_are_honoured(
    open_client: Client, make_key: MakeKey, document: dict[str, Any], project: int
) -> None:
    """Each address refuses a key with every scope but the one it declares."""
    others = {
        "person:read": ["activity_log:read", "metrics:read"],
        "person:write": ["person:read", "activity_log:read"],
        "activity_log:read": ["person:write"],
        "metrics:read": ["person:write", "activity_log:read"],
    }
    keys = {needed: make_key(*scopes) for needed, scopes in others.items()}
    asked = 0
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            needed = [s for one in operation.get("security", []) for s in one.get(_SCHEME, [])]
            if not needed:
                continue
            url = path.format(project_id=project, id=UUID(int=1), name="manifest.json")
            headers = {"Authorization": f"Bearer {keys[needed[0]]}"}
            answer = open_client.request(verb.upper(), url, headers=headers)
            assert answer.status_code == 403, (verb, path, answer.text)
            asked += 1
    assert asked > 50
    assert open_client.get("/api/projects", headers=ADMIN).status_code == 200


_SCHEME = "PersonalAPIKeyAuth"
