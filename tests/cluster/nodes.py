"""Servers and a Keeper in containers of one network."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from msgspec import Struct
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

NAME = "two_shards"
USER, PASSWORD = "ann", "for-these-tests"

_SERVER = "clickhouse/clickhouse-server:latest"
_KEEPER = "clickhouse/clickhouse-keeper:latest"
_NODES = [(shard, replica) for shard in (1, 2) for replica in (1, 2)]
_UP_SECONDS = 90.0

_KEEPER_CONFIG = """
<clickhouse>
    <listen_host>0.0.0.0</listen_host>
    <keeper_server>
        <tcp_port>9181</tcp_port>
        <server_id>1</server_id>
        <log_storage_path>/var/lib/clickhouse-keeper/log</log_storage_path>
        <snapshot_storage_path>/var/lib/clickhouse-keeper/snapshots</snapshot_storage_path>
        <raft_configuration>
            <server><id>1</id><hostname>keeper</hostname><port>9234</port></server>
        </raft_configuration>
    </keeper_server>
</clickhouse>
"""
_NODE_CONFIG = """
<clickhouse>
    <macros><shard>{shard}</shard><replica>{replica}</replica></macros>
    <interserver_http_host>{host}</interserver_http_host>
    <zookeeper><node><host>keeper</host><port>9181</port></node></zookeeper>
    <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
    <remote_servers replace="replace">
        <{name}><secret>among-nodes</secret>{shards}</{name}>
    </remote_servers>
</clickhouse>
"""
_REPLICA = "<replica><host>{}</host><port>9000</port></replica>"
_SHARD = "<shard><internal_replication>true</internal_replication>{}</shard>"


class Node(Struct):
    """A server."""

    shard: int
    replica: int
    container: DockerContainer

    def dsn(self) -> str:
        """Return where it is."""
        host = self.container.get_container_host_ip()
        return f"http://{USER}:{PASSWORD}@{host}:{self.container.get_exposed_port(8123)}"

    def ask(self, text: str) -> str:
        """Return what it answers, without the last line's end."""
        answer = httpx.post(self.dsn(), content=text, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text.strip()

    def pause(self) -> None:
        """Let it be away."""
        self.container.get_wrapped_container().pause()

    def go_on(self) -> None:
        """Let it be back."""
        self.container.get_wrapped_container().unpause()

    def wait(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + _UP_SECONDS
        while True:
            try:
                if httpx.get(f"{self.dsn()}/ping", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, "a server does not come up"
            time.sleep(0.2)


@contextmanager
def cluster(folder: Path) -> Generator[list[Node]]:
    """Enclose the life of a cluster; the first node is replica 1 of shard 1."""
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        config = folder / "keeper.xml"
        config.write_text(_KEEPER_CONFIG)
        keeper = _container(_KEEPER, network, "keeper").with_volume_mapping(
            config, "/etc/clickhouse-keeper/keeper_config.xml"
        )
        stack.enter_context(keeper)
        nodes = [_node(folder, network, shard, replica) for shard, replica in _NODES]
        for node in nodes:
            stack.enter_context(node.container)
        for node in nodes:
            node.wait()
        yield nodes


def _node(folder: Path, network: Network, shard: int, replica: int) -> Node:
    host = _host(shard, replica)
    config = folder / f"{host}.xml"
    shards = "".join(
        _SHARD.format("".join(_REPLICA.format(_host(*one)) for one in _NODES if one[0] == number))
        for number in (1, 2)
    )
    config.write_text(
        _NODE_CONFIG.format(shard=shard, replica=replica, host=host, name=NAME, shards=shards)
    )
    container = (
        _container(_SERVER, network, host)
        .with_exposed_ports(8123)
        .with_volume_mapping(config, "/etc/clickhouse-server/config.d/cluster.xml")
        .with_env("CLICKHOUSE_USER", USER)
        .with_env("CLICKHOUSE_PASSWORD", PASSWORD)
    )
    return Node(shard, replica, container)


def _container(image: str, network: Network, host: str) -> DockerContainer:
    return (
        DockerContainer(image)
        .with_network(network)
        .with_network_aliases(host)
        .with_kwargs(hostname=host)
    )


def _host(shard: int, replica: int) -> str:
    return f"node-{shard}-{replica}"
