"""The latest versions of all persons, read without merging all keys: counts and values.

FINAL costs about a tenth of a microsecond a person, whatever the filter. But where a table was
merged, most of its parts hold no two versions of anybody. Such parts are *settled*: a live row in
them is the latest version, unless a part written since has a newer one. So the settled parts are
read as they are, but for the persons that stand in the other parts too, and those other parts,
which are small, are read with FINAL.

One statement reads both, and it names the settled parts: whatever part is not named, because it
was written a moment ago or is a merge of named ones, is among the others. So an answer is exact
whatever was written or merged since the parts were found to be settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from msgspec import Struct

from queries.persons import CountRow, Selection, condition
from queries.sql import Sql, all_of, bind, sql
from queries.statement import Statement


class Part(Struct, frozen=True):
    """An active part of `persons`; its rows came from the inserts `first` to `last`."""

    name: str
    rows: int
    first: int
    last: int


class Examined(Struct, frozen=True):
    """What some parts hold together, all projects.

    Attributes:
        live: rows that are no tombstones.
        latest: persons whose latest version in these parts is no tombstone.
        tombstones: rows that are.
        newest_version: the highest version.
        newest_us: the latest `created_at`, in microseconds since 1970.
    """

    live: int
    latest: int
    tombstones: int
    newest_version: int
    newest_us: int

    def is_settled(self) -> bool:
        """Say whether every live row is somebody's latest version."""
        return self.live == self.latest


class Settled(Struct, frozen=True):
    """Parts that are settled, and what is known of their rows for as long as they are there.

    Attributes:
        parts: their names.
        has_tombstones: whether some rows say that a person is deleted.
        newest_us: the latest `created_at` in them.
        is_all: whether nobody has a version in another part. A reader must be sure of it, and of
            nothing being written while the statement runs.
    """

    parts: tuple[str, ...]
    has_tombstones: bool
    newest_us: int
    is_all: bool = False


class Oldest(Struct, frozen=True):
    """The lowest version of some rows; 0 where there are none."""

    version: int


def list_parts() -> Statement[Part]:
    """Select the active parts of `persons`."""
    return Statement(
        "persons.parts",
        sql(
            """
            SELECT name, rows, min_block_number AS first, max_block_number AS last
            FROM system.parts
            WHERE active AND database = currentDatabase() AND table = 'persons'
            """
        ),
        Part,
    )


def examine_parts(parts: tuple[str, ...]) -> Statement[Examined]:
    """Read all keys of some parts; always one row."""
    named = in_parts(parts)
    return Statement(
        "persons.examine_parts",
        sql(
            """
            SELECT sum(live_rows) AS live, sum(latest_rows) AS latest, sum(dead_rows) AS tombstones,
                max(highest) AS newest_version, max(youngest) AS newest_us
            FROM (
                SELECT countIf(is_deleted = 0) AS live_rows, 0 AS latest_rows,
                    countIf(is_deleted = 1) AS dead_rows, max(version) AS highest,
                    toUnixTimestamp64Micro(max(created_at)) AS youngest
                FROM persons
                WHERE {}
                UNION ALL
                SELECT 0, count(), 0, 0, 0
                FROM persons FINAL
                WHERE {})
            """,
            named,
            named,
        ),
        Examined,
    )


def oldest_elsewhere(parts: tuple[str, ...]) -> Statement[Oldest]:
    """Select the lowest version outside of some parts."""
    return Statement(
        "persons.oldest_elsewhere",
        sql("SELECT min(version) AS version FROM persons WHERE NOT {}", in_parts(parts)),
        Oldest,
    )


def count_persons(selection: Selection, settled: Settled | None = None) -> Statement[CountRow]:
    """Count the persons of a selection; always one row. Without settled parts by FINAL alone."""
    return Statement(
        "persons.count",
        sql(
            "SELECT sum(found) AS persons FROM ({})",
            latest("count() AS found", selection, settled),
        ),
        CountRow,
        skip_indexes=settled is None,
    )


def latest(columns: LiteralString | Sql, selection: Selection, settled: Settled | None) -> Sql:
    """Return a SELECT of columns or aggregates over the latest versions of a selection.

    Where some parts are settled it is a UNION ALL of two, so aggregates come twice: add them up.
    """
    shown = columns if isinstance(columns, Sql) else sql(columns)
    if settled is None:
        return sql("SELECT {} FROM persons FINAL WHERE {}", shown, condition(selection))
    return sql(
        """
            SELECT {} FROM persons WHERE {}
            UNION ALL
            SELECT {} FROM persons FINAL WHERE {}
        """,
        shown,
        in_settled(selection, settled),
        shown,
        elsewhere(selection, settled),
    )


def in_settled(selection: Selection, settled: Settled) -> Sql:
    """Return the condition that a row of the settled parts is somebody's latest and selected."""
    named = in_parts(settled.parts)
    # What is created ahead of `until_us` stays out; mostly nobody is, and nothing to be read.
    bounded = settled.newest_us > selection.until_us
    parts = [condition(selection, bounded=bounded), named]
    if settled.has_tombstones:
        parts.append(sql("is_deleted = 0"))
    if not settled.is_all:
        parts.append(
            sql(
                "(created_at, id) NOT IN"
                " (SELECT created_at, id FROM persons WHERE team_id = {} AND NOT {})",
                bind("UInt32", selection.project),
                named,
            )
        )
    return all_of(parts)


def elsewhere(selection: Selection, settled: Settled) -> Sql:
    """Return the condition that a row is selected and in no settled part; for FINAL."""
    return all_of([condition(selection), sql("NOT {}", in_parts(settled.parts))])


def in_parts(parts: Sequence[str]) -> Sql:
    """Return the condition that a row is in one of some parts."""
    return sql("(_part IN {})", bind("Array(String)", list(parts)))
