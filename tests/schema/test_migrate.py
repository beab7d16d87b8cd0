"""Migrations: from nothing, again, cut off, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schema import migrate as module
from schema.migrate import (
    Migration,
    available,
    create_database,
    migrate,
    pending,
)
from schema.names import MigrationError, quoted
from service.engine_target import Embedded

pytestmark = pytest.mark.engine

_numbers = itertools.count(1)


@pytest.fixture
def client(data_dir: Path) -> Iterator[Client]:
    """A client of an empty database of its own."""
    database = f"migrate_{next(_numbers)}"
    target = Embedded(data_dir)
    first = target.connect(None)
    create_database(first, database)
    create_database(first, database)
    client = target.connect(database)
    yield client
    client.close()
    first.command(f"DROP DATABASE {database} SYNC")
    first.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is read in place of the migrations."""

    def files(package: str) -> Path:
        assert package == "schema"
        return tmp_path

    monkeypatch.setattr(module, "files", files)
    (tmp_path / "migrations").mkdir()
    return tmp_path / "migrations"


def tables(client: Client) -> set[str]:
    return {row[0] for row in client.query("SHOW TABLES").result_rows}


def ledger(client: Client) -> list[tuple[int, str]]:
    rows = client.query("SELECT number, name FROM schema_migrations ORDER BY number, name")
    return [(number, name) for number, name in rows.result_rows]


def schema(client: Client) -> list[tuple[str, str]]:
    rows = client.query(
        "SELECT name, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() ORDER BY name"
    )
    return [(name, statement) for name, statement in rows.result_rows]


def test_from_nothing(client: Client) -> None:
    migrations = available()
    assert migrate(client, migrations) == migrations
    assert ledger(client) == [(m.number, m.name) for m in migrations]
    assert {"projects", "persons", "person_keys", "distinct_ids"} <= tables(client)
    assert pending(client, migrations) == []


def test_twice_changes_nothing(client: Client) -> None:
    migrate(client, available())
    before = (schema(client), ledger(client))
    client.command("INSERT INTO projects (id, name) VALUES (1, 'kept')")
    assert migrate(client, available()) == []
    assert (schema(client), ledger(client)) == before
    assert client.query("SELECT id, name FROM projects").result_rows == [(1, "kept")]


def test_what_is_pending_is_told_without_a_change(client: Client) -> None:
    migrations = available()
    assert pending(client, migrations) == migrations
    assert tables(client) == {"schema_migrations"}


def test_only_what_is_new_is_applied(client: Client) -> None:
    *earlier, last = available()
    migrate(client, earlier)
    assert migrate(client, [*earlier, last]) == [last]


def test_an_edited_file_is_refused(client: Client) -> None:
    first, *others = available()
    migrate(client, [first])
    edited = msgspec.structs.replace(first, checksum="0" * 64)
    with pytest.raises(MigrationError, match=rf"^{first.name} was edited after it was applied"):
        migrate(client, [edited, *others])
    assert tables(client) == {"schema_migrations", "projects"}


def test_tables_of_a_newer_version_are_refused(client: Client) -> None:
    newer = Migration(len(available()) + 1, "9999_newer.sql", "SELECT 1", "0" * 64)
    migrate(client, [*available(), newer])
    for refuses in (pending, migrate):
        with pytest.raises(MigrationError, match=r"newer personhouse \(9999_newer\.sql\)"):
            refuses(client, available())


def test_cut_off_between_statement_and_ledger_it_is_completed(client: Client) -> None:
    migrations = available()
    migrate(client, migrations[:2])
    client.command(migrations[2].statement)
    client.command(migrations[3].statement)
    assert len(ledger(client)) == 2
    assert migrate(client, migrations) == migrations[2:]
    assert ledger(client) == [(m.number, m.name) for m in migrations]


def test_a_refused_statement_is_not_in_the_ledger(client: Client) -> None:
    good, bad, never = (
        Migration(1, "0001_a.sql", "CREATE TABLE a (x UInt8) ENGINE = Memory", "1"),
        Migration(2, "0002_b.sql", "CREATE TABLE b (x Nonsense) ENGINE = Memory", "2"),
        Migration(3, "0003_c.sql", "CREATE TABLE c (x UInt8) ENGINE = Memory", "3"),
    )
    with pytest.raises(DatabaseError):
        migrate(client, [good, bad, never])
    assert ledger(client) == [(1, "0001_a.sql")]
    mended = Migration(2, "0002_b.sql", "CREATE TABLE b (x UInt8) ENGINE = Memory", "4")
    assert migrate(client, [good, mended, never]) == [mended, never]
    assert tables(client) == {"schema_migrations", "a", "b", "c"}


def test_every_migration_can_be_run_again(client: Client) -> None:
    migrate(client, available())
    before = schema(client)
    for migration in available():
        client.command(migration.statement)
    assert schema(client) == before


def test_available_are_numbered_files_in_order(folder: Path) -> None:
    (folder / "0002_b.sql").write_text("SELECT 2;\n")
    (folder / "0001_a.sql").write_text("-- why\nSELECT 1\n")
    (folder / "README.md").write_text("no migration")
    first, second = available()
    assert (first.number, first.name, first.statement) == (1, "0001_a.sql", "-- why\nSELECT 1")
    assert (second.number, second.name, second.statement) == (2, "0002_b.sql", "SELECT 2")
    assert first.checksum != second.checksum


def test_the_checksum_is_that_of_the_text(folder: Path) -> None:
    (folder / "0001_a.sql").write_text("SELECT 1")
    (before,) = available()
    (folder / "0001_a.sql").write_text("SELECT 1 ")
    (after,) = available()
    assert before.checksum != after.checksum
    assert before.statement == after.statement


@pytest.mark.parametrize(
    "names",
    [("0001_a.sql", "0003_c.sql"), ("0002_b.sql",), ("0001_a.sql", "0001_b.sql"), ("0000_a.sql",)],
    ids=["gap", "no-first", "twice", "zero"],
)
def test_a_gap_in_the_numbers_is_refused(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (folder / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"must be numbered 1, 2, 3 …; there are \["):
        available()


@pytest.mark.parametrize("name", ["1_a.sql", "0001-a.sql", "0001_A.sql", "a.sql", "0001_.sql"])
def test_another_name_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match=f"^{name}: a migration is named like"):
        available()


@pytest.mark.parametrize("name", ["persons", "_x", "A1_b", "x" * 63])
def test_database_names_are_quoted(name: str) -> None:
    assert quoted(name) == f"`{name}`"


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "a`b", "a\n", "ä", "x" * 64])
def test_other_database_names_are_refused(name: str) -> None:
    with pytest.raises(MigrationError, match="a database is named with letters, digits and _"):
        quoted(name)
