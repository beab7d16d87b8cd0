"""What is asked of ClickHouse otherwise where the tables are on a cluster (docs/cluster.md)."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client
from msgspec import Struct

from queries.mutations import Place
from schema.cluster import Cluster
from schema.migrate import create_database
from service.engine_target import Target
from service.settings import ClickHouse, SettingsError

# Of all tables of which every node is a replica, this one is read by mutations, each on its node.
_READ_EVERYWHERE = "INSERT INTO removing "
_DDL_SECONDS = 30


class OnCluster(Struct, frozen=True):
    """A cluster, as one of its nodes knows it.

    Attributes:
        tables: how they are made.
        replicas: of a shard; of that with the fewest, should they differ.
        nodes: of all shards.
        statement_seconds: that one may take, and an INSERT wait for the last of the replicas.
    """

    tables: Cluster
    replicas: int
    nodes: int
    statement_seconds: int

    def settings(self) -> dict[str, str]:
        """Return ClickHouse's settings for all statements.

        What is acknowledged is on every replica that may answer next, and all ask the same
        replica as long as it is there. So reads see what was written, by whichever service.
        """
        return {
            "distributed_foreground_insert": "1",
            # Rows find their shard by the sharding key, of an INSERT … SELECT too.
            "parallel_distributed_insert_select": "0",
            "insert_quorum": _quorum(self.replicas),
            "insert_quorum_timeout": str(self.statement_seconds * 1_000),
            "load_balancing": "in_order",
            "prefer_localhost_replica": "1" if self.replicas == 1 else "0",
            # A part of the rows is never taken for all.
            "skip_unavailable_shards": "0",
            "optimize_skip_unused_shards": "1",
            # What is staged for an import is on the node that is asked, and nowhere else.
            "distributed_product_mode": "global",
            "prefer_global_in_and_join": "1",
            # Mutations look up rows that were named before in a table that is on every node.
            "allow_nondeterministic_mutations": "1",
            "distributed_ddl_output_mode": "throw",
            # Before the driver gives up, so that the error names the nodes that were waited for.
            "distributed_ddl_task_timeout": str(self.statement_seconds + _DDL_SECONDS),
        }

    def command(self, text: str) -> tuple[str, dict[str, str]]:
        """Return a statement that answers nothing as it is sent, and settings for it alone."""
        if text.lstrip().startswith(_READ_EVERYWHERE):
            return text, {"insert_quorum": _quorum(self.nodes)}
        return self.tables.command(text), {}


def cluster_of(ours: ClickHouse) -> Cluster | None:
    """Return the cluster that is set, if one is."""
    if not ours.cluster:
        return None
    return Cluster(ours.cluster, ours.database, ours.cluster_is_replicated)


def place_of(table: str, database: str, tables: Cluster | None) -> Place:
    """Return where a table's rows are."""
    if tables is None:
        return Place(database, table)
    return Place(database, tables.local_name(table), tables.name)


def make_database(target: Target, ours: ClickHouse, tables: Cluster | None) -> OnCluster | None:
    """Make the database if it is not there, and have all clients know of the cluster.

    Raises:
        SettingsError: the server knows no such cluster; the text names those it knows.
    """
    first = target.connect(None)
    try:
        on_cluster = None if tables is None else _look_at(first, tables, ours)
        if on_cluster is not None:
            target.use(on_cluster.settings())
        create_database(first, ours.database, tables)
        return on_cluster
    finally:
        first.close()


def _look_at(client: Client, tables: Cluster, ours: ClickHouse) -> OnCluster:
    """Ask a node what it knows of its cluster."""
    rows = client.query("SELECT cluster, shard_num FROM system.clusters").result_rows
    shards = [shard for name, shard in rows if name == tables.name]
    if not shards:
        known = ", ".join(sorted({str(name) for name, _ in rows})) or "none"
        raise SettingsError(
            f"clickhouse.cluster: the server knows no cluster {tables.name!r}, but {known}"
        )
    replicas = min(shards.count(shard) for shard in set(shards))
    return OnCluster(tables, replicas, len(shards), ours.timeout_seconds)


def _quorum(replicas: int) -> str:
    """Return the value of `insert_quorum`: of one replica there is none to wait for."""
    return str(replicas) if replicas > 1 else "0"
