"""Statements about mutations, which rewrite the parts of a table in the background."""

from __future__ import annotations

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement


class Mutation(Struct, frozen=True):
    """A mutation that is not done; `failure` is empty where nothing went wrong."""

    id: str
    failure: str


def list_mutations(table: str) -> Statement[Mutation]:
    """Select the mutations of a table that are not done."""
    return Statement(
        "mutations.list",
        sql(
            """
            SELECT mutation_id AS id, latest_fail_reason AS failure
            FROM system.mutations
            WHERE database = currentDatabase() AND table = {} AND NOT is_done
            """,
            bind("String", table),
        ),
        Mutation,
    )


def stop_mutation(table: str, mutation: Mutation) -> Statement[None]:
    """Give a mutation up; what it has done stays so."""
    return Statement(
        "mutations.stop",
        sql(
            """
            KILL MUTATION
            WHERE database = currentDatabase() AND table = {} AND mutation_id = {}
            """,
            bind("String", table),
            bind("String", mutation.id),
        ),
        type(None),
    )
