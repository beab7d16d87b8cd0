"""Filters on versions mean on the engine what tests/oracle_versions.py and the rules say."""

from __future__ import annotations

import json

import pytest

from service.engine import Engine
from tests.engine.people import insert, person
from tests.engine.verdicts import check, leaf, passing

VERSIONS = (
    *("0.0.0", "0.0.1", "0.0.3", "0.0.4", "0.1.0", "0.2.2", "0.2.3", "0.2.4", "0.3.0", "0.9.9"),
    *("1.0.0", "1.2.2", "1.2.3", "v1.2.3", "1.2.4", "1.2.10", "1.3.0", "1.9.0", "1.10.0", "2.0.0"),
    *("1.2.3-rc.1", "1.2.3+build.7", "v1.2.3-a.b-c+d.e-f", "2.0.0-alpha", "10.0.0", "1.2.3--"),
    *("999999999999999999.0.0", "1.999999999999999999.0", "1.2.999999999999999999"),
)
# Stored only: a filter's parts have at most 18 digits.
HUGE = ("1.2.18446744073709551615", "9223372036854775808.0.0")
NO_VERSIONS = (
    *("01.2.3", "1.02.3", "1.2.03", "00.0.0", "1.2", "1", "v1", "1.2.3.4", "", "v", "x", "1.2.x"),
    *("1.2.3-", "1.2.3+", "1.2.3-+b", "1.2.3_a", "1.2.3-a_b", "1.2.3 ", " 1.2.3", "1.2.3\n"),
    *("V1.2.3", "vv1.2.3", "-1.2.3", "+1.2.3", "1.-2.3", "1..3", "1.2.", ".1.2", "1,2,3", "1.2.*"),
    *("1.2.18446744073709551616", "99999999999999999999999.0.0", "1.2.3-ä", "\u0661.2.3", "true"),
    *("1.2.3-a\n", "1.2.3+a+b"),
)
POPULATION = [
    *("{}", '{"$browser_version":1.2,"at":5}', '{"$browser_version":null,"at":["1.2.3"]}'),
    *(
        json.dumps({"$browser_version": text, "at": text})
        for text in (*VERSIONS, *HUGE, *NO_VERSIONS)
    ),
]
COMPARISONS = [f"semver_{name}" for name in ("eq", "neq", "gt", "gte", "lt", "lte")]
SHORT = ("0", "1", "2", "v1", "0.0", "0.2", "1.0", "1.2", "1.2-rc", "1.2+b", "999999999999999999")


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    people = [person(n, properties) for n, properties in enumerate(POPULATION)]
    insert(engine, 1, people, version=1)
    return engine


def test_the_forms_are_what_they_should_be(filled: Engine) -> None:
    stored = [*VERSIONS, *HUGE, *NO_VERSIONS]
    assert passing(filled, stored, "semver_gte", "0.0.0") == [*VERSIONS, *HUGE]


@pytest.mark.parametrize("key", ["$browser_version", "at"])
@pytest.mark.parametrize("operator", [*COMPARISONS, "semver_tilde", "semver_caret"])
def test_every_version_with_every_version(filled: Engine, operator: str, key: str) -> None:
    check(filled, POPULATION, [leaf(key, operator, json.dumps(text)) for text in VERSIONS], (1,))


@pytest.mark.parametrize("operator", ["semver_tilde", "semver_caret"])
def test_every_version_with_a_part_of_one(filled: Engine, operator: str) -> None:
    check(filled, POPULATION, [leaf("at", operator, json.dumps(text)) for text in SHORT], (1,))


def test_every_version_with_every_wildcard(filled: Engine) -> None:
    wild = ("0.*", "1.*", "v1.*", "0.0.*", "0.2.*", "1.2.*", "1.10.*", "3.*")
    check(
        filled, POPULATION, [leaf("at", "semver_wildcard", json.dumps(text)) for text in wild], (1,)
    )


def test_parts_are_numbers_and_no_texts(engine: Engine) -> None:
    stored = ["1.9.0", "1.10.0", "1.9.10"]
    assert passing(engine, stored, "semver_gt", "1.9.0") == stored[1:]


@pytest.mark.parametrize("operator", COMPARISONS)
def test_pre_release_and_build_do_not_count(engine: Engine, operator: str) -> None:
    stored = ["1.2.3", "1.2.3-rc.1", "1.2.3+5", "v1.2.3"]
    holds = operator in ("semver_eq", "semver_gte", "semver_lte")
    for value in stored:
        assert passing(engine, stored, operator, value) == (stored if holds else [])


def test_tilde_goes_to_the_next_minor_version(engine: Engine) -> None:
    stored = ["1.2.2", "1.2.3", "1.2.99", "1.3.0", "2.0.0"]
    assert passing(engine, stored, "semver_tilde", "1.2.3") == ["1.2.3", "1.2.99"]
    assert passing(engine, stored, "semver_tilde", "1") == stored[:4]


@pytest.mark.parametrize(
    ("value", "first", "last", "beyond"),
    [
        ("1.2.3", "1.2.3", "1.99.0", "2.0.0"),
        ("0.2.3", "0.2.3", "0.2.99", "0.3.0"),
        ("0.0.3", "0.0.3", "0.0.3", "0.0.4"),
        ("0", "0.0.0", "0.99.0", "1.0.0"),
    ],
)
def test_caret_goes_to_the_next_change_of_the_left_most_part_that_is_not_0(
    engine: Engine, value: str, first: str, last: str, beyond: str
) -> None:
    assert passing(engine, [first, last, beyond], "semver_caret", value) == [first, last]


def test_wildcard_stands_for_all_parts_behind_it(engine: Engine) -> None:
    stored = ["1.1.9", "1.2.0", "1.2.99", "1.3.0", "2.0.0"]
    assert passing(engine, stored, "semver_wildcard", "1.2.*") == ["1.2.0", "1.2.99"]
    assert passing(engine, stored, "semver_wildcard", "1.*") == stored[:4]


@pytest.mark.parametrize("operator", COMPARISONS)
def test_what_is_no_version_never_holds(engine: Engine, operator: str) -> None:
    stored: list[object] = [None, "", "1.2", 1.2, "01.2.3", "1.2.3.4", "x", True, [], {}, ["1.2.3"]]
    for value in ("0.0.0", "1.2.3", "9.9.9"):
        assert passing(engine, stored, operator, value) == []
