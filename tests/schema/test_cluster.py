"""The tables of a cluster: what migrations become, and that ClickHouse takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client

from schema.cluster import EVERYWHERE, SHARDED, Cluster
from schema.migrate import Migration, available, create_database, migrate, pending
from schema.names import MigrationError
from tests.conftest import CLUSTERS
from tests.wire.process import DoubleProcess

pytestmark = pytest.mark.engine

DOCS = Path(__file__).parent.parent.parent / "docs" / "cluster.md"
CLUSTER = Cluster("ours", "house")
MIGRATIONS = {migration.name: migration for migration in available()}
_MADE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleProcess]:
    """A process that knows clusters, and a Keeper in its memory."""
    double = DoubleProcess(tmp_path_factory.mktemp("node"), "--config", str(CLUSTERS))
    double.start()
    yield double
    double.stop()


def connect(node: DoubleProcess, database: str = "default") -> Client:
    return get_client(
        host="127.0.0.1", port=node.port, database=database, autogenerate_session_id=False
    )


@pytest.fixture(scope="module")
def client(node: DoubleProcess) -> Client:
    return connect(node)


def first(client: Client, asked: str, /, **values: str) -> Sequence[Any]:
    """Return the one row of an answer."""
    (row,) = client.query(asked, values).result_rows
    return row


def all_statements(cluster: Cluster) -> list[str]:
    return [
        statement
        for migration in MIGRATIONS.values()
        for statement in cluster.statements(migration.statement)
    ]


@pytest.mark.parametrize("name", MIGRATIONS)
def test_what_becomes_of_a_migration_is_taken_for_ddl_on_all_nodes(
    client: Client, name: str
) -> None:
    for statement in CLUSTER.statements(MIGRATIONS[name].statement):
        (text,) = first(client, "SELECT formatQuery({text:String})", text=statement)
        assert " ON CLUSTER ours\n" in text or " ON CLUSTER ours " in text, text
        if "ENGINE" in text:
            assert re.search(r"ENGINE = (Replicated(Replacing)?MergeTree|Distributed)\(", text)


def test_every_table_is_known_and_cut_by_what_its_key_begins_with() -> None:
    made = {
        found[1]: migration.statement
        for migration in MIGRATIONS.values()
        if (found := _MADE.search(migration.statement))
    }
    assert set(made) | {"schema_migrations"} == SHARDED | EVERYWHERE
    assert not SHARDED & EVERYWHERE
    for table in SHARDED:
        assert re.search(r"\nORDER BY \(?team_id\b", made[table]), table


def test_shards_have_their_own_rows_and_other_tables_are_one() -> None:
    statements = "\n".join(all_statements(CLUSTER))
    persons = "'/clickhouse/tables/house/persons_local/{shard}', '{replica}', version, is_deleted"
    projects = "'/clickhouse/tables/house/projects/all', '{shard}-{replica}', version"
    assert f"ENGINE = ReplicatedReplacingMergeTree({persons})" in statements
    assert f"ENGINE = ReplicatedReplacingMergeTree({projects})" in statements
    leads = "ENGINE = Distributed(`ours`, `house`, `persons_local`, team_id)"
    assert statements.count(leads) == 1
    assert statements.count("ENGINE = Distributed(") == len(SHARDED)


def test_tokens_are_remembered_and_blocks_without_one_are_not_compared() -> None:
    """The same row may come twice: when what was there was removed in between."""
    windows = {
        found[1]: int(found[2])
        for statement in all_statements(CLUSTER)
        if (
            found := re.search(
                r"`house`\.`(\w+)` ON.*\breplicated_deduplication_window = (\d+)",
                statement,
                re.DOTALL,
            )
        )
    }
    with_tokens = {"persons_local": 10_000, "turns_local": 10_000, "projects": 1_000}
    with_tokens["secrets"] = 1_000
    assert {table: rows for table, rows in windows.items() if rows} == with_tokens
    tables = {CLUSTER.local_name(table) for table in SHARDED | EVERYWHERE}
    assert set(windows) == tables - {"schema_migrations"}
    assert "non_replicated" not in "".join(all_statements(CLUSTER))


def test_replicated_tables_are_made(client: Client) -> None:
    """With a Keeper; ON CLUSTER alone needs a server."""
    cluster = Cluster("one_local_shard", "replicated")
    client.command("CREATE DATABASE replicated")
    altered = {
        found[1] for s in all_statements(cluster) if (found := re.search(r"ALTER TABLE (\S+)", s))
    }
    for statement in all_statements(cluster):
        if "ALTER TABLE" not in statement:
            client.command(statement.replace(" ON CLUSTER `one_local_shard`", ""))
    assert altered
    rows = client.query(
        "SELECT name, engine FROM system.tables WHERE database = 'replicated'"
    ).result_rows
    engines = {str(name): str(engine) for name, engine in rows}
    assert all(engines[name] == "Distributed" for name in SHARDED)
    replicated = {name for name, engine in engines.items() if engine.startswith("Replicated")}
    expected = {cluster.local_name(table) for table in SHARDED | EVERYWHERE}
    assert replicated == expected - {"schema_migrations"}
    client.command("DROP DATABASE replicated SYNC")


def migrated(node: DoubleProcess, client: Client, name: str) -> tuple[Client, Cluster]:
    cluster = Cluster("one_local_shard", name, is_replicated=False)
    create_database(client, name, cluster)
    return connect(node, name), cluster


def test_migrations_are_applied_once_and_noted(node: DoubleProcess, client: Client) -> None:
    here, cluster = migrated(node, client, "noted")
    migrations = available()
    assert pending(here, migrations, cluster) == migrations
    assert migrate(here, migrations, cluster) == migrations
    assert migrate(here, migrations, cluster) == []
    for statement in all_statements(cluster):
        here.command(statement)


def test_both_tables_of_a_name_have_the_same_columns(node: DoubleProcess, client: Client) -> None:
    """A column that is added is added to both."""
    here, cluster = migrated(node, client, "columns")
    migrate(here, available(), cluster)
    rows = here.query(
        "SELECT name, type, replaceOne(table, '_local', '') AS of FROM system.columns"
        " WHERE database = 'columns' ORDER BY of, name, type"
    ).result_rows
    sharded = [row for row in rows if row[2] in SHARDED]
    assert ("mark", "UInt64", "history") in sharded
    assert all(one == other for one, other in list(pairwise(sharded))[::2])


def test_a_project_is_moved_as_the_docs_say(node: DoubleProcess, client: Client) -> None:
    """From one shard's tables to those of another."""
    old, cluster = migrated(node, client, "old_shard")
    new, _ = migrated(node, client, "new_shard")
    for here in (old, new):
        migrate(here, available(), Cluster(cluster.name, str(here.database), is_replicated=False))
    old.command(
        "INSERT INTO persons (team_id, id, created_at, version, properties, texts, distinct_ids)"
        " SELECT number % 9, toUUID(concat(leftPad(toString(number), 8, '0'),"
        " '-0000-0000-0000-000000000000')), now64(6), 1, '{\"a.b\":1}', '{\"a\":\"1\"}',"
        " ['x'] FROM numbers(900)"
    )
    moving = DOCS.read_text()
    (statement,) = re.findall(r"INSERT INTO personhouse.*?team_id = 7", moving, re.DOTALL)
    statement = statement.replace("node-of-its-old-shard", "127.0.0.1")
    into, _, source = statement.partition("remote(")
    for table in SHARDED:
        text = into.replace("personhouse.persons", f"new_shard.{table}")
        new.command(f"{text}remote({source.replace('personhouse.persons', f'old_shard.{table}')}")
    sums = [
        first(
            here,
            "SELECT count(), sum(cityHash64(* EXCEPT prop)), sum(cityHash64(toJSONString(prop)))"
            " FROM persons FINAL WHERE team_id = 7",
        )
        for here in (old, new)
    ]
    assert sums[0] == sums[1]
    assert sums[0][0] == 100


