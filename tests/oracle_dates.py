"""What filters on dates mean, in plain Python; the part of tests/oracle.py about them.

Points in time are whole microseconds since 1970, in no year's bounds.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime
from fractions import Fraction

SECOND = 1_000_000
DAY = 86_400 * SECOND
_MONTHS = dict(zip(calendar.month_abbr[1:], range(1, 13), strict=True))
_WIDTHS = {"h": DAY // 24, "d": DAY, "w": 7 * DAY, "q": 91 * DAY}
_BEFORE_ALL = -(10**18)


def holds(operator: str, text: str | None, value: str, now: datetime | None) -> bool:
    """Say whether a date operator holds of a property's text, None where it is absent."""
    stored = None if text is None else read(text)
    if stored is None:
        return False
    at, is_day = stored[0], False
    if ago := re.fullmatch(r"-([0-9]{1,5})([hdwmqy])", value):
        assert now is not None, "how long ago depends on when it is"
        bound = _ago(int(ago[1]), ago[2], now)
        width = SECOND if ago[2] == "h" else DAY
    else:
        asked = read(value)
        assert asked is not None, value
        bound, is_day = asked
        width = DAY if is_day else SECOND
    match operator:
        case "is_date_exact":
            return at // width == bound // width
        case "is_date_before":
            return at < bound
        case "is_date_after":
            return at > (bound + DAY - SECOND if is_day else bound)
        case _:
            raise ValueError(operator)


def read(text: str) -> tuple[int, bool] | None:
    """Return the point in time a text is and whether it is a whole day; None for no date."""
    if re.fullmatch(r"[0-9]{9,10}(\.[0-9]+)?", text):
        return int(Fraction(text) * SECOND), False
    if re.fullmatch(r"[0-9]{13}", text):
        return int(text) * 1_000, False
    return _written(text) or _mailed(text)


def _written(text: str) -> tuple[int, bool] | None:
    """ISO 8601, or the day first."""
    numbers, clock = re.split("[-/]", text[:10]), text[10:]
    if list(map(len, numbers)) == [2, 2, 4]:
        numbers.reverse()
    if list(map(len, numbers)) != [4, 2, 2]:
        return None
    start = _day(*numbers)
    if start is None or not clock:
        return None if start is None else (start, True)
    found = re.fullmatch(
        r"[T ]([0-9:]+)(?:(?<=:[0-9]{2}:[0-9]{2})[.,]([0-9]{1,9}))?(?: ?(Z|UTC|[-+][0-9:]+))?",
        clock,
    )
    if found is None:
        return None
    time, offset = _time(found[1]), _offset(found[3] or "Z")
    if time is None or offset is None:
        return None
    return start + time + int(Fraction(f"0.{found[2] or 0}") * SECOND) - offset, False


def _mailed(text: str) -> tuple[int, bool] | None:
    """RFC 822."""
    words = text.split(" ")
    if words[0].removesuffix(",") in calendar.day_abbr and words[0].endswith(","):
        del words[0]
    if len(words) != 5 or words[1] not in _MONTHS or not re.fullmatch("[0-9]{1,2}", words[0]):
        return None
    day, month, year, clock, zone = words
    start = _day(year, str(_MONTHS[month]), day) if len(year) == 4 else None
    time = _time(clock)
    offset = 0 if zone == "GMT" else _offset(zone)
    if ":" in zone or start is None or time is None or offset is None:
        return None
    return start + time - offset, False


def _day(year: str, month: str, day: str) -> int | None:
    if not re.fullmatch("[0-9]+", year + month + day):
        return None
    try:
        return (date(int(year), int(month), int(day)) - date(1970, 1, 1)).days * DAY
    except ValueError:
        return None


def _time(text: str) -> int | None:
    """Return how long after midnight hh:mm or hh:mm:ss is."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(re.fullmatch("[0-9]{2}", part) for part in parts):
        return None
    hour, minute, second = (*map(int, parts), 0)[:3]
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * SECOND


def _offset(zone: str) -> int | None:
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:]
    time = _time(digits if len(digits) == 5 else f"{digits[:2]}:{digits[2:]}")
    return None if time is None or len(digits) > 5 else time * (-1 if zone[0] == "-" else 1)


def _ago(count: int, unit: str, now: datetime) -> int:
    """Return the point in time so long before now; a month back from the 31st is its last day."""
    past = now.astimezone(UTC).replace(tzinfo=None) - datetime(1970, 1, 1)
    microseconds = past.days * DAY + past.seconds * SECOND + past.microseconds
    if unit in _WIDTHS:
        return microseconds - count * _WIDTHS[unit]
    months = now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if year < 1:
        return _BEFORE_ALL
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return (date(year, month + 1, day) - date(1970, 1, 1)).days * DAY + microseconds % DAY
