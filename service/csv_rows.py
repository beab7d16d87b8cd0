"""Rows of a CSV: the columns in their order, and persons as lines of bytes.

A line has no end here but in a chunk, where each ends in CRLF. Cells are quoted where RFC 4180
asks for it. Bytes stay bytes from ClickHouse to the client: of most cells, nothing is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
import polars as pl
from msgspec import Raw, Struct

from queries.flatten import flatten_json
from queries.identity import display_name
from queries.lines import MARK, Shape

FIXED = ("created_at", "id", "is_identified", "last_seen_at", "name", "type", "uuid")
# Null in every row: what PostHog has there, the value at a point of a chart, has no meaning here.
EMPTY = "value_at_data_point"

MAX_ID_COLUMNS = 1_000
# What follows the distinct ids that have a column of their own, as a JSON list in one cell.
MORE_IDS = f"distinct_ids.{MAX_ID_COLUMNS}"
PROPERTIES = "properties."

_CHUNK_BYTES = 1_000_000
# A guess at a line without its commas, which only sizes chunks.
_LINE_BYTES = 400
# Runs of this many commas or less are cheaper sent by the engine than put in afterwards.
_SHORT_GAP = 16

_MARK = MARK.encode()
_needs_quotes = re.compile(rb'[",\r\n]').search
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_text = msgspec.json.Decoder(str).decode

# Of lists and objects that many persons share, the cells are kept.
_KEPT = 4_096
_KEPT_BYTES = 1_024

_QUOTE, _LIST, _OBJECT, _TRUE, _FALSE, _NULL = b'"[{tfn'


class _Odd(Struct, frozen=True):
    """A row of which the engine made no line; see `queries.lines.LineRow`."""

    uuid: str
    number: int
    created: str
    identified: str
    seen: str
    ids: list[str]
    properties: bytes


def id_columns(most_ids: int) -> list[str]:
    """The columns of distinct ids, where nobody has more than `most_ids`."""
    return [f"distinct_ids.{n}" for n in range(min(most_ids, MAX_ID_COLUMNS + 1))]


class Rows:
    """Persons as lines with the same columns.

    A cell without a column is left out: of a property, say, that nobody had when the columns were
    looked for.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Take the columns in their order; all of `FIXED` must be among them."""
        self._columns = columns
        self._at = {name: at for at, name in enumerate(columns)}
        self._key_at = {
            name.removeprefix(PROPERTIES): at
            for name, at in self._at.items()
            if name.startswith(PROPERTIES)
        }
        self._id_at = [
            at
            for n in range(MAX_ID_COLUMNS)
            if (at := self._at.get(f"distinct_ids.{n}")) is not None
        ]
        self._commas = b"," * len(columns)
        self._kept = lru_cache(_KEPT)(self._nested)

    def header(self) -> bytes:
        """The first line, with its end."""
        return b",".join(_quoted(name.encode()) for name in self._columns) + b"\r\n"

    def shape(self, usual_ids: int, keys: Sequence[str]) -> Shape:
        """The shape of lines with some of the columns: so many distinct ids, these properties."""
        ids = sorted(range(min(usual_ids, len(self._id_at))), key=str)
        keys = sorted(keys)
        names = [*FIXED, *(f"distinct_ids.{n}" for n in ids), *(PROPERTIES + key for key in keys)]
        places = sorted(self._at[name] for name in names)
        ends = [*places[1:], len(self._columns) - 1]
        widths = [end - at for at, end in zip(places, ends, strict=True)]
        self._fill = b"%b".join(
            [b""]
        )
        return Shape([n + 1 for n in ids], keys, ["," * w if w <= _SHORT_GAP else MARK for w in widths])
