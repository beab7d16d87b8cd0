"""What an export reads: which persons, of which table, from which place on."""

from __future__ import annotations

from msgspec import Struct

from queries.persons import Selection, condition
from queries.places import Place
from queries.sql import Sql, bind, sql


class Source(Struct, frozen=True):
    """What to read.

    Attributes:
        selection: which persons.
        copy: the copy of `persons` where they are, which stands still; empty for `persons`.
        after: only those that follow this place in the order of the list.
        limit: of them so many at most; 0 for all.
    """

    selection: Selection
    copy: str = ""
    after: Place | None = None
    limit: int = 0

    @property
    def is_copy(self) -> bool:
        """Whether it is a copy, so that no other table speaks of the same moment."""
        return bool(self.copy)

    def rows(self) -> Sql:
        """Return the table."""
        return sql("{}", bind("Identifier", self.copy)) if self.copy else sql("persons")

    def condition(self) -> Sql:
        """Return the condition that a row is selected, wherever it stands."""
        return condition(self.selection, located=self.is_copy)


def counted(source: Source) -> Sql:
    """Return how many rows the selection has, as of the same moment as the rest of a statement.

    Subqueries of one statement see the same parts (`enable_shared_storage_snapshot_in_query`). Of
    a copy, which stands still, it is not asked again and again.
    """
    if source.is_copy:
        return sql("toUInt64(0)")
    return sql(
        "assumeNotNull((SELECT count() FROM {} FINAL WHERE {}))",
        source.rows(),
        source.condition(),
    )


def limited(source: Source) -> Sql:
    """Return what ends a statement that reads a part."""
    return sql("LIMIT {}", bind("UInt64", source.limit)) if source.limit else sql("")
