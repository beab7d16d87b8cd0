"""Lists of values, bound so that any number of them gets through.

A list written out after IN is parsed value by value: 100,000 never finish, where the rows of a
subquery take half a second. Of a few it is the other way round: to plan a subquery takes one or two
milliseconds. And a server takes no parameter of more than 128 KiB over HTTP
(`http_max_field_value_size`, which a request cannot change), so a long list is bound in pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import LiteralString

from queries.sql import Bind, Sql, bind, sql

_FEW = 16
_PIECE_BYTES = 120_000
# Of a text as it is sent: each of its bytes escaped up to four times over; quotes, comma, space.
_ESCAPED = 4
_AROUND = 4


def rows_of(ch_type: LiteralString, values: Iterable[str | int]) -> Sql:
    """Return what stands after IN: a few values as a list, or a subquery with a row for each.

    Args:
        ch_type: of the list, as `Array(String)`.
        values: a text of more than 32,000 bytes may be too long for a server.
    """
    pieces = list(_pieces(values))
    if len(pieces) == 1 and 0 < len(pieces[0]) <= _FEW:
        return sql("{}", bind(ch_type, pieces[0]))
    parts: list[str | Bind] = []
    for piece in pieces:
        parts.append(", " if parts else "(SELECT arrayJoin(arrayConcat(")
        parts.append(bind(ch_type, piece))
    return Sql((*parts, ")))"))


def _pieces(values: Iterable[str | int]) -> Iterator[list[str | int]]:
    """Yield the values in lists that are short enough; of none, one empty list."""
    piece: list[str | int] = []
    size = 0
    for value in values:
        more = len(str(value).encode()) * _ESCAPED + _AROUND
        if piece and size + more > _PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(value)
        size += more
    yield piece
