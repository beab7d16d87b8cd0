"""How much a test asks for, in filters: what a request may hold is counted in these.

A test costs what its SQL is long, for that is read, analysed and held before the first row is
looked at, and ClickHouse takes no more than 262,144 characters (`max_query_size`). A statement may
hold all filters twice, so a thousand must stay below half of that: tests/queries/test_weights.py.
A pattern costs more than its length: to compile one can take five milliseconds, and no limit of
time is looked at meanwhile.
"""

from __future__ import annotations

import math

from queries.filters import Between, Dated, Filter, Operator, Test, Versioned
from queries.where import NEEDLES_AT_ONCE

_CONTAINS = (Operator.ICONTAINS, Operator.NOT_ICONTAINS)
_ORDERED = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
_MATCHES = (Operator.REGEX, Operator.NOT_REGEX)


def weight(test: Filter) -> int:
    """Return how many filters a test counts as; 1 for what is none."""
    match test:
        case Between():
            return 4
        case Dated():
            return 8
        case Versioned():
            return 16
        case Test() if test.operator in _CONTAINS:
            return 2 * math.ceil(len(test.texts) / NEEDLES_AT_ONCE)
        case Test() if test.operator in _MATCHES:
            return 8 * len(test.texts)
        case Test() if test.operator in _ORDERED:
            return 2
        case _:
            return 1
