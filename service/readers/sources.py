"""A file to import, as the bytes it holds without their compression."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ("CHUNK_BYTES", "HEAD_BYTES", "Source", "UnreadableSource", "open_source", "zstd")

HEAD_BYTES = 65_536
CHUNK_BYTES = 1_048_576
ACCEPTED = "accepted are NDJSON and CSV in UTF-8, plain or in gzip or zstd, and Parquet"

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
# Beside a frame of data there are 16 kinds to skip; the parallel zstd writes one first.
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16)))
_REFUSED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "a zip archive, or a spreadsheet",
    b"SQLite format 3": "SQLite",
    b"ARROW1": "Arrow IPC",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


class UnreadableSource(Exception):
    """A file that cannot be read, or not to its end; the text says what was found."""


class Source:
    """A file being read.

    Attributes:
        path: where it is.
        is_compressed: whether it is.
        head: its first bytes without compression and byte order mark, about `HEAD_BYTES`.
    """

    def __init__(self, path: Path, file: io.BufferedReader) -> None:
        self.path = path
        self._file = file
        magic = file.peek(4)
        self.is_compressed = magic.startswith((_GZIP, *_ZSTD))
        self._rest = self._inflated(magic)
        self._failure: UnreadableSource | None = None
        self.head = self._read_head()

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file, as it is on disk, were read; 0 of a pipe."""
        return self._file.tell() if self._file.seekable() else 0

    def chunks(self) -> Iterator[bytes]:
        """All bytes, the head included; to be called once.

        Raises:
            UnreadableSource: after what could be read, if that is not all.
        """
        yield self.head
        if self._failure is not None:
            raise self._failure
        yield from self._rest

    def _read_head(self) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            for chunk in self._rest:
                chunks.append(chunk)
                size += len(chunk)
                if size >= HEAD_BYTES:
                    break
        except UnreadableSource as failure:
            if not chunks:
                raise
            self._failure = failure
        return b"".join(chunks).removeprefix(_BOM)

    def _inflated(self, magic: bytes) -> Iterator[bytes]:
        # Both readers go through any number of members or frames, and `read1` hands out what
        # was good before it fails.
        file: io.BufferedReader | gzip.GzipFile | zstd.ZstdFile = self._file
        name = "the file"
        if magic.startswith(_GZIP):
            file, name = gzip.GzipFile(fileobj=self._file), "gzip"
        elif magic.startswith(_ZSTD):
            file, name = zstd.ZstdFile(self._file), "zstd"
        try:
            while chunk := file.read1(CHUNK_BYTES):
                yield chunk
        except EOFError as error:
            raise UnreadableSource(
                f"{name} is cut off: the file ends after {self.bytes_read} bytes,"
                " before the compressed data does"
            ) from error
        except (OSError, zlib.error, zstd.ZstdError) as error:
            raise UnreadableSource(
                f"{name} is damaged somewhere before byte {self.bytes_read}: {error}"
            ) from error


@contextmanager
def open_source(path: Path) -> Generator[Source]:
    """Open a file and look at its head.

    Raises:
        UnreadableSource: there is no such file, it is empty, or no format that we read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableSource(f"cannot open {path.name}: {error.strerror}") from error
    with file:
        source = Source(path, file)
        if not source.head.strip():
            raise UnreadableSource(f"the file is empty; {ACCEPTED}")
        for magic, name in _REFUSED.items():
            if source.head.startswith(magic):
                raise UnreadableSource(f"the file is {name}; {ACCEPTED}")
        yield source
