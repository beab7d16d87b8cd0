"""What an export reads: which persons, of which table, from which place on."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from queries.persons import Selection, condition
from queries.places import Place
from queries.settled import Settled, elsewhere, in_parts, in_settled
from queries.sql import Sql, bind, sql


class Source(Struct, frozen=True):
    """What to read.

    Attributes:
        selection: which persons.
        copy: the copy of `persons` where they are, which stands still; empty for `persons`.
        after: only those that follow this place in the order of the list.
        limit: of them so many at most; 0 for all.
        settled: the parts that are, where hardly anybody stands elsewhere; None asks for FINAL.
    """

    selection: Selection
    copy: str = ""
    after: Place | None = None
    limit: int = 0
    settled: Settled | None = None

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
    if source.settled is None:
        return sql(
            "assumeNotNull((SELECT count() FROM {} FINAL WHERE {}))",
            source.rows(),
            source.condition(),
        )
    selection, settled = source.selection, source.settled
    alone = in_settled(selection, replace(settled, is_all=True))
    # Of the few who stand elsewhere, the rows in settled parts, which their keys lead to, are taken
    # off, and those that are there now put in.
    return sql(
        """toUInt64(
                    assumeNotNull((SELECT count() FROM persons WHERE {}))
                    - assumeNotNull((
                        SELECT count() FROM persons WHERE {} AND (created_at, id) IN (
                            SELECT created_at, id FROM persons WHERE team_id = {} AND NOT {})))
                    + assumeNotNull((SELECT count() FROM persons FINAL WHERE {})))""",
        alone,
        alone,
        bind("UInt32", selection.project),
        in_parts(settled.parts),
        elsewhere(selection, settled),
    )


def limited(source: Source) -> Sql:
    """Return what ends a statement that reads a part."""
    return sql("LIMIT {}", bind("UInt64", source.limit)) if source.limit else sql("")
