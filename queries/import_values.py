"""The values of an imported person, each checked where it is read.

Sources write one thing in many ways: a flag as true, 1 or `True`, a time as text or as a number.
Each function here takes what was found, of any type, and gives the one form we keep, or raises
`Unfit` with a reason that names the field and what would have been right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from uuid import UUID

import msgspec

MAX_PROPERTIES_BYTES = 524_288
MAX_DISTINCT_ID_CHARS = 400
# Decoders here and elsewhere stop at about 1000 levels, fewer the deeper the stack they are
# called from. What is let in must be readable from anywhere.
# Python walks down a value a few calls a level, and has a thousand.
MAX_DEPTH = 200
MAX_VERSION = 2**63 - 1
SHOWN_CHARS = 60

_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_LAST = datetime(2300, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Unix seconds reach this in the year 5138, milliseconds in March 1973: below it are seconds.
_FIRST_MILLISECONDS = 10**11

_NUMBER = re.compile(r"-?\d{9,14}(\.\d{1,9})?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?"
    r" ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
# A string that does not end goes up to the end, or else each quote in it would be tried again.
_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}

_decode = msgspec.json.Decoder().decode
# A float keeps the spelling it has in the source: 1.0 and 1e3 as a distinct id.
_decode_ids = msgspec.json.Decoder(float_hook=str).decode


class Unfit(ValueError):
    """A record, or a header, that cannot be imported; the text is the reason."""


def shown(value: object) -> str:
    """A short form of what was found, for a reason."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    form = repr(value[: SHOWN_CHARS + 1] if isinstance(value, str | bytes) else value)
    return form if len(form) <= SHOWN_CHARS + 3 else form[:SHOWN_CHARS] + "…"


