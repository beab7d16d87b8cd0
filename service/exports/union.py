"""What columns a CSV of all properties has: one for each dotted path.

The columns are those of all rows together, so the persons are read twice: `plan` finds the
columns, while a failure can still be answered, then `union_rows` makes the lines. The two reads see
two moments. Somebody who changes in between is written as of the second, but into the columns of
the first: a property, a list's item or a distinct id that had no column then is left out, so every
line has as many cells as the header. No cell is ever under another's name.

Distinct ids have a column each, 1,000 of them at most, or one together. Where two values of a
person lead to one column, as in `{"a.b": 1, "a": {"b": 2}}`, the inner one is shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeAlias, cast

import polars as pl
from msgspec import Struct

from queries.columns import count_sizes, list_keys, list_parts, list_unread
from queries.export_source import Source
from queries.flatten import flatten_json
from queries.lines import Ids
from queries.statement import Statement
from service.engine import Engine
from service.errors import BadRequest
from service.exports.union_rows import FIXED, PROPERTIES, Rows, id_columns

MAX_COLUMNS = 20_000
MAX_IDS = 1_000

# A property is usual where one person in so many has it; only so many can be. The engine reads all
# usual properties of everybody to make lines, and leaves who has others, or a list or an object, to
# Python. Not worth it where lines are made of fewer than one person in so many.
_USUAL_SHARE = 100
_USUAL_KEYS = 200
_USUAL_IDS = 20
_LINES_SHARE = 4

_Step: TypeAlias = "tuple[Statement[Any], Callable[[pl.DataFrame], None]]"


class UnionPlan(Struct, frozen=True):
    """What a CSV will look like.

    Attributes:
        columns: the header; empty where there are no persons, and so no header.
        usual_ids: how many distinct ids are usual, which most persons do not exceed.
        usual_keys: the properties many persons have.
        by_engine: whether many persons have nothing but these, so that the engine can make lines.
        how: how the distinct ids are written.
        is_safe: whether a cell that begins as a formula gets an apostrophe before it.
    """

    columns: tuple[str, ...]
    usual_ids: int = 0
    usual_keys: tuple[str, ...] = ()
    by_engine: bool = False
    how: Ids = Ids.COLUMNS
    is_safe: bool = False

    def rows(self) -> Rows:
        """Return what makes the lines."""
        return Rows(
            self.columns,
            self.usual_ids,
            self.usual_keys,
            by_engine=self.by_engine,
            how=self.how,
            is_safe=self.is_safe,
        )


async def plan(
    engine: Engine, source: Source, how: Ids = Ids.COLUMNS, *, is_safe: bool = False
) -> UnionPlan:
    """Find the columns; reads all persons of the selection.

    Args:
        engine: where they are.
        source: which.
        how: how the distinct ids are written.
        is_safe: whether a cell that begins as a formula gets an apostrophe before it.

    Raises:
        BadRequest: there are more than 20,000, or somebody has more than 1,000 distinct ids.
        PersonhouseError: what `Engine.batches` raises.
    """
    found = Found(how, is_safe=is_safe)
    for steps in _steps(found, source):
        try:
            async with asyncio.TaskGroup() as group:
                for statement, take in steps:
                    group.create_task(_take_all(engine, statement, take))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
    return found.plan()


def plan_now(
    engine: Engine, source: Source, how: Ids = Ids.COLUMNS, *, is_safe: bool = False
) -> UnionPlan:
    """As `plan`, in the calling thread."""
    found = Found(how, is_safe=is_safe)
    for steps in _steps(found, source):
        for statement, take in steps:
            for frame in engine.batches_now(statement):
                take(frame)
    return found.plan()


def _frames(engine: Engine, statement: Statement[Any]) -> AsyncGenerator[pl.DataFrame, None]:
    # It is a generator, and must be closed as one.
    return cast("AsyncGenerator[pl.DataFrame, None]", engine.batches(statement))


async def _take_all(
    engine: Engine, statement: Statement[Any], take: Callable[[pl.DataFrame], None]
) -> None:
    async with aclosing(_frames(engine, statement)) as frames:
        async for frame in frames:
            await asyncio.to_thread(take, frame)


class Found:
    """What is known of the columns so far."""

    def __init__(self, how: Ids, *, is_safe: bool) -> None:
        """Know nothing; `how` and `is_safe` are as for `plan`."""
        self._how, self._is_safe = how, is_safe
        self.persons = 0
        self.has_unread = False
        self._most_ids = 0
        self._usual_ids = 0
        self._persons_with: Counter[str] = Counter()
        self._flat_with: Counter[str] = Counter()
        # Names of columns; the values are of no interest.
        self._names: dict[str, str] = {}

    def take_sizes(self, frame: pl.DataFrame) -> None:
        """Take the row of `count_sizes`."""
        self.take_counts(*frame.row(0))

    def take_counts(self, persons: int, most_ids: int, usual_ids: int) -> None:
        """Take how many persons there are, and distinct ids: at most, and with most of them."""
        self.persons, self._most_ids, self._usual_ids = persons, most_ids, usual_ids
        if self._how is Ids.COLUMNS and self._most_ids > MAX_IDS:
            raise BadRequest(
                f"Somebody has {self._most_ids:,} distinct ids, and {MAX_IDS:,} may have a column"
                " each. Ask for `distinct_ids=joined`, one column with all of them, or for"
                " `distinct_ids=first`.",
                attr="distinct_ids",
            )

    def take_keys(self, frame: pl.DataFrame) -> None:
        """Take rows of `list_keys`."""
        for name, unread, persons, flat in frame.iter_rows():
            if unread:
                self.has_unread = True
                continue
            self._persons_with[name] = persons
            if flat:
                self._flat_with[name] = flat
                self._names[PROPERTIES + name] = ""
        self._check()

    def take_key(self, name: str, persons: int, plain: int, flat: int) -> None:
        """Take a key that so many persons have, `plain` of them with neither list nor object.

        Of how many it is flat may be a guess.
        """
        self._persons_with[name] = persons
        self._flat_with[name] = flat
        if plain:
            self._names[PROPERTIES + name] = ""

    def take_nested(self, frame: pl.DataFrame) -> None:
        """Take rows of `known_columns.list_nested`."""
        for name, json in frame.iter_rows():
            flatten_json(PROPERTIES + name, json.encode(), self._names)
        self._check()

    def take_parts(self, frame: pl.DataFrame) -> None:
        """Take rows of `list_parts` or `list_unread`."""
        for name, whole, json in frame.iter_rows():
            if whole:
                flatten_json(PROPERTIES[:-1], json.encode(), self._names)
            elif json:
                flatten_json(PROPERTIES + name, json.encode(), self._names)
            else:
                self._names[PROPERTIES + name] = ""
        self._check()

    def plan(self) -> UnionPlan:
        """Put the columns in order."""
        if not self.persons:
            return UnionPlan(())
        columns = {*FIXED, *id_columns(self._most_ids, self._how), *self._names}
        usual = tuple(
            key
            for key, persons in self._persons_with.most_common(_USUAL_KEYS)
            if persons * _USUAL_SHARE >= self.persons and PROPERTIES + key in self._names
        )
        # Where everybody has a rare property, on average, few will have none.
        most = max(self._flat_with.values(), default=0)
        rare = self._flat_with.total() - sum(self._flat_with[key] for key in usual)
        return UnionPlan(
            tuple(sorted(columns)),
            min(self._usual_ids, self._most_ids, _USUAL_IDS),
            usual,
            most * _LINES_SHARE >= self.persons and rare < self.persons,
            self._how,
            self._is_safe,
        )

    def _check(self) -> None:
        if len(self._names) > MAX_COLUMNS:
            raise BadRequest(
                f"The properties of these persons would fill more than {MAX_COLUMNS:,} columns."
                " Ask for some of them with `columns`, for fewer persons with `properties`,"
                " `search`, `email` or `distinct_id`, or for another format.",
                attr="columns",
            )


def _steps(found: Found, source: Source) -> Iterator[list[_Step]]:
    """Yield what to read next, given what was found by then; steps together may run at once."""
    yield [(count_sizes(source), found.take_sizes)]
    if found.persons:
        yield [
            (list_keys(source), found.take_keys),
            (list_parts(source), found.take_parts),
        ]
    if found.has_unread:
        yield [(list_unread(source), found.take_parts)]
