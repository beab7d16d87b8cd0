"""A ClickHouse server over HTTP(S): connections, streams that end whole, and whether it answers."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http.client import RemoteDisconnected
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

import msgspec
import polars as pl
import pyarrow
import pyarrow.ipc
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3 import BaseHTTPResponse, HTTPResponse, disable_warnings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from service.engine_tls import TlsOptions, decode_tls
from service.errors import EngineDown
from service.metering import note_read
from service.settings import SettingsError

_CONNECT_SECONDS = 5
# Beyond the time that a statement may take, for one that waits before it runs.
_READ_SECONDS = 60
# After so long without an answer those who wait for one are let go.
_CUT_AFTER_SECONDS = 2.0
_ARROW_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_CODE = re.compile(rb"Code: ([0-9]{1,5})")
_TAIL_BYTES = 65_536


class Server:
    """A ClickHouse server over HTTP(S)."""

    exclusive = False

    def __init__(
        self,
        dsn: str,
        settings: dict[str, Any],
        *,
        connections: int,
        statement_seconds: int,
        silence_seconds: float,
    ) -> None:
        """Take the DSN apart.

        Args:
            dsn: `http://user:password@host:port` or one of its kind.
            settings: of ClickHouse, for all statements.
            connections: kept open.
            statement_seconds: that a statement may take.
            silence_seconds: after so long without any answer statements are refused at once; 0
                for never.

        Raises:
            SettingsError: the DSN has no host, or says what is not understood.
        """
        url = urlsplit(dsn)
        if not url.hostname:
            raise SettingsError(f"dsn: {url.scheme}:// needs a host")
        tls = decode_tls(url)
        secure = tls is not None
        if tls and not tls.get("verify", True):
            # Said once by whoever set it, not again with each statement.
            disable_warnings(InsecureRequestWarning)
        self._open: WeakSet[HTTPConnection] = WeakSet()
        self._arguments: dict[str, Any] = {
            "interface": "https" if secure else "http",
            "host": url.hostname,
            "port": url.port or (8443 if secure else 8123),
            "username": unquote(url.username or "default"),
            "password": unquote(url.password or ""),
            # Clients are shared by threads: a session would refuse the second statement.
            "autogenerate_session_id": False,
            "pool_mgr": _pool(connections, self._open, tls or {}),
            "connect_timeout": _CONNECT_SECONDS,
            "send_receive_timeout": statement_seconds + _READ_SECONDS,
            "settings": settings,
        }
        self._streaming: dict[str, Client] = {}
        self._silence_seconds = silence_seconds
        self._answered = time.monotonic()
        self._is_silent = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def use(self, settings: Mapping[str, str]) -> None:
        """As `Target.use`."""
        self._arguments["settings"] = {**self._arguments["settings"], **settings}

    def connect(self, database: str | None) -> Client:
        """Open a client; connections come from one pool."""
        client = get_client(**self._arguments, database=database or "default")
        if self._silence_seconds and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(
                target=self._listen, args=(client,), name="listen", daemon=True
            )
            self._thread.start()
        return client

    def batches(
        self, database: str, text: str, values: dict[str, object]
    ) -> Iterator[pl.DataFrame]:
        """As `Target.batches`."""
        client = self._streaming.get(database)
        if client is None:
            client = self._streaming[database] = self.connect(database)
        self.require_answers()
        source = client.raw_stream(text, values, fmt="ArrowStream")
        body = _Body(cast("BaseHTTPResponse", source))
        try:
            yield from body.batches()
        finally:
            body.close()

    def journal(self, database: str, insert: Callable[[str, pl.DataFrame], None]) -> None:
        """As `Target.journal`: there is none. What is written must be seen by other processes."""

    def put_background_last(self) -> None:
        """As `Target.put_background_last`: for the server's own settings to say."""

    def require_answers(self) -> None:
        """Refuse at once what would wait in vain.

        Raises:
            EngineDown: the server has answered nobody for a while.
        """
        if self._is_silent:
            raise EngineDown("The database does not answer. Try again in a few seconds.")

    def answered(self) -> None:
        """Note that a statement was answered."""
        self._answered = time.monotonic()

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _listen(self, client: Client) -> None:
        """Ask for a sign of life where nothing else was answered, and see how long none comes."""
        patience = self._silence_seconds
        self._answered = time.monotonic()
        while not self._stop.wait(patience / 8):
            if time.monotonic() - self._answered < patience / 4:
                continue
            if client.ping(timeout=patience / 2):
                self._answered = time.monotonic()
                self._is_silent = False
                continue
            silent = time.monotonic() - self._answered
            self._is_silent = silent >= patience * 0.75
            if silent >= patience + _CUT_AFTER_SECONDS:
                self._cut()

    def _cut(self) -> None:
        """Cut all connections, so that nobody waits for an answer that will not come."""
        for connection in list(self._open):
            found = cast("socket.socket | None", getattr(connection, "sock", None))
            if found is not None:
                with suppress(OSError):
                    found.shutdown(socket.SHUT_RDWR)


