"""The operators and the values each takes (CONTRACT 4.2). Shapes of filters: test_filters.py."""

from __future__ import annotations

import json

import pytest

from queries.filter_text import MAX_PATTERNS, decode_filter, number_of
from queries.filters import EVERYONE, Between, Dated, Filter, Operator, Relation, Test, Versioned
from queries.moments import Ago, Moment
from queries.semver import Range
from tests.queries.test_filters import A_JSON, decode, refusal

VALUES: dict[str, object] = {"between": [1, 2], "is_date": "2024-05-31", "semver": "1.2.3"}


def example(operator: str) -> object:
    """A value that an operator takes."""
    if operator == "semver_wildcard":
        return "1.2.*"
    name = operator.removeprefix("not_")
    return next((value for prefix, value in VALUES.items() if name.startswith(prefix)), ["x"])


def asked(operator: str, value: object) -> Filter:
    return decode({"key": "a", "operator": operator, "value": value})


def refused(operator: str, value: object) -> str:
    """Why a value is refused, after its path."""
    path, _, reason = refusal([{"key": "a", "operator": operator, "value": value}]).partition(": ")
    assert path == "$[0].value"
    return reason


@pytest.mark.parametrize("operator", list(Operator), ids=str)
def test_every_operator_is_understood_by_its_name(operator: Operator) -> None:
    value = "5" if operator in ("gt", "gte", "lt", "lte") else example(operator)
    decoded = asked(operator, value)
    if isinstance(decoded, Test):
        assert decoded.operator is operator
    else:
        assert operator.startswith(("between", "not_between", "is_date_", "semver_"))


@pytest.mark.parametrize(
    ("alias", "operator"),
    [
        *(("in", "exact"), ("not_in", "is_not"), ("min", "gte"), ("max", "lte")),
        *(("icontains_multi", "icontains"), ("not_icontains_multi", "not_icontains")),
        ("is_cleaned_path_exact", "exact"),
    ],
)
def test_alias_of_an_operator(alias: str, operator: str) -> None:
    value = "1" if alias in ("min", "max") else ["1", "b"]
    assert asked(alias, value) == asked(operator, value)


@pytest.mark.parametrize("alias", ["in", "not_in", "is_cleaned_path_exact"])
def test_alias_that_takes_one_value_too(alias: str) -> None:
    assert asked(alias, "1") == asked(alias, ["1"])


@pytest.mark.parametrize("alias", ["icontains_multi", "not_icontains_multi"])
@pytest.mark.parametrize("value", ["x", 5, {}, True], ids=json.dumps)
def test_alias_for_lists_alone(alias: str, value: object) -> None:
    assert refused(alias, value) == f"`{alias}` takes a list"


def test_a_refusal_calls_the_operator_as_the_client_does() -> None:
    assert refused("max", None) == "`max` needs a value"


@pytest.mark.parametrize("operator", ["regex", "not_regex"])
def test_patterns(operator: str) -> None:
    assert asked(operator, "^a.b$") == Test("a", Operator(operator), ("^a.b$",))
    assert asked(operator, ["a", 5, "a"]) == Test("a", Operator(operator), ("a", "5"))
    assert asked(operator, []) == EVERYONE
    assert isinstance(asked(operator, list(range(MAX_PATTERNS))), Test)
    assert refused(operator, list(range(MAX_PATTERNS + 1))) == "more than 100 patterns"


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        *(([1, 2], 1, 2), (["1", "2.5"], 1, 2.5), ([-1e3, -1], -1e3, -1), ([5, 5], 5, 5)),
        *(([0, "1e308"], 0, 1e308), (["-.5", "+.5"], -0.5, 0.5)),
    ],
)
def test_between_takes_two_numbers(value: object, low: float, high: float) -> None:
    assert asked("between", value) == Between("a", low, high, is_within=True)
    assert asked("not_between", value) == Between("a", low, high, is_within=False)


@pytest.mark.parametrize("operator", ["between", "not_between"])
@pytest.mark.parametrize(
    "value",
    [
        *([], [1], [1, 2, 3], [2, 1], ["a", "b"], [1, "b"], [None, 1], [True, 2], [[1], [2]]),
        *("1,2", 5, {"min": 1, "max": 2}, [1, "1e400"], ["", 1], [1, "2 "]),
    ],
    ids=json.dumps,
)
def test_between_takes_nothing_else(operator: str, value: object) -> None:
    assert refused(operator, value) == f"`{operator}` takes two numbers, the lower one first"


DATES = [
    ("is_date_exact", Relation.ON),
    ("is_date_before", Relation.BEFORE),
    ("is_date_after", Relation.AFTER),
]


@pytest.mark.parametrize(("operator", "relation"), DATES)
def test_dates(operator: str, relation: Relation) -> None:
    day = Dated("a", relation, Moment(1_717_113_600_000_000, is_day=True))
    assert asked(operator, "2024-05-31") == asked(operator, ["2024-05-31"]) == day
    assert asked(operator, "-7d") == Dated("a", relation, Ago(7, "d"))
    second = Dated("a", relation, Moment(1_717_113_600_000_000, is_day=False))
    assert asked(operator, 1_717_113_600) == asked(operator, "1717113600") == second


