"""Filters to compare with the oracle, and the persons that they are tried on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from queries.filter_text import decode_filter
from queries.persons import Selection, list_persons
from service.engine import Engine
from service.pages import read_page
from tests import oracle
from tests.awkward import KEYS, VALUES
from tests.engine import verdicts
from tests.engine.people import FOREVER_US, insert, person
from tests.engine.verdicts import FIRST_FILLER

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


def fill(engine: Engine) -> None:
    """Insert the population into both projects."""
    people = [person(n, properties) for n, properties in enumerate(POPULATION)]
    fillers = [
        person(FIRST_FILLER + n, json.dumps({f"filler {n}": n for n in range(FILLERS)}))
        for n in range(len(people) + 1)
    ]
    insert(engine, COLUMNS, people, version=1)
    insert(engine, SHARED, [*fillers, *people], version=1)


def check(engine: Engine, filters: Sequence[str]) -> None:
    """Compare the verdicts of both projects with the oracle's, all filters in one statement."""
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


def group(kind: str, parts: list[str]) -> str:
    """Write a list of filters, or a group of a type."""
    joined = ",".join(parts)
    return f"[{joined}]" if kind == "list" else f'{{"type":"{kind}","values":[{joined}]}}'