def decode_value(field: str, raw: bytes, *, ids: bool = False) -> object:
    """Decode one value; with `ids`, a float becomes its source text.

    Raises:
        Unfit: not JSON that can be decoded.
    """
    try:
        return _decode_ids(raw) if ids else _decode(raw)
    except (RecursionError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise Unfit(f"`{field}`: {json_reason(error)}") from error


def json_reason(error: Exception) -> str:
    """Say in a few words why something is not JSON."""
    match error:
        case RecursionError():
            return f"nested deeper than {MAX_DEPTH} levels"
        case UnicodeDecodeError():
            return f"not UTF-8: {error.reason}"
        case msgspec.ValidationError():
            return "a number is out of range" if "range" in str(error) else str(error)
        case _:
            return f"not JSON: {str(error).removeprefix('JSON is malformed: ')}"


def check_properties(raw: bytes, field: str = "properties") -> None:
    """Raise `Unfit` unless this is a JSON object that any later decoder will take.

    An outer decoder that slices this out unread looks neither at UTF-8 nor at the range of
    numbers: so it is decoded once here, and the result dropped.
    """
    if len(raw) > MAX_PROPERTIES_BYTES:
        raise Unfit(f"`{field}` has {len(raw)} bytes, at most {MAX_PROPERTIES_BYTES} are kept")
    if raw[:1] != b"{":
        raise Unfit(f"`{field}` must be an object, not {shown(raw.decode(errors='replace'))}")
    if len(raw) > 2 * MAX_DEPTH and _is_deep(raw):
        raise Unfit(f"`{field}`: nested deeper than {MAX_DEPTH} levels")
    try:
        _decode(raw)
    except (RecursionError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise Unfit(f"`{field}`: {json_reason(error)}") from error


def _is_deep(raw: bytes) -> bool:
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKET.finditer(raw):
        match found.group():
            case b"{" | b"[":
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            case b"}" | b"]":
                depth -= 1
            case _:
                pass
    return False


def uuid_of(field: str, value: object) -> UUID | None:
    """Text in any form `uuid.UUID` takes, or 16 bytes."""
    match value:
        case None | UUID():
            return value
        case bytes() if len(value) == 16:
            return UUID(bytes=value)
        case str():
            try:
                return UUID(value)
            except ValueError:
                pass
        case _:
            pass
    raise Unfit(f"`{field}` must be a UUID, not {shown(value)}")


def text_of(field: str, value: bytes) -> str:
    """Text that the source has as bytes."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Unfit(f"`{field}` is not UTF-8: {error.reason}") from error


def distinct_id_of(field: str, value: object) -> str:
    """Text, or a number as its JSON text."""
    match value:
        case bytes():
            text = text_of(field, value)
        case str():
            text = value
        case int() | float() if not isinstance(value, bool):
            text = msgspec.json.encode(value).decode()
        case _:
            raise Unfit(f"`{field}` must be a text or a number, not {shown(value)}")
    if not text:
        raise Unfit(f"`{field}` must not be empty")
    if len(text) > MAX_DISTINCT_ID_CHARS:
        raise Unfit(
            f"`{field}` has {len(text)} characters, at most {MAX_DISTINCT_ID_CHARS} are kept:"
            f" {shown(text)}"
        )
    return text


def distinct_ids_of(field: str, values: object) -> tuple[str, ...]:
    """A list of distinct ids, in its order and without repeats; None is an empty one."""
    if values is None:
        return ()
    if not isinstance(values, list):
        raise Unfit(f"`{field}` must be a list, not {shown(values)}")
    ids = cast("list[object]", values)
    return unique(distinct_id_of(f"{field}.{n}", value) for n, value in enumerate(ids))


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts in their order, each once."""
    return tuple(dict.fromkeys(texts))


def flag_of(field: str, value: object) -> bool | None:
    """A boolean, 0 or 1, or one of these as text."""
    if value is None:
        return None
    if isinstance(value, bool | int | str):
        flag = _FLAGS.get(str(value).lower())
        if flag is not None:
            return flag
    raise Unfit(f"`{field}` must be true or false, not {shown(value)}")


def version_of(field: str, value: object) -> int | None:
    """A whole number from 0 to 2^63 - 1, or its digits: some databases quote large numbers."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_VERSION:
        return value
    raise Unfit(f"`{field}` must be a whole number from 0 to 2^63 - 1, not {shown(value)}")


def moment_of(field: str, value: object) -> datetime | None:
    """A time in UTC, of ISO 8601 text or Unix seconds or milliseconds; without zone it is UTC.

    A number below 10^11 is taken for seconds, so milliseconds before March 1973 are misread.
    More than six digits of a second are rounded.
    """
    if value is None:
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise Unfit(f"`{field}` must be an ISO 8601 time or Unix seconds, not {shown(value)}")
    if not _FIRST <= moment < _AFTER_LAST:
        raise Unfit(f"`{field}` must lie in the years 1900 to 2299, not {shown(value)}")
    return moment


def _moment(value: object) -> datetime | None:
    match value:
        case datetime():
            return in_utc(value)
        case date():
            return datetime.combine(value, time(), UTC)
        case bool():
            return None
        case int() | float():
            return _from_number(value)
        case str():
            return _from_text(value.strip())
        case _:
            return None


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC; a time without zone is taken for UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _from_number(value: float) -> datetime:
    in_seconds = -_FIRST_MILLISECONDS < value < _FIRST_MILLISECONDS
    return _EPOCH + (timedelta(seconds=value) if in_seconds else timedelta(milliseconds=value))


def _from_text(text: str) -> datetime | None:
    if _NUMBER.fullmatch(text):
        return _from_number(float(text) if "." in text else int(text))
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    zone = zone or ""
    if zone.upper() in {"UTC", "GMT"}:
        zone = "Z"
    elif len(zone) == 3:
        zone += ":00"
    # The same reader as for a well-formed line, so that both round alike.
    plain = (
        f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
        f".{fraction or '0'}{zone}"
    )
    return in_utc(msgspec.convert(plain, datetime))
