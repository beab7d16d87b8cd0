"""What a DSN leads to: the engine in this process, or a server. Nothing above can tell."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import polars as pl
import pyarrow
import pyarrow.ipc
from clickhouse_connect import get_client
from clickhouse_connect.driver.binding import bind_query
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.httputil import get_pool_manager

from service.settings import SettingsError

# Every text stays a text: without these the JSON type turns "2024-01-01" into a date.
_SETTINGS: dict[str, Any] = {
    "input_format_try_infer_dates": "0",
    "input_format_try_infer_datetimes": "0",
}


_PIECE_BYTES = 250_000

Row = TypeVar("Row")

_CODE = re.compile(r"Code: ([0-9]+)")


class Target(Protocol):
    """Where statements go."""

    exclusive: bool
    """No other process can write here, so what this one knows about the data stays true."""

    def connect(self, database: str | None) -> Client:
        """Open a client. Statements of one client run one after the other."""
        ...

    def batches(
        self, database: str, text: str, values: dict[str, object]
    ) -> Iterator[pl.DataFrame]:
        """Run a statement of its own connection and yield its rows as they come.

        Closing the iterator ends the statement. Nothing is held but the batch in hand.
        """
        ...


class Embedded:
    """chDB: ClickHouse in this process. One directory a process, one process a directory."""

    exclusive = True

    def __init__(self, path: Path) -> None:
        """Remember the directory; it is made when first connected to."""
        # chDB compares paths as texts.
        self.path = os.path.realpath(path)
        _allow_open_files()

    def connect(self, database: str | None) -> Client:
        """Open a client of its own handle (about 9 ms and 0.5 MB).

        Why it cannot is something chDB keeps to itself: ask through `service.opening`.
        """
        Path(self.path).mkdir(parents=True, exist_ok=True)
        return get_client(
            interface="chdb", path=self.path, database=database or "default", settings=_SETTINGS
        )

    def batches(
        self, database: str, text: str, values: dict[str, object]
    ) -> Iterator[pl.DataFrame]:
        """As `Target.batches`.

        Only the raw handle streams in bounded memory: the driver's own Arrow stream reads all of
        the answer first (seen with clickhouse-connect 1.12). Each block is a whole Arrow file.
        """
        import chdb

        bound, parameters = bind_query(text, values)
        connect = cast("Callable[[str], Any]", chdb.connect)
        with closing(connect(self.path)) as handle:
            handle.query(f"USE `{database}`")
            params = {name.removeprefix("param_"): value for name, value in parameters.items()}
            try:
                stream = cast("Iterator[Any]", handle.send_query(bound, "Arrow", params=params))
                for chunk in stream:
                    yield pl.read_ipc(bytes(chunk.bytes()))
            except RuntimeError as error:
                # chDB's own error, which the driver would have given a code.
                raise DatabaseError(str(error), code=_code_of(str(error))) from error


class Server:
    """A ClickHouse server over HTTP(S)."""

    exclusive = False

    def __init__(self, dsn: str, connections: int) -> None:
        """Take the DSN apart.

        Raises:
            SettingsError: it has no host.
        """
        url = urlsplit(dsn)
        if not url.hostname:
            raise SettingsError(f"dsn: {url.scheme}:// needs a host")
        options = dict(parse_qsl(url.query))
        secure = url.scheme in ("https", "clickhouses") or options.get("secure") == "true"
        self._arguments: dict[str, Any] = {
            "interface": "https" if secure else "http",
            "host": url.hostname,
            "port": url.port or (8443 if secure else 8123),
            "username": unquote(url.username or "default"),
            "password": unquote(url.password or ""),
            # Clients are shared by threads: a session would refuse the second statement.
            "autogenerate_session_id": False,
            "pool_mgr": get_pool_manager(maxsize=connections),
        }

    def connect(self, database: str | None) -> Client:
        """Open a client; connections come from one pool."""
        return get_client(**self._arguments, database=database or "default", settings=_SETTINGS)

    def batches(
        self, database: str, text: str, values: dict[str, object]
    ) -> Iterator[pl.DataFrame]:
        """As `Target.batches`."""
        client = self.connect(database)
        try:
            source = client.raw_stream(text, values, fmt="ArrowStream")
            # pyarrow, which has no types, because polars reads a stream only as a whole.
            open_stream = cast("Callable[[object], Iterable[object]]", pyarrow.ipc.open_stream)
            for batch in open_stream(source):
                yield cast("pl.DataFrame", pl.from_arrow(batch))
        finally:
            client.close()


def decode_lines(body: bytes, kind: type[Row]) -> list[Row]:
    """Decode lines of JSON, some at a time: while one call lasts, every other thread stands still.

    50,000 persons in one take a third of a second.
    """
    decoder = msgspec.json.Decoder(kind)
    rows: list[Row] = []
    lines = memoryview(body)
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _PIECE_BYTES) + 1 or len(body)
        rows += decoder.decode_lines(lines[start:end])
        start = end
    return rows


def _allow_open_files() -> None:
    """Allow this process as many open files as it may have, as a ClickHouse server does.

    A merge has thousands open, and a shell's usual limit is 1,024.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _code_of(message: str) -> int | None:
    """Return the number that ClickHouse's messages begin with."""
    found = _CODE.search(message)
    return None if found is None else int(found[1])


def target(dsn: str, *, connections: int) -> Target:
    """Return what a DSN leads to.

    Args:
        dsn: `chdb:///path`, or `clickhouse://`, `http://`, `https://` with user, host and port.
        connections: HTTP connections kept open to a server.

    Raises:
        SettingsError: the scheme is none of these.
    """
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme == "chdb" and rest.startswith("/"):
        return Embedded(Path(rest))
    if separator and scheme in ("clickhouse", "clickhouses", "http", "https"):
        return Server(dsn, connections)
    raise SettingsError(
        "dsn: use chdb:///absolute/path, clickhouse://user:password@host:8123 or https://…"
    )
