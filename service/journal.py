"""Rows that are safe before they are in their table, and get there together with others.

What an edit notes in the log and in the history would cost it an INSERT each, as much again as the
edit itself. So such rows are appended to a file first, before the edit is written, and inserted a
moment later together with those of other edits; who reads those tables waits for that
(`Engine.fetch_now`). After a crash the file is read at the next start. To insert a row twice is
harmless: the tables keep one of each key.

A file holds records: a head, and rows as an Arrow stream. One that was cut off is the last thing
that happened before a crash: nothing was answered yet, and the edit it belongs to never written.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from zlib import crc32

import polars as pl

from service.errors import PersonhouseError
from service.logs import detail_of

_log = logging.getLogger(__name__)

TABLES = ("activity", "history")
"""The tables whose rows may wait here."""

# Of the table its place in `TABLES`, of the rows the length and a checksum.
_HEAD = Struct("<BII")
_PREFIX = "journal-"
_PATTERN = f"{_PREFIX}[0-9]*"
# So long rows wait for others; who asks for them does not.
_LINGER_SECONDS = 0.5
_RETRY_SECONDS = 2.0
# More are inserted by who brings them: nothing piles up here.
_MOST_ROWS = 10_000
_MODE = 0o600
_taken: set[Path] = set()
_taking = threading.Lock()


class Journal:
    """The rows that wait, in memory and in files of one directory; safe for many threads."""

    def __init__(self, folder: Path, insert: Callable[[str, pl.DataFrame], None]) -> None:
        """Touch nothing yet.

        Args:
            folder: the files', which belongs to this process.
            insert: puts rows into a table; they are durable when it returns.
        """
        self._folder = folder
        self._insert = insert
        self._lock = threading.Lock()
        self._inserting = threading.Lock()
        self._waiting: list[tuple[str, pl.DataFrame]] = []
        self._rows = 0
        self._files: list[Path] = []
        self._file: int | None = None
        self._number = 0
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> bool:
        """Insert what a crash left, and start to take rows; False if the directory is taken."""
        with _taking:
            if self._folder in _taken:
                return False
            _taken.add(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob(_PATTERN)):
            self._waiting += _read(path)
            self._files.append(path)
            self._number = int(path.name.removeprefix(_PREFIX))
        # To read must be possible where it fails, on a full disk not least.
        self._try()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Insert what waits; where that fails, the next start does it."""
        if self._thread is None:
            return
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self._thread = None
        with _taking:
            _taken.discard(self._folder)

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Take rows; when it returns they survive the end of this process.

        Raises:
            OSError: the disk is full, or worse; nothing was taken.
            PersonhouseError: too many wait, and could not be inserted.
        """
        record = _record(table, rows)
        with self._lock:
            self._append(record)
            self._waiting.append((table, rows))
            self._rows += rows.height
            is_much = self._rows > _MOST_ROWS
        self._wake.set()
        if is_much:
            self.flush()

    def flush(self) -> None:
        """Return when all rows taken so far are in their tables.

        Raises:
            PersonhouseError: they could not be inserted; they wait on.
        """
        with self._inserting:
            with self._lock:
                waiting, files = self._waiting, self._files
                if not waiting:
                    return
                self._waiting, self._files, self._rows = [], [], 0
                self._end_file()
            try:
                for table in TABLES:
                    frames = [rows for name, rows in waiting if name == table]
                    if frames:
                        self._insert(table, pl.concat(frames))
            except BaseException:
                with self._lock:
                    self._waiting, self._files = waiting + self._waiting, files + self._files
                    self._rows = sum(rows.height for _, rows in self._waiting)
                raise
            for path in files:
                path.unlink(missing_ok=True)

    def _append(self, record: bytes) -> None:
        if self._file is None:
            self._number += 1
            path = self._folder / f"{_PREFIX}{self._number:012}"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _MODE)
            self._files.append(path)
        length = os.fstat(self._file).st_size
        try:
            while record:
                # Less than asked where a disk has room for no more: the next one says so.
                record = record[os.write(self._file, record) :]
        except OSError:
            os.ftruncate(self._file, length)
            raise

    def _end_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._stop.wait(_LINGER_SECONDS)
            self._wake.clear()
            if not self._try():
                self._stop.wait(_RETRY_SECONDS)
                self._wake.set()
        self._try()

    def _try(self) -> bool:
        try:
            self.flush()
        except PersonhouseError as error:
            _log.warning("the log and the history wait to be written: %s", detail_of(error))
            return False
        return True


def _record(table: str, rows: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    rows.write_ipc_stream(sink)
    body = sink.getvalue()
    return _HEAD.pack(TABLES.index(table), len(body), crc32(body)) + body


def _read(path: Path) -> list[tuple[str, pl.DataFrame]]:
    """Return what a file holds, up to where it was cut off."""
    data = path.read_bytes()
    records: list[tuple[str, pl.DataFrame]] = []
    at = 0
    while at + _HEAD.size <= len(data):
        head: tuple[int, int, int] = _HEAD.unpack_from(data, at)
        table, length, checksum = head
        at += _HEAD.size
        body = data[at : at + length]
        if len(body) < length or crc32(body) != checksum:
            break
        records.append((TABLES[table], pl.read_ipc_stream(io.BytesIO(body))))
        at += length
    return records
