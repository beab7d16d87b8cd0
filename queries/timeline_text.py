"""Which properties a timeline watches, and which events it is made of, as its arguments say it.

The arguments are those of PostHog's insights. Their filters narrow nothing here: they only name
properties of the person. So the tests in them are not looked at, but each must be one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from queries.event_lines import MAX_EVENT_CHARS
from queries.filter_text import FOREIGN, MAX_DEPTH, MAX_FILTERS, MAX_KEY, MAX_KEYS
from queries.timeline_dates import ArgumentError

MAX_EVENTS = 100

_BREAKDOWNS = frozenset(
    (
        *("event", "person", "cohort", "group", "session", "hogql", "event_metadata"),
        *("data_warehouse", "data_warehouse_person_property", "revenue_analytics"),
    )
)


class Watched(Struct, frozen=True):
    """The crucial properties, sorted, and the names of events; no names are all of them."""

    keys: tuple[str, ...]
    names: tuple[str, ...]


class _Series(Struct):
    id: str | None
    type: str | None = None
    properties: Raw = Raw(b"[]")


def decode_watched(
    *, properties: str, events: str, actions: str, breakdown: str, breakdown_type: str
) -> Watched:
    """Decode what to watch; an empty argument asks nothing.

    Raises:
        ArgumentError: one is not JSON or not of the form it should have, or holds too much.
    """
    walk = _Walk()
    walk.attr = "properties"
    keys = {*walk.keys(_json("properties", properties, "Properties are unparsable!"), "$")}
    names, of_series = _decode_events(events, walk)
    keys |= of_series
    if _json("actions", actions) not in (b"", b"[]", b"null"):
        raise ArgumentError("actions", "There are no actions here: name events in `events`.")
    keys |= _decode_breakdown(breakdown, breakdown_type)
    if len(keys) > MAX_KEYS:
        raise ArgumentError("properties", f"More than {MAX_KEYS} different keys in one request.")
    return Watched(tuple(sorted(keys)), names)


def _json(attr: str, text: str, failure: str = "") -> bytes:
    """Return a JSON text without space around it, b"" for an empty one."""
    if not text.strip():
        return b""
    try:
        msgspec.json.decode(text)
        return text.strip().encode()
    except (msgspec.DecodeError, UnicodeError):
        raise ArgumentError(attr, failure or f"`{attr}` is not JSON.") from None
    except RecursionError:
        raise ArgumentError(attr, f"`{attr}` is nested too deeply.") from None


def _decode_events(text: str, walk: _Walk) -> tuple[tuple[str, ...], set[str]]:
    """Return the names, none where one of the series is of all events, and the series' keys."""
    walk.attr = "events"
    raw = _json("events", text) or b"[]"
    try:
        series = msgspec.json.decode(raw, type=list[_Series])
    except msgspec.ValidationError as error:
        raise ArgumentError(
            "events", f'`events` takes a JSON list as [{{"id": "$pageview"}}]: {error}.'
        ) from None
    if len(series) > MAX_EVENTS:
        raise ArgumentError("events", f"`events` has {len(series)} events, {MAX_EVENTS} at most.")
    keys: set[str] = set()
    for n, one in enumerate(series):
        if one.type not in (None, "events"):
            raise ArgumentError("events", f"$[{n}].type: only `events` are known here.")
        if one.id is not None and not 0 < len(one.id) <= MAX_EVENT_CHARS:
            raise ArgumentError("events", f"$[{n}].id: 1 to {MAX_EVENT_CHARS} characters.")
        keys.update(walk.keys(bytes(one.properties).strip(), f"$[{n}].properties"))
    names = {one.id for one in series}
    return (() if None in names else tuple(sorted(name for name in names if name))), keys


def _decode_breakdown(breakdown: str, kind: str) -> set[str]:
    """Return the keys of a breakdown: one, or a JSON list of some; none unless it is by person."""
    if kind and kind not in _BREAKDOWNS:
        raise ArgumentError(
            "breakdown_type", f"`breakdown_type` is `person` or `event`, not {kind[:40]!r}."
        )
    if kind != "person" or not breakdown:
        return set()
    keys = [breakdown]
    if breakdown.lstrip()[:1] in ("[", '"'):
        try:
            found = msgspec.json.decode(breakdown, type=list[str] | str)
            keys = [found] if isinstance(found, str) else found
        except msgspec.ValidationError as error:
            raise ArgumentError("breakdown", f"`breakdown` names properties: {error}.") from None
        except msgspec.DecodeError:
            # A property may be called so.
            pass
    if any(len(key) > MAX_KEY for key in keys):
        raise ArgumentError("breakdown", f"`breakdown`: a key has at most {MAX_KEY} characters.")
    return set(keys)


class _Walk:
    """Goes through filters, of which a request may have so many."""

    def __init__(self) -> None:
        self.attr = ""
        self._left = MAX_FILTERS

    def keys(self, raw: bytes, path: str, depth: int = MAX_DEPTH) -> Iterator[str]:
        """Yield the keys of the tests of a person's properties; of none, nothing."""
        self._left -= 1
        if self._left < 0:
            raise self._wrong(path, f"more than {MAX_FILTERS} filters in one request")
        if depth == 0:
            raise self._wrong(path, f"filters are nested more than {MAX_DEPTH} levels deep")
        if raw[:1] == b"[":
            for n, item in enumerate(msgspec.json.decode(raw, type=list[Raw])):
                yield from self.keys(bytes(item), f"{path}[{n}]", depth - 1)
        elif raw[:1] == b"{":
            yield from self._of_object(raw, path, depth)
        elif raw not in (b"", b"null"):
            raise self._wrong(path, "a filter is a JSON object")

    def _of_object(self, raw: bytes, path: str, depth: int) -> Iterator[str]:
        members = msgspec.json.decode(raw, type=dict[str, Raw])
        if "values" in members:
            kind = self._text(members, "type", path, "AND")
            if kind not in ("AND", "OR"):
                raise self._wrong(f"{path}.type", f"a group is `AND` or `OR`, not {kind[:80]!r}")
            values = bytes(members["values"])
            if values[:1] != b"[":
                raise self._wrong(f"{path}.values", "a group's values are a JSON list of filters")
            yield from self.keys(values, f"{path}.values", depth)
        elif members.keys() & {"key", "type", "operator"}:
            yield from self._of_test(members, path)
        else:
            # The old shape, of nothing but keys and values.
            for key in members:
                yield self._checked(key, path)

    def _of_test(self, members: dict[str, Raw], path: str) -> Iterator[str]:
        kind = self._text(members, "type", path, "person")
        if kind == "person":
            yield self._checked(self._text(members, "key", path), f"{path}.key")
        elif kind != "flag" and kind not in FOREIGN:
            raise self._wrong(f"{path}.type", f"there is no filter of type {kind[:80]!r}")

    def _checked(self, key: str, path: str) -> str:
        if len(key) > MAX_KEY:
            raise self._wrong(path, f"a key has at most {MAX_KEY} characters")
        return key

    def _text(
        self, members: dict[str, Raw], name: str, path: str, default: str | None = None
    ) -> str:
        raw = bytes(members.get(name, b"null"))
        if raw == b"null" and default is not None:
            return default
        if raw[:1] != b'"':
            raise self._wrong(f"{path}.{name}", "a JSON text is needed")
        return msgspec.json.decode(raw, type=str)

    def _wrong(self, path: str, text: str) -> ArgumentError:
        return ArgumentError(self.attr, f"{path}: {text}")
