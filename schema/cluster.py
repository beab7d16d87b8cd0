"""The same tables on a cluster: local ones on every node, and those that lead to them.

A table whose key begins with `team_id` is cut into shards by it: `persons_local` holds the rows of
a shard's projects, once on each of its replicas, and `persons` is Distributed over them. So all
there is of a project is on one shard: an INSERT of many persons is seen whole or not at all, a
deduplication token meets the one it competes with, and FINAL, IN and JOIN find all they need.

The other tables are small. Each is one table of which every node is a replica.
"""

from __future__ import annotations

import re

from msgspec import Struct

from schema.names import quoted

# What is in them is of no project, or (of `removing`) is read by mutations on every node.
# `property_statistics` is of parts, and stays empty on a cluster.
EVERYWHERE = frozenset(
    {
        "api_key_uses",
        "api_keys",
        "projects",
        "property_statistics",
        "removing",
        "schema_migrations",
        "secrets",
        "superseded",
    }
)
SHARDED = frozenset(
    {
        "activity",
        "deletions",
        "distinct_ids",
        "event_deletions",
        "events",
        "exports",
        "history",
        "idempotency",
        "person_keys",
        "persons",
        "turns",
    }
)
SHARDING_KEY = "team_id"

_SQL = r"((?:\s*--[^\n]*\n)*\s*)"
_CREATE = re.compile(rf"{_SQL}CREATE TABLE IF NOT EXISTS (\w+)\b(.*)", re.DOTALL)
_ALTER = re.compile(rf"{_SQL}ALTER TABLE (\w+)\b(.*)", re.DOTALL)
_CHANGE = re.compile(rf"{_SQL}(ALTER TABLE|OPTIMIZE TABLE|TRUNCATE TABLE) (\w+)\b(.*)", re.DOTALL)
_MERGES = re.compile(r"(SYSTEM (?:STOP|START) MERGES) (\w+)")
_KILL = re.compile(r"\s*KILL MUTATION\b")
_COLUMN = re.compile(r"\s*(?:ADD|MODIFY|DROP) COLUMN\b")
_ENGINE = re.compile(r"\bENGINE = ((?:Replacing)?MergeTree)(?:\(([^)]*)\))?")
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window = ([0-9]+)")
_SETTINGS = re.compile(r"\nSETTINGS ")
# Longer than any writer waits for an answer to what it wrote.
_WINDOW_SECONDS = 604_800


class Cluster(Struct, frozen=True):
    """Where the tables are.

    Attributes:
        name: of the cluster, as in `remote_servers` of the nodes' configuration.
        database: of the tables.
        is_replicated: the engines are Replicated and DDL goes ON CLUSTER, both by way of Keeper.
            Without, there is one node, which is its own and only replica.
    """

    name: str
    database: str
    is_replicated: bool = True

    def statements(self, statement: str) -> list[str]:
        """Return what makes of one node's DDL that of the cluster, in order.

        Each is idempotent if the one given is.

        Raises:
            ValueError: it is of no form that migrations have, or of a table unknown here.
        """
        if created := _CREATE.fullmatch(statement):
            return self._create(*created.groups())
        if altered := _ALTER.fullmatch(statement):
            return self._alter(*altered.groups())
        raise ValueError(f"no CREATE TABLE IF NOT EXISTS and no ALTER TABLE: {statement[:80]}")

    def command(self, text: str) -> str:
        """Return a statement that the service runs, led to where it is to run.

        Mutations and all else that rewrites rows are for the tables on the shards; what reads or
        inserts stays as it is.
        """
        if killing := _KILL.match(text):
            return f"{killing[0]}{self._on_cluster()}{text[killing.end() :]}"
        if (merging := _MERGES.fullmatch(text)) and merging[2] in SHARDED:
            return f"{merging[1]}{self._on_cluster()} {self._local(merging[2])}"
        changing = _CHANGE.fullmatch(text)
        if changing is None or changing[3] not in SHARDED:
            return text
        head, verb, table, rest = changing.groups()
        return f"{head}{verb} {self._local(table)}{self._on_cluster()}{rest}"

    def create_database(self) -> str:
        """Return the statement that makes the database on every node."""
        name = quoted(self.database)
        return f"CREATE DATABASE IF NOT EXISTS {name}{self._on_cluster()} ENGINE = Atomic"

    def local_name(self, table: str) -> str:
        """Return the name of what holds a table's rows, without the database."""
        return f"{table}_local" if table in SHARDED else table

    def _create(self, comment: str, table: str, rest: str) -> list[str]:
        _require_known(table)
        local = f"{self._name(self.local_name(table))}{self._on_cluster()}"
        made = f"{comment}CREATE TABLE IF NOT EXISTS {local}{self._engine(table, rest)}"
        if table not in SHARDED:
            return [made]
        leading = (
            f"CREATE TABLE IF NOT EXISTS {self._name(table)}{self._on_cluster()}"
            f" AS {self._local(table)}\nENGINE = Distributed({quoted(self.name)},"
            f" {quoted(self.database)}, {quoted(self.local_name(table))}, {SHARDING_KEY})"
        )
        return [made, leading]

    def _alter(self, comment: str, table: str, rest: str) -> list[str]:
        _require_known(table)
        local = f"{comment}ALTER TABLE {self._local(table)}{self._on_cluster()}{rest}"
        if table not in SHARDED or not _COLUMN.match(rest):
            return [local]
        return [local, f"ALTER TABLE {self._name(table)}{self._on_cluster()}{rest}"]

    def _engine(self, table: str, rest: str) -> str:
        """Return the rest of a CREATE with the engine of a replica."""
        if not self.is_replicated:
            return rest
        found = _ENGINE.search(rest)
        if found is None:
            raise ValueError(f"{table}: the engine is no MergeTree that can be replicated")
        sharded = table in SHARDED
        shard, replica = ("{shard}", "{replica}") if sharded else ("all", "{shard}-{replica}")
        path = f"/clickhouse/tables/{self.database}/{self.local_name(table)}/{shard}"
        arguments = ", ".join([f"'{path}'", f"'{replica}'", *([found[2]] if found[2] else [])])
        head, tail = rest[: found.start()], rest[found.end() :]
        window = _WINDOW.search(tail)
        # Without a token blocks are told apart by what is in them, and the same row may well come
        # twice: after what was there was removed.
        kept = window[1] if window else "0"
        settings = (
            f"replicated_deduplication_window = {kept},"
            f" replicated_deduplication_window_seconds = {_WINDOW_SECONDS}"
        )
        if window:
            tail = tail[: window.start()] + settings + tail[window.end() :]
        elif _SETTINGS.search(tail):
            tail = _SETTINGS.sub(f"\nSETTINGS {settings}, ", tail, count=1)
        else:
            tail = f"{tail.rstrip()}\nSETTINGS {settings}"
        return f"{head}ENGINE = Replicated{found[1]}({arguments}){tail}"

    def _on_cluster(self) -> str:
        return f" ON CLUSTER {quoted(self.name)}" if self.is_replicated else ""

    def _local(self, table: str) -> str:
        return self._name(self.local_name(table))

    def _name(self, table: str) -> str:
        return f"{quoted(self.database)}.{quoted(table)}"


def _require_known(table: str) -> None:
    if table not in SHARDED | EVERYWHERE:
        raise ValueError(f"{table}: say in schema/cluster.py whether it is cut into shards")
