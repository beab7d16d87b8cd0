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
    folded = properties.folded(properties.text(test.key))
    needles = [text.casefold() for text in test.texts]
    if len(needles) == 1:
        return sql("ifNull(position({}, {}) > 0, false)", folded, bind("String", needles[0]))
    return sql(
        "(isNotNull({}) AND arrayExists(needle -> position(assumeNotNull({}), needle) > 0, {}))",
        properties.text(test.key),
        folded,
        bind("Array(String)", needles),
    )


def _compare(test: Test, template: LiteralString) -> Sql:
    """Compare as numbers where the filter's value is one, else as texts.

    true and false are no texts to compare with: they never are less or more than anything.
    """
    if test.number is None:
        value = properties.text(test.key)
        compared = sql(template, value, bind("String", test.texts[0]))
        return sql("({} AND {} NOT IN ('true', 'false'))", compared, value)
    return sql(template, properties.number(test.key), bind("Float64", test.number))
