"""What a timeline is asked by: dates, crucial keys, names; and how long each point lasts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from queries.filter_text import MAX_FILTERS, MAX_KEYS
from queries.timeline import Opening, Openings
from queries.timeline_dates import ArgumentError, decode_span
from queries.timeline_text import MAX_EVENTS, Watched, decode_watched
from queries.times import from_us, to_us

NOW = datetime(2024, 3, 31, 15, 30, 10, 5, tzinfo=UTC)
DAY_END = "T23:59:59.999999+00:00"
MIDNIGHT = "T00:00:00+00:00"


def span(date_from: str = "", date_to: str = "", interval: str = "") -> tuple[str, str]:
    found = decode_span(date_from, date_to, interval, to_us(NOW))
    return from_us(found.from_us).isoformat(), from_us(found.to_us).isoformat()


def refused(*dates: str) -> str:
    with pytest.raises(ArgumentError) as error:
        span(*dates)
    return error.value.attr


def test_the_default_is_a_week_until_the_end_of_today() -> None:
    assert span() == ("2024-03-24" + MIDNIGHT, "2024-03-31" + DAY_END)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024-01-02", "2024-01-02" + MIDNIGHT, "2024-01-02" + DAY_END),
        ("2024/01/02", "2024-01-02" + MIDNIGHT, "2024-01-02" + DAY_END),
        ("2024-01-02T03:04:05Z", *["2024-01-02T03:04:05+00:00"] * 2),
        ("2024-01-02T03:04:05.000007+02:00", *["2024-01-02T01:04:05.000007+00:00"] * 2),
        ("2024-01-02 03:04", *["2024-01-02T03:04:00+00:00"] * 2),
        ("1704164645", *["2024-01-02T03:04:05+00:00"] * 2),
        ("-7d", "2024-03-24" + MIDNIGHT, "2024-03-24" + DAY_END),
        ("-1w", "2024-03-24" + MIDNIGHT, "2024-03-24" + DAY_END),
        ("-1m", "2024-02-29" + MIDNIGHT, "2024-02-29" + DAY_END),
        ("-1q", "2023-12-31" + MIDNIGHT, "2023-12-31" + DAY_END),
        ("-1y", "2023-03-31" + MIDNIGHT, "2023-03-31" + DAY_END),
        ("-24h", *["2024-03-30T15:30:10.000005+00:00"] * 2),
        ("dStart", "2024-03-31" + MIDNIGHT, "2024-03-31" + DAY_END),
        ("-1dStart", "2024-03-30" + MIDNIGHT, "2024-03-30" + DAY_END),
        ("-1dEnd", "2024-03-30" + MIDNIGHT, "2024-03-30" + DAY_END),
        ("mStart", "2024-03-01" + MIDNIGHT, "2024-03-01" + DAY_END),
        ("-1mStart", "2024-02-01" + MIDNIGHT, "2024-02-01" + DAY_END),
        ("-1mEnd", "2024-02-29" + MIDNIGHT, "2024-02-29" + DAY_END),
        ("yStart", "2024-01-01" + MIDNIGHT, "2024-01-01" + DAY_END),
        ("-1yEnd", "2023-12-31" + MIDNIGHT, "2023-12-31" + DAY_END),
    ],
)
def test_dates(text: str, start: str, end: str) -> None:
    assert span(text)[0] == start
    assert span("2000-01-01", text)[1] == end


def test_all_begins_where_the_first_event_may_be() -> None:
    assert span("all") == ("1900-01-01" + MIDNIGHT, "2024-03-31" + DAY_END)
    assert refused("-7d", "all") == "date_to"


@pytest.mark.parametrize(
    ("date", "interval", "end"),
    [
        ("2024-01-31", "minute", "2024-01-31T00:01:00+00:00"),
        ("2024-01-31", "hour", "2024-01-31T01:00:00+00:00"),
        ("2024-01-31T10:20:30Z", "hour", "2024-01-31T11:20:30+00:00"),
        ("2024-01-31", "day", "2024-01-31" + DAY_END),
        ("2024-01-31", "", "2024-01-31" + DAY_END),
        ("2024-01-31T10:20:30Z", "day", "2024-01-31" + DAY_END),
        ("2024-01-01", "week", "2024-01-07" + DAY_END),
        ("2024-01-31", "week", "2024-02-06" + DAY_END),
        ("2024-02-01", "month", "2024-02-29" + DAY_END),
        ("2023-12-01", "month", "2023-12-31" + DAY_END),
        ("2024-01-31", "month", "2024-02-28" + DAY_END),
        ("-7d", "week", "2024-03-30" + DAY_END),
    ],
)
def test_the_same_date_twice_is_an_interval(date: str, interval: str, end: str) -> None:
    assert span(date, date, interval)[1] == end


def test_the_same_time_in_other_words_is_none() -> None:
    assert span("2024-01-01T00:00:00Z", "2024-01-01 00:00", "month")[1] == (
        "2024-01-01T00:00:00+00:00"
    )


@pytest.mark.parametrize(
    "text",
    ["soon", "2024-13-01", "2024-02-30", "-99999y", "-99999m", "-7x", "7d", "-1wStart", "-1hEnd"],
)
def test_no_dates(text: str) -> None:
    assert refused(text) == "date_from"
    assert refused("2024-01-01", text) == "date_to"


def test_the_end_of_time_has_no_interval_after_it() -> None:
    assert refused("9999-12-31", "9999-12-31", "month") == "date_to"


@pytest.mark.parametrize("interval", ["year", "days", "Hour"])
def test_no_intervals(interval: str) -> None:
    assert refused("", "", interval) == "interval"


def watched(**arguments: object) -> Watched:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in arguments.items()
    }
    names = ("properties", "events", "actions", "breakdown", "breakdown_type")
    return decode_watched(**{name: texts.get(name, "") for name in names})


def person(key: str, **more: object) -> dict[str, Any]:
    return {"key": key, "value": "x", "type": "person", **more}


@pytest.mark.parametrize(
    ("properties", "keys"),
    [
        ("", ()),
        ("  ", ()),
        ("null", ()),
        ("[]", ()),
        ("{}", ()),
        ("[{}]", ()),
        ([person("b"), person("a"), person("b")], ("a", "b")),
        ([person("a"), {"key": "e", "type": "event"}, {"key": "f", "type": "flag"}], ("a",)),
        ([{"key": 5, "type": "cohort"}, {"type": "hogql"}], ()),
        ([{"key": "a", "value": 1}, {"key": "b", "type": None}], ("a", "b")),
        ({"plan": "pro", "age": 5}, ("age", "plan")),
        (person("a"), ("a",)),
        ({"type": "OR", "values": [person("a"), {"values": [person("b")]}]}, ("a", "b")),
        ([{"type": "AND", "values": [person("a")]}], ("a",)),
        ([person("")], ("",)),
    ],
)
def test_filters_name_keys(properties: object, keys: tuple[str, ...]) -> None:
    assert watched(properties=properties) == Watched(keys, ())


def test_series_name_events_and_keys() -> None:
    events: list[dict[str, Any]] = [
        {"id": "b", "properties": [person("k"), {"key": "e", "type": "event"}], "math": "dau"},
        {"id": "a", "type": "events", "properties": {"type": "AND", "values": [person("l")]}},
        {"id": "b", "properties": None},
    ]
    assert watched(events=events, properties=[person("m")]) == Watched(("k", "l", "m"), ("a", "b"))
    assert watched(events=[*events, {"id": None}]).names == ()
    assert watched(events="[]", actions="[]") == Watched((), ())


@pytest.mark.parametrize(
    ("breakdown", "kind", "keys"),
    [
        ("plan", "person", ("plan",)),
        ("plan", "event", ()),
        ("plan", "", ()),
        ("", "person", ()),
        ('["plan","age"]', "person", ("age", "plan")),
        ('"plan"', "person", ("plan",)),
        ("[plan", "person", ("[plan",)),
    ],
)
def test_a_breakdown_by_person_names_a_key(
    breakdown: str, kind: str, keys: tuple[str, ...]
) -> None:
    assert watched(breakdown=breakdown, breakdown_type=kind).keys == keys


@pytest.mark.parametrize(
    ("arguments", "attr", "words"),
    [
        ({"properties": "{"}, "properties", "Properties are unparsable!"),
        ({"properties": "\ud800"}, "properties", "Properties are unparsable!"),
        ({"properties": "[" * 100_000}, "properties", ""),
        ({"properties": '"x"'}, "properties", "$: a filter is a JSON object"),
        ({"properties": [1]}, "properties", "$[0]: a filter is a JSON object"),
        ({"properties": [{"type": "person"}]}, "properties", "$[0].key: a JSON text"),
        ({"properties": [{"key": 5}]}, "properties", "$[0].key: a JSON text"),
        ({"properties": [{"key": "a", "type": 5}]}, "properties", "$[0].type: a JSON text"),
        ({"properties": [{"key": "a", "type": "x"}]}, "properties", "$[0].type: there is no"),
        ({"properties": {"type": "XOR", "values": []}}, "properties", "$.type: a group is"),
        ({"properties": {"values": 5}}, "properties", "$.values: a group's values"),
        ({"properties": [person("x" * 401)]}, "properties", "$[0].key: a key has at most 400"),
        ({"properties": {"x" * 401: 1}}, "properties", "$: a key has at most 400"),
        ({"properties": [person("a")] * (MAX_FILTERS + 1)}, "properties", "$[999]: more than"),
        (
            {"properties": [person(f"{n}") for n in range(MAX_KEYS + 1)]},
            "properties",
            "More than 100 different keys",
        ),
        ({"properties": "[" * 25 + "]" * 25}, "properties", "$[0]"),
        ({"events": "x"}, "events", "`events` is not JSON"),
        ({"events": {"id": "a"}}, "events", "`events` takes a JSON list"),
        ({"events": [{"name": "a"}]}, "events", "`events` takes a JSON list"),
        ({"events": [{"id": 5}]}, "events", "`events` takes a JSON list"),
        ({"events": [{"id": ""}]}, "events", "$[0].id: 1 to 400 characters"),
        ({"events": [{"id": "x" * 401}]}, "events", "$[0].id: 1 to 400 characters"),
        ({"events": [{"id": "a", "type": "actions"}]}, "events", "$[0].type: only `events`"),
        ({"events": [{"id": "a"}] * (MAX_EVENTS + 1)}, "events", "`events` has 101 events"),
        ({"events": [{"id": "a", "properties": [5]}]}, "events", "$[0].properties[0]: a filter"),
        ({"actions": [{"id": 5}]}, "actions", "There are no actions here"),
        ({"actions": "{"}, "actions", "`actions` is not JSON"),
        ({"breakdown": "a", "breakdown_type": "x"}, "breakdown_type", "`breakdown_type` is"),
        ({"breakdown": "[1]", "breakdown_type": "person"}, "breakdown", "`breakdown` names"),
        ({"breakdown": "x" * 401, "breakdown_type": "person"}, "breakdown", "`breakdown`: a key"),
    ],
)
def test_what_cannot_be_understood(arguments: dict[str, object], attr: str, words: str) -> None:
    with pytest.raises(ArgumentError) as error:
        watched(**arguments)
    assert (error.value.attr, str(error.value)[: len(words)]) == (attr, words)


def test_a_point_lasts_until_the_next() -> None:
    def counts(total: int, *places: int) -> list[int]:
        openings = [Opening(place, 0, UUID(int=0), 0, "") for place in places]
        return Openings(total, openings).counts()

    assert counts(0) == []
    assert counts(9, 1) == [9]
    assert counts(9, 1, 2, 9) == [1, 7, 1]
