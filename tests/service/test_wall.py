"""Nothing of a project is seen, or changed, through another one."""

from __future__ import annotations

import ast
import logging
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import queries
from tests.conftest import ADMIN, Client, InsertPersons, MakeKey, make_project
from tests.contract.test_openapi import OPERATIONS

# What requests name of the other project's, and what only its answers hold.
CANARY = "canary-of-the-other"
SECRET = "only-theirs-5d1e"
# The tables whose rows are of a project each.
TABLES = ("persons", "distinct_ids", "person_keys", "activity", "history", "events", "deletions")

# Builders of statements on such a table that are of all projects, and why.
OF_ALL_PROJECTS = {
    "deletions.list_pending": "which projects have deletions to be worked on",
    "export_jobs.make_copy": "the columns of an empty table",
    "history.keep": "how long rows are kept",
    "masking.mask_superseded": "versions that nobody reads, named by what was written",
    "parts.count_versions": "two numbers, for who runs the service",
    "property_statistics.count_slice": "counts of a part, of each project by itself",
    "removal.apply_mask": "rows that nobody reads any more",
    "settled.examine_parts": "whether parts hold superseded versions: numbers",
    "settled.oldest_elsewhere": "the lowest version of some parts: a number",
}


class Builder(Struct):
    """A function of `queries`: the texts in it, and what it calls."""

    texts: str
    calls: set[str]


def _builders() -> dict[str, Builder]:
    found: dict[str, Builder] = {}
    for path in sorted(Path(str(queries.__file__)).parent.glob("*.py")):
        if path.stem == "sql":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                inside = [one for part in node.body for one in ast.walk(part)]
                texts = [one.value for one in inside if isinstance(one, ast.Constant)]
                calls = {
                    one.func.id
                    for one in inside
                    if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
                }
                words = " ".join(text for text in texts if isinstance(text, str))
                found[f"{path.stem}.{node.name}"] = Builder(words, calls)
    return found


def _reads(builder: Builder) -> bool:
    words = builder.texts.replace("(", " ").replace(")", " ").split()
    return any(
        word in ("FROM", "JOIN", "UPDATE", "TABLE") and after in TABLES
        for word, after in pairwise(words)
    )


def _names_project(name: str, builders: dict[str, Builder], seen: set[str]) -> bool:
    """Whether a builder's texts name the project, or those of what it is put together from."""
    if name in seen:
        return False
    seen.add(name)
    if _CONDITION.search(builders[name].texts):
        return True
    called = [one for one in builders if one.partition(".")[2] in builders[name].calls]
    return any(_names_project(one, builders, seen) for one in called)


_CONDITION = re.compile(r"team_id (=|IN)|\(team_id, [a-z_, ]+\) (IN|=)")


def test_every_statement_on_a_projects_table_names_the_project() -> None:
    builders = _builders()
    reading = [name for name, builder in builders.items() if _reads(builder)]
    assert len(reading) > 50
    strays = {name for name in reading if not _names_project(name, builders, set())}
    assert strays <= OF_ALL_PROJECTS.keys(), strays - OF_ALL_PROJECTS.keys()
    assert OF_ALL_PROJECTS.keys() <= builders.keys()