class _Body:
    """The body of an answer in ArrowStream, which ends whole or raises."""

    closed = False

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response
        self._tail = b""
        self._is_whole = False

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the rows.

        Raises:
            DatabaseError: the statement failed after the answer began.
            OperationalError: the answer breaks off.
        """
        # pyarrow, which has no types, because polars reads a stream only as a whole.
        open_stream = cast("Callable[[object], Iterable[object]]", pyarrow.ipc.open_stream)
        arrow_invalid = cast("type[Exception]", pyarrow.ArrowInvalid)
        try:
            for batch in open_stream(self):
                yield cast("pl.DataFrame", pl.from_arrow(batch))
        except (arrow_invalid, OSError, HTTPError) as error:
            raise self._failure() from error
        # A stream that breaks off between two batches looks like one that ends there.
        is_end = self._tail.endswith(_ARROW_END)
        if not is_end or self._rest():
            raise self._failure()
        self._is_whole = True

    def read(self, size: int = -1) -> bytes:
        """Return bytes, fewer than `size` only at the end."""
        found = self._response.read(None if size < 0 else size)
        self._tail = (self._tail + found)[-_TAIL_BYTES:] if size < _TAIL_BYTES else found
        return found

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Let go of the connection; one that is not read to its end is closed, which cancels."""
        if self._is_whole:
            self._response.release_conn()
        else:
            self._response.close()

    def _rest(self) -> bytes:
        try:
            rest = self._response.read(_TAIL_BYTES)
        except (OSError, HTTPError):
            return b"it breaks off"
        self._tail += rest
        return rest

    def _failure(self) -> Exception:
        """Return why it is not whole: the server's own words stand at its end, under a tag."""
        with suppress(OSError, HTTPError):
            self._rest()
        tag = self._response.headers.get("X-ClickHouse-Exception-Tag", "")
        _, found, message = self._tail.partition(b"__exception__\r\n" + tag.encode())
        code = _CODE.search(message) if tag and found else None
        if code is None:
            return OperationalError("The answer broke off.")
        return DatabaseError(message.decode(errors="replace"), code=int(code[1]))


def _pool(connections: int, opened: WeakSet[HTTPConnection], tls: TlsOptions) -> object:
    """Return a pool whose connections can be found, and whose answers have an end."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            opened.add(self)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            return _with_an_end(super().getresponse())

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            opened.add(self)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            return _with_an_end(super().getresponse())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = cast("Any", Plain)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = cast("Any", Secure)

    manager = cast("Any", get_pool_manager(maxsize=connections, **tls))
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return cast("object", manager)


def _with_an_end(response: HTTPResponse) -> HTTPResponse:
    """Refuse an answer whose end nothing tells.

    A server says how long each is. Where a connection breaks off in the middle of its head, Python
    takes that for the end of the head, and nothing for the body: no rows, instead of all.
    """
    _note_read(response.headers.get("X-ClickHouse-Summary"))
    if "Content-Length" in response.headers or "Transfer-Encoding" in response.headers:
        return response
    raise RemoteDisconnected("The answer broke off.")


class _Summary(msgspec.Struct):
    """What a server says of a statement in the head of its answer, as far as it is then known."""

    read_rows: int = 0
    read_bytes: int = 0


_SUMMARY = msgspec.json.Decoder(_Summary, strict=False)


def _note_read(summary: str | None) -> None:
    if summary:
        with suppress(msgspec.DecodeError):
            found = _SUMMARY.decode(summary)
            note_read(found.read_rows, found.read_bytes)
