"""Seeded events of some of the generated persons, and the timelines that they tell.

Every hundredth person has twenty events, an hour apart, with all of its properties as they were; of
these the plan changes every few events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from benchmarks.truth import Person

EVERY = 100
FIRST = 7
EVENTS = 20
KEY = "plan"

_START_S = 1_780_000_000
_HOUR_S = 3_600
_SPREAD_S = 86_400 * 60
_PLANS = ("free", "pro", "business", "enterprise")


def has_events(index: int) -> bool:
    """Say whether the person of this index has any."""
    return index % EVERY == FIRST


def events(index: int, person: Person) -> Iterator[bytes]:
    """Yield the events of a person as NDJSON lines without their newline."""
    for n in range(EVENTS):
        at = datetime.fromtimestamp(_at(index, n), UTC)
        properties = {**person.properties, KEY: _plan(index, n)}
        yield msgspec.json.encode(
            {
                "uuid": str(UUID(int=(5 << 124) | (index << 64) | n)),
                "event": "$pageview" if n % 4 else "upgrade",
                "distinct_id": person.distinct_ids[0],
                "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "properties": {"$current_url": f"/page/{n}"},
                "person_properties": properties,
                "person_id": person.uuid,
            }
        )


def points(index: int) -> list[tuple[int, int]]:
    """Return the timeline of `KEY`: when each value began, in microseconds, and how many events."""
    found: list[tuple[int, int]] = []
    for n in range(EVENTS):
        if n and _plan(index, n) == _plan(index, n - 1):
            at_us, seen = found[-1]
            found[-1] = at_us, seen + 1
        else:
            found.append((_at(index, n) * 1_000_000, 1))
    return found


def _at(index: int, n: int) -> int:
    return _START_S + index * 7_919 % _SPREAD_S + n * _HOUR_S


def _plan(index: int, n: int) -> str:
    return _PLANS[(n // (3 + index // EVERY % 5)) % len(_PLANS)]
