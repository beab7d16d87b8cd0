"""Statements of a backup. What they do is tested on the engine, in tests/service."""

from __future__ import annotations

from typing import Any

import pytest

from queries import backups
from queries.backups import Table
from queries.statement import Statement

PERSONS = Table("persons", ["team_id", "id"], of_projects=True, has_versions=True, expires=False)
NOTES = Table("notes", ["a"], of_projects=False, has_versions=False, expires=False)


@pytest.mark.parametrize(
    ("statement", "text", "values"),
    [
        (backups.make_snapshot(), "CREATE DATABASE personhouse_snapshot ENGINE = Atomic", []),
        (backups.drop_snapshot(), "DROP DATABASE IF EXISTS personhouse_snapshot SYNC", []),
        (
            backups.clone_table("persons"),
            "CREATE TABLE personhouse_snapshot.persons CLONE AS persons",
            [],
        ),
        (
            backups.begin_backup("/a"),
            "BACKUP DATABASE personhouse_snapshot TO File({p0:String}) ASYNC",
            ["/a"],
        ),
        (
            backups.begin_backup("a", "cold"),
            "BACKUP DATABASE personhouse_snapshot TO Disk({p0:String}, {p1:String}) ASYNC",
            ["cold", "a"],
        ),
        (
            backups.begin_restore("/a"),
            "RESTORE DATABASE personhouse_snapshot FROM File({p0:String}) ASYNC",
            ["/a"],
        ),
        (
            backups.rename_snapshot("ours"),
            "RENAME DATABASE personhouse_snapshot TO {p0:Identifier}",
            ["ours"],
        ),
        (backups.drop_database("ours"), "DROP DATABASE IF EXISTS {p0:Identifier} SYNC", ["ours"]),
        (backups.drop_sums(), "DROP TABLE personhouse_snapshot.backup_sums SYNC", []),
    ],
)
def test_what_is_said(statement: Statement[Any], text: str, values: list[object]) -> None:
    found, bound = statement.sql.render()
    assert found == text
    assert list(bound.values()) == values


@pytest.mark.parametrize("name", ["a b", "a`", "", "A", "a.b", "x" * 64, "ß"])
def test_names_that_are_none_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a table"):
        backups.clone_table(name)


def test_sums_are_of_the_newest_versions_of_each_project() -> None:
    text, values = backups.sum_up(PERSONS).sql.render()
    assert "personhouse_snapshot.persons FINAL GROUP BY ALL" in text
    assert "team_id AS team_id" in text
    assert list(values.values()) == ["persons", "team_id", "id"]


def test_sums_of_a_table_that_is_of_no_project_and_has_no_versions() -> None:
    text, values = backups.note_sums(NOTES).sql.render()
    assert text.startswith("INSERT INTO personhouse_snapshot.backup_sums")
    assert "toUInt32(0) AS team_id" in text
    assert " FINAL" not in text
    assert list(values.values()) == ["notes", "a"]


@pytest.mark.parametrize("database", [None, "ours"])
def test_tables_of_a_database(database: str | None) -> None:
    text, values = backups.list_tables(database).sql.render()
    assert ("currentDatabase()" in text) == (database is None)
    assert list(values.values()).count("ours") == (2 if database else 0)


def test_what_is_asked() -> None:
    assert list(backups.find_state("/a").sql.render()[1].values()) == ["/a"]
    assert list(backups.list_present("ours").sql.render()[1].values()) == ["ours"]
    assert "backup_sums" in backups.list_sums().sql.render()[0]
    assert "CREATE TABLE" in backups.make_sums().sql.render()[0]