@pytest.mark.parametrize("page", ["cluster.md", "how-to/server.md"])
def test_the_sql_of_the_docs_parses(client: Client, page: str) -> None:
    text = (DOCS.parent / page).read_text()
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    statements = [one for block in blocks for one in re.split(r";\s*(?:--.*)?\n", block)]
    assert any(one.strip() for one in statements)
    for one in statements:
        if one.strip():
            client.query("SELECT formatQuery({text:String})", {"text": one.strip()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ALTER TABLE persons DELETE WHERE 1",
            "ALTER TABLE `house`.`persons_local` ON CLUSTER `ours` DELETE WHERE 1",
        ),
        (
            "\n  ALTER TABLE history\n MODIFY TTL x",
            "\n  ALTER TABLE `house`.`history_local` ON CLUSTER `ours`\n MODIFY TTL x",
        ),
        (
            "OPTIMIZE TABLE persons FINAL",
            "OPTIMIZE TABLE `house`.`persons_local` ON CLUSTER `ours` FINAL",
        ),
        (
            "SYSTEM STOP MERGES persons",
            "SYSTEM STOP MERGES ON CLUSTER `ours` `house`.`persons_local`",
        ),
        ("\nKILL MUTATION\nWHERE 1", "\nKILL MUTATION ON CLUSTER `ours`\nWHERE 1"),
        ("ALTER TABLE removing DROP PARTITION 1", "ALTER TABLE removing DROP PARTITION 1"),
        ("INSERT INTO persons (id) SELECT 1", "INSERT INTO persons (id) SELECT 1"),
        ("SELECT 'ALTER TABLE persons'", "SELECT 'ALTER TABLE persons'"),
    ],
)
def test_what_rewrites_rows_goes_to_those_who_have_them(text: str, expected: str) -> None:
    assert CLUSTER.command(text) == expected


