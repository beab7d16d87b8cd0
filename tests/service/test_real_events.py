"""Timelines of an open-source project's contributors, against plain Python.

The files are beside the repository where the project is developed; elsewhere these tests skip.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Client
from tests.service.timelines import Timelines
from tests.timeline_oracle import timeline

DATA = Path(__file__).parents[2] / "../shared/data"
PERSONS, EVENTS = (DATA / f"contributors_{kind}.ndjson.gz" for kind in ("persons", "events"))

pytestmark = pytest.mark.skipif(
    not EVENTS.exists(), reason=f"no {EVENTS.name} beside the repository"
)

Line = dict[str, Any]


def lines_of(file: Path) -> list[Line]:
    with gzip.open(file, "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


@pytest.fixture(scope="module")
def events() -> list[Line]:
    return lines_of(EVENTS)


@pytest.fixture(scope="module")
def chosen(events: list[Line]) -> list[Line]:
    """Ten persons: those of most distinct ids, of most events, and of few."""
    counted = Counter(event["distinct_id"] for event in events)
    persons = lines_of(PERSONS)

    def count(person: Line) -> int:
        return sum(counted[id] for id in person["distinct_ids"])

    by_ids = sorted(persons, key=lambda person: (-len(person["distinct_ids"]), -count(person)))
    by_events = sorted(persons, key=lambda person: -count(person))
    picked = {p["uuid"]: p for p in (*by_ids[:3], *by_events[:5], *by_events[100:900:100])}
    return list(picked.values())[:10]


@pytest.fixture(scope="module")
def world(open_client: Client, api_key: str) -> Iterator[Timelines]:
    """A project that holds them."""
    open_client.headers["Authorization"] = f"Bearer {api_key}"
    world = Timelines(open_client)
    for kind, file, count in (("persons", PERSONS, 1_091), ("events", EVENTS, 17_666)):
        for expected in ((count, 0, 0), (0, count, 0)):
            address = f"{world.at}/imports?kind={kind}"
            done = open_client.post(address, content=file.read_bytes()).json()
            assert (done["written"], done["unchanged"], done["rejected"]) == expected
    yield world
    del open_client.headers["Authorization"]


@pytest.mark.parametrize("key", ["tier", "area"])
def test_timelines_agree(
    world: Timelines, chosen: list[Line], events: list[Line], key: str
) -> None:
    assert len(chosen) == 10
    forever = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    for person in chosen:
        ids = person["distinct_ids"]
        own = [event for event in events if event["distinct_id"] in ids]
        times = sorted(datetime.fromisoformat(event["timestamp"]) for event in own)
        assert times
        middle = times[len(times) // 2]
        for start, end in (
            forever,
            (times[0], middle),
            (middle, times[-1] - timedelta(microseconds=1)),
            (middle - timedelta(days=30), middle + timedelta(days=30)),
        ):
            asked = {"date_from": start.isoformat(), "date_to": end.isoformat()}
            found = world.get(person["uuid"], key, **asked)
            assert found["points"] == timeline(own, ids, [key], start=start, end=end)
            assert found["effective_date_from"] == start.isoformat()


def test_the_last_point_is_what_the_person_is(world: Timelines, chosen: list[Line]) -> None:
    """As the two files were made: a person's properties are those at the last of its events."""
    agreeing = sum(
        world.points(person["uuid"], *person["properties"])[-1][1] == person["properties"]
        for person in chosen
    )
    assert agreeing >= 5
