"""Versions as filters write them, as half-open ranges of (major, minor, patch).

A version's pre-release and build do not count. Every comparison is a range, because a patch has
a next one: `gt 1.2.3` is from 1.2.4 on, `eq` is from 1.2.3 to before 1.2.4.
"""

from __future__ import annotations

import re
from typing import LiteralString

from msgspec import Struct

Version = tuple[int, int, int]

# What a stored text must look like; RE2 in ClickHouse and Python's `re` read it alike.
STORED: LiteralString = (
    r"^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\z"
)

_PART = r"(0|[1-9]\d{0,17})"
_FULL = re.compile(rf"v?{_PART}\.{_PART}\.{_PART}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII)
_SHORT = re.compile(
    rf"v?{_PART}(?:\.{_PART}(?:\.{_PART})?)?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
_WILD = re.compile(rf"v?{_PART}(?:\.{_PART})?\.\*", re.ASCII)


class Range(Struct, frozen=True):
    """From `low` on, and before `high`; None where there is no such end."""

    low: Version | None = None
    high: Version | None = None


def decode_range(comparison: str, text: str) -> Range:
    """Decode what `semver_<comparison>` compares with.

    Args:
        comparison: eq, neq (the range is what it is not), gt, gte, lt, lte, tilde, caret or
            wildcard.
        text: the filter's value.

    Raises:
        ValueError: it is no version.
    """
    match comparison:
        case "tilde":
            version, given = _short(text)
            return Range(version, _next(version, 0 if given == 1 else 1))
        case "caret":
            version, given = _short(text)
            firm = next((n for n in range(given) if version[n]), given - 1)
            return Range(version, _next(version, firm))
        case "wildcard":
            found = _WILD.fullmatch(text)
            if found is None:
                raise ValueError("no wildcard")
            version = (int(found[1]), int(found[2] or 0), 0)
            return Range(version, _next(version, 0 if found[2] is None else 1))
        case _:
            return _compared(comparison, _full(text))


def _compared(comparison: str, version: Version) -> Range:
    after = _next(version, 2)
    match comparison:
        case "gt":
            return Range(low=after)
        case "gte":
            return Range(low=version)
        case "lt":
            return Range(high=version)
        case "lte":
            return Range(high=after)
        case _:
            return Range(version, after)


def _full(text: str) -> Version:
    found = _FULL.fullmatch(text)
    if found is None:
        raise ValueError("no version")
    return (int(found[1]), int(found[2]), int(found[3]))


def _short(text: str) -> tuple[Version, int]:
    """Return the version, and how many of its parts were given."""
    found = _SHORT.fullmatch(text)
    if found is None:
        raise ValueError("no version")
    parts = [int(part) for part in found.groups()[:3] if part is not None]
    major, minor, patch = (*parts, 0, 0)[:3]
    return (major, minor, patch), len(parts)


def _next(version: Version, part: int) -> Version:
    """Return the first version after all that share its parts up to `part`."""
    major, minor, patch = (*version[:part], version[part] + 1, 0, 0)[:3]
    return (major, minor, patch)
