"""GET persons/:id/properties_timeline: each rule of it, and whose events they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.app import create_app
from service.engine import Engine
from service.settings import Limits, Settings
from tests.conftest import ADMIN, ADMIN_TOKEN, Client, MakeKey
from tests.service.editing import refused
from tests.service.timelines import Timelines, seen

DAY = "2024-05-{:02}T10:00:00Z"


@pytest.fixture
def world(client: Client) -> Timelines:
    """A project of the test's own."""
    return Timelines(client)


@pytest.fixture(scope="module")
def ann(open_client: Client, api_key: str) -> tuple[Timelines, str]:
    """A person with five events, one of them by another name."""
    open_client.headers["Authorization"] = f"Bearer {api_key}"
    world = Timelines(open_client)
    uuid = world.add("ann", "ann2")
    world.happen(
        seen("ann", DAY.format(1), {"plan": "free", "n": 1}),
        seen("ann2", DAY.format(2), {"plan": "free", "n": 2}),
        seen("ann", DAY.format(3), {"plan": "pro", "n": 3}, event="paid"),
        seen("ann", DAY.format(4), {"plan": "pro", "n": 3}),
        seen("ann2", DAY.format(5), {"plan": "free", "n": 3, "new": True}),
    )
    del open_client.headers["Authorization"]
    return world, uuid


@pytest.mark.usefixtures("client")
def test_rule_1_keys_are_those_of_person_filters_series_and_a_breakdown_by_person(
    ann: tuple[Timelines, str],
) -> None:
    world, uuid = ann
    event = {"key": "e", "value": "x", "type": "event"}

    def keys(**arguments: Any) -> list[str]:
        return list(world.get(uuid, **arguments)["crucial_property_keys"])

    series = [{"id": "seen", "properties": [{"key": "s", "value": 1, "type": "person"}, event]}]
    assert keys(events=series) == ["s"]
    both = [{"key": "z", "value": "x", "type": "person"}, event]
    assert keys(properties=both, events=series) == ["s", "z"]
    assert keys(breakdown="plan", breakdown_type="person", properties=both) == ["plan", "z"]
    assert keys(breakdown="plan", breakdown_type="event") == []
    assert keys(breakdown="z", breakdown_type="person", properties=[*both, *both]) == ["z"]


@pytest.mark.usefixtures("client")
def test_rule_2_filters_drop_no_events_but_names_and_dates_do(ann: tuple[Timelines, str]) -> None:
    world, uuid = ann
    nobody = [{"key": "plan", "operator": "exact", "value": "none", "type": "person"}]
    assert sum(n for *_, n in world.points(uuid, properties=nobody)) == 5
    series = [{"id": "seen", "properties": nobody}]
    assert sum(n for *_, n in world.points(uuid, events=series)) == 4
    assert sum(n for *_, n in world.points(uuid, events=[{"id": "paid"}])) == 1
    assert sum(n for *_, n in world.points(uuid, events=[{"id": "paid"}, {"id": "seen"}])) == 5
    assert sum(n for *_, n in world.points(uuid, events=[{"id": None}])) == 5
    assert world.points(uuid, events=[{"id": "nothing"}]) == []
    # Both ends are included.
    span = {"date_from": DAY.format(2), "date_to": DAY.format(4)}
    assert sum(n for *_, n in world.points(uuid, **span)) == 3
    inside = {"date_from": "2024-05-02T10:00:00.000001Z", "date_to": "2024-05-04T09:59:59.999999Z"}
    assert sum(n for *_, n in world.points(uuid, **inside)) == 1


@pytest.mark.usefixtures("client")
def test_rule_3_a_point_begins_where_a_crucial_text_differs_from_the_event_before(
    ann: tuple[Timelines, str],
) -> None:
    world, uuid = ann
    assert world.points(uuid, "plan") == [
        (DAY.format(1), {"plan": "free", "n": 1}, 2),
        (DAY.format(3), {"plan": "pro", "n": 3}, 2),
        (DAY.format(5), {"plan": "free", "n": 3, "new": True}, 1),
    ]
    assert [n for *_, n in world.points(uuid, "plan", "n")] == [1, 1, 2, 1]
    assert [n for *_, n in world.points(uuid, "new")] == [4, 1]


