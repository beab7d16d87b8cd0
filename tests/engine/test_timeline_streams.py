"""Random streams of events: the timeline against plain Python."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from queries.times import iso, to_us
from service.engine import Engine
from service.timeline import Point
from tests.engine.happening import Events, Line
from tests.timeline_oracle import timeline

STREAMS = 2_000
# One after the other, of one person: so many are walked by one statement.
TOGETHER = 5
START = datetime(2024, 5, 1, tzinfo=UTC)
KEYS = ("plan", "a.b", "n", "deep")
VALUES: tuple[Any, ...] = (
    *(None, "", "pro", "free", 1, "1", 1.5, True, "true", [], ["a", {"z": 1, "y": "é"}]),
    *({}, {"x": None}, "\u0000", "\U0001f98a", 10**20),
)
NAMES = ("seen", "paid", "$identify")


@pytest.fixture(scope="module")
def events(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Events:
    return Events(engine, tmp_path_factory.mktemp("streams"))


def ids_of(person: int) -> list[str]:
    return [f"{person} {n}" for n in range(1 + person % 3)]


def stream_of(draw: random.Random, ids: list[str], start: datetime) -> list[Line]:
    """Events at few times, so that some share one, with few values; some are said twice."""
    values = draw.sample(VALUES, 3)
    made: list[Line] = []
    for n in range(draw.randrange(13)):
        if made and draw.random() < 0.15:
            made.append({**draw.choice(made), "person_properties": {"plan": draw.choice(values)}})
            continue
        person = {key: draw.choice(values) for key in KEYS if draw.random() < 0.7}
        at = start + timedelta(microseconds=draw.randrange(6) * 500_000)
        made.append(
            {
                "uuid": str(UUID(int=draw.getrandbits(128))),
                "event": draw.choice(NAMES),
                "distinct_id": draw.choice(ids),
                "timestamp": at.isoformat(),
                "properties": {"n": n},
                "person_properties": person,
            }
        )
    return made


def shown(point: Point) -> dict[str, Any]:
    return {
        "timestamp": iso(point.at_us),
        "properties": json.loads(point.properties),
        "relevant_event_count": point.events,
    }


def test_random_streams_match_the_oracle(events: Events) -> None:
    draw = random.Random(20_240_501)
    persons = [
        [
            line
            for turn in range(TOGETHER)
            for line in stream_of(draw, ids_of(n), START + timedelta(seconds=10 * turn))
        ]
        for n in range(STREAMS // TOGETHER)
    ]
    lines = [line for person in persons for line in person]
    assert events.lines(1, lines, batch_rows=4_000).summary.rejected == 0
    last = 10_000_000 * (TOGETHER - 1)
    points = 0
    for n, person in enumerate(persons):
        keys = draw.sample(KEYS, draw.choice((0, 1, 1, 2, 4)))
        names = draw.sample(NAMES, draw.choice((0, 0, 0, 1, 2)))
        start = START + timedelta(microseconds=draw.choice((0, 0, 0, 500_000, 500_001)))
        end = START + timedelta(microseconds=last + draw.choice((10**9, 2_000_000, 1_999_999)))
        found = events.timeline(
            1, ids_of(n), *keys, from_us=to_us(start), to_us=to_us(end), names=tuple(names)
        )
        expected = timeline(person, ids_of(n), keys, start=start, end=end, names=names)
        assert [shown(point) for point in found] == expected, (n, keys, names, start, end)
        points += len(expected)
    assert points > STREAMS
