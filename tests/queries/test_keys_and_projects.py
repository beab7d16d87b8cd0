"""Statements on projects and keys. What they answer is tested on the engine, in tests/service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from queries.keys import Key, KeyRow, find_key, list_keys
from queries.projects import get_project, list_projects
from queries.statement import Statement

HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
ROW = KeyRow(HASH, UUID(int=1), "ours", "phx_abcd...", ["*"], [1, 2], 5, None, 7, 8)


@pytest.mark.parametrize(
    ("statement", "name", "values"),
    [
        (list_projects(), "projects.list", []),
        (get_project(7), "projects.get", [7]),
        (list_keys(), "keys.list", []),
        (find_key(HASH), "keys.find", [HASH]),
    ],
)
def test_names_and_values(statement: Statement[Any], name: str, values: list[object]) -> None:
    text, bound = statement.sql.render()
    assert statement.name == name
    assert list(bound.values()) == values
    assert " FINAL" in text
    # The names of the answer's columns are those of the row's fields, in any order.
    for field in msgspec.structs.fields(statement.row):
        assert field.name in text


def test_a_hash_is_bound() -> None:
    text, bound = find_key("' OR 1 --").sql.render()
    assert "OR 1" not in text
    assert bound == {"p0": "' OR 1 --"}


def test_a_key_has_no_hash() -> None:
    key = ROW.key()
    assert key == Key(UUID(int=1), "ours", "phx_abcd...", ["*"], [1, 2], 5, None, 7, 8)
    assert HASH not in msgspec.json.encode(key).decode()
