"""Points in time as filters write them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.moments import SHAPE, Ago, Moment, decode_moment
from queries.times import to_us

MORNING = datetime(2024, 5, 31, 10, 20, 30, tzinfo=UTC)


def moment(when: datetime, *, is_day: bool = False) -> Moment:
    return Moment(to_us(when), is_day)


@pytest.mark.parametrize("text", ["2024-05-31", "2024/05/31", "31-05-2024", "31/05/2024"])
def test_a_day(text: str) -> None:
    assert decode_moment(text) == moment(datetime(2024, 5, 31, tzinfo=UTC), is_day=True)


@pytest.mark.parametrize(
    "text",
    [
        *("2024-05-31 10:20:30", "2024-05-31T10:20:30", "2024/05/31 10:20:30"),
        *("31/05/2024 10:20:30", "31-05-2024T10:20:30Z", "2024-05-31T10:20:30.000"),
        *("2024-05-31T10:20:30Z", "2024-05-31T10:20:30 UTC", "2024-05-31T10:20:30+00:00"),
        *("2024-05-31T12:20:30+02:00", "2024-05-31T12:20:30 +0200", "2024-05-31T05:50:30-0430"),
        *("31 May 2024 10:20:30 GMT", "Fri, 31 May 2024 12:20:30 +0200"),
        *("1717150830", "1717150830.0", "1717150830000"),
    ],
)
def test_a_second(text: str) -> None:
    assert decode_moment(text) == moment(MORNING)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        *(("2024-05-31T10:20:30.5", 500_000), ("2024-05-31T10:20:30,25Z", 250_000)),
        *(("2024-05-31T10:20:30.1234567", 123_456), ("1717150830.5", 500_000)),
        *(("1717150830.1234567", 123_456), ("1717150830001", 1_000)),
    ],
)
def test_parts_of_a_second(text: str, us: int) -> None:
    assert decode_moment(text) == moment(MORNING + timedelta(microseconds=us))


def test_a_minute_is_its_first_second() -> None:
    at = moment(MORNING.replace(second=0))
    for text in ("2024-05-31T10:20", "31/05/2024 10:20Z", "31 May 2024 10:20 UTC"):
        assert decode_moment(text) == at


def test_midnight_is_no_day() -> None:
    assert decode_moment("2024-05-31T00:00") == moment(datetime(2024, 5, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        *(("-1h", Ago(1, "h")), ("-7d", Ago(7, "d")), ("-2w", Ago(2, "w")), ("-3m", Ago(3, "m"))),
        *(("-4q", Ago(4, "q")), ("-10y", Ago(10, "y")), ("-0d", Ago(0, "d"))),
    ],
)
def test_so_long_ago(text: str, ago: Ago) -> None:
    assert decode_moment(text) == ago


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "5", "2024", "202405", "20240531", "12345678", "12345678901", "12345678901234"),
        *("2024-5-31", "2024-05-31 ", " 2024-05-31", "2024-05-31\n", "2024-05-31T", "24-05-31"),
        *("2024-02-30", "2024-13-01", "2024-00-10", "2024-05-00", "0000-01-01", "05/31/2024"),
        *("2024-05-31T24:00", "2024-05-31T10", "2024-05-31T10:60", "2024-05-31T10:00:60"),
        *("2024-05-31T10:00:00.", "2024-05-31T10:00:00.1234567890", "2024-05-31  10:00"),
        *("2024-05-31T10:00+2", "2024-05-31T10:00+24:00", "2024-05-31T10:00 CEST"),
        *(
            "31 Mai 2024 10:00 GMT",
            "31 May 2024",
            "31 May 2024 10:00",
            "Friday, 31 May 2024 10:00 Z",
        ),
        *("-7", "7d", "-7D", "-7 d", "--7d", "-123456d", "-1.5d", "-d", "now", "dStart", "-1s"),
        *("-1717150830", "1e9", "+1717150830", "\u0661\u0667\u0661\u0667\u0661\u0665\u0660"),
        "\u0662024-05-31",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        decode_moment(text)


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2299, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_python_writes_is_read(when: datetime, minutes: int) -> None:
    aware = when.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert decode_moment(aware.isoformat()) == moment(aware)
    assert decode_moment(aware.isoformat(sep=" ")) == moment(aware)


@settings(deadline=None)
@given(st.from_regex(re.compile(SHAPE.replace(r"\z", r"\Z"), re.ASCII)))
def test_what_has_the_shape_is_read_or_is_no_day_of_the_calendar(text: str) -> None:
    with suppress(ValueError, OverflowError):
        assert isinstance(decode_moment(text), Moment)
