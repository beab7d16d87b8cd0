"""Rows of CSV and Parquet, each read into a person."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import polars as pl
from polars.exceptions import PanicException, PolarsError

from queries.flatten import json_of
from queries.import_columns import Cell, Columns, columns_of, json_of_value, person_of_row
from queries.import_values import Unfit
from queries.imports import Outcome, Reject
from service.readers.lines import TOO_LONG, split_lines
from service.readers.sources import UnreadableSource

Rows: TypeAlias = Iterator[tuple[int, Outcome]]

# In characters; all properties of a person together may have half as many bytes.
CELL_LIMIT = 1_048_576

_SLICE_BYTES = 33_554_432
_FIRST_SLICE_ROWS = 1_000
_MAX_SLICE_ROWS = 20_000


class _LineError(Exception):
    """A line that cannot be given to the CSV reader."""


class _Lines:
    """The lines of a file for the CSV reader, and how many it has taken."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.count = 0
        self._lines = split_lines(chunks)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.count, line = next(self._lines)
        if line is None:
            raise _LineError(TOO_LONG)
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError as error:
            raise _LineError(f"not UTF-8: {error.reason}") from error


def csv_rows(chunks: Iterable[bytes]) -> Rows:
    """Read CSV with commas, double quotes, and a header first.

    Raises:
        UnreadableSource: the header is none, or not of columns that we know.
    """
    csv.field_size_limit(CELL_LIMIT)
    lines = _Lines(chunks)
    reader = csv.reader(lines, strict=True)
    columns = _header(reader)
    while True:
        line = lines.count + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _LineError) as error:
            until = f", up to line {lines.count}" if lines.count > line else ""
            yield line, Reject(line, f"not CSV{until}: {error}")
            continue
        if row:
            yield line, _csv_row(columns, line, row)


def _header(reader: Iterator[list[str]]) -> Columns:
    try:
        for row in reader:
            if row:
                return columns_of(row)
    except (csv.Error, _LineError) as error:
        raise UnreadableSource(f"the first line is no header of CSV: {error}") from error
    except Unfit as unfit:
        raise UnreadableSource(f"the header of CSV cannot be used: {unfit}") from unfit
    raise UnreadableSource("there is no header of CSV: all lines are blank")


def _csv_row(columns: Columns, line: int, row: list[str]) -> Outcome:
    if len(row) != columns.count:
        return Reject(line, f"the row has {len(row)} cells, the header {columns.count}")
    return _row(columns, line, [cell or None for cell in row], json_of)


def _row(
    columns: Columns, line: int, row: Sequence[Cell | None], json_of: Callable[[Cell], bytes]
) -> Outcome:
    try:
        return person_of_row(columns, row, json_of)
    except Unfit as unfit:
        return Reject(line, str(unfit))


class Parquet:
    """The rows of a Parquet file.

    Attributes:
        part: how much of the file was read, from 0 to 1.
    """

    def __init__(self, path: Path) -> None:
        self.part = 0.0
        self._path = path

    def rows(self) -> Rows:
        """Read all rows, a slice at a time.

        Raises:
            UnreadableSource: it is damaged, after the rows before; or its columns are not ours.
        """
        try:
            scan = pl.scan_parquet(self._path, glob=False)
            columns = columns_of(scan.collect_schema().names())
            count = scan.select(pl.len()).collect().item()
            start, wanted = 0, _FIRST_SLICE_ROWS
            while start < count:
                rows = scan.slice(start, wanted).collect()
                self.part = (start + len(rows)) / count
                for number, row in enumerate(rows.iter_rows(), start + 1):
                    yield number, _row(columns, number, row, json_of_value)
                start += len(rows)
                a_row = max(int(rows.estimated_size()) // len(rows), 1)
                wanted = min(max(_SLICE_BYTES // a_row, 1), _MAX_SLICE_ROWS)
        except Unfit as unfit:
            raise UnreadableSource(f"the columns of Parquet cannot be used: {unfit}") from unfit
        # The second is how a failed assertion within the reader arrives.
        except (PolarsError, PanicException, OSError) as error:
            # Its first line says what; those after it name the file as it is on our disk.
            what = str(error).partition("\n")[0][:200]
            raise UnreadableSource(f"Parquet is damaged: {what}") from error
