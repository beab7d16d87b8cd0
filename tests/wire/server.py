"""The double as a process: `python -m tests.wire.server PATH`; ends when its stdin does.

Prints the port it listens at. A failure after the answer began is told as a server tells it: in
the body, between two lines that bear the tag of a header, and then the connection breaks off.
Servers before 24.11 end such a body in good order; so does this with --clean-ends.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from tests.wire.answering import STATUS, compressed, exception_text
from tests.wire.asking import Asked, BadRequest, arguments_of, asked, credentials
from tests.wire.running import Answer, Engine, Failure, is_read, run

_LOOK_SECONDS = 0.05


class Double(ThreadingHTTPServer):
    """The listening half."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, engine: Engine, port: int, user: str, password: str, clean: bool) -> None:
        """Listen on the loopback interface."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.engine = engine
        self.user = (user, password)
        self.ends_clean = clean
        self._watched: dict[str, socket.socket] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def watch(self, query_id: str, connection: socket.socket) -> None:
        """Kill a statement when who asked for it is gone."""
        self._watched[query_id] = connection

    def unwatch(self, query_id: str) -> None:
        """Its answer is there."""
        self._watched.pop(query_id, None)

    def _watch(self) -> None:
        over = threading.Event()
        while not over.wait(_LOOK_SECONDS):
            for query_id, connection in list(self._watched.items()):
                if _is_gone(connection):
                    self.unwatch(query_id)
                    with suppress(RuntimeError):
                        self.engine.kill(query_id)


def _is_gone(connection: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "ClickHouse double"

    @property
    def double(self) -> Double:
        return cast("Double", self.server)

    def do_GET(self) -> None:
        self._answer(b"", reads_only=True)

    def do_POST(self) -> None:
        self._answer(self._body(), reads_only=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, body: bytes, *, reads_only: bool) -> None:
        address = urlsplit(self.path)
        arguments = arguments_of(address.query)
        if address.path == "/ping" or not (body or arguments.get("query")):
            self._send(200, b"Ok.\n", {})
            return
        query_id = arguments.get("query_id") or str(uuid4())
        named = {"X-ClickHouse-Query-Id": query_id}
        if credentials(self.headers, arguments) not in (
            self.double.user,
            None if self.double.user == ("default", "") else self.double.user,
        ):
            self._fail(Failure(_NOT_LET_IN), named)
            return
        try:
            wanted = asked(arguments, self.headers, body)
            with self.double.engine.handle(wanted, query_id, reads_only=reads_only) as handle:
                self._run(handle, wanted, query_id, named)
        except (BadRequest, ValueError) as error:
            self._fail(Failure(f"Code: 36. DB::Exception: {error}. (BAD_ARGUMENTS)"), named)
        except Failure as failure:
            self._fail(failure, named)

    def _run(self, handle: Any, wanted: Asked, query_id: str, named: dict[str, str]) -> None:
        if is_read(wanted):
            self.double.watch(query_id, self.connection)
        try:
            self._say(run(handle, wanted), wanted, named)
        finally:
            self.double.unwatch(query_id)

    def _say(self, answer: Answer, wanted: Asked, named: dict[str, str]) -> None:
        shown = {"X-ClickHouse-Format": wanted.format} if is_read(wanted) else {}
        headers = {**named, **shown, "X-ClickHouse-Timezone": "UTC"}
        if answer.summary:
            summary = {name: str(value) for name, value in answer.summary.items()}
            headers["X-ClickHouse-Summary"] = msgspec.json.encode(summary).decode()
            body = b"".join(answer.blocks)
            if wanted.settings.get("enable_http_compression") == "1":
                body, encoding = compressed(body, self.headers.get("Accept-Encoding", ""))
                headers |= {"Content-Encoding": encoding} if encoding else {}
            self._send(200, body, headers)
        else:
            self._stream(answer, headers)

    def _stream(self, answer: Answer, headers: dict[str, str]) -> None:
        tag = uuid4().hex[:16]
        self._begin(200, {**headers, "X-ClickHouse-Exception-Tag": tag})
        with closing(cast("Any", answer.blocks)) as blocks, suppress(ConnectionError):
            self._chunks(blocks, tag)

    def _chunks(self, blocks: Iterator[bytes], tag: str) -> None:
        try:
            for block in blocks:
                self._chunk(block)
        except Failure as failure:
            self._chunk(exception_text(failure.text, tag))
            if not self.double.ends_clean:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, content: bytes) -> None:
        if content:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))

    def _fail(self, failure: Failure, headers: dict[str, str]) -> None:
        body = f"{failure.text} (version 26.9.2.1 (double))\n".encode()
        code = {"X-ClickHouse-Exception-Code": str(failure.code)}
        self._send(STATUS.get(failure.code, 500), body, {**headers, **code})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._begin(status, headers, len(body))
        with suppress(ConnectionError):
            self.wfile.write(body)

    def _begin(self, status: int, headers: dict[str, str], length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        with suppress(ConnectionError):
            self.end_headers()


_NOT_LET_IN = (
    "Code: 516. DB::Exception: Authentication failed: password is incorrect, or there is no user"
    " with such name. (AUTHENTICATION_FAILED)"
)


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    parser.add_argument("--config", default="")
    parser.add_argument("--clean-ends", action="store_true")
    given = parser.parse_args()
    engine = Engine(given.path, given.config)
    double = Double(engine, given.port, given.user, given.password, given.clean_ends)
    threading.Thread(target=double.serve_forever, daemon=True).start()
    sys.stdout.write(f"{double.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    # chDB says on stderr that it does not like to be shut down; what was answered is durable.
    os._exit(0)


if __name__ == "__main__":
    main()
