"""Filters mean on the engine what tests/oracle.py says they mean.

Every operator with every awkward value on every awkward key, against a population that holds
each value under each key: drawn at random, a filter's value and a person's almost never meet. Then
random trees over the same population, for AND, OR and nesting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from queries.filter_text import MAX_FILTERS, decode_filter
from queries.persons import Selection, list_persons
from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.pages import read_page
from tests import oracle
from tests.awkward import KEYS, VALUES
from tests.engine import verdicts
from tests.engine.people import FOREVER_US, insert, person
from tests.engine.verdicts import FIRST_FILLER, leaf

# The same persons twice: in the one project most keys are columns of their own, in the other
# the first rows of the part take all 64 of those and most keys share one.
COLUMNS, SHARED = 1, 2
FILLERS = 100

NEGATABLE = ("exact", "is_not", "icontains", "not_icontains")
ORDERED = ("gt", "gte", "lt", "lte")
ALIASES = ("in", "not_in", "min", "max", "is_cleaned_path_exact")
LISTS = (
    *('["a","5"]', '[5,"true",""]', '[true,"%"]', '["{",":1",","]', '[" ","\\\\"]', "[[],{}]"),
    *('["Ας","ss"]', '["nobody","\\u0000"]'),
)
# No null is a value; see tests/queries/test_filters.py.
NEEDLES = tuple(v for v in (*VALUES, *LISTS) if v not in ("null", "[null]"))
# Numbers and texts but the empty one; a number beyond 64 bits is refused.
BOUNDS = tuple(v for v in VALUES if v[0] in '"-0123456789' and v not in ('""', '"1e400"'))
MULTI = tuple(v for v in NEEDLES if v[0] == "[")
# What Python's `re` and RE2 read alike; see tests/oracle.py.
PATTERNS = (
    *(
        "",
        "^",
        "$",
        "^$",
        "a",
        "^a",
        "a$",
        "^a$",
        ".",
        "^.$",
        "^..$",
        "a.b",
        "a|b",
        "a|",
        "(a)|(b)",
    ),
    *("[^a]", "^[^a]*$", r"\d", r"^\d+$", r"\d{2,}", r"\w", r"^\w+$", r"\W", r"\s", r"\bA", r"A\b"),
    *(
        "(?i)a",
        "(?i)ä",
        "(?i)^ä$",
        "(?i)ß",
        "(?i)ς",
        "(?i)drop TABLE",
        "(?i:T)rue",
        "(?m)^b",
        "S|s",
    ),
    *(
        r"\.",
        r"\[",
        r"\{p0:",
        "{p0:String}",
        "%",
        "_",
        "'",
        '"',
        "`",
        r"\\",
        r"^\\N",
        "a*?",
        "x{0}",
    ),
    *("\n", r"\n", "a\nb", r"a\nb", "\0", r"\x00", "a\0b", "\t", "\u2028", "^🦜$", "[🦜]", "[ä-ü]"),
    *(
        r"^1\.5$",
        "1.5",
        r"-?\d+",
        "(?:a|b)+",
        "tru?e",
        "^(true|false)$",
        "null",
        "}",
        "]",
        "DROP.*--",
    ),
    *("^2024-..-..$", r"\d{4}-\d{2}", "(?P<x>a)b?", "\u0308", "(SS|ß)", "nobody has it"),
)
BETWEEN = (
    *("[0,5]", "[5,5]", '["5","5.0"]', "[-1,0]", '["-1e3",".5"]', "[1,1000]", "[1000,1e3]"),
    *("[9007199254740992,9007199254740993]", "[0,5e-324]", "[-1e308,1e308]", "[1e20,1e22]"),
)
DATES = ('"2024-01-01"', '"2024-01-01T00:00:00Z"', '"1970-01-01"', "1704067200", '"9999-12-31"')
VERSIONS = ('"0.0.0"', '"1.5.0"', '"v1.0.0-a"')
OTHERS = {
    **dict.fromkeys(("regex", "not_regex"), (*map(json.dumps, PATTERNS), '["^a$",5]', '["x"]')),
    **dict.fromkeys(("icontains_multi", "not_icontains_multi"), MULTI),
    **dict.fromkeys(("between", "not_between"), BETWEEN),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), DATES),
    **dict.fromkeys(("semver_eq", "semver_neq", "semver_gt", "semver_gte"), VERSIONS),
    **dict.fromkeys(("semver_lt", "semver_lte", "semver_tilde", "semver_caret"), VERSIONS),
    "semver_wildcard": ('"0.*"', '"1.5.*"'),
}


def _population() -> Iterator[str]:
    """Properties, as JSON: each value under each key, absent keys, and none at all."""
    yield "{}"
    values = ("", *VALUES)
    for n in range(len(values)):
        drawn = ((key, values[(n + 5 * k) % len(values)]) for k, key in enumerate(KEYS))
        yield "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in drawn if value) + "}"


POPULATION = list(_population())


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    people = [person(n, properties) for n, properties in enumerate(POPULATION)]
    fillers = [
        person(FIRST_FILLER + n, json.dumps({f"filler {n}": n for n in range(FILLERS)}))
        for n in range(len(people) + 1)
    ]
    insert(engine, COLUMNS, people, version=1)
    insert(engine, SHARED, [*fillers, *people], version=1)
    return engine


def check(engine: Engine, filters: list[str]) -> None:
    verdicts.check(engine, POPULATION, filters, (COLUMNS, SHARED))


def check_listed(engine: Engine, text: str) -> None:
    """Compare a list of the one project and a page of the other with the oracle's choice."""
    tree = decode_filter(text)
    columns, shared = (Selection(project, FOREVER_US, tree) for project in (COLUMNS, SHARED))
    expected = sorted(n for n, p in enumerate(POPULATION) if oracle.passes(p, text))
    for rows in (
        engine.fetch_now(list_persons(columns, limit=1_000)),
        read_page(engine, shared, limit=1_000, offset=0),
    ):
        found = sorted(row.uuid.int for row in rows if row.uuid.int < FIRST_FILLER)
        assert [POPULATION[n] for n in found] == [POPULATION[n] for n in expected]


