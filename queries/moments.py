"""Points in time as filters write them, and what a stored text must look like to be one.

Understood are ISO 8601 with or without a zone, the same with slashes, day first with four digits
for the year, RFC 822 with its zone, and Unix time in seconds (9 or 10 digits) or milliseconds
(13). What has no zone is UTC. A filter may also say how long ago: `-7d`, with h, d, w, m (months),
q (quarters of 13 weeks) or y.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, LiteralString, cast

from msgspec import Struct

from queries.times import to_us

Unit = Literal["h", "d", "w", "m", "q", "y"]

_MONTHS: tuple[LiteralString, ...] = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
# ClickHouse reads a year, month or day of zeros as some other date, so the shapes leave those out.
_YEAR: LiteralString = r"(\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"
_DATE: LiteralString = _YEAR + r"[-/](0[1-9]|1[0-2])[-/](0[1-9]|[12]\d|3[01])"
_CLOCK: LiteralString = r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?"
_OFFSET: LiteralString = r"[+-](?:[01]\d|2[0-3])"
_ZONE: LiteralString = r"(?: ?(Z|UTC|" + _OFFSET + r":?[0-5]\d))?"
# RE2 in ClickHouse and Python's `re` read these alike. `$` would let a last newline pass in Python.
ISO: LiteralString = "^" + _DATE + "(?:[T ]" + _CLOCK + _ZONE + r")?\z"
DAY_FIRST: LiteralString = r"^(\d{2})[-/](\d{2})[-/](\d{4})"
RFC_822: LiteralString = (
    r"^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(0?[1-9]|[12]\d|3[01])"
    + f" ({'|'.join(_MONTHS)}) {_YEAR} "
    + r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))? (Z|GMT|UTC|"
    + _OFFSET
    + r"[0-5]\d)\z"
)
SECONDS: LiteralString = r"^\d{9,10}(\.\d+)?\z"
MILLISECONDS: LiteralString = r"^\d{13}\z"
# Any of them, the day moved last.
SHAPE: LiteralString = "|".join((ISO, RFC_822, SECONDS, MILLISECONDS))

_AGO = re.compile(r"-(\d{1,5})([hdwmqy])", re.ASCII)


class Moment(Struct, frozen=True):
    """A point in time: microseconds since 1970. `is_day`: the whole day that begins then."""

    us: int
    is_day: bool


class Ago(Struct, frozen=True):
    """So long before now."""

    count: int
    unit: Unit


def decode_moment(text: str) -> Moment | Ago:
    """Decode a filter's date.

    Raises:
        ValueError: it is none.
    """
    if ago := _AGO.fullmatch(text):
        return Ago(int(ago[1]), cast("Unit", ago[2]))
    if _python(SECONDS).match(text):
        seconds, _, fraction = text.partition(".")
        return Moment(int(seconds) * 1_000_000 + int(f"{fraction:0<6}"[:6]), is_day=False)
    if _python(MILLISECONDS).match(text):
        return Moment(int(text) * 1_000, is_day=False)
    if found := _python(ISO).match(_python(DAY_FIRST).sub(r"\3-\2-\1", text)):
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        moment = _moment(year, int(month), day, hour, minute, second, zone)
        return Moment(to_us(moment) + int(f"{fraction or '':0<6}"[:6]), is_day=hour is None)
    if found := _python(RFC_822).match(text):
        day, name, year, hour, minute, second, zone = found.groups()
        moment = _moment(year, _MONTHS.index(name) + 1, day, hour, minute, second, zone)
        return Moment(to_us(moment), is_day=False)
    raise ValueError("no date")


def _python(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\z", r"\Z"), re.ASCII)


def _moment(
    year: str,
    month: int,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    zone: str | None,
) -> datetime:
    clock = (int(hour or 0), int(minute or 0), int(second or 0))
    return datetime(int(year), month, int(day), *clock, tzinfo=_zone(zone))


def _zone(zone: str | None) -> timezone:
    if zone is None or zone[0] not in "+-":
        return UTC
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if zone[0] == "-" else offset)