def test_rule_3_values_are_compared_as_texts(world: Timelines) -> None:
    uuid = world.add("ann")
    values: list[Any] = [5, "5", 5.0, True, "true", None, "", " ", [1, {"b": 1, "a": 2}], {}]
    people: list[dict[str, Any]] = [{"v": value} for value in values]
    people[6:6] = [{}]
    people.append({"v": {"a": {}}})
    world.happen(*(seen("ann", f"2024-05-01T10:00:{n:02}Z", one) for n, one in enumerate(people)))
    # Null is as good as absent, an empty text is not.
    assert [n for *_, n in world.points(uuid, "v")] == [2, 1, 2, 2, 1, 1, 1, 1, 1]


def test_rule_3_keys_of_any_spelling(world: Timelines) -> None:
    uuid = world.add("ann")
    for n, key in enumerate(("a.b", "`x", "", "$os", "ключ", "plan", "sp ace", "%", "a%2Eb")):
        day = f"2024-05-{n + 1:02}"
        world.happen(
            *(
                seen("ann", f"{day}T0{hour}:00:00Z", {key: value, "a": {"b": hour}})
                for hour, value in enumerate((1, 1, 2, 1))
            )
        )
        points = world.points(uuid, key, date_from=day, date_to=day)
        assert [n for *_, n in points] == [2, 1, 1], key


def test_rule_3_events_of_one_time_are_in_the_order_they_came(world: Timelines) -> None:
    uuid = world.add("ann")
    plans = [f"{n % 7}" for n in range(40)]
    events = [seen("ann", DAY.format(1), {"plan": plan}) for plan in plans]
    for n, event in enumerate(events):
        event["uuid"] = event["uuid"][:-2] + f"{(n * 37) % 100:02}"
    world.happen(*events[:30])
    world.happen(*events[30:])
    assert [person["plan"] for _, person, _ in world.points(uuid, "plan")] == plans
    # Said again in other words it keeps its place.
    changed = {**events[3], "person_properties": {"plan": "x"}}
    assert world.send([changed, events[4]], "events")["written"] == 1
    found = [person["plan"] for _, person, _ in world.points(uuid, "plan")]
    assert found == [*plans[:3], "x", *plans[4:]]


@pytest.mark.usefixtures("client")
def test_rule_4_without_keys_there_is_one_point_and_without_events_none(
    ann: tuple[Timelines, str],
) -> None:
    world, uuid = ann
    assert world.points(uuid) == [(DAY.format(1), {"plan": "free", "n": 1}, 5)]
    assert world.points(uuid, date_from="2024-06-01") == []
    assert world.points(uuid, "plan", date_from="2024-06-01", date_to="2024-05-01") == []
    answer = world.get(uuid, "plan", date_from="2024-06-01", date_to="2024-06-02")
    assert answer == {
        "points": [],
        "crucial_property_keys": ["plan"],
        "effective_date_from": "2024-06-01T00:00:00+00:00",
        "effective_date_to": "2024-06-02T23:59:59.999999+00:00",
    }


def test_rule_5_dates(world: Timelines) -> None:
    uuid = world.add("ann")
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [
        midnight - timedelta(days=7, microseconds=1),
        midnight - timedelta(days=7),
        now - timedelta(hours=25),
        now - timedelta(hours=23),
        midnight + timedelta(days=1, microseconds=-1),
        midnight + timedelta(days=1),
    ]
    world.happen(*(seen("ann", moment.isoformat()) for moment in moments))

    def count(**dates: str) -> int:
        answer = world.ask(uuid, **dates)
        assert answer.status_code == 200, answer.text
        return sum(point["relevant_event_count"] for point in answer.json()["points"])

    assert count() == 4
    assert count(date_from="-7d") == 4
    assert count(date_from="-24h") == 2
    assert count(date_from="all", date_to="2200-01-01") == 6
    assert count(date_from="-8d", date_to="-7d") == 2
    answer = world.ask(uuid).json()
    assert answer["effective_date_from"] == (midnight - timedelta(days=7)).isoformat()
    assert (
        answer["effective_date_to"] == (midnight + timedelta(days=1, microseconds=-1)).isoformat()
    )
    same = {"date_from": "2024-05-01", "date_to": "2024-05-01"}
    ends = {
        interval: world.ask(uuid, **same, interval=interval).json()["effective_date_to"]
        for interval in ("hour", "day", "week", "month")
    }
    assert ends == {
        "hour": "2024-05-01T01:00:00+00:00",
        "day": "2024-05-01T23:59:59.999999+00:00",
        "week": "2024-05-07T23:59:59.999999+00:00",
        "month": "2024-05-31T23:59:59.999999+00:00",
    }


