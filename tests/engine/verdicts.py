"""Which persons pass which filters on the engine, beside what tests/oracle.py says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from queries.filter_text import decode_filter
from queries.persons import Selection, list_persons
from queries.sql import Sql, bind, sql
from queries.statement import Statement
from queries.where import where
from service.engine import Engine
from tests import oracle
from tests.engine.people import FOREVER_US, insert, person

# Persons from here on only fill the tables.
FIRST_FILLER = 1_000_000
_projects = itertools.count(1_000)


class Verdicts(Struct):
    """Which of some conditions a person passes."""

    project: int
    uuid: UUID
    passed: list[bool]


def leaf(key: str, operator: str, value: str) -> str:
    """Write a filter on one property; the value is JSON."""
    return f'{{"key":{json.dumps(key)},"operator":"{operator}","value":{value}}}'


def verdicts(filters: Sequence[str], projects: Sequence[int]) -> Statement[Verdicts]:
    """Ask for all persons of projects but the fillers, and which of the filters each passes."""
    conditions = [where(decode_filter(text)) for text in filters]
    listed = Sql(tuple(part for c in conditions for part in (",", *c.parts))[1:])
    return Statement(
        "tests.verdicts",
        sql(
            "SELECT team_id AS project, toString(id) AS uuid, CAST([{}], 'Array(Bool)') AS passed"
            " FROM persons FINAL WHERE toUInt128(id) < {} AND has({}, team_id)",
            listed,
            bind("UInt128", FIRST_FILLER),
            bind("Array(UInt32)", list(projects)),
        ),
        Verdicts,
    )


def check(
    engine: Engine, population: Sequence[str], filters: Sequence[str], projects: Sequence[int]
) -> None:
    """Compare verdicts on each filter alone with the oracle's, in all projects of a population.

    The person with the uuid n has the population's properties n.
    """
    expected = [[oracle.passes(properties, text) for text in filters] for properties in population]
    rows = engine.fetch_now(verdicts(filters, projects))
    assert len(rows) == len(projects) * len(population)
    wrong = [
        (row.project, text, population[row.uuid.int], passed)
        for row in rows
        for text, passed, right in zip(filters, row.passed, expected[row.uuid.int], strict=True)
        if passed != right
    ]
    assert wrong == []


def passing(engine: Engine, stored: Sequence[object], operator: str, value: object) -> list[object]:
    """Store each value as one person's property, and return those that pass a filter on it.

    An absent property is the value None.
    """
    project = next(_projects)
    persons = [person(n, json.dumps({"at": one})) for n, one in enumerate(stored)]
    insert(engine, project, persons, version=1)
    tree = decode_filter(leaf("at", operator, json.dumps(value)))
    rows = engine.fetch_now(list_persons(Selection(project, FOREVER_US, tree), limit=1_000))
    return [stored[n] for n in sorted(row.uuid.int for row in rows)]
