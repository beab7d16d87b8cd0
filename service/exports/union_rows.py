"""Persons as lines of CSV that all have the same columns.

The engine makes most lines (`queries.lines`): of persons who have nothing but usual properties,
with plain values. Of the others it sends what their cells are made of, and their lines are made
here. Which way a line came cannot be told by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar, cast

import msgspec
import polars as pl

from queries.flatten import flatten_json
from queries.identity import display_name
from queries.lines import MARK, Ids, Shape
from service.exports.layout import Layout, header

_TYPE = "person"
# `value_at_data_point` is null in every row: PostHog has a value of a chart's point there.
FIXED = (
    *("created_at", "id", "is_identified", "last_seen_at", "name"),
    *("type", "uuid", "value_at_data_point"),
)
PROPERTIES = "properties."

JOINED = "distinct_ids"

_CHUNK_BYTES = 1_000_000
# Of a gap so wide or less the engine sends the commas; a wider one is put in afterwards.
_NARROW = 16

_MARK = MARK.encode()

# Of lists and objects that many persons share, the cells are kept.
_KEPT = 4_096
_KEPT_BYTES = 1_024

# What a spreadsheet takes a cell that begins so for (`queries.lines.FORMULA`).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_Row: TypeAlias = tuple[str, str, int, str, str, str, list[str], bytes, int, int]
_Properties: TypeAlias = dict[str, object]
T = TypeVar("T")

_CONTAINERS = frozenset((dict, list))
# Floats arrive as their source text; of integers only -0 would lose anything.
_decode = msgspec.json.Decoder(_Properties, float_hook=str).decode
_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")


def id_columns(most_ids: int, how: Ids) -> list[str]:
    """Name the columns of distinct ids where nobody has more than `most_ids`."""
    if how is Ids.JOINED:
        return [JOINED]
    return [f"distinct_ids.{n}" for n in range(min(most_ids, 1) if how is Ids.FIRST else most_ids)]


class Rows:
    """Persons as lines of the same columns.

    A cell without a column is left out: of a property, say, that nobody had when the columns were
    looked for.

    Attributes:
        header: the first line.
        shape: what the engine needs to know to make lines.
    """

    def __init__(
        self,
        columns: Sequence[str],
        usual_ids: int,
        usual_keys: Collection[str],
        *,
        by_engine: bool,
        how: Ids = Ids.COLUMNS,
        is_safe: bool = False,
    ) -> None:
        """Choose which columns are usual.

        Args:
            columns: all columns, in their order; `FIXED` are among them.
            usual_ids: how many distinct ids; each of them has a column.
            usual_keys: which properties; each of them has a column.
            by_engine: whether the engine is to make the lines of those who have only these.
            how: how the distinct ids are written.
            is_safe: whether a cell that begins as a formula gets an apostrophe before it.
        """
        self._is_joined, self._is_safe = how is Ids.JOINED, is_safe
        is_one = how is not Ids.COLUMNS
        self.header = header(columns)
        self._width = len(columns)
        self._at = {name: at for at, name in enumerate(columns)}
        self._key_at = {
            name.removeprefix(PROPERTIES): at
            for name, at in self._at.items()
            if name.startswith(PROPERTIES)
        }
        names = [JOINED] if self._is_joined else id_columns(len(columns), how)
        self._ids_at = [self._at[name] for name in names if name in self._at]
        usual_ids = len(self._ids_at) if is_one else usual_ids
        self._layout = self._lay_out(usual_ids, usual_keys)
        place = self._layout.place
        self._fixed = [place[self._at[name]] for name in FIXED]
        self._usual_ids = [place[at] for at in self._ids_at[:usual_ids]]
        self._usual_keys = {key: place[self._key_at[key]] for key in usual_keys}
        self._kept_cells = lru_cache(_KEPT)(self._nested_cells)
        ids = sorted(range(usual_ids if by_engine or is_one else 0), key=str)
        keys = sorted(usual_keys if by_engine else ())
        gaps = [*self._lay_out(len(ids), keys).commas, b""]
        sent = [gap.decode() if len(gap) <= _NARROW else MARK for gap in gaps]
        self.shape = Shape([n + 1 for n in ids], keys, sent, how, is_safe)
        wide = (gap + b"%b" for gap in gaps if len(gap) > _NARROW)
        self._wide = b"%b" + b"".join(wide) + b"\r\n"

    def _lay_out(self, ids: int, keys: Iterable[str]) -> Layout:
        fixed = [self._at[name] for name in FIXED]
        return Layout([*fixed, *self._ids_at[:ids], *(self._key_at[key] for key in keys)])

    def chunks(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """Yield lines, about a megabyte at a time.

        Args:
            frame: rows of `queries.lines.LineRow`.
        """
        lines = cast("list[bytes]", frame["line"].cast(pl.Binary).to_list())
        odd = cast(
            "Iterator[_Row]",
            frame.filter(pl.col("line") == "").cast({"properties": pl.Binary}).iter_rows(),
        )
        line_bytes = self._width + int(frame.estimated_size()) // max(1, len(lines))
        step = 1 + _CHUNK_BYTES // line_bytes
        for start in range(0, len(lines), step):
            yield b"".join(
                self._wide % tuple(line.split(_MARK)) if line else self._odd(next(odd))
                for line in lines[start : start + step]
            )

    def _odd(self, person: _Row) -> bytes:
        """Make the line of a person of whom the engine made none."""
        _, uuid, number, created, identified, seen, ids, properties, *_ = person
        row = self._layout.blank.copy()
        others: dict[int, str] = {}
        name = display_name(properties, ids, number)
        fixed = (created, number, identified, seen, name, _TYPE, uuid, "")
        for place, cell in zip(self._fixed, fixed, strict=True):
            row[place] = cell
        if self._is_joined:
            ids = [msgspec.json.encode(ids).decode()]
        for place, item in zip(self._usual_ids, ids, strict=False):
            row[place] = item
        usual = len(self._usual_ids)
        others.update(zip(self._ids_at[usual:], ids[usual:], strict=False))
        self._fill(row, others, _decoded(properties))
        if self._is_safe:
            row = [_safe(cell) for cell in row]
            others = {at: _safe(cell) for at, cell in others.items()}
        return self._layout.line(row, others)

    def _fill(self, row: list[object], others: dict[int, str], properties: _Properties) -> None:
        place_of = self._usual_keys.get
        rest: list[tuple[str, object]] = []
        for key, value in properties.items():
            place = place_of(key)
            if place is None or type(value) in _CONTAINERS:
                rest.append((key, value))
            else:
                row[place] = value
        nested: dict[int, str] = {}
        for key, value in rest:
            if type(value) in _CONTAINERS:
                nested.update(self._nested(key, value))
            elif value is not None and (at := self._key_at.get(key)) is not None:
                others[at] = str(value)
        for at, cell in nested.items():
            if (place := self._layout.place.get(at)) is not None:
                row[place] = cell
            else:
                others[at] = cell

    def _nested(self, key: str, value: object) -> Mapping[int, str]:
        """The cells of a list or object."""
        token = msgspec.json.encode(value)
        if len(token) > _KEPT_BYTES:
            return self._nested_cells(key, token)
        return self._kept_cells(key, token)

    def _nested_cells(self, key: str, token: bytes) -> Mapping[int, str]:
        flat: dict[str, str] = {}
        flatten_json(PROPERTIES + key, token, flat)
        found = ((self._at.get(name), cell) for name, cell in flat.items())
        return {at: cell for at, cell in found if at is not None}


def _safe(cell: T) -> T | str:
    """A cell, or its text after an apostrophe where it begins as a formula does."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else cell


def _decoded(properties: bytes) -> _Properties:
    if b"-0" in properties and _MINUS_ZERO.search(properties):
        return cast("_Properties", json.loads(properties, parse_int=str, parse_float=str))
    return _decode(properties)