def test_rule_6_times_are_utc(world: Timelines) -> None:
    uuid = world.add("ann")
    world.happen(
        seen("ann", "2024-05-01T01:00:00+02:00", {"v": 1}),
        seen("ann", "2024-05-01T23:00:00-02:00", {"v": 2}),
        seen("ann", "2024-05-01T10:00:00.000500Z", {"v": 3}),
    )
    assert world.points(uuid, "v") == [
        ("2024-04-30T23:00:00Z", {"v": 1}, 1),
        ("2024-05-01T10:00:00.000500Z", {"v": 3}, 1),
        ("2024-05-02T01:00:00Z", {"v": 2}, 1),
    ]
    day = {"date_from": "2024-05-01", "date_to": "2024-05-01"}
    assert [person["v"] for _, person, _ in world.points(uuid, "v", **day)] == [3]


def test_an_event_that_came_twice_counts_once(world: Timelines, engine: Engine) -> None:
    uuid = world.add("ann")
    event = seen("ann", DAY.format(1), {"v": 1})
    world.happen(event)
    summary = world.send([event, event], "events")
    assert (summary["written"], summary["unchanged"]) == (0, 2)
    world.happen({**event, "person_properties": {"v": 2}})
    assert world.points(uuid, "v") == [(DAY.format(1), {"v": 2}, 1)]


def test_events_wait_until_somebody_has_their_id(world: Timelines) -> None:
    other = world.add("other")
    world.happen(seen("ann", DAY.format(1), {"v": 1}))
    assert world.client.get(f"{world.at}/persons").json()["count"] == 1
    assert world.points(other) == []
    assert world.points(world.add("ann"), "v") == [(DAY.format(1), {"v": 1}, 1)]


def test_events_of_a_split_off_id_move_at_once_and_back_with_a_merge(world: Timelines) -> None:
    uuid = world.add("a", "b")
    world.happen(
        seen("a", DAY.format(1), {"v": 1}),
        seen("b", DAY.format(2), {"v": 2}),
        seen("a", DAY.format(3), {"v": 3}),
    )
    assert [person["v"] for _, person, _ in world.points(uuid, "v")] == [1, 2, 3]
    people = f"{world.at}/persons"
    split = {"distinct_ids_to_split": ["b"]}
    assert world.client.post(f"{people}/{uuid}/split", json=split).status_code == 200
    new = world.client.get(people, params={"distinct_id": "b"}).json()["results"][0]["uuid"]
    assert new != uuid
    assert [person["v"] for _, person, _ in world.points(uuid, "v")] == [1, 3]
    assert [person["v"] for _, person, _ in world.points(new, "v")] == [2]
    merged = world.client.post(f"{people}/{new}/merge", json={"ids": [uuid]})
    assert merged.status_code == 200, merged.text
    assert [person["v"] for _, person, _ in world.points(new, "v")] == [1, 2, 3]
    assert world.ask(uuid).status_code == 404


def test_a_person_of_more_ids_than_are_handed_on(world: Timelines) -> None:
    ids = [f"id {n}" for n in range(1_500)]
    uuid = world.add(*ids)
    world.add("other")
    world.happen(
        *(
            seen(ids[n], f"2024-05-01T10:{n % 60:02}:00Z", {"v": n % 3})
            for n in range(0, 1_500, 50)
        ),
        seen("other", DAY.format(1), {"v": 9}),
    )
    points = world.points(uuid, "v")
    assert sum(n for *_, n in points) == 30
    assert {person["v"] for _, person, _ in points} == {0, 1, 2}