def test_column_changes_are_for_both_and_settings_for_the_rows() -> None:
    both = CLUSTER.statements("-- why\nALTER TABLE history ADD COLUMN IF NOT EXISTS x UInt8")
    assert both == [
        "-- why\nALTER TABLE `house`.`history_local` ON CLUSTER `ours`"
        " ADD COLUMN IF NOT EXISTS x UInt8",
        "ALTER TABLE `house`.`history` ON CLUSTER `ours` ADD COLUMN IF NOT EXISTS x UInt8",
    ]
    (one,) = CLUSTER.statements("ALTER TABLE persons MODIFY SETTING a = 1")
    assert one == "ALTER TABLE `house`.`persons_local` ON CLUSTER `ours` MODIFY SETTING a = 1"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE persons",
        "CREATE TABLE persons (x UInt8) ENGINE = MergeTree ORDER BY x",
        "CREATE TABLE IF NOT EXISTS more (x UInt8) ENGINE = MergeTree ORDER BY x",
        "ALTER TABLE more ADD COLUMN x UInt8",
        "CREATE TABLE IF NOT EXISTS turns (x UInt8) ENGINE = Memory",
    ],
)
def test_what_is_of_no_known_form_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match=r"no CREATE|say in schema|is no MergeTree"):
        CLUSTER.statements(statement)


@pytest.mark.parametrize("name", ["a`b", "a b", ""])
def test_a_name_that_would_be_sql_is_refused(name: str) -> None:
    migration: Migration = MIGRATIONS["0004_persons.sql"]
    with pytest.raises(MigrationError, match="named with letters"):
        Cluster(name, "house").statements(migration.statement)
    with pytest.raises(MigrationError, match="named with letters"):
        Cluster("ours", name).statements(migration.statement)
