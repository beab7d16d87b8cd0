"""What a filter asks of a person: a tree of tests on properties.

`queries/filter_text.py` decodes what a client sends into it, `queries/where.py` says what it means.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from queries.moments import Ago, Moment
from queries.semver import Range


class Relation(StrEnum):
    """How a stored date stands to a filter's."""

    ON = "on"
    BEFORE = "before"
    AFTER = "after"


class Operator(StrEnum):
    """What a test asks of a property; `queries/where.py` gives each its meaning."""

    EXACT = "exact"
    IS_NOT = "is_not"
    ICONTAINS = "icontains"
    NOT_ICONTAINS = "not_icontains"
    REGEX = "regex"
    NOT_REGEX = "not_regex"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    NOT_BETWEEN = "not_between"
    IS_DATE_EXACT = "is_date_exact"
    IS_DATE_BEFORE = "is_date_before"
    IS_DATE_AFTER = "is_date_after"
    SEMVER_EQ = "semver_eq"
    SEMVER_NEQ = "semver_neq"
    SEMVER_GT = "semver_gt"
    SEMVER_GTE = "semver_gte"
    SEMVER_LT = "semver_lt"
    SEMVER_LTE = "semver_lte"
    SEMVER_TILDE = "semver_tilde"
    SEMVER_CARET = "semver_caret"
    SEMVER_WILDCARD = "semver_wildcard"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


class Test(Struct, frozen=True):
    """A test of one property.

    `texts` are the alternatives as `value_text` has them: none for is_set and is_not_set and one
    for the ordered operators, whose `number` is set where that one text is numeric.
    """

    __test__ = False  # no test case, whatever pytest thinks of the name

    key: str
    operator: Operator
    texts: tuple[str, ...] = ()
    number: float | None = None


class Between(Struct, frozen=True):
    """A number within two bounds, both included, or outside of them."""

    key: str
    low: float
    high: float
    is_within: bool


class Dated(Struct, frozen=True):
    """A date on, before or after another."""

    key: str
    relation: Relation
    moment: Moment | Ago


class Versioned(Struct, frozen=True):
    """A version within a range, or outside of it."""

    key: str
    range: Range
    is_within: bool


class AllOf(Struct, frozen=True):
    """Every one of them holds; of none, true."""

    filters: tuple[Filter, ...] = ()


class AnyOf(Struct, frozen=True):
    """At least one of them holds."""

    filters: tuple[Filter, ...]


Filter = Test | Between | Dated | Versioned | AllOf | AnyOf
EVERYONE = AllOf()
