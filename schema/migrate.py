"""Apply what is pending of the numbered migrations.

ClickHouse's DDL knows no transactions, so a migration is one idempotent statement a file, runs
forward only and is never edited. The ledger `schema_migrations` holds each one's checksum; a
file that has changed since it was applied is refused.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

from clickhouse_connect.driver.client import Client
from msgspec import Struct

from schema.cluster import Cluster
from schema.names import MigrationError, quoted

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    number     UInt32,
    name       String,
    checksum   String,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
"""


class Migration(Struct, frozen=True):
    """One numbered file. `checksum` is the SHA-256 of its text, in hex."""

    number: int
    name: str
    statement: str
    checksum: str


def available() -> list[Migration]:
    """Return the migrations of this version of personhouse, in order.

    Raises:
        MigrationError: a number is missing or there twice, or a file is named otherwise.
    """
    found: list[Migration] = []
    for entry in files("schema").joinpath("migrations").iterdir():
        if not entry.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(entry.name)
        if match is None:
            raise MigrationError(f"{entry.name}: a migration is named like 0001_persons.sql")
        text = entry.read_text("utf-8")
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(int(match[1]), entry.name, text.strip().rstrip(";"), checksum))
    found.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations must be numbered 1, 2, 3 …; there are {numbers}")
    return found


def create_database(client: Client, database: str, cluster: Cluster | None = None) -> None:
    """Make the database if it is not there. `client` must be connected to another one."""
    if cluster is not None:
        client.command(cluster.create_database())
        return
    client.command(f"CREATE DATABASE IF NOT EXISTS {quoted(database)} ENGINE = Atomic")


def pending(
    client: Client, migrations: list[Migration], cluster: Cluster | None = None
) -> list[Migration]:
    """Return those not applied yet, in order; changes nothing but for making the ledger.

    Raises:
        MigrationError: an applied file was edited, or the tables are of a newer version.
    """
    _run(client, _LEDGER, cluster)
    rows = client.query(
        "SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number"
    ).result_rows
    by_number = {migration.number: migration for migration in migrations}
    for number, name, checksum in rows:
        known = by_number.pop(number, None)
        if known is None:
            raise MigrationError(
                f"the tables were made by a newer personhouse ({name}): install that version"
            )
        if known.checksum != checksum:
            raise MigrationError(
                f"{known.name} was edited after it was applied: restore it, add a new file instead"
            )
    return sorted(by_number.values(), key=lambda migration: migration.number)


def migrate(
    client: Client, migrations: list[Migration], cluster: Cluster | None = None
) -> list[Migration]:
    """Apply what is pending and return it.

    On a cluster a statement is done when it is on every node: one that does not answer is waited
    for, and then named in the error.

    A run that was cut off is finished by the next one: a statement that took effect without
    its line in the ledger is idempotent.

    Raises:
        MigrationError: as `pending`.
        clickhouse_connect.driver.exceptions.Error: ClickHouse refused a statement.
    """
    waiting = pending(client, migrations, cluster)
    done: list[Migration] = []
    try:
        for migration in waiting:
            _run(client, migration.statement, cluster)
            done.append(migration)
    finally:
        # All at once: an insert of one row takes longer than the making of a table.
        if done:
            client.insert(
                "schema_migrations",
                [[migration.number, migration.name, migration.checksum] for migration in done],
                column_names=["number", "name", "checksum"],
            )
    return waiting


def _run(client: Client, statement: str, cluster: Cluster | None) -> None:
    for one in [statement] if cluster is None else cluster.statements(statement.strip()):
        client.command(one)
