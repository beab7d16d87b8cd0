"""An import file read in batches of records: its format found out, its records told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from queries.event_lines import EventInput, event
from queries.import_foreign import Decode, mixpanel, posthog, shape_of
from queries.imports import PersonInput, Reject, natural
from service.readers.documents import is_document, split_document
from service.readers.lines import TOO_LONG, split_lines
from service.readers.sources import Source, UnreadableSource, open_source
from service.readers.tables import Parquet, Rows, csv_rows

# What a batch may hold beside its number of rows, so that large persons make small batches.
BATCH_BYTES = 67_108_864

_PARQUET = b"PAR1"
_LINE_SUFFIXES = frozenset({".ndjson", ".jsonl", ".json"})


class Format(StrEnum):
    """What a file holds. A batch export of PostHog may be of JSON or Parquet."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    POSTHOG = "posthog"
    MIXPANEL = "mixpanel"


_DECODE: dict[Format, Decode] = {
    Format.NDJSON: natural,
    Format.POSTHOG: posthog,
    Format.MIXPANEL: mixpanel,
}


class _Sized(Protocol):
    """What a batch may hold so many bytes of."""

    def size_bytes(self) -> int: ...


Record = TypeVar("Record", bound=_Sized)
_Rows: TypeAlias = Iterator[tuple[int, Record | Reject | None]]


class Batch(Struct, Generic[Record]):
    """Some persons, or events, of a file, as they follow one another.

    Attributes:
        records: each with its line, counted from 1; of Parquet, with its row.
        rejects: what was not read, and why.
        skipped: how many records were no persons: deleted ones, or messages of a tool.
        bytes_read: how many bytes of the file, as it is on disk, were read up to here.
    """

    records: list[tuple[int, Record]]
    rejects: list[Reject]
    skipped: int
    bytes_read: int


def read(
    source: Path, fmt: Format | None = None, *, batch_rows: int = 50_000
) -> Iterator[Batch[PersonInput]]:
    """Read a file of persons; without a format it is found out by what the file holds.

    A batch has `batch_rows` records, fewer at the end or where they are large. The same file
    gives the same batches every time. Two records of one person are two persons here: whoever
    writes them joins them.

    Raises:
        UnreadableSource: nothing of it can be read; or after what could be, not to its end.
    """
    with open_source(source) as opened:
        rows, bytes_read = _rows(opened, fmt)
        yield from _batches(rows, bytes_read, batch_rows)


def read_events(source: Path, *, batch_rows: int = 50_000) -> Iterator[Batch[EventInput]]:
    """Read a file of events: lines of JSON, or a list of them. As `read` otherwise.

    Raises:
        UnreadableSource: as `read`; also where it is Parquet or CSV.
    """
    with open_source(source) as opened:
        if opened.head.lstrip()[:1] not in {b"{", b"["}:
            raise UnreadableSource(
                f"events are read from lines of JSON, and the file begins with {opened.head[:16]!r}"
            )
        rows = (
            (line, Reject(line, TOO_LONG) if record is None else event(line, record))
            for line, record in _json_records(opened)
        )
        yield from _batches(rows, lambda: opened.bytes_read, batch_rows)


def _batches(
    rows: _Rows[Record], bytes_read: Callable[[], int], batch_rows: int
) -> Iterator[Batch[Record]]:
    batch: Batch[Record] = Batch([], [], 0, 0)
    count = size = 0
    failure: UnreadableSource | None = None
    try:
        for line, outcome in rows:
            if outcome is None:
                batch.skipped += 1
            elif isinstance(outcome, Reject):
                batch.rejects.append(outcome)
            else:
                batch.records.append((line, outcome))
                size += outcome.size_bytes()
            count += 1
            if count >= batch_rows or size > BATCH_BYTES:
                batch.bytes_read = bytes_read()
                yield batch
                batch = Batch([], [], 0, 0)
                count = size = 0
    except UnreadableSource as error:
        failure = error
    if count:
        batch.bytes_read = bytes_read()
        yield batch
    if failure is not None:
        raise failure


def _rows(source: Source, fmt: Format | None) -> tuple[Rows, Callable[[], int]]:
    """All records, and how to ask how far in the file we are."""
    if source.head.startswith(_PARQUET):
        return _parquet(source, fmt)
    if fmt is Format.PARQUET:
        raise UnreadableSource(f"the file is not Parquet: it begins with {source.head[:16]!r}")
    looks_like_json = source.head.lstrip()[:1] in {b"{", b"["}
    # Its first line is no JSON, so that it is CSV unless its name says better.
    may_be_csv = not looks_like_json and _LINE_SUFFIXES.isdisjoint(source.path.suffixes)
    if fmt is Format.CSV or (may_be_csv and fmt in {None, Format.POSTHOG}):
        rows = csv_rows(source.chunks())
    else:
        rows = _json_rows(source, None if fmt is None else _DECODE[fmt])
    return rows, lambda: source.bytes_read


def _parquet(source: Source, fmt: Format | None) -> tuple[Rows, Callable[[], int]]:
    if fmt not in {None, Format.PARQUET, Format.POSTHOG}:
        raise UnreadableSource(f"the file is Parquet, not {fmt}")
    if source.is_compressed:
        raise UnreadableSource("Parquet within gzip or zstd: decompress the file first")
    parquet = Parquet(source.path)
    size = source.path.stat().st_size
    return parquet.rows(), lambda: int(size * parquet.part)


def _json_rows(source: Source, decode: Decode | None) -> Rows:
    for line, record in _json_records(source):
        if record is None:
            yield line, Reject(line, TOO_LONG)
        else:
            # The first record whose keys tell decides for all that follow.
            decode = decode or shape_of(record)
            yield line, (decode or natural)(line, record)


def _json_records(source: Source) -> Iterator[tuple[int, bytes | None]]:
    """Yield the records that are not blank with their lines; None for one that is too long."""
    split = split_document if is_document(source.head) else split_lines
    for line, record in split(source.chunks()):
        if record is None or (record and not record.isspace()):
            yield line, record
