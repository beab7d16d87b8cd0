"""How one property is read from a person row; alone knows how properties are stored."""

from __future__ import annotations

from queries import moments, semver
from queries.sql import Sql, bind, sql
from queries.texts import column_key

# The paths that the column `prop` holds as Nullable(String) of their own: read about three times
# faster than a dynamic path. They are what PostHog's libraries set on every person, and the keys
# a display name and a search look at. A migration that types another path adds it here.
TYPED = frozenset(
    (
        *("email", "name", "username", "plan", "utm_source", "utm_medium", "utm_campaign"),
        *("$browser", "$browser_version", "$os", "$os_version", "$device_type"),
        *("$geoip_country_code", "$geoip_city_name", "$geoip_continent_code", "$geoip_time_zone"),
        *("$initial_browser", "$initial_os", "$initial_device_type", "$initial_referring_domain"),
        "$initial_geoip_country_code",
    )
)


def text(key: str) -> Sql:
    """The property as Nullable(String): its text, NULL where it is absent or null."""
    path = column_key(key)
    if path in TYPED:
        return sql("prop.{}", bind("Identifier", path))
    return sql("prop.{}.:String", bind("Identifier", path))


def moment(key: str) -> Sql:
    """The property as Nullable(DateTime64(6, 'UTC')): NULL where its text is no date we know.

    ClickHouse's own reading takes far more for a date than is one, so the text's shape is looked
    at first; it then sorts out the 31st of February.
    """
    written = sql(
        "replaceRegexpOne(ifNull({}, ''), {}, '\\\\3-\\\\2-\\\\1')",
        text(key),
        bind("String", moments.DAY_FIRST),
    )
    return sql(
        """parseDateTime64BestEffortOrNull(if(
            match({}, {}),
            replaceAll(replaceRegexpOne({}, '(\\\\d),(\\\\d)', '\\\\1.\\\\2'), '/', '-'),
            ''), 6, 'UTC')""",
        written,
        bind("String", moments.SHAPE),
        written,
    )


def version(key: str) -> Sql:
    """The property as a tuple of three Nullable(UInt64): NULLs where its text is no version."""
    groups = sql("extractGroups(ifNull({}, ''), {})", text(key), bind("String", semver.STORED))
    return sql(
        "(toUInt64OrNull({}[1]), toUInt64OrNull({}[2]), toUInt64OrNull({}[3]))",
        *(groups, groups, groups),
    )


def folded(value: Sql) -> Sql:
    """A Nullable(String) without regard to case: what Python's `str.casefold` makes of it.

    Folding Unicode takes six times as long as lower-casing ASCII, which most texts are.
    """
    return sql("if(isValidASCII({}), lower({}), caseFoldUTF8({}))", value, value, value)


def number(key: str) -> Sql:
    """The property as Nullable(Float64): NULL where it is absent or its text is no number.

    "inf" and "nan" are texts somebody wrote, not numbers: JSON has neither.
    """
    parsed = sql("toFloat64OrNull({})", text(key))
    return sql("if(isFinite({}), {}, NULL)", parsed, parsed)
