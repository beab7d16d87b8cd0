"""What filters on versions mean, in plain Python; the part of tests/oracle.py about them."""

from __future__ import annotations

import re

Version = tuple[int, int, int]


def holds(operator: str, text: str | None, value: str) -> bool:
    """Say whether a version operator holds of a property's text, None where it is absent."""
    version = None if text is None else read(text)
    if version is None:
        return False
    match operator.removeprefix("semver_"):
        case "tilde":
            given = _parts(value)
            return version >= _full(given) and _begins(
                version, given[: 1 if given[1:] == [] else 2]
            )
        case "caret":
            given = _parts(value)
            zeros = next((n for n, part in enumerate(given) if part), len(given) - 1)
            return version >= _full(given) and _begins(version, given[: zeros + 1])
        case "wildcard":
            return _begins(version, _parts(value.removesuffix(".*")))
        case name:
            return _compares(name, version, read(value))


def read(text: str) -> Version | None:
    """Return the three numbers of a version, None where a text is none or one is beyond 64 bits."""
    core, plus, build = text.removeprefix("v").partition("+")
    core, minus, pre = core.partition("-")
    for sign, label in ((plus, build), (minus, pre)):
        if sign and not re.fullmatch("[A-Za-z0-9.-]+", label):
            return None
    parts = core.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    major, minor, patch = map(int, parts)
    if f"{major}.{minor}.{patch}" != core or max(major, minor, patch) >= 2**64:
        return None
    return major, minor, patch


def _parts(value: str) -> list[int]:
    """Return the numbers of a filter's version, of which there may be fewer than three."""
    core = value.removeprefix("v").partition("+")[0].partition("-")[0]
    return [int(part) for part in core.split(".")]


def _full(parts: list[int]) -> Version:
    major, minor, patch = (*parts, 0, 0)[:3]
    return major, minor, patch


def _begins(version: Version, parts: list[int]) -> bool:
    return list(version[: len(parts)]) == parts


def _compares(name: str, version: Version, bound: Version | None) -> bool:
    assert bound is not None
    match name:
        case "eq":
            return version == bound
        case "neq":
            return version != bound
        case "gt":
            return version > bound
        case "gte":
            return version >= bound
        case "lt":
            return version < bound
        case "lte":
            return version <= bound
        case _:
            raise ValueError(name)
