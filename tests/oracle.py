r"""What filters mean, in plain Python: what the engine is compared with.

Takes the JSON texts of a person's properties and of a filter, as they would be sent, and shares no
code with `queries`. It is allowed to be slow. Where the two differ, PostHog's documented behaviour
decides, not what the engine happens to do.

A new operator is one more case in `_holds`. Dates are in tests/oracle_dates.py, versions in
tests/oracle_versions.py.

A pattern means what Python's `re` makes of it, so patterns tried here are such as RE2 reads alike;
but `$` is the end of the text alone, and `\d`, `\w`, `\s` and `\b` know ASCII.

Contains ignores case as Unicode has it for comparing, which is `str.casefold`: the three sigmas
are one letter and an eszett is two s. That ClickHouse folds every letter alike is tested in
tests/engine/test_letters.py.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from tests import oracle_dates, oracle_versions


class Number(str):
    """A number as it is written: 5, 5.0 and 5e0 are three texts."""

    __slots__ = ()


def passes(properties: str, filter_json: str, now: datetime | None = None) -> bool:
    """Say whether a person with these properties passes a well-formed filter.

    `now` is what `-7d` counts from.
    """
    person = _load(properties)
    assert isinstance(person, dict)
    return _passes(cast("dict[str, Any]", person), _load(filter_json), now)


def text_of(value: object) -> str | None:
    """The text a JSON value counts as; null, like what is absent, has none."""
    if value is None or isinstance(value, str):
        return value
    return _compact(value)


def number_of(text: str) -> float | None:
    """The finite decimal number that a text is: without spaces, words or separators."""
    if not text or set(text) - set("0123456789+-.eE"):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@lru_cache(maxsize=10_000)
def _load(text: str) -> object:
    return json.loads(text, parse_int=Number, parse_float=Number)


def _compact(value: object) -> str:
    """Write JSON without spaces, keys sorted, numbers as they were read."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Number():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return "[" + ",".join(map(_compact, cast("list[object]", value))) + "]"
        case dict():
            members = cast("dict[str, object]", value)
            pairs = (f"{_compact(key)}:{_compact(members[key])}" for key in sorted(members))
            return "{" + ",".join(pairs) + "}"
        case _:
            raise TypeError(type(value))


def _passes(person: dict[str, Any], tree: Any, now: datetime | None) -> bool:
    if isinstance(tree, list):
        parts: list[Any] = tree
        return all(_passes(person, part, now) for part in parts)
    if not tree:
        return True
    if "values" in tree:
        parts = tree["values"]
        if tree.get("type", "AND") == "AND":
            return all(_passes(person, part, now) for part in parts)
        asking = [part for part in parts if _asks(part)]
        return not asking or any(_passes(person, part, now) for part in asking)
    if not tree.keys() & {"key", "operator", "type"}:
        return all(_holds("exact", text_of(person.get(key)), tree[key], now) for key in tree)
    if tree.get("type") == "flag":
        return True
    operator = tree.get("operator") or "exact"
    return _holds(operator, text_of(person.get(tree["key"])), tree.get("value"), now)


def _asks(tree: Any) -> bool:
    """Say whether a part of a group asks for anything; what does not lets nobody else pass."""
    if isinstance(tree, list):
        parts: list[Any] = tree
        return any(_asks(part) for part in parts)
    if "values" in tree:
        return _asks(tree["values"])
    if not tree or tree.get("type") == "flag":
        return False
    return tree.get("operator") in ("is_set", "is_not_set") or tree.get("value") != []


def _holds(operator: str, text: str | None, value: Any, now: datetime | None) -> bool:
    """Say whether a test holds of a property's text, None where it is absent."""
    match operator:
        case "is_set":
            return text is not None
        case "is_not_set":
            return text is None
        case "exact" | "in" | "is_cleaned_path_exact":
            return value == [] or (text is not None and text in _needles(value))
        case "is_not" | "not_in":
            return value == [] or not (text is not None and text in _needles(value))
        case "icontains" | "icontains_multi":
            return value == [] or _contains(text, value)
        case "not_icontains" | "not_icontains_multi":
            return value == [] or not _contains(text, value)
        case "regex":
            return value == [] or _matches(text, value)
        case "not_regex":
            return value == [] or not _matches(text, value)
        case "gt" | "gte" | "min" | "lt" | "lte" | "max":
            return _compares(operator, text, value)
        case "between" | "not_between":
            number = None if text is None else number_of(text)
            low, high = (float(bound) for bound in _needles(value))
            return number is not None and (low <= number <= high) is (operator == "between")
        case _ if operator.startswith("is_date_"):
            return oracle_dates.holds(operator, text, _needles(value)[0], now)
        case _ if operator.startswith("semver_"):
            return oracle_versions.holds(operator, text, _needles(value)[0])
        case _:
            raise ValueError(operator)


def _needles(value: Any) -> list[str]:
    alternatives = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [text_of(alternative) for alternative in alternatives]
    assert None not in texts
    return [text for text in texts if text is not None]


def _contains(text: str | None, value: Any) -> bool:
    return text is not None and any(
        needle.casefold() in text.casefold() for needle in _needles(value)
    )


def _matches(text: str | None, value: Any) -> bool:
    return text is not None and any(_pattern(needle).search(text) for needle in _needles(value))


@lru_cache(maxsize=1_000)
def _pattern(pattern: str) -> re.Pattern[str]:
    ascii_only = 0 if "(?i" in pattern else re.ASCII
    return re.compile(pattern.replace("$", r"\Z"), re.DOTALL | ascii_only)


def _compares(operator: str, text: str | None, value: Any) -> bool:
    """Compare as numbers where the filter's value is one, else as texts.

    A text that is no number is on neither side of one. Texts stand in the order of their UTF-8,
    which is that of their characters; true and false, as booleans or as texts, are not in it.
    """
    (needle,) = _needles(value)
    bound = number_of(needle)
    if bound is None and text in ("true", "false"):
        return False
    left: float | str | None = text
    right: float | str = needle
    if bound is not None:
        left, right = None if text is None else number_of(text), bound
    if left is None:
        return False
    order = (left > right) - (left < right)  # type: ignore[operator] # both are of one kind
    match operator:
        case "gt":
            return order > 0
        case "gte" | "min":
            return order >= 0
        case "lt":
            return order < 0
        case _:
            return order <= 0
