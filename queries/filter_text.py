"""The filters a client sends, as text, decoded.

PostHog has three shapes for `properties` and clients send a fourth: a list of tests, all of which
must hold; a group `{"type": "AND"|"OR", "values": [...]}`; a list of groups; and a bare object
`{"plan": "pro"}`, each member of which must be equal. Whatever cannot be understood is refused
with its path: a test that is dropped in silence would let more persons through than were asked for.
"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches

import msgspec
from msgspec import Raw, Struct, field

from queries.filters import (
    EVERYONE,
    AllOf,
    AnyOf,
    Between,
    Dated,
    Filter,
    Operator,
    Relation,
    Test,
    Versioned,
)
from queries.moments import decode_moment
from queries.semver import decode_range
from queries.texts import value_text
from queries.weights import weight

MAX_DEPTH = 20
MAX_FILTERS = 1_000
MAX_KEYS = 100
MAX_VALUES = 100_000
MAX_PATTERNS = 100
MAX_KEY = 400


_ORDERED = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
_BARE = (Operator.IS_SET, Operator.IS_NOT_SET)
_ALIASES = {
    "in": Operator.EXACT,
    "not_in": Operator.IS_NOT,
    "min": Operator.GTE,
    "max": Operator.LTE,
    "icontains_multi": Operator.ICONTAINS,
    "not_icontains_multi": Operator.NOT_ICONTAINS,
    # A project here has no rules that clean paths, so a cleaned path is the path.
    "is_cleaned_path_exact": Operator.EXACT,
}
# These PostHog has for lists alone.
_LISTS = frozenset({"icontains_multi", "not_icontains_multi"})
_SEMVER = "semver_"
_WITHIN = (Operator.BETWEEN, Operator.NOT_BETWEEN)
_MATCHES = (Operator.REGEX, Operator.NOT_REGEX)
_DATES = {
    Operator.IS_DATE_EXACT: Relation.ON,
    Operator.IS_DATE_BEFORE: Relation.BEFORE,
    Operator.IS_DATE_AFTER: Relation.AFTER,
}

# Of PostHog's filter types, those that are about something else than a person's properties.
FOREIGN = frozenset(
    (
        *("event", "feature", "group", "session", "element", "hogql", "cohort", "static-cohort"),
        *("precalculated-cohort", "person_metadata", "recording", "log", "data_warehouse"),
    )
)


class FilterError(Exception):
    """A filter that cannot be understood; the text names the place and what would be right."""


# Digits are read once, whatever follows them (`++`): a client may send a million.
_NUMBER = re.compile(r"[+-]?(\d++(\.\d*+)?|\.\d++)([eE][+-]?\d++)?", re.ASCII)


class _Budget(Struct):
    """What a request may still ask for."""

    filters: int = MAX_FILTERS
    keys: set[str] = field(default_factory=set[str])

    def take(self, filters: int, path: str, more: str = "") -> None:
        self.filters -= filters
        if self.filters < 0:
            raise FilterError(f"{path}: more than {MAX_FILTERS} filters in one request{more}")

    def take_key(self, key: str, path: str) -> None:
        self.keys.add(key)
        if len(self.keys) > MAX_KEYS:
            raise FilterError(f"{path}: more than {MAX_KEYS} different keys in one request")


def decode_filter(text: str) -> Filter:
    """Decode the `properties` argument; an empty text, list, object or group lets all pass.

    Raises:
        FilterError: not JSON, or not a filter; the message names the path, as `$[0].operator`.
    """
    if not text.strip():
        return EVERYONE
    try:
        raw = bytes(msgspec.json.decode(text, type=Raw)).strip()
        return _tree(raw)
    except (msgspec.DecodeError, UnicodeError):
        raise FilterError("Properties are unparsable!") from None
    except RecursionError:
        raise FilterError("`properties` is nested too deeply") from None


def _tree(raw: bytes) -> Filter:
    if raw[:1] not in (b"[", b"{"):
        raise FilterError("`properties` takes a JSON list of filters, a group or an object")
    return _filter(raw, "$", MAX_DEPTH, _Budget())


def _filter(raw: bytes, path: str, depth: int, budget: _Budget) -> Filter:
    budget.take(1, path)
    if depth == 0:
        raise FilterError(f"{path}: filters are nested more than {MAX_DEPTH} levels deep")
    if raw[:1] == b"[":
        return AllOf(_items(raw, path, depth, budget))
    if raw[:1] != b"{":
        raise FilterError(f"{path}: a filter is a JSON object, not {_shown(raw)}")
    members = msgspec.json.decode(raw, type=dict[str, Raw])
    if not members:
        return EVERYONE
    if "values" in members:
        return _group(members, path, depth, budget)
    if "key" in members or "operator" in members or "type" in members:
        return _test({k: bytes(v) for k, v in members.items()}, path, budget)
    if path == "$":
        return AllOf(
            tuple(
                _test({"key": msgspec.json.encode(k), "value": bytes(v)}, f"$.{k[:80]}", budget)
                for k, v in members.items()
            )
        )
    raise FilterError(f"{path}: a filter needs `key`, or `type` and `values`")


def _items(raw: bytes, path: str, depth: int, budget: _Budget) -> tuple[Filter, ...]:
    """Decode the filters of a list but those that ask for nothing: they widen no OR."""
    items = (
        _filter(bytes(item), f"{path}[{n}]", depth - 1, budget)
        for n, item in enumerate(msgspec.json.decode(raw, type=list[Raw]))
    )
    return tuple(item for item in items if item != EVERYONE)


def _group(members: dict[str, Raw], path: str, depth: int, budget: _Budget) -> Filter:
    kind = _text(bytes(members["type"]), f"{path}.type") if "type" in members else "AND"
    values = bytes(members["values"])
    if values[:1] != b"[":
        raise FilterError(f"{path}.values: a group's values are a JSON list of filters")
    match kind:
        case "AND":
            return AllOf(_items(values, f"{path}.values", depth, budget))
        case "OR":
            items = _items(values, f"{path}.values", depth, budget)
            return AnyOf(items) if items else EVERYONE
        case _:
            raise FilterError(f"{path}.type: a group is `AND` or `OR`, not {kind[:80]!r}")


def _test(members: dict[str, bytes], path: str, budget: _Budget) -> Filter:
    kind = members.get("type", b"null")
    if kind != b"null" and not _concerns_person(_text(kind, f"{path}.type"), f"{path}.type"):
        return EVERYONE
    if "key" not in members:
        raise FilterError(f"{path}.key: a filter names the property it tests in `key`")
    key = _text(members["key"], f"{path}.key")
    if len(key) > MAX_KEY:
        raise FilterError(f"{path}.key: a key has at most {MAX_KEY} characters")
    budget.take_key(key, f"{path}.key")
    name, operator = _operator(members.get("operator", b"null"), f"{path}.operator")
    if operator in _BARE:
        return Test(key, operator)
    value = members.get("value", b"null")
    if value == b"null":
        raise FilterError(f"{path}.value: `{name}` needs a value")
    if name in _LISTS and value[:1] != b"[":
        raise FilterError(f"{path}.value: `{name}` takes a list")
    test = _valued(key, operator, value, f"{path}.value")
    counts = weight(test)
    budget.take(counts - 1, path, f", and this `{name}` counts as {counts}")
    return test


def _valued(key: str, operator: Operator, value: bytes, path: str) -> Filter:
    if operator in _ORDERED:
        return _ordered(key, operator, value, path)
    if operator in _WITHIN:
        return _between(key, operator, value, path)
    if operator in _DATES:
        return _dated(key, operator, value, path)
    if operator.startswith(_SEMVER):
        return _versioned(key, operator, value, path)
    texts = _texts(value, path)
    if operator in _MATCHES and len(texts) > MAX_PATTERNS:
        raise FilterError(f"{path}: more than {MAX_PATTERNS} patterns")
    return Test(key, operator, texts) if texts else EVERYONE


def _concerns_person(kind: str, path: str) -> bool:
    if kind == "flag":
        return False
    if kind == "person":
        return True
    if kind in FOREIGN:
        raise FilterError(f"{path}: The '{kind}' property filter does not work in 'person' scope")
    raise FilterError(f"{path}: a filter's type is `person`, a group's `AND` or `OR`")


def _operator(raw: bytes, path: str) -> tuple[str, Operator]:
    """Return the operator as the client calls it, and which it is."""
    if raw == b"null":
        return Operator.EXACT, Operator.EXACT
    name = _text(raw, path)
    if name in _ALIASES:
        return name, _ALIASES[name]
    try:
        return name, Operator(name)
    except ValueError:
        served = [*Operator, *_ALIASES]
        near = get_close_matches(name, served, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(served)}"
        raise FilterError(f"{path}: unknown operator `{name[:80]}`; {hint}") from None


def _ordered(key: str, operator: Operator, raw: bytes, path: str) -> Test:
    text = value_text(raw)
    if raw[:1] in (b"[", b"{") or raw in (b"true", b"false") or not text:
        raise FilterError(f"{path}: `{operator}` compares with a number or a text")
    if _NUMBER.fullmatch(text) and number_of(text) is None:
        raise FilterError(f"{path}: a number beyond what can be compared")
    return Test(key, operator, (text,), number_of(text))


def _between(key: str, operator: Operator, raw: bytes, path: str) -> Between:
    bounds = msgspec.json.decode(raw, type=list[Raw]) if raw[:1] == b"[" else []
    texts = [value_text(bytes(bound)) for bound in bounds]
    numbers = [number for text in texts if text and (number := number_of(text)) is not None]
    if len(bounds) != 2 or len(numbers) != 2 or numbers[0] > numbers[1]:
        raise FilterError(f"{path}: `{operator}` takes two numbers, the lower one first")
    return Between(key, numbers[0], numbers[1], is_within=operator is Operator.BETWEEN)


def _dated(key: str, operator: Operator, raw: bytes, path: str) -> Dated:
    text = _scalar(raw)
    try:
        return Dated(key, _DATES[operator], decode_moment(text))
    except (ValueError, OverflowError):
        raise FilterError(
            f"{path}: `{operator}` takes a date as 2024-05-31, 2024-05-31T10:00:00Z or -7d,"
            f" not {text[:80]!r}"
        ) from None


def _versioned(key: str, operator: Operator, raw: bytes, path: str) -> Versioned:
    comparison = operator.removeprefix(_SEMVER)
    try:
        versions = decode_range(comparison, _scalar(raw))
    except ValueError:
        example = "1.2.*" if operator is Operator.SEMVER_WILDCARD else "1.2.3"
        raise FilterError(
            f"{path}: {operator} operator requires a valid semver string (e.g., '{example}')"
        ) from None
    return Versioned(key, versions, is_within=operator is not Operator.SEMVER_NEQ)


def _scalar(raw: bytes) -> str:
    """Return the text of a value, of a list of one that one's; "" for what has none."""
    if raw[:1] == b"[":
        items = msgspec.json.decode(raw, type=list[Raw])
        raw = bytes(items[0]) if len(items) == 1 else b"null"
    return "" if raw[:1] in (b"[", b"{") else value_text(raw) or ""


def number_of(text: str) -> float | None:
    """Return the finite number that a text is, None if it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _texts(raw: bytes, path: str) -> tuple[str, ...]:
    if raw[:1] != b"[":
        text = value_text(raw)
        return () if text is None else (text,)
    items = msgspec.json.decode(raw, type=list[Raw])
    if len(items) > MAX_VALUES:
        raise FilterError(f"{path}: more than {MAX_VALUES} values")
    texts = [value_text(bytes(item)) for item in items]
    if None in texts:
        raise FilterError(f"{path}: null is no value; ask `is_not_set`")
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def _text(raw: bytes, path: str) -> str:
    if raw[:1] != b'"':
        raise FilterError(f"{path}: a JSON text is needed, not {_shown(raw)}")
    return msgspec.json.decode(raw, type=str)


def _shown(raw: bytes) -> str:
    return repr(raw[:40].decode(errors="replace"))
