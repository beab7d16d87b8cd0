"""What a filter means: a filter becomes a condition on one row of `persons`."""

from __future__ import annotations

from typing import LiteralString, assert_never

from queries import properties, semver
from queries.filters import (
    AllOf,
    AnyOf,
    Between,
    Dated,
    Filter,
    Operator,
    Relation,
    Test,
    Versioned,
)
from queries.lists import rows_of
from queries.moments import Ago, Moment
from queries.sql import Sql, all_of, any_of, bind, sql

# So many `multiSearchAny` looks for at once, and no more.
NEEDLES_AT_ONCE = 255
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US


def where(tree: Filter) -> Sql:
    """Compile a filter into a condition over one row of `persons`."""
    match tree:
        case AllOf():
            return all_of(where(child) for child in tree.filters)
        case AnyOf():
            return any_of(where(child) for child in tree.filters)
        case Test():
            return _test(tree)
        case Between():
            return _between(tree)
        case Dated():
            return _dated(tree)
        case Versioned():
            return _versioned(tree)
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
        case Operator.REGEX:
            return _matches_one_of(test)
        case Operator.NOT_REGEX:
            return sql("NOT {}", _matches_one_of(test))
        case Operator.GT:
            return _compare(test, "ifNull({} > {}, false)")
        case Operator.GTE:
            return _compare(test, "ifNull({} >= {}, false)")
        case Operator.LT:
            return _compare(test, "ifNull({} < {}, false)")
        case Operator.LTE:
            return _compare(test, "ifNull({} <= {}, false)")
        case _:
            raise AssertionError(f"{test.operator} is decoded into a filter of its own")


def _is_one_of(test: Test) -> Sql:
    if len(test.texts) == 1:
        value = bind("String", test.texts[0])
        return sql("ifNull({} = {}, false)", properties.text(test.key), value)
    # Not `has`, which compares every row with every value: a thousand of them take 16 times as
    # long, and a hundred thousand a minute for 100,000 persons.
    return sql(
        "ifNull({} IN {}, false)",
        properties.text(test.key),
        rows_of("Array(String)", test.texts),
    )


def _contains_one_of(test: Test) -> Sql:
    folded = properties.folded(properties.text(test.key))
    if len(test.texts) == 1:
        needle = bind("String", test.texts[0].casefold())
        return sql("ifNull(position({}, {}) > 0, false)", folded, needle)
    if "" in test.texts:
        # Every text contains it; `multiSearchAny` does not find it in an empty one.
        return sql("isNotNull({})", properties.text(test.key))
    # Not `arrayExists`, which makes a copy of each row for each needle.
    needles = [text.casefold() for text in test.texts]
    return any_of(
        sql("ifNull(multiSearchAny({}, {}), false)", folded, bind("Array(String)", some))
        for some in (
            needles[n : n + NEEDLES_AT_ONCE] for n in range(0, len(needles), NEEDLES_AT_ONCE)
        )
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


def _matches_one_of(test: Test) -> Sql:
    """Say whether a pattern is found.

    The half about '' is always false, and there so that a pattern that is none fails even where no
    row has the property: ClickHouse computes what is constant before it looks at any.
    """
    value = properties.text(test.key)
    return any_of(
        sql("ifNull(match({}, {}), isNull(match('', {})))", value, pattern, pattern)
        for pattern in (bind("String", text) for text in test.texts)
    )


def _between(test: Between) -> Sql:
    value = properties.number(test.key)
    low, high = bind("Float64", test.low), bind("Float64", test.high)
    within = sql("ifNull({} >= {} AND {} <= {}, false)", value, low, value, high)
    if test.is_within:
        return within
    return sql("ifNull({} < {} OR {} > {}, false)", value, low, value, high)


def _versioned(test: Versioned) -> Sql:
    version = properties.version(test.key)
    bounds = [sql("isNotNull({}.1)", version)]
    bounds += [sql("isNotNull({}.2)", version), sql("isNotNull({}.3)", version)]
    within: list[Sql] = []
    if test.range.low is not None:
        within.append(sql("ifNull({} >= {}, false)", version, _numbers(test.range.low)))
    if test.range.high is not None:
        within.append(sql("ifNull({} < {}, false)", version, _numbers(test.range.high)))
    inside = all_of(within)
    return all_of([*bounds, inside if test.is_within else sql("NOT {}", inside)])


def _numbers(version: semver.Version) -> Sql:
    return sql("({}, {}, {})", *(bind("UInt64", part) for part in version))


def _dated(test: Dated) -> Sql:
    value = properties.moment(test.key)
    match test.relation:
        case Relation.ON:
            first, last = _span(test.moment)
            condition = sql("({} >= {} AND {} <= {})", value, first, value, last)
        case Relation.BEFORE:
            condition = sql("{} < {}", value, _point(test.moment))
        case Relation.AFTER:
            condition = sql("{} > {}", value, _end(test.moment))
        case _:
            assert_never(test.relation)
    return sql("ifNull({}, false)", condition)


def _end(moment: Moment | Ago) -> Sql:
    """Return what is before all that comes after: of a day, as the interface says it, 23:59:59."""
    if isinstance(moment, Moment) and moment.is_day:
        return _instant(moment.us + _DAY_US - _SECOND_US)
    return _point(moment)


def _point(moment: Moment | Ago) -> Sql:
    """Return the point in time itself."""
    if isinstance(moment, Moment):
        return _instant(moment.us)
    count = bind("Int64", moment.count)
    match moment.unit:
        case "h":
            return sql("subtractHours(now64(6, 'UTC'), {})", count)
        case "d":
            return sql("subtractDays(now64(6, 'UTC'), {})", count)
        case "w":
            return sql("subtractWeeks(now64(6, 'UTC'), {})", count)
        case "m":
            return sql("subtractMonths(now64(6, 'UTC'), {})", count)
        case "q":
            return sql("subtractWeeks(now64(6, 'UTC'), {})", bind("Int64", 13 * moment.count))
        case "y":
            return sql("subtractYears(now64(6, 'UTC'), {})", count)
        case _:
            assert_never(moment.unit)


def _span(moment: Moment | Ago) -> tuple[Sql, Sql]:
    """Return the first and last microsecond of what is asked for: of a day, or of a second."""
    if isinstance(moment, Moment):
        width = _DAY_US if moment.is_day else _SECOND_US
        first = moment.us - moment.us % width
        return _instant(first), _instant(first + width - 1)
    point = _point(moment)
    if moment.unit == "h":
        second = sql("toDateTime64(toStartOfSecond({}), 6, 'UTC')", point)
        return second, sql("addMicroseconds({}, 999999)", second)
    day = sql("toDateTime64(toDate32({}), 6, 'UTC')", point)
    return day, sql("subtractMicroseconds(addDays({}, 1), 1)", day)


def _instant(us: int) -> Sql:
    return sql("fromUnixTimestamp64Micro({}, 'UTC')", bind("Int64", us))
