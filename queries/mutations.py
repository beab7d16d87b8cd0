"""Statements about mutations, which rewrite the parts of a table in the background."""

from __future__ import annotations

from msgspec import Struct

from queries.sql import Sql, bind, sql
from queries.statement import Statement


class Mutation(Struct, frozen=True):
    """A mutation that is not done; `failure` is empty where nothing went wrong."""

    id: str
    failure: str


class Place(Struct, frozen=True):
    """Where a table's rows are; `cluster` is that whose nodes have them, empty for one server."""

    database: str
    table: str
    cluster: str = ""


def list_mutations(place: Place) -> Statement[Mutation]:
    """Select the mutations of a table that are not done, on any node."""
    return Statement(
        "mutations.list",
        sql(
            """
            SELECT mutation_id AS id, latest_fail_reason AS failure
            FROM {}
            WHERE database = {} AND table = {} AND NOT is_done
            """,
            _mutations(place),
            bind("String", place.database),
            bind("String", place.table),
        ),
        Mutation,
    )


def stop_mutation(place: Place, mutation: Mutation) -> Statement[None]:
    """Give a mutation up; what it has done stays so."""
    return Statement(
        "mutations.stop",
        sql(
            """
            KILL MUTATION
            WHERE database = {} AND table = {} AND mutation_id = {}
            """,
            bind("String", place.database),
            bind("String", place.table),
            bind("String", mutation.id),
        ),
        type(None),
    )


def _mutations(place: Place) -> Sql:
    if not place.cluster:
        return sql("system.mutations")
    return sql("clusterAllReplicas({}, system.mutations)", bind("String", place.cluster))
