"""Rows from lines of JSON, as ClickHouse answers with them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Row = TypeVar("Row")

_PIECE_BYTES = 250_000


def decode_lines(body: bytes, kind: type[Row]) -> list[Row]:
    """Decode lines of JSON, some at a time: while one call lasts, every other thread stands still.

    50,000 persons in one take a third of a second.
    """
    decoder = msgspec.json.Decoder(kind)
    rows: list[Row] = []
    lines = memoryview(body)
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _PIECE_BYTES) + 1 or len(body)
        rows += decoder.decode_lines(lines[start:end])
        start = end
    return rows
