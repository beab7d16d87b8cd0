"""A batch of events put together with what is stored."""

from __future__ import annotations

from uuid import UUID

from queries.event_lines import EventInput
from queries.event_upserts import EventRow, StoredEvent, event_row, upsert_events
from queries.events import Hidden

NOW = 1_700_000_000_000_000
US = 1_600_000_000_000_000


def given(n: int = 1, person: bytes = b"{}", *, id: str = "ann", uuid: bool = True) -> EventInput:
    return EventInput(UUID(int=n) if uuid else None, "seen", id, US, b"{}", person)


def row(n: int = 1, person: bytes = b"{}", *, id: str = "ann") -> EventRow:
    return event_row(7, given(n, person, id=id))


def stored(one: EventRow, *, version: int = 5, arrived: int = 3) -> StoredEvent:
    return StoredEvent(one.event.distinct_id, US, one.uuid, one.hash, arrived, version)


def test_an_event_without_a_uuid_gets_one_of_all_it_says() -> None:
    first = event_row(7, given(uuid=False)).uuid
    assert first.version == 5
    assert event_row(7, given(uuid=False)).uuid == first
    others = [
        event_row(8, given(uuid=False)),
        event_row(7, given(id="bob", uuid=False)),
        event_row(7, given(person=b'{"a":1}', uuid=False)),
        event_row(7, EventInput(None, "left", "ann", US, b"{}", b"{}")),
        event_row(7, EventInput(None, "seen", "ann", US + 1, b"{}", b"{}")),
        event_row(7, EventInput(None, "seen", "ann", US, b'{"a":1}', b"{}")),
    ]
    assert len({first, *(one.uuid for one in others)}) == 7


def test_texts_are_taken_out() -> None:
    assert row(person=b'{"a.b":1,"n":null}').texts == b'{"a%2Eb":"1"}'


def test_new_events_are_counted_on() -> None:
    outcome = upsert_events([row(1), row(2)], [], [], NOW, 100)
    assert [one.arrived for one in outcome.rows] == [101, 102]
    assert (outcome.written, outcome.unchanged, outcome.version) == (2, 0, NOW)


def test_what_is_stored_is_unchanged() -> None:
    outcome = upsert_events([row(1), row(2)], [stored(row(1))], [], NOW, 100)
    assert [one.uuid.int for one in outcome.rows] == [2]
    assert (outcome.written, outcome.unchanged) == (1, 1)


def test_what_differs_is_written_in_its_place_above_what_was() -> None:
    outcome = upsert_events([row(1, b'{"a":1}')], [stored(row(1), version=NOW + 5)], [], NOW, 100)
    assert [one.arrived for one in outcome.rows] == [3]
    assert outcome.version == NOW + 6


def test_an_event_twice_in_a_batch() -> None:
    """As in two batches: each line that changes something counts, the last one stays."""
    lines = [row(), row(), row(person=b'{"a":1}'), row(), row()]
    outcome = upsert_events(lines, [], [], NOW, 100)
    assert (outcome.written, outcome.unchanged) == (3, 2)
    assert [(one.event.person_properties, one.arrived) for one in outcome.rows] == [(b"{}", 101)]


def test_what_is_being_removed_is_not_there() -> None:
    hidden = [Hidden("ann", NOW + 9)]
    outcome = upsert_events(
        [row(), row(id="bob")], [stored(row()), stored(row(id="bob"))], hidden, NOW, 100
    )
    assert [one.event.distinct_id for one in outcome.rows] == ["ann"]
    assert outcome.version == NOW + 10
    again = upsert_events([row()], [stored(row(), version=NOW + 10)], hidden, NOW, 100)
    assert (again.written, again.unchanged) == (0, 1)