def needles_of(operator: str) -> tuple[str, ...]:
    if operator in (*ORDERED, "min", "max"):
        return BOUNDS
    return OTHERS.get(operator, NEEDLES)


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
    tree = _group("OR", leaves)
    selection = Selection(COLUMNS, FOREVER_US, decode_filter(tree))
    rows = filled.fetch_now(list_persons(selection, limit=1_000))
    expected = {n for n, properties in enumerate(POPULATION) if oracle.passes(properties, tree)}
    assert {row.uuid.int for row in rows} == expected
    assert 0 < len(expected) < len(POPULATION)


def _group(kind: str, parts: list[str]) -> str:
    joined = ",".join(parts)
    return f"[{joined}]" if kind == "list" else f'{{"type":"{kind}","values":[{joined}]}}'


def _leaves(operators: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(
        leaf, st.sampled_from(KEYS), st.sampled_from(operators), st.sampled_from(values)
    )


TREES = st.recursive(
    _leaves((*NEGATABLE, "in", "not_in"), NEEDLES)
    | _leaves((*ORDERED, "min", "max"), BOUNDS)
    | _leaves(("is_set", "is_not_set"), ("null",))
    | st.sampled_from(sorted(OTHERS)).flatmap(lambda name: _leaves((name,), OTHERS[name]))
    | st.sampled_from(("{}", "[]", '{"type":"flag"}')),
    lambda inner: st.builds(
        _group, st.sampled_from(["AND", "OR", "list"]), st.lists(inner, max_size=5)
    ),
    max_leaves=15,
)
SHARED_FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=SHARED_FIXTURE)
@given(tree=TREES)
def test_random_trees(filled: Engine, tree: str) -> None:
    check_listed(filled, tree)


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None, suppress_health_check=SHARED_FIXTURE)
@given(tree=TREES)
def test_many_random_trees(filled: Engine, tree: str) -> None:
    check_listed(filled, tree)
