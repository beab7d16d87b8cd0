"""What a timeline should be, in plain Python, of events as a file has them, in its order."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]
Point = dict[str, Any]


def timeline(
    events: Iterable[Event],
    ids: Collection[str],
    keys: Collection[str] = (),
    *,
    start: datetime,
    end: datetime,
    names: Collection[str] = (),
) -> list[Point]:
    """Return the points of the person who has these distinct ids, as the API shows them."""
    points: list[Point] = []
    before: object = None
    for event in _in_order(events):
        at = _time(event)
        if event["distinct_id"] not in ids or not start <= at <= end:
            continue
        if names and event["event"] not in names:
            continue
        person = event.get("person_properties", {})
        crucial = [_text(person.get(key)) for key in sorted(keys)]
        if not points or crucial != before:
            shown = at.isoformat().replace("+00:00", "Z")
            points.append({"timestamp": shown, "properties": person, "relevant_event_count": 0})
        points[-1]["relevant_event_count"] += 1
        before = crucial
    return points


def _in_order(events: Iterable[Event]) -> list[Event]:
    """Each event once, as it was said last, where it was said first; then by time."""
    once: dict[object, Event] = {}
    for event in events:
        once[event["distinct_id"], _time(event), event["uuid"]] = event
    return sorted(once.values(), key=_time)


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event["timestamp"]).astimezone(UTC)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
