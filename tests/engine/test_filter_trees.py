"""Random trees of filters mean on the engine what tests/oracle.py says they mean.

AND, OR and nesting, over the population of tests/engine/filtering.py. Conditions come from the
compiler as they do for a list, and many are asked in one statement; some go the way of a request.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.engine import Engine
from tests.awkward import KEYS
from tests.engine.filtering import (
    BOUNDS,
    NEEDLES,
    NEGATABLE,
    ORDERED,
    OTHERS,
    VERSIONS,
    check,
    check_listed,
    fill,
    group,
)
from tests.engine.verdicts import leaf

DRAWN = 2_000
AT_ONCE = 50
KINDS = ("AND", "OR", "OR", "list")
# How likely a group is where a tree may be so deep yet.
GROUPED = {3: 0.95, 2: 0.4, 1: 0.4}
VERSIONED = tuple(name for name in OTHERS if OTHERS[name] is VERSIONS)
# Operators with what they may be given, as often as they are drawn: a version costs the engine as
# much as eight texts do. Without operators it is no leaf.
LEAVES: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    *[((*NEGATABLE, "in", "not_in"), NEEDLES)] * 12,
    *[((*ORDERED, "min", "max"), BOUNDS)] * 8,
    *[(("is_set", "is_not_set"), ("null",))] * 4,
    *[((name,), OTHERS[name]) for name in OTHERS if not name.startswith("semver_")] * 2,
    (VERSIONED, VERSIONS),
    (("semver_wildcard",), OTHERS["semver_wildcard"]),
    *[((), ("{}", "[]", '{"type":"flag"}'))] * 3,
]


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    fill(engine)
    return engine


def tree(draw: Random, depth: int = 3) -> str:
    """Draw a tree that is at most so deep."""
    if depth and draw.random() < GROUPED[depth]:
        parts = [tree(draw, depth - 1) for _ in range(draw.choice((0, 1, 2, 2, 3, 3, 4)))]
        return group(draw.choice(KINDS), parts)
    operators, values = draw.choice(LEAVES)
    if not operators:
        return draw.choice(values)
    return leaf(draw.choice(KEYS), draw.choice(operators), draw.choice(values))


TREES = st.builds(tree, st.randoms(use_true_random=False))
SHARED_FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def test_random_trees(filled: Engine) -> None:
    draw = Random(7)
    trees: dict[str, None] = {}
    while len(trees) < DRAWN:
        trees[tree(draw)] = None
    drawn = list(trees)
    for first in range(0, DRAWN, AT_ONCE):
        check(filled, drawn[first : first + AT_ONCE])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=SHARED_FIXTURE)
@given(tree=TREES)
def test_random_trees_on_a_page(filled: Engine, tree: str) -> None:
    check_listed(filled, tree)


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None, suppress_health_check=SHARED_FIXTURE)
@given(tree=TREES)
def test_many_random_trees(filled: Engine, tree: str) -> None:
    check_listed(filled, tree)
