"""What a DSN leads to: the engine in this process, or a server. Nothing above can tell."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, cast

import polars as pl
import pyarrow
from clickhouse_connect import get_client
from clickhouse_connect.driver.binding import bind_query
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from pyarrow import ipc

from service.engine_server import Server
from service.journal import Journal
from service.metering import note_read
from service.settings import ClickHouse, SettingsError

# Every text stays a text: without these the JSON type turns "2024-01-01" into a date.
_SETTINGS: dict[str, Any] = {
    "input_format_try_infer_dates": "0",
    "input_format_try_infer_datetimes": "0",
    # What is answered is written; and tokens of deduplication are for synchronous inserts.
    "async_insert": "0",
    # Every statement here finds its rows by keys and indexes. To ask the columns' statistics what
    # else could be done takes a tenth of the time of a look-up (26.9).
    "use_statistics": "0",
}
# Threads of the embedded engine that merge parts and rewrite them.
_BACKGROUND = "MergeMutate"
_BACKGROUND_NICE = 10

_CONFIG = "<clickhouse><backups><allowed_path>/</allowed_path></backups></clickhouse>\n"

_MORE = 8
_CODE = re.compile(r"Code: ([0-9]+)")


class Target(Protocol):
    """Where statements go."""

    exclusive: bool
    """No other process can write here, so what this one knows about the data stays true."""

    def use(self, settings: Mapping[str, str]) -> None:
        """Add to ClickHouse's settings, for clients that are opened from now on."""
        ...

    def connect(self, database: str | None) -> Client:
        """Open a client. Statements of one client run one after the other."""
        ...

    def journal(self, database: str, insert: Callable[[str, pl.DataFrame], None]) -> Journal | None:
        """Return a database's journal beside its tables, where those are this process's own.

        Args:
            database: its name.
            insert: puts rows into a table.
        """
        ...

    def put_background_last(self) -> None:
        """Let merges take what cores are left, where that is ours to say; once tables are there."""
        ...

    def batches(
        self, database: str, text: str, values: dict[str, object]
    ) -> Iterator[pl.DataFrame]:
        """Run a statement of its own connection and yield its rows as they come.

        Closing the iterator ends the statement. Nothing is held but the batch in hand.
        """
        ...

    def require_answers(self) -> None:
        """Raise `EngineDown` where a statement would wait in vain."""
        ...

    def answered(self) -> None:
        """Note that a statement was answered."""
        ...

    def close(self) -> None:
        """End what runs in the background."""
        ...


class Embedded:
    """chDB: ClickHouse in this process. One directory a process, one process a directory."""

    exclusive = True

    def __init__(self, path: Path) -> None:
        """Remember the directory; it is made when first connected to."""
        # chDB compares paths as texts.
        self.path = os.path.realpath(path)
        self._settings = _SETTINGS
        _allow_open_files()

    def use(self, settings: Mapping[str, str]) -> None:
        """As `Target.use`."""
        self._settings = {**self._settings, **settings}

    def connect(self, database: str | None) -> Client:
        """Open a client of its own handle (about 9 ms and 0.5 MB).

        Why it cannot is something chDB keeps to itself: ask through `service.opening`.
        """
        Path(self.path).mkdir(parents=True, exist_ok=True)
        client = get_client(
            interface="chdb",
            path=self.path,
            database=database or "default",
            settings=self._settings,
            chdb_options={"config-file": str(_config(Path(self.path)))},
        )
        # The driver keeps no account of what a raw query read (1.12).
        handle = cast("Any", client)._backend._handle
        handle.conn = _Counted(handle.conn)
        return client

    def journal(self, database: str, insert: Callable[[str, pl.DataFrame], None]) -> Journal:
        """As `Target.journal`."""
        return Journal(Path(self.path) / "journal" / database, insert)

    def put_background_last(self) -> None:
        """As `Target.put_background_last`; elsewhere than on Linux nothing happens.

        A merge takes a core for as long as it lasts, of two perhaps; whoever waits for an answer
        comes first.
        """
        for task in Path("/proc/self/task").glob("*"):
            try:
                if (task / "comm").read_text().strip() == _BACKGROUND:
                    os.setpriority(os.PRIO_PROCESS, int(task.name), _BACKGROUND_NICE)
            except OSError:
                # It ended, or may not be told.
                continue

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
                    yield _frame(chunk)
            except RuntimeError as error:
                # chDB's own error, which the driver would have given a code.
                raise DatabaseError(str(error), code=_code_of(str(error))) from error

    def require_answers(self) -> None:
        """It is in this process."""

    def answered(self) -> None:
        """It is in this process."""

    def close(self) -> None:
        """Nothing runs in the background."""


def _frame(chunk: Any) -> pl.DataFrame:  # noqa: ANN401 - chDB has no types
    """Return a block of the engine's as a frame over the engine's own memory, copied by nobody.

    To have polars read the file itself takes seventeen times as long (seen with 2.1). The view that
    chDB gives does not keep the block alive; the buffer made of it does, and the frame the buffer.
    """
    arrow, files = cast("Any", pyarrow), cast("Any", ipc)
    view = arrow.py_buffer(chunk.get_memview().view())
    block = arrow.foreign_buffer(view.address, view.size, base=chunk)
    return cast("pl.DataFrame", pl.from_arrow(files.open_file(block).read_all(), rechunk=False))


class _Counted:
    """A connection of chDB's that tells the meter what its statements read."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401
        self._inner = inner

    def query(self, *words: Any, **named: Any) -> Any:  # noqa: ANN401
        result = self._inner.query(*words, **named)
        note_read(result.storage_rows_read(), result.storage_bytes_read())
        return result

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._inner, name)


def _config(folder: Path) -> Path:
    """Return the engine's configuration file, written anew.

    Backups go wherever this process may write: what it may not, it cannot do by way of them.
    """
    file = folder / "personhouse.xml"
    if not file.exists() or file.read_text() != _CONFIG:
        file.write_text(_CONFIG)
    return file


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


def target(dsn: str, ours: ClickHouse) -> Target:
    """Return what a DSN leads to.

    Args:
        dsn: `chdb:///path`, or `clickhouse://`, `http://`, `https://` with user, host and port.
        ours: how it is used.

    Raises:
        SettingsError: the scheme is none of these, or chDB is to be a cluster.
    """
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme == "chdb" and rest.startswith("/"):
        if ours.cluster:
            raise SettingsError("clickhouse.cluster: needs the dsn of a server, not chDB")
        return Embedded(Path(rest))
    if separator and scheme in ("clickhouse", "clickhouses", "http", "https"):
        return Server(
            dsn,
            _SETTINGS,
            # Edits wait for their turn; few run at once.
            connections=ours.workers + ours.heavy_workers + ours.export_workers + _MORE,
            statement_seconds=ours.timeout_seconds,
            silence_seconds=ours.silence_seconds,
        )
    raise SettingsError(
        "dsn: use chdb:///absolute/path, clickhouse://user:password@host:8123 or https://…"
    )
