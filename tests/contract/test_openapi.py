"""Our OpenAPI document against our own list, and against PostHog's where that is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Client

PUBLISHED = Path(__file__).parents[3] / "shared" / "contract" / "openapi_persons.json"

# Operation id: verb, path, its query parameters, its scopes.
TIMES = ("created_after", "created_before", "updated_after", "last_seen_after")
EXPORT = ("columns", "distinct_ids", "safe")
OPERATIONS: dict[str, tuple[str, str, set[str], list[str]]] = {
    "persons_list": (
        "get",
        "/api/projects/{project_id}/persons",
        {
            *("distinct_id", "email", "search", "properties", "limit", "offset", "format"),
            *TIMES,
            *("cursor", "include_total", *EXPORT),
        },
        ["person:read"],
    ),
    **{
        f"persons_export{suffix}": (
            "get",
            f"/api/projects/{{project_id}}/persons.{kind}",
            {"distinct_id", "email", "search", "properties", *TIMES, *EXPORT},
            ["person:read"],
        )
        for suffix, kind in [("", "csv"), *((f"_{k}", k) for k in ("ndjson", "parquet", "arrow"))]
    },
    "exports_create": (
        "post",
        "/api/projects/{project_id}/exports",
        {"distinct_id", "email", "search", "properties", "format", *TIMES, *EXPORT},
        ["person:read"],
    ),
    "exports_list": ("get", "/api/projects/{project_id}/exports", set(), ["person:read"]),
    "exports_retrieve": (
        "get",
        "/api/projects/{project_id}/exports/{id}",
        set(),
        ["person:read"],
    ),
    "exports_destroy": (
        "delete",
        "/api/projects/{project_id}/exports/{id}",
        set(),
        ["person:read"],
    ),
    "exports_files_retrieve": (
        "get",
        "/api/projects/{project_id}/exports/{id}/files/{name}",
        set(),
        ["person:read"],
    ),
    "persons_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/{id}",
        {"format", "as_of"},
        ["person:read"],
    ),
    "persons_history_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/{id}/history",
        {"key", "limit", "cursor"},
        ["person:read"],
    ),
    "persons_properties_at_time_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/properties_at_time",
        {"timestamp", "distinct_id", "person_id", "include_set_once"},
        ["person:read"],
    ),
    "persons_values_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/values",
        {"key", "value", "format"},
        ["person:read"],
    ),
    "persons_properties_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/properties",
        {"key", "search", "limit", "offset"},
        ["person:read"],
    ),
    "persons_batch_by_distinct_ids_create": (
        "post",
        "/api/projects/{project_id}/persons/batch_by_distinct_ids",
        set(),
        ["person:read"],
    ),
    "persons_batch_by_uuids_create": (
        "post",
        "/api/projects/{project_id}/persons/batch_by_uuids",
        set(),
        ["person:read"],
    ),
    "persons_partial_update": (
        "patch",
        "/api/projects/{project_id}/persons/{id}",
        set(),
        ["person:write"],
    ),
    "persons_update": (
        "put",
        "/api/projects/{project_id}/persons/{id}",
        set(),
        ["person:write"],
    ),
    "persons_update_property_create": (
        "post",
        "/api/projects/{project_id}/persons/{id}/update_property",
        {"key", "value"},
        ["person:write"],
    ),
    "persons_delete_property_create": (
        "post",
        "/api/projects/{project_id}/persons/{id}/delete_property",
        {"$unset"},
        ["person:write"],
    ),
    "persons_split_create": (
        "post",
        "/api/projects/{project_id}/persons/{id}/split",
        {"main_distinct_id"},
        ["person:write"],
    ),
    "persons_merge_create": (
        "post",
        "/api/projects/{project_id}/persons/{id}/merge",
        set(),
        ["person:write"],
    ),
    "persons_destroy": (
        "delete",
        "/api/projects/{project_id}/persons/{id}",
        {"delete_events", "delete_recordings", "keep_person"},
        ["person:write"],
    ),
    "persons_bulk_delete_create": (
        "post",
        "/api/projects/{project_id}/persons/bulk_delete",
        {"ids", "distinct_ids", "delete_events", "delete_recordings", "keep_person"},
        ["person:write"],
    ),
    "persons_deletion_status_list": (
        "get",
        "/api/projects/{project_id}/persons/deletion_status",
        {"status", "person_uuid", "limit", "offset"},
        ["person:read"],
    ),
    "persons_reset_person_distinct_id_create": (
        "post",
        "/api/projects/{project_id}/persons/reset_person_distinct_id",
        {"distinct_id"},
        ["person:write"],
    ),
    "persons_activity_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/{id}/activity",
        {"limit", "page"},
        ["activity_log:read"],
    ),
    "persons_all_activity_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/activity",
        {"limit", "page"},
        ["activity_log:read"],
    ),
    "persons_properties_timeline_retrieve": (
        "get",
        "/api/projects/{project_id}/persons/{id}/properties_timeline",
        {
            *("properties", "events", "actions", "breakdown", "breakdown_type"),
            *("date_from", "date_to", "interval", "display"),
        },
        ["person:read"],
    ),
    "imports_create": (
        "post",
        "/api/projects/{project_id}/imports",
        {"format", "kind"},
        ["person:write"],
    ),
    "projects_list": ("get", "/api/projects", set(), []),
    "projects_retrieve": ("get", "/api/projects/{project_id}", set(), []),
}
# Of PostHog's parameters those that are about something we do not have.
NOT_OURS = {"client_query_id"}
# Addresses whose answers are never CSV: PostHog has `format` there, and an empty body for it.
JSON_ALONE = {
    *("persons_activity_retrieve", "persons_all_activity_retrieve", "persons_deletion_status_list"),
    "persons_properties_at_time_retrieve",
    "persons_properties_timeline_retrieve",
}
# No key of theirs opens it.
OPEN_HERE_ALONE = {"persons_properties_timeline_retrieve"}


@pytest.fixture(scope="module")
def document(open_client: Client) -> dict[str, Any]:
    answer = open_client.get("/schema/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (verb, path.rstrip("/"), operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    }


def parameters(document: dict[str, Any], operation: dict[str, Any], place: str) -> set[str]:
    found: set[str] = set()
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            name = parameter["$ref"].rpartition("/")[2]
            parameter = document["components"]["parameters"][name]
        if parameter["in"] == place:
            found.add(parameter["name"])
    return found


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("prefix", ["projects", "environments"])
def test_the_addresses_we_promise(document: dict[str, Any], name: str, prefix: str) -> None:
    verb, path, query, scopes = OPERATIONS[name]
    id = name if prefix == "projects" else f"environments_{name}"
    found_verb, found_path, operation = operations(document)[id]
    assert (found_verb, found_path) == (verb, path.replace("projects", prefix, 1))
    assert parameters(document, operation, "query") == query
    assert parameters(document, operation, "path") == {
        part.strip("{}") for part in path.split("/") if part.startswith("{")
    }
    assert operation["security"] == [{"PersonalAPIKeyAuth": scopes}]
    assert operation["summary"]
    assert operation["tags"] == [id.partition("_")[0]]


def test_there_are_no_others(document: dict[str, Any]) -> None:
    known = {name for id in OPERATIONS for name in (id, f"environments_{id}")}
    assert set(operations(document)) == known | {"livez", "readyz", "metrics"}


def test_every_failure_has_the_one_body(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document).values():
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (path, status)
    body = document["components"]["schemas"]["ErrorBody"]
    assert set(body["properties"]) == {"type", "code", "detail", "attr"}


def test_it_says_how_to_sign_in(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["PersonalAPIKeyAuth"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_persons_are_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    person = schemas["Person"]["properties"]
    assert person["id"]["type"] == "integer"
    assert (person["uuid"]["format"], person["created_at"]["format"]) == ("uuid", "date-time")
    assert set(schemas["ListedPerson"]["properties"]) > set(person)
    assert schemas["Page"]["required"] == ["next", "previous", "results"]


def test_batches_are_described(document: dict[str, Any]) -> None:
    for name, field in (("distinct_ids", "distinct_ids"), ("uuids", "uuids")):
        operation = operations(document)[f"persons_batch_by_{name}_create"][2]
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert list(body["properties"]) == [field]
        assert body["properties"][field]["items"] == {"type": "string"}
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/Batch"}
        assert {"400", "415"} <= set(operation["responses"])
    results = document["components"]["schemas"]["Batch"]["properties"]["results"]
    assert results["additionalProperties"] == {"$ref": "#/components/schemas/ListedPerson"}


def test_edits_are_described(document: dict[str, Any]) -> None:
    edits = {
        "persons_partial_update": ("Person", {"properties"}),
        "persons_update": ("Person", {"properties"}),
        "persons_update_property_create": ("Person", {"key", "value"}),
        "persons_delete_property_create": ("Done", {"$unset"}),
        "persons_split_create": ("Done", {"main_distinct_id", "distinct_ids_to_split"}),
        "persons_merge_create": ("Person", {"ids", "distinct_ids"}),
    }
    for name, (answer, fields) in edits.items():
        operation = operations(document)[name][2]
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["properties"]) == fields
        success = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert success == {"$ref": f"#/components/schemas/{answer}"}
        assert parameters(document, operation, "header") == {"If-Match", "Idempotency-Key"}
        codes = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 503, 507)
        failures = set(map(str, codes))
        assert set(operation["responses"]) == {"200", *failures}


def test_deletions_are_described(document: dict[str, Any]) -> None:
    found = operations(document)
    for name, headers, answer in (
        ("persons_destroy", {"If-Match", "Idempotency-Key"}, None),
        ("persons_bulk_delete_create", {"Idempotency-Key"}, "BulkDeletion"),
        ("persons_reset_person_distinct_id_create", {"Idempotency-Key"}, None),
    ):
        operation = found[name][2]
        assert parameters(document, operation, "header") == headers
        assert {"202", "400", "401", "403", "422", "507"} <= set(operation["responses"])
        assert "200" not in operation["responses"]
        content = operation["responses"]["202"].get("content")
        if answer is None:
            assert not content, content
        else:
            schema = content["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{answer}"}
    body = found["persons_bulk_delete_create"][2]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]) == {
        *("ids", "distinct_ids", "delete_events", "delete_recordings", "keep_person"),
    }
    page = found["persons_deletion_status_list"][2]["responses"]["200"]["content"]
    assert page["application/json"]["schema"] == {"$ref": "#/components/schemas/DeletionPage"}


def test_a_distinct_id_may_be_given_several_times(document: dict[str, Any]) -> None:
    listed = operations(document)["persons_list"][2]["parameters"]
    (schema,) = (p["schema"] for p in listed if p["name"] == "distinct_id")
    assert (schema["type"], schema["items"]) == ("array", {"type": "string"})
    assert "default" not in schema


def test_csv_is_described(document: dict[str, Any]) -> None:
    found = operations(document)
    for name in ("persons_retrieve", "persons_values_retrieve"):
        content = found[name][2]["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/csv"}


def test_exports_are_described(document: dict[str, Any]) -> None:
    kinds = {
        "persons_export": "text/csv",
        "persons_export_ndjson": "application/x-ndjson",
        "persons_export_parquet": "application/vnd.apache.parquet",
        "persons_export_arrow": "application/vnd.apache.arrow.stream",
    }
    found = operations(document)
    for name, kind in kinds.items():
        assert set(found[name][2]["responses"]["200"]["content"]) == {kind}
    listed = found["persons_list"][2]["responses"]["200"]["content"]
    assert set(listed) == {"application/json", *kinds.values()}


def test_numbers_are_described_as_numbers(document: dict[str, Any]) -> None:
    listed = operations(document)["persons_list"][2]["parameters"]
    kinds = {p["name"]: (p["schema"]["type"], p["schema"].get("default")) for p in listed}
    assert kinds["limit"] == ("integer", 100)
    assert kinds["offset"] == ("integer", 0)
    assert kinds["include_total"] == ("boolean", True)
    assert kinds["search"] == ("string", None)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="PostHog's document is not at hand")
def test_posthogs_own_document_agrees(document: dict[str, Any]) -> None:
    published = json.loads(PUBLISHED.read_text())
    ours = operations(document)
    shared = {
        id: theirs
        for id, theirs in operations(published).items()
        if id in ours and theirs[0] in ("get",)
    }
    assert set(shared) == {
        *("persons_list", "persons_retrieve", "persons_values_retrieve"),
        *JSON_ALONE,
    }
    for id, (verb, path, theirs) in shared.items():
        our_verb, our_path, operation = ours[id]
        assert (our_verb, our_path) == (verb, path)
        for place in ("query", "path"):
            wanted = parameters(published, theirs, place) - NOT_OURS
            if id in JSON_ALONE:
                wanted -= {"format"}
            assert wanted <= parameters(document, operation, place), id
        if id not in OPEN_HERE_ALONE:
            assert operation["security"] == theirs["security"]
    fields = published["components"]["schemas"]["PersonRecord"]["properties"]
    assert set(fields) == set(document["components"]["schemas"]["Person"]["properties"])
