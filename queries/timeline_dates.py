"""The time a timeline spans, as its arguments say it.

A date is one that filters know (`queries.moments`), or a form that PostHog's own clients send:
`-7d`, `-24h`, `-1dStart`, `mStart`, `-1mEnd`, `yStart`, `all`. Where it names a day, the span
begins with the day's first microsecond and ends with its last; where it names a time, or says so
many hours ago, that is taken as it is. All of it in UTC.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from msgspec import Struct

from queries.moments import Ago, Moment, Unit, decode_moment
from queries.times import from_us, to_us

INTERVALS = ("minute", "hour", "day", "week", "month")

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_DEFAULT_FROM = "-7d"
_DEFAULT_TO = "dEnd"
_EDGE = re.compile(r"(?:-(\d{1,5}))?([dmy])(Start|End)", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS_A_YEAR = 12
_WEEKS_A_QUARTER = 13


class ArgumentError(Exception):
    """An argument that cannot be understood; `attr` names it, the text says the place in it."""

    def __init__(self, attr: str, text: str) -> None:
        """Keep which argument it is."""
        super().__init__(text)
        self.attr = attr


class Span(Struct, frozen=True):
    """From one time to another, both included; microseconds since 1970."""

    from_us: int
    to_us: int


class _Date(Struct, frozen=True):
    at: datetime
    is_day: bool


def decode_span(date_from: str, date_to: str, interval: str, now_us: int) -> Span:
    """Decode the span; an empty text is the default: the last seven days, and today.

    Where both dates are the same text, the span ends with the interval that begins then.

    Raises:
        ArgumentError: one is no date, or the interval is none of `INTERVALS`.
    """
    date_from, date_to, interval = date_from.strip(), date_to.strip(), interval or "day"
    if interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise ArgumentError("interval", f"`interval` is one of {known}, not {interval[:40]!r}.")
    now = from_us(now_us)
    start = _decoded("date_from", date_from or _DEFAULT_FROM, lambda text: _start(text, now))
    if date_from and date_from == date_to:
        end = _decoded("date_to", interval, lambda one: _end_of(one, start))
    else:
        end = _decoded("date_to", date_to or _DEFAULT_TO, lambda text: _end(text, now))
    return Span(to_us(start), to_us(end))


def _decoded(attr: str, text: str, decode: Callable[[str], datetime]) -> datetime:
    try:
        return decode(text)
    except (ValueError, OverflowError):
        raise ArgumentError(
            attr,
            f"`{attr}` takes a date as 2024-05-31, 2024-05-31T10:00:00Z, -7d or -24h,"
            f" not {text[:40]!r}.",
        ) from None


def _start(text: str, now: datetime) -> datetime:
    if text == "all":
        return _EARLIEST
    date = _date(text, now)
    return _first_of_day(date.at) if date.is_day else date.at


def _end(text: str, now: datetime) -> datetime:
    date = _date(text, now)
    return _last_of_day(date.at) if date.is_day else date.at


def _end_of(interval: str, start: datetime) -> datetime:
    match interval:
        case "minute":
            return start + timedelta(minutes=1)
        case "hour":
            return start + timedelta(hours=1)
        case "week":
            return _last_of_day(start + timedelta(days=6))
        case "month":
            return _last_of_day(_months_later(start, 1) - timedelta(days=1))
        case _:
            return _last_of_day(start)


def _date(text: str, now: datetime) -> _Date:
    if edge := _EDGE.fullmatch(text):
        return _Date(
            _edge(_ago(Ago(int(edge[1] or 0), cast("Unit", edge[2])), now), edge[2], edge[3]), True
        )
    match decode_moment(text):
        case Moment(us=us, is_day=is_day):
            return _Date(from_us(us), is_day)
        case ago:
            return _Date(_ago(ago, now), ago.unit != "h")


def _ago(ago: Ago, now: datetime) -> datetime:
    match ago.unit:
        case "h":
            return now - timedelta(hours=ago.count)
        case "d":
            return now - timedelta(days=ago.count)
        case "w":
            return now - timedelta(weeks=ago.count)
        case "m":
            return _months_later(now, -ago.count)
        case "q":
            return now - timedelta(weeks=_WEEKS_A_QUARTER * ago.count)
        case _:
            return _months_later(now, -_MONTHS_A_YEAR * ago.count)


def _edge(at: datetime, unit: str, edge: str) -> datetime:
    """Return a time on the first or last day of a day, month or year."""
    if unit == "d":
        return at
    month = at.month if unit == "m" else 1 if edge == "Start" else _MONTHS_A_YEAR
    day = 1 if edge == "Start" else monthrange(at.year, month)[1]
    return at.replace(month=month, day=day)


def _months_later(at: datetime, months: int) -> datetime:
    """Return the same day of another month, or that month's last."""
    year, month = divmod(at.year * _MONTHS_A_YEAR + at.month - 1 + months, _MONTHS_A_YEAR)
    if not 1 <= year <= 9999:
        raise ValueError("no such year")
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _first_of_day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _last_of_day(at: datetime) -> datetime:
    return _first_of_day(at) + timedelta(days=1) - _MICROSECOND