@pytest.fixture(scope="module")
def other(open_client: Client, project: int, insert_persons: InsertPersons) -> dict[str, Any]:
    """A person of another project, whose distinct id is that of one here too; and here one."""
    theirs = make_project(open_client, "theirs")
    lines = [
        {
            "distinct_ids": ["shared", f"{CANARY}-id", f"{SECRET}-id"],
            "properties": {"email": CANARY, CANARY: SECRET, SECRET: 1},
        },
        {"distinct_ids": [f"{CANARY}-2"], "properties": {"plan": CANARY, "note": SECRET}},
    ]
    insert_persons(theirs, *lines)
    insert_persons(project, {"distinct_ids": ["shared"], "properties": {"email": "ours"}})
    page = open_client.get(f"/api/projects/{theirs}/persons", headers=ADMIN).json()
    person = next(one for one in page["results"] if "shared" in one["distinct_ids"])
    line = {"event": SECRET, "distinct_id": "shared", "timestamp": "2024-05-01"}
    done = open_client.post(f"/api/projects/{theirs}/imports?kind=events", json=line, headers=ADMIN)
    assert done.status_code == 200, done.text
    change = {"properties": {CANARY: f"{SECRET}, too"}}
    uuid = person["uuid"]
    url = f"/api/projects/{theirs}/persons/{uuid}"
    assert open_client.patch(url, json=change, headers=ADMIN).status_code == 200
    export = open_client.post(f"/api/projects/{theirs}/exports", headers=ADMIN)
    return {**person, "project": theirs, "export": export.json()["id"]}


def _bodies(other: dict[str, Any]) -> list[dict[str, Any]]:
    """Return bodies that name the other project's persons in every way there is."""
    ids = [other["distinct_ids"][0], f"{CANARY}-id", f"{CANARY}-2"]
    uuids = [other["uuid"]]
    return [
        {"distinct_ids": ids, "ids": uuids, "uuids": uuids},
        {"distinct_ids": ids},
        {"ids": uuids},
        {"uuids": uuids},
        {"properties": {"tried": True}},
        {"key": CANARY, "value": 1},
        {"$unset": CANARY},
        {"distinct_ids_to_split": ids},
        {"main_distinct_id": f"{CANARY}-id"},
        {"distinct_id": f"{CANARY}-id"},
    ]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_address_shows_or_changes_what_is_anothers(
    open_client: Client,
    make_key: MakeKey,
    project: int,
    other: dict[str, Any],
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    verb, path, parameters, _ = OPERATIONS[name]
    headers = {"Authorization": f"Bearer {make_key('*', projects=[project])}"}
    arguments: dict[str, list[str]] = {
        "distinct_id": ["shared", f"{CANARY}-id"],
        "person_id": [other["uuid"]],
        "person_uuid": [other["uuid"]],
        "search": [CANARY],
        "key": ["email", CANARY, "plan"],
        "timestamp": ["2030-01-01T00:00:00Z"],
        "email": [CANARY],
    }
    asked: list[dict[str, str]] = [{}]
    for argument in sorted(parameters & arguments.keys()):
        asked += [{argument: value} for value in arguments[argument]]
    if {"timestamp", "distinct_id"} <= parameters:
        asked += [{"timestamp": "2030-01-01T00:00:00Z", "distinct_id": "shared"}]
    before = _theirs(open_client, other)
    bodies = [None] if verb == "get" else _bodies(other)
    with caplog.at_level(logging.DEBUG, "service"):
        for id in (other["uuid"], str(other["id"]), other["export"]):
            url = path.format(project_id=project, id=id, name="manifest.json")
            for given in asked:
                for body in bodies:
                    answer = open_client.request(
                        verb.upper(), url, params=given, json=body, headers=headers
                    )
                    assert answer.status_code < 500, answer.text
                    assert SECRET not in answer.text
            if "{id}" in path:
                foreign = path.format(project_id=other["project"], id=id, name="manifest.json")
                shut = open_client.request(verb.upper(), foreign, headers=headers)
                # An integer leads to no export at all.
                assert shut.status_code == (404 if "exports" in path and id.isdigit() else 403)
    assert _theirs(open_client, other) == before
    assert SECRET not in caplog.text


def _theirs(client: Client, other: dict[str, Any]) -> list[dict[str, Any]]:
    base = f"/api/projects/{other['project']}"
    found: list[dict[str, Any]] = client.get(f"{base}/persons", headers=ADMIN).json()["results"]
    jobs = client.get(f"{base}/exports", headers=ADMIN).json()["results"]
    return [*found, *({"id": one["id"]} for one in jobs)]
