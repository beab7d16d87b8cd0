"""SQL text and the values bound in it, kept apart until the driver sends both.

A template is a literal of ours and a value enters only through `bind`. The type checker holds
the first half (`LiteralString` refuses text made from a request), `render` the second: values
leave as ClickHouse's own parameters, `{p0:String}`, numbered in the order they stand, so the same
filter gives the same text every time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from msgspec import Struct

# A server takes no longer value than 131,072 bytes, and a letter may be four.
_PIECE_CHARS = 30_000


class Bind(Struct, frozen=True):
    """A value and the ClickHouse type it is parsed as by the server."""

    ch_type: LiteralString
    value: object


class Sql(Struct, frozen=True):
    """A piece of SQL: literal text and bound values in the order they stand."""

    parts: tuple[str | Bind, ...]

    def render(self) -> tuple[str, dict[str, object]]:
        """Return the text with `{p0:Type}` for the first value, and the values by those names."""
        text: list[str] = []
        values: dict[str, object] = {}
        for part in self.parts:
            if isinstance(part, Bind):
                pieces = _pieces(part)
                names = [f"p{len(values) + n}" for n in range(len(pieces))]
                values.update(zip(names, pieces, strict=True))
                bound = ", ".join(f"{{{name}:{part.ch_type}}}" for name in names)
                text.append(bound if len(pieces) == 1 else f"concat({bound})")
            else:
                text.append(part)
        return "".join(text), values


def _pieces(bound: Bind) -> list[object]:
    """Return a value in as many pieces as it takes to send it."""
    value = bound.value
    if bound.ch_type != "String" or not isinstance(value, str) or len(value) <= _PIECE_CHARS:
        return [value]
    return [value[n : n + _PIECE_CHARS] for n in range(0, len(value), _PIECE_CHARS)]


def bind(ch_type: LiteralString, value: object) -> Bind:
    """Make a bound value, as `bind("UInt32", 7)`."""
    return Bind(ch_type, value)


def sql(template: LiteralString, /, *holes: Sql | Bind) -> Sql:
    """Fill each `{}` of `template`, left to right, with a fragment or a bound value.

    Raises:
        ValueError: there are more or fewer holes than `{}`.
    """
    head, *tails = template.split("{}")
    parts: list[str | Bind] = [head]
    for hole, tail in zip(holes, tails, strict=True):
        parts.extend(hole.parts if isinstance(hole, Sql) else (hole,))
        parts.append(tail)
    return Sql(tuple(part for part in parts if part != ""))


TRUE = sql("true")


def all_of(conditions: Iterable[Sql]) -> Sql:
    """AND of whole conditions; of none, `true`."""
    return _chain(" AND ", "true", conditions)


def any_of(conditions: Iterable[Sql]) -> Sql:
    """OR of whole conditions; of none, `false`."""
    return _chain(" OR ", "false", conditions)


def _chain(operator: LiteralString, empty: LiteralString, conditions: Iterable[Sql]) -> Sql:
    parts: list[str | Bind] = []
    for condition in conditions:
        parts.append(operator if parts else "(")
        parts.extend(condition.parts)
    return Sql((*parts, ")")) if parts else sql(empty)
