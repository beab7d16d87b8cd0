"""How a statement is read: which columns and granules of which tables, by which index.

ClickHouse says so itself, of the statement with the settings it is sent with. That does not depend
on the machine, so a plan that got worse is a failing test and not a slower one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, LiteralString, cast

import msgspec
from msgspec import Struct

from queries.sql import Bind, Sql
from queries.statement import Statement
from service.engine import Engine
from service.engine_target import target
from service.settings import Settings

PRIMARY_KEY = "PrimaryKey"

_HOLE = re.compile(r"\{(p\d+):([^}]+)\}")
_LOOKED_UP = re.compile(r"\bIN\s*\(\s*SELECT\b")
_OWN_TABLE = re.compile(r"\bFROM\s+[a-z]")


class Line(Struct):
    """A line of what EXPLAIN answers; a constant in it need not be UTF-8."""

    explain: msgspec.Raw


class Narrowing(Struct, frozen=True):
    """What an index leaves of the granules there are."""

    before: int
    after: int


class Read(Struct, frozen=True):
    """One reading of a table.

    Attributes:
        table: its name.
        order: `InOrder` and `InReverseOrder` may stop early; else `Default`.
        is_final: whether versions are merged.
        parts: how many are read, of those there are.
        granules: how many may be read, at most.
        columns: that are read, but for those FINAL itself needs; subcolumns as `prop.plan`.
        first: those of them that decide in which granules the others are read.
        last: those of them that are read of no rows but the ones shown.
        narrowings: by name of the index, the primary key's is `PRIMARY_KEY`.
        condition: what the primary key is asked for, as ClickHouse writes it.
    """

    table: str
    order: str
    is_final: bool
    parts: int
    granules: int
    columns: frozenset[str]
    first: frozenset[str]
    last: frozenset[str]
    narrowings: Mapping[str, Narrowing]
    condition: str

    def is_narrowed_by(self, index: str) -> bool:
        """Say whether an index leaves a small part of what there is."""
        found = self.narrowings.get(index)
        return found is not None and found.after * 5 <= found.before


class Plan(Struct, frozen=True):
    """What a statement reads itself, and what it reads first for its `IN (SELECT …)`."""

    reads: list[Read]
    looked_up: list[Read]

    def all(self) -> list[Read]:
        """Return all that is read."""
        return [*self.reads, *self.looked_up]


def explain(engine: Engine, statement: Statement[Any]) -> Plan:
    """Return the plan of a statement, sent as the engine sends it."""
    text, values = statement.sql.render()
    # Once it is made, such a set is no longer to be seen in the plan: it is asked about alone.
    inner = [_with_values(one, values) for one in _looked_up(text)]
    return Plan(
        _reads(engine, statement, statement.sql),
        [read for one in inner for read in _reads(engine, statement, one)],
    )


def rows_read(settings: Settings, statement: Statement[Any]) -> int:
    """Run a statement and return how many rows it read, of all tables together."""
    text, values = statement.sql.render()
    said = {
        # One of several threads may read on where another could have stopped.
        "max_threads": 1,
        "use_skip_indexes_if_final": int(statement.skip_indexes),
        # What an earlier run of the statement found out would be left out here.
        "use_query_condition_cache": 0,
    }
    text += "\nSETTINGS " + ", ".join(f"{key} = {value}" for key, value in said.items())
    client = target(settings.engine_dsn(), settings.clickhouse).connect(
        settings.clickhouse.database
    )
    try:
        answer = msgspec.json.decode(client.raw_query(text, values, fmt="JSONCompact"))
    finally:
        client.close()
    return int(answer["statistics"]["rows_read"])


def _reads(engine: Engine, statement: Statement[Any], text: Sql) -> list[Read]:
    asked = Sql(("EXPLAIN json = 1, indexes = 1, header = 1, actions = 1 ", *text.parts))
    lines = engine.fetch_now(
        Statement("tests.explain", asked, Line, statement.threads, statement.skip_indexes)
    )
    text_lines = (bytes(line.explain).decode(errors="replace") for line in lines)
    (top,) = msgspec.json.decode("\n".join(map(msgspec.json.decode, text_lines)))
    steps = list(_steps(top["Plan"]))
    last = _columns(
        column
        for step in steps
        if step["Node Type"] == "LazilyReadFromMergeTree"
        for column in step["Lazily read columns"]
    )
    return [_read(step, last) for step in steps if step["Node Type"] == "ReadFromMergeTree"]


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for inner in step.get("Plans", ()):
        yield from _steps(inner)


def _read(step: dict[str, Any], last: frozenset[str]) -> Read:
    prewhere = step.get("Prewhere info", {}).get("Prewhere filter")
    tested: list[dict[str, str]] = []
    if prewhere:
        tested = prewhere["Prewhere filter expression"]["Inputs"]
    first = _columns(column["Name"] for column in tested)
    return Read(
        # On a cluster: what the name leads to.
        step["Description"].partition(".")[2].removesuffix("_local"),
        step["Read Type"],
        step.get("FINAL", False),
        step.get("Parts", 0),
        step.get("Granules", 0),
        first | last | _columns(column["Name"] for column in step["Header"]),
        first,
        last,
        {
            index.get("Name", index["Type"]): Narrowing(
                index["Initial Granules"], index["Selected Granules"]
            )
            for index in step.get("Indexes", ())
        },
        next((i["Condition"] for i in step.get("Indexes", ()) if i["Type"] == PRIMARY_KEY), ""),
    )


def _columns(names: Iterable[str]) -> frozenset[str]:
    """Return the columns of a table among names: `prop.city`, not prop.city.:`String`."""
    return frozenset(
        name.removesuffix(".:`String`")
        for name in names
        # What starts with an underscore is made up as it is read; what has brackets is computed.
        if not name.startswith("_") and "(" not in name
    )


def _looked_up(text: str) -> Iterator[str]:
    """Yield each SELECT after an IN that reads tables of ours, inner ones too."""
    for start in _LOOKED_UP.finditer(text):
        opened = text.index("(", start.start())
        depth = 0
        for at in range(opened, len(text)):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            if depth == 0:
                inner = text[opened + 1 : at]
                if _OWN_TABLE.search(inner):
                    yield inner
                break


def _with_values(text: str, values: Mapping[str, object]) -> Sql:
    """Bind again what a piece of a rendered statement names."""
    # Three pieces a hole: the text before it, its name and its type.
    pieces = _HOLE.split(text)
    parts: list[str | Bind] = [pieces[0]]
    for name, ch_type, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        parts += [Bind(cast("LiteralString", ch_type), values[name]), after]
    return Sql(tuple(parts))