def test_ids_in_the_address(world: Timelines, make_key: MakeKey) -> None:
    uuid = world.add("ann")
    world.happen(seen("ann", DAY.format(1)))
    person = world.client.get(f"{world.at}/persons/{uuid}").json()
    for id in (uuid, uuid.upper(), str(person["id"])):
        assert sum(n for *_, n in world.points(id)) == 1
    other = Timelines(world.client)
    assert refused(other.ask(uuid)) == (404, "not_found", None)
    assert refused(world.ask("5")) == (404, "not_found", None)
    assert refused(world.ask("ann")) == (400, "invalid_input", None)
    alias = world.client.get(
        f"/api/environments/{world.project}/persons/{uuid}/properties_timeline/"
    )
    assert alias.status_code == 200


def test_reading_persons_is_enough(world: Timelines, make_key: MakeKey) -> None:
    uuid = world.add("ann")
    for scope, status in (("person:read", 200), ("activity_log:read", 403)):
        headers = {"Authorization": f"Bearer {make_key(scope)}"}
        address = f"{world.at}/persons/{uuid}/properties_timeline"
        assert world.client.get(address, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("arguments", "attr"),
    [
        ({"properties": "{"}, "properties"),
        ({"properties": [5]}, "properties"),
        ({"properties": [{"key": "a", "type": "nothing"}]}, "properties"),
        ({"events": "nonsense"}, "events"),
        ({"events": "[{}]"}, "events"),
        ({"events": [{"id": "a"}] * 101}, "events"),
        ({"actions": [{"id": 1}]}, "actions"),
        ({"breakdown": "a", "breakdown_type": "nothing"}, "breakdown_type"),
        ({"date_from": "soon"}, "date_from"),
        ({"date_to": "2024-02-30"}, "date_to"),
        ({"interval": "fortnight"}, "interval"),
    ],
)
@pytest.mark.usefixtures("client")
def test_what_cannot_be_used_is_a_400(
    ann: tuple[Timelines, str], arguments: dict[str, Any], attr: str
) -> None:
    world, uuid = ann
    assert refused(world.ask(uuid, **arguments)) == (400, "invalid_input", attr)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("interval=day&interval=week", "interval"),
        ("date_from=-7d&date_from=-8d", "date_from"),
        ("properties[key]=a", "properties"),
        ("properties=[]&properties=[]", "properties"),
    ],
)
@pytest.mark.usefixtures("client")
def test_what_is_said_twice_is_a_400(ann: tuple[Timelines, str], query: str, attr: str) -> None:
    world, uuid = ann
    answer = world.client.get(f"{world.at}/persons/{uuid}/properties_timeline?{query}")
    assert refused(answer) == (400, "invalid_input", attr)


def test_more_points_than_allowed_are_a_400(
    world: Timelines, settings: Settings, engine: Engine
) -> None:
    uuid = world.add("ann")
    world.happen(*(seen("ann", f"2024-05-01T10:00:{n:02}Z", {"v": n}) for n in range(5)))
    limited = Settings(
        data=settings.data,
        dsn=settings.dsn,
        clickhouse=settings.clickhouse,
        auth=settings.auth,
        deletion=settings.deletion,
        limits=Limits(timeline_points=4),
    )
    app = create_app(limited, engine, admin_token=ADMIN_TOKEN, owns_engine=False)
    with Client(app) as client:
        client.headers.update(ADMIN)
        narrow = Timelines(client, world.project)
        filters = [{"key": "v", "value": 1, "type": "person"}]
        asked: dict[str, Any] = {"properties": filters, "date_from": "all"}
        answer = narrow.ask(uuid, **asked)
        assert refused(answer) == (400, "too_expensive", "date_from")
        assert "4 points" in answer.json()["detail"]
        fewer = narrow.ask(uuid, **asked, date_to="2024-05-01T10:00:03Z")
        assert len(fewer.json()["points"]) == 4
