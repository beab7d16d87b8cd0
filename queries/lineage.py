"""What tells of a write though the person's row has forgotten it.

A row remembers its last writes (`stored.LINEAGE`). From the oldest of them the history leads on:
each write notes there which row it follows. To what was noted in vain no row leads that is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from queries.identity import person_number
from queries.sql import bind, sql
from queries.statement import Statement


class Link(Struct, frozen=True):
    """A write that was noted, and the one that it was to follow."""

    write_id: int
    follows: int


class Marked(Struct, frozen=True):
    """A write of a request: the row it was to make, its version, and the row it was to follow."""

    write_id: int
    version: int
    follows: int


def list_links(project: int, person: UUID, since: int) -> Statement[Link]:
    """Select the writes that were noted of a person from a version on; those in vain, too."""
    return Statement(
        "history.links",
        sql(
            """
            SELECT write_id, follows FROM history FINAL
            WHERE team_id = {} AND person_number = {} AND person_id = {} AND version >= {}
            """,
            bind("UInt32", project),
            bind("UInt64", person_number(person)),
            bind("UUID", str(person)),
            bind("UInt64", since),
        ),
        Link,
        threads=1,
    )


def leads_to(write_id: int, known: Iterable[int], links: Iterable[Link]) -> bool:
    """Say whether one of the writes that are known to have been made leads back to another.

    Args:
        write_id: of the other.
        known: the last ones.
        links: from a write to the one before it.
    """
    before = {link.write_id: link.follows for link in links}
    for one in known:
        at = one
        while at != write_id and at in before:
            at = before.pop(at)
        if at == write_id:
            return True
    return False


def list_marked(project: int, person: UUID, mark: int) -> Statement[Marked]:
    """Select the writes of a person that a request has noted; those too that came to nothing."""
    return Statement(
        "history.marked",
        sql(
            """
            SELECT write_id, version, follows FROM history FINAL
            WHERE team_id = {} AND person_number = {} AND person_id = {} AND mark = {}
            """,
            bind("UInt32", project),
            bind("UInt64", person_number(person)),
            bind("UUID", str(person)),
            bind("UInt64", mark),
        ),
        Marked,
        threads=1,
    )
