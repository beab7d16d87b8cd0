"""A statement: SQL with a name and the shape of its rows, ready to run."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from queries.sql import Sql

Row = TypeVar("Row")


class Statement(Struct, Generic[Row], frozen=True):
    """Named SQL that answers with rows of one type.

    `name` is `resource.verb` (`persons.list`): what logs, metrics and `system.query_log` show.
    `row` is the msgspec Struct one line of FORMAT JSONEachRow decodes into.
    `threads` bounds the engine's threads for it: 1 makes an in-order page of a few rows about
    twice as fast, as nothing has to be merged across threads; 0 leaves the engine its default,
    and such a statement counts as heavy: it does not keep those with 1 waiting.
    `skip_indexes` False keeps FINAL from them: where the rows are named by their keys, an index
    on another column only costs the time to read back what it left out.
    """

    name: str
    sql: Sql
    row: type[Row]
    threads: int = 0
    skip_indexes: bool = True
