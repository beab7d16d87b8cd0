"""What a filter means: a filter becomes a condition on one row of `persons`."""

from __future__ import annotations

from typing import LiteralString, assert_never

from queries import properties
from queries.filters import AllOf, AnyOf, Filter, Operator, Test
from queries.sql import Sql, all_of, any_of, bind, sql


def where(tree: Filter) -> Sql:
    """Compile a filter into a condition over one row of `persons`."""
    match tree:
        case AllOf():
            return all_of(where(child) for child in tree.filters)
        case AnyOf():
            return any_of(where(child) for child in tree.filters)
        case Test():
            return _test(tree)
        case _:
            assert_never(tree)


def _test(test: Test) -> Sql:
    match test.operator:
        case Operator.IS_SET:
            return sql("isNotNull({})", properties.text(test.key))
        case Operator.IS_NOT_SET:
            return sql("isNull({})", properties.text(test.key))
        case Operator.EXACT:
            return _is_one_of(test)
        case Operator.IS_NOT:
            return sql("NOT {}", _is_one_of(test))
        case Operator.ICONTAINS:
            return _contains_one_of(test)
        case Operator.NOT_ICONTAINS:
            return sql("NOT {}", _contains_one_of(test))
        case Operator.GT:
            return _compare(test, "ifNull({} > {}, false)")
        case Operator.GTE:
            return _compare(test, "ifNull({} >= {}, false)")
        case Operator.LT:
            return _compare(test, "ifNull({} < {}, false)")
        case Operator.LTE:
            return _compare(test, "ifNull({} <= {}, false)")
        case _:
            assert_never(test.operator)


def _is_one_of(test: Test) -> Sql:
    if len(test.texts) == 1:
        value = bind("String", test.texts[0])
        return sql("ifNull({} = {}, false)", properties.text(test.key), value)
    return sql(
        "ifNull(has({}, {}), false)",
        bind("Array(String)", list(test.texts)),
        properties.text(test.key),
    )


def _contains_one_of(test: Test) -> Sql:
    lowered = sql("lowerUTF8({})", properties.text(test.key))
    return any_of(
        sql("ifNull(position({}, lowerUTF8({})) > 0, false)", lowered, bind("String", text))
        for text in test.texts
    )


def _compare(test: Test, template: LiteralString) -> Sql:
    """Compare as numbers where the filter's value is one, else as texts."""
    if test.number is None:
        return sql(template, properties.text(test.key), bind("String", test.texts[0]))
    return sql(template, properties.number(test.key), bind("Float64", test.number))
