"""Filters mean on the engine what tests/oracle.py says they mean.

Every operator with every awkward value on every awkward key, against a population that holds
each value under each key: drawn at random, a filter's value and a person's almost never meet.
Trees of them are in tests/engine/test_filter_trees.py.
"""

from __future__ import annotations

import json

import pytest
from msgspec import Struct

from queries.filter_text import MAX_FILTERS, decode_filter
from queries.persons import Selection, list_persons
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from tests import oracle
from tests.awkward import KEYS
from tests.engine.filtering import (
    ALIASES,
    COLUMNS,
    NEGATABLE,
    ORDERED,
    OTHERS,
    POPULATION,
    SHARED,
    check,
    check_listed,
    fill,
    group,
    needles_of,
)
from tests.engine.people import FOREVER_US
from tests.engine.verdicts import leaf


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    fill(engine)
    return engine


def test_the_population_is_stored_in_both_ways(filled: Engine) -> None:
    class Row(Struct):
        paths: list[str]

    stored = sql("SELECT arraySort(groupUniqArrayArray(JSONSharedDataPaths(prop))) AS paths")
    for project, shares in ((COLUMNS, False), (SHARED, True)):
        asked = sql("{} FROM persons WHERE team_id = {}", stored, bind("UInt32", project))
        (row,) = filled.fetch_now(Statement("tests.paths", asked, Row))
        assert ("plain" in row.paths) is shares


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("operator", [*NEGATABLE, *ORDERED])
def test_every_operator_with_every_value(filled: Engine, operator: str, key: str) -> None:
    check(filled, [leaf(key, operator, value) for value in needles_of(operator)])


@pytest.mark.parametrize("operator", OTHERS)
def test_every_operator_with_values_of_its_own(filled: Engine, operator: str) -> None:
    for key in KEYS[::4]:
        check(filled, [leaf(key, operator, value) for value in needles_of(operator)])


@pytest.mark.parametrize("operator", ALIASES)
def test_every_alias_with_every_value(filled: Engine, operator: str) -> None:
    check(filled, [leaf("email", operator, value) for value in needles_of(operator)])
    check(filled, [leaf("plain", operator, value) for value in needles_of(operator)])


@pytest.mark.parametrize("operator", ["is_set", "is_not_set"])
def test_every_operator_without_value(filled: Engine, operator: str) -> None:
    check(filled, [leaf(key, operator, "null") for key in (*KEYS, "nobody has it")])


@pytest.mark.parametrize("operator", [*NEGATABLE, *ORDERED, *OTHERS])
def test_on_a_page_it_is_the_same(filled: Engine, operator: str) -> None:
    for n, value in enumerate(needles_of(operator)[::7]):
        check_listed(filled, f"[{leaf(KEYS[n % len(KEYS)], operator, value)}]")


@pytest.mark.parametrize("key", ["Email", "PLAN", "nobody", "email ", "plain.x"])
def test_keys_are_literal(filled: Engine, key: str) -> None:
    check(filled, [leaf(key, operator, '"a"') for operator in (*NEGATABLE, "is_set")])


def test_shapes(filled: Engine) -> None:
    a, b = leaf("email", "exact", '"a"'), leaf("plain", "is_set", "null")
    check(
        filled,
        [
            "[]",
            "{}",
            f"[{a},{b}]",
            f"[{a},{{}}]",
            f'{{"type":"AND","values":[{a},{b}]}}',
            f'{{"type":"OR","values":[{a},{b}]}}',
            f'{{"type":"OR","values":[{a},{{}}]}}',
            f'{{"type":"OR","values":[{a},{leaf("plain", "exact", "[]")}]}}',
            f'{{"type":"OR","values":[{a},{{"type":"flag","key":"x","value":true}}]}}',
            f'{{"type":"OR","values":[{a},[{{}}],{{"type":"AND","values":[[],{{}}]}}]}}',
            f'{{"type":"OR","values":[{a},{leaf("plain", "is_set", "[]")}]}}',
            '{"type":"OR","values":[{},[]]}',
            f'[{{"type":"OR","values":[{{}}]}},{a}]',
            f'[{{"type":"OR","values":[{a},{b}]}},{{"type":"AND","values":[{b}]}}]',
            '{"type":"OR","values":[]}',
            f'{{"values":[{a}]}}',
            '{"email":"a"}',
            '{"email":["a",5],"dot.ted":true}',
            '{"email":"a","plain":[]}',
            '[{"key":"email","value":5}]',
            '[{"key":"email","value":5,"operator":null,"type":"person"}]',
            '[{"type":"flag","key":"x","value":true}]',
        ],
    )


def test_a_boolean_is_on_neither_side_of_a_text(filled: Engine) -> None:
    """PostHog's property types keep a boolean from being compared; here both are texts."""
    texts = ('"a"', '"false"', '"true"', '"f"', '"u"', '" "', '"\U0010ffff"')
    filters = [leaf("email", operator, text) for operator in ORDERED for text in texts]
    check(filled, filters)
    booleans = [p for p in POPULATION if oracle.passes(p, '{"email":["true","false"]}')]
    assert len(booleans) == 3
    assert not any(oracle.passes(p, text) for p in booleans for text in filters)


def test_three_thousand_values(filled: Engine) -> None:
    many = [f"no such text {n}" for n in range(3_000)]
    for operator in NEGATABLE:
        for values in (many, [*many, "Ä", "5"]):
            check_listed(filled, f"[{leaf('email', operator, json.dumps(values))}]")
            check_listed(filled, f"[{leaf('plain', operator, json.dumps(values))}]")


def test_as_many_filters_as_are_let_in(filled: Engine) -> None:
    # Each counts as two, and the group as one.
    most = (MAX_FILTERS - 1) // 2
    leaves = [leaf(KEYS[n % len(KEYS)], "icontains", f'"{n}"') for n in range(most)]
    tree = group("OR", leaves)
    selection = Selection(COLUMNS, FOREVER_US, decode_filter(tree))
    rows = filled.fetch_now(list_persons(selection, limit=1_000))
    expected = {n for n, properties in enumerate(POPULATION) if oracle.passes(properties, tree)}
    assert {row.uuid.int for row in rows} == expected
    assert 0 < len(expected) < len(POPULATION)
