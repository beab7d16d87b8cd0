"""What operators hold of, one rule a test. Dates: test_dates.py; versions: test_semver.py.

All operators with all odd values: test_filters_match_oracle.py.
"""

from __future__ import annotations

import pytest

from service.engine import Engine
from tests.engine.verdicts import passing

ANYTHING: list[object] = ["", "null", "x", 5, True, False, [], {}]
ORDERED = ("gt", "gte", "lt", "lte")


def test_a_number_is_its_text(engine: Engine) -> None:
    stored = [5, "5", "50", 5.0, "five"]
    assert passing(engine, stored, "exact", "5") == passing(engine, stored, "exact", 5) == [5, "5"]


@pytest.mark.parametrize("value", [True, "true", ["true"], [True]])
def test_a_boolean_is_its_text(engine: Engine, value: object) -> None:
    stored = [True, "true", "True", False, 1]
    assert passing(engine, stored, "exact", value) == [True, "true"]


def test_case_counts_for_exact_and_not_for_icontains(engine: Engine) -> None:
    stored = ["Ada@Example.com", "ada@example.com", "ada"]
    assert passing(engine, stored, "exact", "ada@example.com") == stored[1:2]
    assert passing(engine, stored, "icontains", "A@EXAMPLE") == stored[:2]


def test_icontains_looks_into_numbers_and_json(engine: Engine) -> None:
    stored = [1250, {"a": [1, 25]}, "x25", 2.5]
    assert passing(engine, stored, "icontains", 25) == stored[:3]


def test_percent_and_underscore_are_themselves(engine: Engine) -> None:
    stored = ["100%", "100", "a_b", "axb"]
    assert passing(engine, stored, "icontains", "0%") == ["100%"]
    assert passing(engine, stored, "icontains", "a_b") == ["a_b"]


@pytest.mark.parametrize("operator", ["is_not", "not_in", "not_icontains", "not_icontains_multi"])
def test_a_negation_keeps_the_absent(engine: Engine, operator: str) -> None:
    stored = [None, "a@x", "b@x", "c@x", ""]
    assert passing(engine, stored, operator, ["a@x", "b@x"]) == [None, "c@x", ""]


def test_not_regex_keeps_the_absent(engine: Engine) -> None:
    assert passing(engine, [None, "a", "b", ""], "not_regex", "^a") == [None, "b", ""]


def test_the_empty_text_is_set(engine: Engine) -> None:
    stored = [None, *ANYTHING]
    assert passing(engine, stored, "is_set", None) == ANYTHING
    assert passing(engine, stored, "is_not_set", None) == [None]
    assert passing(engine, stored, "exact", "") == [""]


def test_the_text_null_is_a_text(engine: Engine) -> None:
    assert passing(engine, [None, *ANYTHING], "exact", "null") == ["null"]


@pytest.mark.parametrize("operator", ["exact", "is_not", "icontains", "not_icontains", "regex"])
def test_an_empty_list_lets_everybody_pass(engine: Engine, operator: str) -> None:
    assert passing(engine, [None, *ANYTHING], operator, []) == [None, *ANYTHING]


def test_a_pattern_is_looked_for_anywhere(engine: Engine) -> None:
    stored = ["abc", "bc", "ac", 12, None]
    assert passing(engine, stored, "regex", "b") == ["abc", "bc"]
    assert passing(engine, stored, "regex", "^b") == ["bc"]
    assert passing(engine, stored, "regex", r"^\d+$") == [12]


def test_case_counts_for_a_pattern_that_does_not_say_otherwise(engine: Engine) -> None:
    stored = ["Plan", "plan", "ÄRA", "ära"]
    assert passing(engine, stored, "regex", "plan|ära") == ["plan", "ära"]
    assert passing(engine, stored, "regex", "(?i)plan|ära") == stored


def test_a_dot_is_any_character_and_the_end_is_the_end(engine: Engine) -> None:
    stored = ["a\nb", "a🦜b", "ab", "ab\n"]
    assert passing(engine, stored, "regex", "^a.b$") == stored[:2]
    assert passing(engine, stored, "regex", "^ab$") == ["ab"]
    assert passing(engine, stored, "regex", r"(?-s)a.b|\bab\b\n") == stored[1:2] + stored[3:]


def test_of_patterns_one_is_enough(engine: Engine) -> None:
    stored = ["ax", "bx", "cx", None]
    assert passing(engine, stored, "regex", ["^a", "^b"]) == ["ax", "bx"]
    assert passing(engine, stored, "not_regex", ["^a", "^b"]) == ["cx", None]


def test_a_number_is_compared_as_one(engine: Engine) -> None:
    stored = ["0", "2", 2, 10, "string", 1.5, "1.50", None]
    assert passing(engine, stored, "gt", "1") == ["2", 2, 10, 1.5, "1.50"]
    assert passing(engine, stored, "lt", 2) == ["0", 1.5, "1.50"]
    assert passing(engine, stored, "min", "2") == ["2", 2, 10]
    assert passing(engine, stored, "max", 1.5) == ["0", 1.5, "1.50"]


def test_a_text_is_compared_as_one(engine: Engine) -> None:
    stored = ["alpha", "beta", 5, True, None]
    assert passing(engine, stored, "gte", "b") == ["beta"]
    assert passing(engine, stored, "lt", "b") == ["alpha", 5]


@pytest.mark.parametrize("operator", ORDERED)
def test_booleans_and_the_absent_are_never_compared(engine: Engine, operator: str) -> None:
    stored = [True, False, "true", "false", None]
    for value in (0, 1, "a", "z"):
        assert passing(engine, stored, operator, value) == []


def test_both_bounds_are_between(engine: Engine) -> None:
    stored = [0.5, 1, "1.0", 2, "3", 3.01, 10]
    assert passing(engine, stored, "between", [1, 3]) == stored[1:5]
    assert passing(engine, stored, "not_between", ["1", "3"]) == [0.5, 3.01, 10]


@pytest.mark.parametrize("operator", ["between", "not_between"])
def test_what_is_no_number_is_neither_between_nor_not(engine: Engine, operator: str) -> None:
    stored = [None, "", "x", True, "NaN", "inf", " 2", [2], {"a": 2}]
    assert passing(engine, stored, operator, [1, 3]) == []
