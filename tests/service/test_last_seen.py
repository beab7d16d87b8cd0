"""`last_seen_at` of persons is the hour of the latest event of a distinct id they have."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.engine import Engine
from service.event_imports import import_events
from service.import_runs import Progress
from tests.conftest import Client
from tests.service.timelines import Event, Timelines, seen

MORNING, HOUR = "2024-05-31T10:40:11.5Z", "2024-05-31T10:00:00Z"
LATER, LATER_HOUR = "2024-06-02T23:59:59.999999Z", "2024-06-02T23:00:00Z"


class CutOffError(Exception):
    """The process ended here."""


@pytest.fixture
def at(client: Client, open_client: Client) -> Timelines:
    """Of a project of the test's own."""
    del client
    return Timelines(open_client)


@pytest.fixture(scope="module")
def api_key(make_key: Any) -> str:
    return str(make_key("*"))


def person(at: Timelines, uuid: str) -> dict[str, Any]:
    answer = at.client.get(f"{at.at}/persons/{uuid}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def shown(at: Timelines, uuid: str) -> str | None:
    """What the person says, and the list, and its filter by that."""
    hour: str | None = person(at, uuid)["last_seen_at"]
    page = at.client.get(f"{at.at}/persons").json()["results"]
    assert {one["uuid"]: one["last_seen_at"] for one in page}[uuid] == hour
    for after, is_in in ((hour, True), ("2099-01-01", False)):
        if after is not None:
            body = at.client.get(f"{at.at}/persons?last_seen_after={after}").json()
            assert (uuid in [one["uuid"] for one in body["results"]]) is is_in
            assert body["count"] == len(body["results"])
    return hour


def named(at: Timelines, distinct_id: str) -> str:
    (found,) = at.client.get(f"{at.at}/persons?distinct_id={distinct_id}").json()["results"]
    return str(found["uuid"])


def test_it_is_the_hour_of_the_latest_event(at: Timelines) -> None:
    one, other = at.add("a", "b"), at.add("c")
    at.happen(seen("a", MORNING), seen("b", "2024-05-01T00:00:00Z"), seen("nobody", LATER))
    assert (shown(at, one), shown(at, other)) == (HOUR, None)
    at.happen(seen("b", LATER))
    assert shown(at, one) == LATER_HOUR
    at.happen(seen("b", "2020-01-01T00:00:00Z"))
    assert shown(at, one) == LATER_HOUR


def test_what_an_import_says_stays_if_it_is_later(at: Timelines) -> None:
    one = at.add("a", last_seen_at="2025-01-01T00:00:01Z")
    at.happen(seen("a", MORNING))
    assert shown(at, one) == "2025-01-01T00:00:01Z"


def test_events_that_were_there_before_their_person_count(at: Timelines) -> None:
    at.happen(seen("a", MORNING), seen("b", LATER))
    one = at.add("a")
    assert shown(at, one) == HOUR
    assert at.add("a", "b") == one
    assert shown(at, one) == LATER_HOUR


def test_a_split_and_a_merge_follow_the_distinct_ids(at: Timelines) -> None:
    one = at.add("a", "b", "c")
    at.happen(seen("a", MORNING), seen("b", LATER))
    parted = at.client.post(
        f"{at.at}/persons/{one}/split", json={"distinct_ids_to_split": ["b", "c"]}
    )
    assert parted.status_code == 200, parted.text
    assert shown(at, one) == HOUR
    assert shown(at, named(at, "b")) == LATER_HOUR
    assert shown(at, named(at, "c")) is None
    merged = at.client.post(f"{at.at}/persons/{one}/merge", json={"ids": [named(at, "b")]})
    assert merged.status_code == 200, merged.text
    assert shown(at, one) == LATER_HOUR


def test_a_split_leaves_what_an_import_said(at: Timelines) -> None:
    one = at.add("a", "b", last_seen_at="2025-01-01T00:00:01Z")
    at.happen(seen("b", MORNING))
    at.client.post(f"{at.at}/persons/{one}/split", json={"main_distinct_id": "a"})
    assert shown(at, one) == "2025-01-01T00:00:01Z"
    assert shown(at, named(at, "b")) == HOUR


def test_the_same_events_again_write_nobody(at: Timelines) -> None:
    one = at.add("a")
    event = seen("a", MORNING)
    at.happen(event)
    before = at.client.get(f"{at.at}/persons/{one}").headers["ETag"]
    assert at.send([event], "events")["unchanged"] == 1
    assert at.client.get(f"{at.at}/persons/{one}").headers["ETag"] == before


def test_an_import_that_was_cut_off_is_made_good_by_the_next(
    at: Timelines, engine: Engine, data_dir: Path
) -> None:
    one = at.add("a")
    file = data_dir / "cut.ndjson"
    file.write_bytes(msgspec.json.encode(seen("a", MORNING)))

    def end(_: Progress) -> None:
        raise CutOffError

    with pytest.raises(CutOffError):
        import_events(engine, at.project, file, on_progress=end)
    assert shown(at, one) is None
    again = import_events(engine, at.project, file)
    assert (again.written, again.unchanged) == (0, 1)
    assert shown(at, one) == HOUR


def test_the_history_goes_on(at: Timelines) -> None:
    one = at.add("a", properties={"n": 0})
    at.client.patch(f"{at.at}/persons/{one}", json={"properties": {"n": 1}})
    at.happen(seen("a", MORNING))
    at.client.patch(f"{at.at}/persons/{one}", json={"properties": {"n": 2}})
    found = at.client.get(f"{at.at}/persons/{one}/history").json()["results"]
    assert [(change["old_value"], change["new_value"]) for change in found] == [(1, 2), (0, 1)]


def told(at: Timelines, query: str) -> tuple[Any, str, bool]:
    answer = at.client.get(f"{at.at}/persons/properties_at_time?{query}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    known = body["point_in_time_metadata"]
    return body["properties"], known["source"], known["is_known"]


def test_before_our_history_events_tell_what_a_person_was(at: Timelines) -> None:
    one = at.add("a", "b", properties={"plan": "pro"})
    events: list[Event] = [
        seen("a", "2024-05-01T00:00:00Z", {"plan": "free"}),
        seen("b", "2024-05-03T00:00:00Z", {"plan": "trial", "n": 1.50}),
        seen("a", "2024-05-04T00:00:00Z"),
    ]
    at.happen(*events)
    for id in ("distinct_id=b", f"person_id={one}"):
        assert told(at, f"{id}&timestamp=2024-04-30") == ({"plan": "pro"}, "unknown", False)
        assert told(at, f"{id}&timestamp=2024-05-01") == ({"plan": "free"}, "events", True)
        later = told(at, f"{id}&timestamp=2024-05-05")
        assert later == ({"plan": "trial", "n": 1.5}, "events", True)
        assert told(at, f"{id}&timestamp=2099-01-01") == ({"plan": "pro"}, "history", True)
    body = at.client.get(f"{at.at}/persons/{one}?as_of=2024-05-02").json()
    assert body["properties"] == {"plan": "free"}
    assert body["point_in_time_metadata"]["known_from"] == "2024-05-01T00:00:00Z"


def test_events_that_are_being_removed_tell_nothing(at: Timelines) -> None:
    one = at.add("a", properties={"plan": "pro"})
    at.happen(seen("a", "2024-05-01T00:00:00Z", {"plan": "free"}))
    asked = f"{at.at}/persons/bulk_delete"
    body = {"ids": [one], "delete_events": True, "keep_person": True}
    assert at.client.post(asked, json=body).status_code == 202
    assert told(at, "distinct_id=a&timestamp=2024-05-02") == ({"plan": "pro"}, "unknown", False)


def test_a_usual_timeline_does_not_wait_for_what_is_heavy(at: Timelines, engine: Engine) -> None:
    one = at.add("a")
    at.happen(*(seen("a", f"2024-05-01T00:00:{n:02}Z", {"n": n % 2}) for n in range(60)))
    over = threading.Event()

    def hold() -> bool:
        return asyncio.run(engine.in_thread(over.wait))

    holding = [threading.Thread(target=hold) for _ in range(8)]
    for thread in holding:
        thread.start()
    try:
        assert len(at.points(one, "n")) == 60
    finally:
        over.set()
        for thread in holding:
            thread.join()
