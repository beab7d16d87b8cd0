"""What asks the engine for the rows of an export, and makes its bytes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import polars as pl

from queries.export_rows import Pure, export_rows
from queries.export_source import Source
from queries.lines import Ids, export_lines
from queries.statement import Statement
from service.engine import Engine
from service.exports.asked import FORMS, Ask
from service.exports.encoders import encoder
from service.exports.known import Looked
from service.exports.odd import Odd
from service.exports.union import UnionPlan, plan, plan_now


class Writer(Protocol):
    """Makes one file. All methods take their time: they are for a worker thread."""

    def statement(self, source: Source) -> Statement[Any]:
        """Return what asks for the rows; each has the `total` of them."""
        ...

    def write(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """Yield what some rows come to."""
        ...

    def end(self) -> bytes:
        """Return what ends the file."""
        ...


class Named:
    """A file with columns that are known before anything is read."""

    def __init__(self, ask: Ask, pure: Pure | None = None) -> None:
        """Take what is asked for, and what is known of the values."""
        self._columns, self._form, self._pure = ask.named(), FORMS[ask.fmt], pure
        self._odd = Odd(self._columns, self._form)
        self._encoder = encoder(ask.fmt, self._columns, is_safe=ask.is_safe)
        self._shown = [f"c{n}" for n in range(len(self._columns))]

    def statement(self, source: Source) -> Statement[Any]:
        """As `Writer.statement`."""
        return export_rows(source, self._columns, self._form, self._pure)

    def write(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Writer.write`."""
        return self._encoder.encode(self._odd.put_right(frame).select(self._shown))

    def end(self) -> bytes:
        """As `Writer.end`."""
        return self._encoder.end()


class Union:
    """A CSV with the columns of all persons."""

    def __init__(self, planned: UnionPlan) -> None:
        """Take what columns there are; there must be some."""
        self._rows = planned.rows()
        self._head = self._rows.header

    def statement(self, source: Source) -> Statement[Any]:
        """As `Writer.statement`."""
        return export_lines(source, self._rows.shape)

    def write(self, frame: pl.DataFrame) -> Iterator[bytes]:
        """As `Writer.write`."""
        for lines in self._rows.chunks(frame):
            yield self._head + lines
            self._head = b""

    def end(self) -> bytes:
        """As `Writer.end`."""
        return b""


async def writer(engine: Engine, ask: Ask, looked: Looked) -> Writer | None:
    """Return what writes an export, None where it is empty; finds the columns if need be.

    Raises:
        BadRequest: it would have too many columns.
        PersonhouseError: what `Engine.batches` raises.
    """
    if not ask.is_union:
        return Named(ask, looked.pure)
    if looked.plan is not None:
        return _union(looked.plan)
    how = ask.ids or Ids.COLUMNS
    return _union(await plan(engine, looked.source, how, is_safe=ask.is_safe))


def writer_now(engine: Engine, ask: Ask, source: Source) -> Writer | None:
    """As `writer`, in the calling thread."""
    if not ask.is_union:
        return Named(ask)
    return _union(plan_now(engine, source, ask.ids or Ids.COLUMNS, is_safe=ask.is_safe))


def _union(planned: UnionPlan) -> Union | None:
    return Union(planned) if planned.columns else None