@pytest.mark.parametrize("operator", [operator for operator, _ in DATES])
@pytest.mark.parametrize(
    "value",
    [
        *("x", "", 5, True, 20240531, [], ["2024-05-31", "2024-06-01"], [None], [["2024-05-31"]]),
        *({"a": 1}, "2024-02-30", "2024-13-01", "0000-01-01", "2024-05-31T10:00+24:00", "7d"),
    ],
    ids=json.dumps,
)
def test_what_is_no_date_is_refused(operator: str, value: object) -> None:
    reason = refused(operator, value)
    assert reason.startswith(
        f"`{operator}` takes a date as 2024-05-31, 2024-05-31T10:00:00Z or -7d"
    )


def test_what_is_no_date_is_shown_in_part() -> None:
    assert refused("is_date_exact", "x" * 500).endswith(f", not '{'x' * 80}'")


def test_versions() -> None:
    eq = Range((1, 2, 3), (1, 2, 4))
    assert asked("semver_eq", "1.2.3") == Versioned("a", eq, is_within=True)
    assert asked("semver_eq", ["v1.2.3"]) == Versioned("a", eq, is_within=True)
    assert asked("semver_neq", "1.2.3") == Versioned("a", eq, is_within=False)
    wild = Range((1, 0, 0), (2, 0, 0))
    assert asked("semver_wildcard", "1.*") == Versioned("a", wild, is_within=True)


@pytest.mark.parametrize(
    ("operator", "example"),
    [("semver_gt", "1.2.3"), ("semver_tilde", "1.2.3"), ("semver_wildcard", "1.2.*")],
)
@pytest.mark.parametrize("value", ["x", "", [], ["1.2.3", "1.2.4"], {}, True], ids=json.dumps)
def test_what_is_no_version_is_refused_as_posthog_does(
    operator: str, example: str, value: object
) -> None:
    assert refused(operator, value) == (
        f"{operator} operator requires a valid semver string (e.g., '{example}')"
    )


@pytest.mark.parametrize(
    ("operator", "near"),
    [("contain", "icontains"), ("exact ", "exact"), ("is_nto", "is_not"), ("gtee", "gte")],
)
def test_unknown_operator_is_refused_with_the_nearest(operator: str, near: str) -> None:
    assert refusal([{**A_JSON, "operator": operator}]) == (
        f"$[0].operator: unknown operator `{operator}`; did you mean `{near}`?"
    )


def test_unknown_operator_like_no_other_is_refused_with_all_there_are() -> None:
    message = refusal([{**A_JSON, "operator": "zzzzz" * 100}])
    assert message.startswith(f"$[0].operator: unknown operator `{'zzzzz' * 16}`; there are exact")
    assert all(str(operator) in message for operator in Operator)


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte", "min", "max"])
@pytest.mark.parametrize("value", [[1], [], {}, True, False, ""], ids=json.dumps)
def test_ordered_operators_take_a_number_or_a_text(operator: str, value: object) -> None:
    message = refusal([{"key": "a", "operator": operator, "value": value}])
    assert message.startswith("$[0].value: `")
    assert message.endswith("` compares with a number or a text")


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte", "min", "max"])
@pytest.mark.parametrize("value", ["1e400", '"1e400"', "-1e400", '"+1e309"', "9" * 400])
def test_ordered_operators_refuse_a_number_beyond_floats(operator: str, value: str) -> None:
    text = f'[{{"key":"a","operator":"{operator}","value":{value}}}]'
    assert refusal(text) == "$[0].value: a number beyond what can be compared"


def test_a_number_beyond_floats_is_equal_to_itself() -> None:
    decoded = decode_filter('{"key":"a","value":[1e400,"-1e400"]}')
    assert decoded == Test("a", Operator.EXACT, ("1e400", "-1e400"))


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5.0), ("5", 5.0), ("1e3", 1000.0), (-0.5, -0.5), ("x", None), ("2024-01-01", None)],
)
def test_ordered_value_is_a_number_where_its_text_is_one(
    value: object, number: float | None
) -> None:
    test = decode({"key": "a", "operator": "gt", "value": value})
    assert isinstance(test, Test)
    assert test.number == number


@pytest.mark.parametrize("text", ["5", "-5", "+5", "5.", ".5", "5.5", "5e3", "5E-3", "0005"])
def test_number_of_a_decimal(text: str) -> None:
    assert number_of(text) == float(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " 5", "5 ", "5\n", "1_000", "1,000", "0x10", "5f", ".", "-", "e5", "1e", "--5"),
        *("inf", "-Infinity", "nan", "1e400", "true", "\u0665"),
    ],
)
def test_number_of_anything_else_is_none(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize("text", ["1" * 1_000_000 + "x", "." * 1_000_000, "1e" * 500_000])
def test_number_of_a_long_text_is_soon_known(text: str) -> None:
    """A pattern that can share the digits out in two ways takes hours for the first."""
    assert number_of(text) is None
