"""Instants as whole microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from queries.times import from_us, iso, to_us

PAIRS = [
    (0, datetime(1970, 1, 1, tzinfo=UTC)),
    (-1, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)),
    (-2_208_988_800_000_000, datetime(1900, 1, 1, tzinfo=UTC)),
    (10_413_791_999_999_999, datetime(2299, 12, 31, 23, 59, 59, 999_999, UTC)),
]


@pytest.mark.parametrize(("us", "moment"), PAIRS)
def test_both_ways_to_the_microsecond(us: int, moment: datetime) -> None:
    assert to_us(moment) == us
    assert from_us(us) == moment
    assert from_us(us).tzinfo is UTC


def test_any_zone_is_the_same_instant() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert to_us(datetime(1970, 1, 1, 5, 30, tzinfo=kolkata)) == 0


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (1_577_836_800_000_000, "2020-01-01T00:00:00Z"),
        (1_629_929_354_252_000, "2021-08-25T22:09:14.252000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_written_with_z_and_microseconds_where_there_are_any(us: int, text: str) -> None:
    assert iso(us) == text
