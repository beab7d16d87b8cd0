"""Frames as bytes of a format. What is held is one frame, of Parquet one row group."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, cast

import msgspec
import polars as pl
from pyarrow import ipc, parquet

from queries.export_columns import Column
from queries.lines import FORMULA
from service.exports.asked import Compression, Format
from service.exports.layout import header
from service.readers.sources import zstd

# A chunk of text has about so many bytes, so that a client that stalls holds little.
_CHUNK_BYTES = 1_000_000
# Parquet is read by the row group: many small ones are slow, and one is held while it is made.
_GROUP_ROWS = 131_072
_GROUP_BYTES = 48_000_000
_OWN = frozenset(("id", "uuid", "properties", "distinct_ids", "distinct_ids.0", "name", "email"))
_ZSTD_LEVEL = 3
_GZIP_LEVEL = 1
_GZIP_FORMAT = 31
_TIME = pl.Datetime("us", "UTC")

_TYPES: dict[str, pl.DataType] = {
    "created_at": _TIME,
    "last_seen_at": _TIME,
    "id": pl.Int64(),
    "is_identified": pl.Boolean(),
    "distinct_ids": pl.List(pl.String()),
}


class Encoder(Protocol):
    """Makes a file of frames that have a column for each of the file's, in their order."""

    def encode(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """Yield what a frame adds; the first call yields what a file begins with, too."""
        ...

    def end(self) -> bytes:
        """Return what is left; of no frames, a whole file without rows."""
        ...


class Csv:
    """CSV: UTF-8 without a mark, commas, CRLF, quotes where RFC 4180 asks for them."""

    def __init__(self, columns: Sequence[Column], *, is_safe: bool) -> None:
        """Take the columns; with `is_safe` no cell begins as a formula does."""
        self._head = header(column.name for column in columns)
        self._is_one = len(columns) == 1
        self._is_safe = is_safe

    def encode(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Encoder.encode`."""
        if self._is_safe:
            frame = frame.with_columns(
                _safe(name) for name in frame.select(pl.col(pl.String)).columns
            )
        if self._is_one:
            # A line with nothing in it is no row to most readers: quotes say that it is one.
            frame = frame.fill_null("")
        for some in _slices(frame):
            sink = io.BytesIO(self._head)
            sink.seek(len(self._head))
            self._head = b""
            some.write_csv(sink, include_header=False, line_terminator="\r\n")
            yield sink.getvalue()

    def end(self) -> bytes:
        """As `Encoder.end`."""
        return self._head


class Ndjson:
    """A JSON object a line."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Take the columns."""
        self._keys = [msgspec.json.encode(column.name).decode() + ":" for column in columns]

    def encode(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Encoder.encode`."""
        pieces: list[pl.Expr] = []
        for n, (key, name) in enumerate(zip(self._keys, frame.columns, strict=True)):
            pieces += [pl.lit(("," if n else "{") + key), pl.col(name)]
        lines = pl.concat_str(*pieces, pl.lit("}\n"))
        for some in _slices(frame):
            yield cast("str", some.select(lines.str.join("")).item()).encode()

    def end(self) -> bytes:
        """As `Encoder.end`."""
        return b""


class _Tables:
    """What Parquet and Arrow have in common: tables of the columns' types."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._types = {
            f"c{n}": pl.String() if column.is_joined else _TYPES.get(column.name, pl.String())
            for n, column in enumerate(columns)
        }
        self._names = [column.name for column in columns]
        self._out = _Taken()
        self.schema = self.table(pl.DataFrame(schema=self._types)).schema

    def table(self, frame: pl.DataFrame) -> Any:  # noqa: ANN401 - pyarrow has no types
        """Return a frame as a table of Arrow."""
        typed = frame.cast(cast("Any", self._types))
        return typed.to_arrow(compat_level=pl.CompatLevel.oldest()).rename_columns(self._names)


class Parquet(_Tables):
    """Parquet, compressed with zstd, a row group for some 100,000 persons."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Take the columns."""
        super().__init__(columns)
        # Texts that hardly two persons share have no use for a dictionary, nor for a least and a
        # greatest: to find that out takes longer than to write them.
        shared = [column.name for column in columns if column.name not in _OWN]
        self._writer = cast("Any", parquet).ParquetWriter(
            self._out,
            self.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=shared,
            write_statistics=shared,
        )
        self._held: list[pl.DataFrame] = []

    def encode(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Encoder.encode`."""
        for some in _slices(frame, _GROUP_BYTES // 4):
            self._held.append(some)
            size = sum(held.estimated_size() for held in self._held)
            if sum(held.height for held in self._held) >= _GROUP_ROWS or size >= _GROUP_BYTES:
                self._write()
                yield from self._out.chunks()
        yield from self._out.chunks()

    def end(self) -> bytes:
        """As `Encoder.end`."""
        self._write()
        self._writer.close()
        return b"".join(self._out.chunks())

    def _write(self) -> None:
        if self._held:
            table = self.table(pl.concat(self._held))
            self._held.clear()
            self._writer.write_table(table, row_group_size=table.num_rows)


class Arrow(_Tables):
    """Arrow's IPC stream, not compressed."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Take the columns."""
        super().__init__(columns)
        self._writer = cast("Any", ipc).new_stream(self._out, self.schema)

    def encode(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Encoder.encode`."""
        for some in _slices(frame):
            self._writer.write_table(self.table(some))
            yield from self._out.chunks()

    def end(self) -> bytes:
        """As `Encoder.end`."""
        self._writer.close()
        return b"".join(self._out.chunks())


class _Taken(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._at += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._at

    def chunks(self) -> list[bytes]:
        """Return what was written since the last time, in chunks of a fair size."""
        written = b"".join(self._chunks)
        self._chunks.clear()
        return [written[n : n + _CHUNK_BYTES] for n in range(0, len(written), _CHUNK_BYTES)]


class Plain:
    """No compression."""

    def compress(self, data: bytes) -> bytes:
        """Return what can be said of the data so far."""
        return data

    def flush(self) -> bytes:
        """Return what ends it."""
        return b""


def compressor(compression: Compression) -> Any:  # noqa: ANN401 - three classes, one shape
    """Return what compresses: `compress` some data after other, `flush` at the end."""
    match compression:
        case Compression.GZIP:
            return zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
        case Compression.ZSTD:
            return zstd.ZstdCompressor(_ZSTD_LEVEL)
        case Compression.NONE:
            return Plain()


def encoder(fmt: Format, columns: Sequence[Column], *, is_safe: bool) -> Encoder:
    """Return what makes a file of a format."""
    match fmt:
        case Format.CSV:
            return Csv(columns, is_safe=is_safe)
        case Format.NDJSON:
            return Ndjson(columns)
        case Format.PARQUET:
            return Parquet(columns)
        case Format.ARROW:
            return Arrow(columns)


def _safe(name: str) -> pl.Expr:
    """A column with an apostrophe before what begins as a formula does."""
    text = pl.col(name)
    quoted = pl.concat_str(pl.lit("'"), text)
    return pl.when(text.str.contains(FORMULA)).then(quoted).otherwise(text).alias(name)


def _slices(frame: pl.DataFrame, size: int = _CHUNK_BYTES) -> Iterator[pl.DataFrame]:
    """Cut a frame into pieces of about so many bytes."""
    a_row = 1 + int(frame.estimated_size()) // max(1, frame.height)
    return frame.iter_slices(max(1, size // a_row))
