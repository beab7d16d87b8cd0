"""Filters on dates mean on the engine what tests/oracle_dates.py and the documented rules say."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from service.engine import Engine
from tests import oracle
from tests.engine.people import insert, person
from tests.engine.verdicts import check, leaf, passing, verdicts

# Dates in every form that is understood, then what only looks like one. Odd days, months and hours.
DATES = (
    *("2024-05-31", "2024/05/31", "31-05-2024", "31/05/2024", "2024-02-29", "2024-06-01"),
    *("2024-05-31 10:00", "2024-05-31T10:00", "2024/05/31 10:00:00", "31/05/2024 10:00"),
    *("31-05-2024T10:00:00", "2024-05-31T10:00Z", "2024-05-31 10:00 UTC", "2024-05-31T10:00:00.5"),
    *("2024-05-31T10:00:00,25", "2024-05-31T10:00:00.123456Z", "2024-05-31T10:00:00.123456999Z"),
    *("2024-05-31T12:00:00+02:00", "2024-05-31 12:00 +0200", "2024-05-31T02:30-0730"),
    *("2024-05-31T23:59:59", "2024-05-31T23:59:59.000001", "2024-05-31T23:59:59.999999999"),
    *("2024-06-01T00:30+01:00", "2024-05-30T23:30-01:00", "2024-05-31T10:00+23:59"),
    *("Fri, 31 May 2024 12:00:00 +0200", "31 May 2024 10:00 GMT", "1 Jun 2024 10:00:00 UTC"),
    *("01 Jan 2024 00:00:00 Z", "Sun, 29 Feb 2024 10:00:00 -0500", "31 Dec 2024 23:59:59 +0000"),
    *("123456789", "1717149600", "1717149600.5", "1717149600.1234567891", "9999999999"),
    *("000000000", "0000000000001", "1717149600000", "1717149600123", "9999999999999"),
    *("1969-12-31", "1969-12-31T23:59:59.5", "1970-01-01", "1900-01-01", "1899-12-31T23:59:59.9"),
    *("0001-01-01", "0001-01-01T00:00:00Z", "1582-10-10", "2299-12-31T23:59:59", "2300-01-01"),
    *("9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59:59.5Z", "2262-04-11T23:47:17"),
)
NO_DATES = (
    *("2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-01"),
    *("2024-01-00", "2024-01-32", "31/13/2024", "00/01/2024", "05/31/2024", "0000-01-01"),
    *("2024-05-31 24:00", "2024-05-31 23:60", "2024-05-31 23:59:60", "2024-05-31 1:00"),
    *("2024-05-31 10", "2024-05-31T", "2024-05-31 ", " 2024-05-31", "2024-05-31\n", "2024-05-31Z"),
    *("2024-05-31T10:00\n", "2024-05-31  10:00", "2024-05-31T10:00:00.", "2024-05-31T10:00.5"),
    *("2024-05-31T10:00:00.1234567890", "2024-05-31 10:00 ", "2024-05-31 10:00 am"),
    *("2024-05-31T10:00+24:00", "2024-05-31T10:00+02:60", "2024-05-31T10:00+02", "20240531"),
    *("2024-05-31T10:00z", "2024-05-31t10:00", "2024-05-31T10:00 GMT", "2024-05-31T10:00 CEST"),
    *("24-05-31", "2024-5-31", "2024.05.31", "31.05.2024", "31/05/24", "2024-05", "2024"),
    *("Fri 31 May 2024 10:00:00 GMT", "Xyz, 31 May 2024 10:00:00 GMT", "31 Foo 2024 10:00 GMT"),
    *("31 Jun 2024 10:00:00 GMT", "0 May 2024 10:00:00 GMT", "31 May 2024 10:00", "31 May 2024"),
    *("31 MAY 2024 10:00 GMT", "31 May 0000 10:00 GMT", "31 May 2024 10:00 +02:00", "May 31, 2024"),
    *("12345678", "12345678901", "123456789012", "12345678901234", "-1717149600", "1717149600."),
    *("1717149600\n", "1.717e9", "1717149600.5.5", "-7d", "now", "today", "", "x", "true"),
    "\u0661\u0667\u0661\u0667\u0661\u0664\u0669\u0666\u0660\u0660",
)
# The one key has a column of its own, the other a path.
KEYS = ("name", "at")
POPULATION = [
    *("{}", '{"name":1717149600,"at":1717149600}', '{"name":1717149600.50,"at":1717149600000}'),
    *('{"name":null,"at":null}', '{"name":["2024-05-31"],"at":{"a":"2024-05-31"}}'),
    *(json.dumps(dict.fromkeys(KEYS, text)) for text in (*DATES, *NO_DATES)),
]
OPERATORS = ("is_date_exact", "is_date_before", "is_date_after")


@pytest.fixture(scope="module")
def filled(engine: Engine) -> Engine:
    people = [person(n, properties) for n, properties in enumerate(POPULATION)]
    insert(engine, 1, people, version=1)
    return engine


def test_the_forms_are_what_they_should_be(filled: Engine) -> None:
    dated = passing(filled, [*DATES, *NO_DATES], "is_date_before", "9999-12-31T23:59:59.9")
    assert dated == list(DATES)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_date_with_every_date(filled: Engine, operator: str, key: str) -> None:
    check(filled, POPULATION, [leaf(key, operator, json.dumps(date)) for date in DATES], (1,))


def test_every_length_of_time_ago(filled: Engine) -> None:
    """Whatever is decided by the moments that pass while this runs is left out."""
    agos = [f"-{n}{unit}" for unit in "hdwmqy" for n in (0, 1, 2, 5, 13, 99, 2_000, 99_999)]
    filters = [
        leaf("at", operator, json.dumps(ago))
        for operator, ago in itertools.product(OPERATORS, agos)
    ]
    start = datetime.now(UTC)
    texts = ["0001-01-02", "9999-12-31", "2024-05-31", "no date", *_around(start)]
    people = [json.dumps({"at": text}) for text in texts]
    insert(filled, 2, [person(n, properties) for n, properties in enumerate(people)], version=1)
    rows = filled.fetch_now(verdicts(filters, (2,)))
    end = datetime.now(UTC)
    checked = 0
    for row in rows:
        properties = people[row.uuid.int]
        for text, passed in zip(filters, row.passed, strict=True):
            right = oracle.passes(properties, text, start)
            if right == oracle.passes(properties, text, end):
                checked += 1
                assert passed is right, (text, properties)
    assert checked > 0.9 * len(people) * len(filters)


def _around(now: datetime) -> list[str]:
    """Texts a little before and after what is so long ago, and the days around."""
    days = [timedelta(days=n) for n in (0, 1, 2, 7, 14, 28, 30, 31, 61, 91, 182, 365, 731)]
    nears = [*(timedelta(minutes=n) for n in (-5, 5)), timedelta(days=-1), timedelta(days=1)]
    hours = [now - timedelta(hours=n) + near for n in (1, 2, 5) for near in nears]
    return [(now - day + near).isoformat() for day in days for near in nears] + [
        time.isoformat() for time in hours
    ]


MIDNIGHT, NOON, LAST = "2021-04-01T00:00:00Z", "2021-04-01T12:00:00Z", "2021-04-01T23:59:59Z"
AROUND = ["2021-03-31T23:59:59Z", MIDNIGHT, NOON, LAST, "2021-04-02", "2021-04-03"]


def test_before_a_day_means_before_it_begins(engine: Engine) -> None:
    assert passing(engine, AROUND, "is_date_before", "2021-04-01") == AROUND[:1]


def test_after_a_day_means_after_it_ends(engine: Engine) -> None:
    assert passing(engine, AROUND, "is_date_after", "2021-04-01") == AROUND[4:]


def test_exactly_a_day_means_any_time_of_it(engine: Engine) -> None:
    assert passing(engine, AROUND, "is_date_exact", "2021-04-01") == [MIDNIGHT, NOON, LAST]


def test_the_day_is_that_of_utc(engine: Engine) -> None:
    stored = ["2021-04-01T01:00+02:00", "2021-03-31T23:00-02:00", "2021-04-01 01:00"]
    assert passing(engine, stored, "is_date_exact", "2021-04-01") == stored[1:]


def test_before_and_after_a_time_leave_it_out(engine: Engine) -> None:
    assert passing(engine, AROUND, "is_date_before", NOON) == AROUND[:2]
    assert passing(engine, AROUND, "is_date_after", NOON) == AROUND[3:]


def test_midnight_is_a_time_and_no_day(engine: Engine) -> None:
    assert passing(engine, AROUND, "is_date_exact", MIDNIGHT) == [MIDNIGHT]
    assert passing(engine, AROUND, "is_date_after", MIDNIGHT) == AROUND[2:]


def test_exactly_a_time_means_its_second(engine: Engine) -> None:
    stored = [f"2021-04-01T12:00:{second}" for second in ("00", "00.999999", "01")]
    for value in (NOON, "2021-04-01T12:00:00.7Z", "2021-04-01 12:00", 1_617_278_400.25):
        assert passing(engine, stored, "is_date_exact", value) == stored[:2]


def test_exactly_a_second_before_1970(engine: Engine) -> None:
    stored = [f"1969-12-31T23:59:5{second}Z" for second in ("8.9", "9", "9.5")] + ["1970-01-01"]
    assert passing(engine, stored, "is_date_exact", "1969-12-31T23:59:59.25") == stored[1:3]


def test_the_day_stands_first(engine: Engine) -> None:
    stored = ["01/02/2024", "02/01/2024", "01-02-2024 10:00"]
    assert passing(engine, stored, "is_date_exact", "2024-02-01") == [stored[0], stored[2]]


def test_numbers_are_unix_seconds_and_milliseconds(engine: Engine) -> None:
    stored = [1_617_278_400, "1617278400.9", 1_617_278_400_000, 16_172_784, 161_727_840_000]
    assert passing(engine, stored, "is_date_exact", NOON) == stored[:3]


def test_seconds_have_nine_or_ten_digits(engine: Engine) -> None:
    stored = [10**8 - 1, 10**8, 10**10 - 1, 10**10]
    assert passing(engine, stored, "is_date_after", "1970-01-01") == stored[1:3]


def test_the_last_day_of_the_calendar_is_one(engine: Engine) -> None:
    stored = ["9999-12-30", "9999-12-31", "9999-12-31T23:59:59.5Z"]
    assert passing(engine, stored, "is_date_exact", "9999-12-31") == stored[1:]
    assert passing(engine, stored, "is_date_after", "9999-12-31") == stored[2:]


def test_what_is_no_date_never_holds(engine: Engine) -> None:
    stored: list[object] = [
        None,
        "",
        "x",
        True,
        5,
        "2024-02-30",
        "2024-13-01",
        [],
        {},
        ["2021-04-01"],
    ]
    for operator in OPERATORS:
        assert passing(engine, stored, operator, "2021-04-01") == []


def test_m_is_a_month_and_q_are_13_weeks(engine: Engine) -> None:
    now = datetime.now(UTC)
    stored = [(now - timedelta(days=days)).isoformat() for days in (0, 27, 32, 90, 92, 364, 367)]
    for value, recent in (("-60h", 1), ("-1m", 2), ("-1q", 4), ("-4w", 2), ("-1y", 6)):
        assert passing(engine, stored, "is_date_after", value) == stored[:recent]
        assert passing(engine, stored, "is_date_before", value) == stored[recent:]


def test_exactly_so_many_days_ago_means_that_day(engine: Engine) -> None:
    today = datetime.now(UTC).date()
    stored = [f"{today - timedelta(days=n)}T12:00" for n in (6, 7, 8)]
    found = passing(engine, stored, "is_date_exact", "-7d")
    if datetime.now(UTC).date() == today:
        assert found == [stored[1]]
