"""Statements run by chDB, each on a handle of its own unless it belongs to a session."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import chdb
from msgspec import Struct, field

from tests.wire.asking import Asked

# A text among the settings that has no say in what we ask; it carries the query id, which chDB
# does not let anybody choose.
TAG = "format_avro_schema_registry_url"

# Blocks of these, one after the other, are a stream of the format; those of Arrow are made one.
_STREAMED = {"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "ArrowStream"}
_ARROW_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_CODE = re.compile(r"Code: ([0-9]+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KILL = re.compile(rb"\s*KILL\s+QUERY\b", re.IGNORECASE)
_READS = re.compile(rb"\s*(?:SELECT|WITH|SHOW|DESCRIBE|EXPLAIN|EXISTS)\b", re.IGNORECASE)
_UNKNOWN_EXCEPTION = 1002


class Failure(Exception):
    """What ClickHouse says of a statement, and the number it says it under."""

    def __init__(self, text: str) -> None:
        """Take the engine's text, without what chDB puts before it."""
        found = _CODE.search(text)
        self.code = int(found[1]) if found else _UNKNOWN_EXCEPTION
        self.text = text[found.start() :] if found else f"Code: {self.code}. {text}"
        super().__init__(self.text)


class Answer(Struct):
    """What a statement answers with: its blocks, and numbers once they are known."""

    blocks: Iterator[bytes]
    summary: dict[str, int] = field(default_factory=dict[str, int])


class Engine:
    """One directory of chDB."""

    def __init__(self, path: str, config: str = "") -> None:
        """Open it, with a file of configuration if one is named."""
        self._path = f"{path}?config-file={config}" if config else path
        self._connect = cast("Callable[[str], Any]", chdb.connect)
        self._first = self._connect(self._path)
        self._sessions: dict[str, tuple[Any, threading.Lock]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def handle(self, asked: Asked, query_id: str, *, reads_only: bool) -> Generator[Any]:
        """Enclose the use of a handle with the database and settings that are asked for.

        Raises:
            Failure: there is no such database or setting, or the session is in use.
        """
        session = asked.arguments.get("session_id")
        if session:
            with self._lock:
                handle, lock = self._sessions.setdefault(
                    session, (self._connect(self._path), threading.Lock())
                )
            if not lock.acquire(blocking=False):
                raise Failure("Code: 373. DB::Exception: Session is locked by a concurrent client.")
        else:
            handle, lock = self._connect(self._path), threading.Lock()
            lock.acquire()
        try:
            _prepare(handle, asked, query_id, reads_only=reads_only)
            yield handle
        finally:
            lock.release()
            if not session:
                handle.close()

    def kill(self, query_id: str) -> None:
        """End a statement."""
        handle = self._connect(self._path)
        try:
            handle.query(f"KILL QUERY WHERE Settings['{TAG}'] = {_quoted(query_id)} ASYNC")
        finally:
            handle.close()


def is_read(asked: Asked) -> bool:
    """Say whether a statement only reads, so that nobody minds its end."""
    return asked.data is None and _READS.match(asked.text) is not None


def run(handle: Any, asked: Asked) -> Answer:
    """Run a statement.

    Raises:
        Failure: it failed; from the blocks too, once some were taken.
    """
    try:
        if asked.data is not None:
            return _insert(handle, asked)
        text = _KILL.match(asked.text) and asked.text.replace(
            b"query_id", f"Settings['{TAG}']".encode()
        )
        if asked.waits() or asked.format not in _STREAMED or not is_read(asked):
            return _whole(handle, text or asked.text, asked)
        return _streamed(handle, asked)
    except RuntimeError as error:
        raise Failure(str(error)) from error


def _prepare(handle: Any, asked: Asked, query_id: str, *, reads_only: bool) -> None:
    # As a server has it: a query string is a statement, and no expression.
    settings = {"implicit_select": "0", TAG: query_id, **asked.settings}
    if reads_only:
        settings.setdefault("readonly", "2")
    database = asked.arguments.get("database", "default")
    try:
        handle.query("USE `" + database.replace("`", "``") + "`")
        for name in settings:
            if not _NAME.fullmatch(name):
                raise Failure(f"Code: 115. DB::Exception: Unknown setting '{name}'.")
        handle.query("SET " + ", ".join(f"{k} = {_quoted(v)}" for k, v in settings.items()))
    except RuntimeError as error:
        raise Failure(str(error)) from error


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _insert(handle: Any, asked: Asked) -> Answer:
    inserter = handle.send_insert(asked.text.decode(), asked.data_format)
    try:
        inserter.append(asked.data)
    except RuntimeError:
        inserter.cancel()
        raise
    done = inserter.finish()
    rows, size = done.rows_written, done.bytes_written
    return Answer(iter(()), {"written_rows": rows, "written_bytes": size, "result_rows": rows})


def _whole(handle: Any, text: bytes, asked: Asked) -> Answer:
    done = handle.query(text, asked.format, params=asked.parameters)
    summary = {
        "read_rows": done.storage_rows_read(),
        "read_bytes": done.storage_bytes_read(),
        "written_rows": done.rows_written(),
        "written_bytes": done.bytes_written(),
        "result_rows": done.rows_read(),
    }
    return Answer(iter((done.bytes(),)), summary)


def _streamed(handle: Any, asked: Asked) -> Answer:
    blocks = _blocks(handle, asked)
    if asked.format == "ArrowStream":
        blocks = _one_arrow_stream(blocks, lambda: _whole(handle, asked.text, asked))
    # What fails at once is answered as a failure.
    first = next(blocks, b"")
    return Answer(_after(first, blocks))


def _after(first: bytes, blocks: Generator[bytes]) -> Iterator[bytes]:
    try:
        yield first
        yield from blocks
    finally:
        blocks.close()


def _blocks(handle: Any, asked: Asked) -> Generator[bytes]:
    stream = handle.send_query(asked.text, asked.format, params=asked.parameters)
    try:
        for block in stream:
            yield block.bytes()
    except RuntimeError as error:
        raise Failure(str(error)) from error
    finally:
        stream.close()


def _one_arrow_stream(blocks: Generator[bytes], whole: Callable[[], Answer]) -> Generator[bytes]:
    """Leave out where each of several streams begins and ends."""
    is_first = True
    try:
        for block in blocks:
            begins = 0 if is_first else 8 + int.from_bytes(block[4:8], "little")
            yield block[begins : -len(_ARROW_END)]
            is_first = False
    finally:
        blocks.close()
    if is_first:
        # Nothing tells the columns of no rows but the whole answer.
        yield from whole().blocks
    else:
        yield _ARROW_END
