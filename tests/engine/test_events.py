"""What an import makes of a file of events, of the same file again, and of one that was cut off."""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from service.engine import Engine
from service.errors import Busy, TooExpensive
from service.readers import UnreadableSource
from tests.engine.happening import Events, Line
from tests.engine.people import command

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LINES: list[Line] = [
    {
        "uuid": str(UUID(int=n)),
        "event": ("seen", "paid")[n % 2],
        "distinct_id": f"id {n % 5}",
        "timestamp": f"2024-05-{n % 28 + 1:02}T00:00:{n:02}Z",
        "properties": {"n": n},
        "person_properties": {"plan": f"{n // 10}"},
    }
    for n in range(35)
]

_projects = itertools.count(1)


class CutOffError(Exception):
    """The process ended here."""


@pytest.fixture(scope="module")
def events(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Events:
    return Events(engine, tmp_path_factory.mktemp("events"))


@pytest.fixture
def project() -> int:
    """The number of an empty project."""
    return next(_projects)


@pytest.mark.parametrize("batch_rows", [1, 10, 50_000])
def test_the_same_file_again_changes_nothing(events: Events, project: int, batch_rows: int) -> None:
    first = events.lines(project, LINES, batch_rows=batch_rows)
    assert first.numbers() == (35, 0, 0)
    before = events.rows(project)
    assert [
        json.loads(row.properties)["n"] for row in sorted(before, key=lambda row: row.arrived)
    ] == [*range(35)]
    assert [done.read for done in first.progress][-1] == 35
    assert len(first.progress) == -(-35 // batch_rows)
    for again in (batch_rows, 7):
        assert events.run(project, batch_rows=again).numbers() == (0, 35, 0)
    assert events.rows(project) == events.rows(project, final=False) == before


@pytest.mark.parametrize("batch_rows", [1, 2, 50_000])
def test_a_line_that_says_something_else_replaces(
    events: Events, project: int, batch_rows: int
) -> None:
    one = LINES[0]
    lines = [one, one, {**one, "event": "left"}, one, {**one, "properties": {"a": 1}}, LINES[1]]
    happened = events.lines(project, lines, batch_rows=batch_rows)
    assert happened.numbers() == (5, 1, 0)
    row, other = events.rows(project)
    assert (row.event, row.properties, other.distinct_id) == ("seen", '{"a":1}', "id 1")
    assert row.arrived < other.arrived


def test_without_a_uuid_the_content_tells(events: Events, project: int) -> None:
    lines: list[Any] = [{**line, "uuid": None} for line in LINES]
    assert events.lines(project, [*lines, lines[0]]).numbers() == (35, 1, 0)
    assert events.run(project, batch_rows=4).numbers() == (0, 36, 0)


def test_an_import_that_was_cut_off_is_completed(
    events: Events, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Engine.insert_now
    inserted = 0

    def cut_off(engine: Engine, table: str, *arguments: Any, **named: Any) -> None:
        nonlocal inserted
        inserted += table == "events"
        if inserted == 3:
            raise CutOffError
        insert(engine, table, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "insert_now", cut_off)
        with pytest.raises(CutOffError):
            events.lines(project, LINES, batch_rows=5)
    there = len(events.rows(project))
    assert there == 10
    assert events.run(project, batch_rows=6).numbers() == (25, 10, 0)
    assert len(events.rows(project)) == 35


def test_rejects_name_line_and_reason_and_stop_nothing(events: Events, project: int) -> None:
    lines: list[Line | bytes] = [
        *(LINES[0], b"nonsense", b"", {**LINES[1], "timestamp": None}),
        *({**LINES[1], "uuid": "x"}, LINES[2]),
    ]
    happened = events.lines(project, lines, batch_rows=2)
    assert happened.numbers() == (2, 0, 3)
    assert happened.summary.read == 5
    assert {line: reason[:12] for line, reason in happened.rejects.items()} == {
        2: "not JSON: in",
        4: "there is no ",
        5: "`uuid` must ",
    } or set(happened.rejects) == {2, 4, 5}


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_compressed_files_and_lists(events: Events, project: int, compress: Any) -> None:
    events.file.write_bytes(compress(json.dumps(LINES).encode()))
    assert events.run(project, batch_rows=9).numbers() == (35, 0, 0)
    events.file.write_bytes(compress("\n".join(map(json.dumps, LINES)).encode()))
    assert events.run(project).numbers() == (0, 35, 0)


@pytest.mark.parametrize("data", [b"", b"uuid,event\n1,2\n", b"PAR1....", b"\x1f\x8bbroken"])
def test_what_is_no_file_of_events(events: Events, project: int, data: bytes) -> None:
    events.file.write_bytes(data)
    with pytest.raises(UnreadableSource):
        events.run(project)
    assert events.rows(project) == []


def test_the_bytes_are_kept(events: Events, project: int) -> None:
    line = json.dumps(LINES[0])[:-1].encode().replace(b'{"n": 0}', b'{ "n":1.0, "n": 2 }')
    assert events.lines(project, [line + b"}"]).numbers() == (1, 0, 0)
    assert events.rows(project)[0].properties == '{ "n":1.0, "n": 2 }'


def test_projects_have_events_of_their_own(events: Events, project: int) -> None:
    other = next(_projects)
    events.lines(project, LINES[:2])
    assert events.lines(other, LINES[:3]).numbers() == (3, 0, 0)
    assert (len(events.rows(project)), len(events.rows(other))) == (2, 3)
    assert [point.events for point in events.timeline(project, [f"id {n}" for n in range(5)])] == [
        2
    ]


def test_the_newest_version_counts_whatever_is_merged(events: Events, project: int) -> None:
    lines = [{**LINES[0], "person_properties": {"v": n}} for n in range(4)]

    def shown() -> list[tuple[str, int]]:
        return [(one.properties, one.events) for one in events.timeline(project, ["id 0"], "v")]

    with events.engine.merges_held("events"):
        for line in lines:
            events.lines(project, [line])
        assert len(events.rows(project, final=False)) == 4
        assert shown() == [('{"v":3}', 1)]
    # An event that is called otherwise by now is found by its new name alone.
    events.lines(project, [{**lines[3], "event": "paid"}])
    assert events.timeline(project, ["id 0"], names=("seen",)) == []
    assert [one.events for one in events.timeline(project, ["id 0"], names=("paid",))] == [1]
    command(events.engine, "OPTIMIZE TABLE events FINAL")
    assert len(events.rows(project, final=False)) == 1
    assert shown() == [('{"v":3}', 1)]


def test_a_clock_that_went_back_does_not_lose_a_change(
    events: Events, project: int, engine: Engine
) -> None:
    events.lines(project, LINES[:1])
    command(engine, "OPTIMIZE TABLE events FINAL")
    (row,) = events.rows(project)
    ahead = row.version + 10**15
    engine.insert_now(
        "events",
        pl.DataFrame(
            {
                "team_id": pl.Series([project], dtype=pl.UInt32),
                "distinct_id": ["id 0"],
                "timestamp": pl.Series([1_714_521_600_000_000]).cast(pl.Datetime("us", "UTC")),
                "uuid": [str(UUID(int=0))],
                "event": ["ahead"],
                "hash": pl.Series([1], dtype=pl.UInt64),
                "arrived": pl.Series([1], dtype=pl.UInt64),
                "version": pl.Series([ahead], dtype=pl.UInt64),
            }
        ),
    )
    assert [one.event for one in events.rows(project)] == ["ahead"]
    assert events.lines(project, LINES[:1]).numbers() == (1, 0, 0)
    assert [(one.event, one.version) for one in events.rows(project)] == [("seen", ahead + 1)]


@pytest.mark.parametrize("few", [34, 35])
def test_points_that_are_too_large_together(
    events: Events, project: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queries.timeline.FEW_EVENTS", few)
    monkeypatch.setattr("service.timeline._FIRST_SNAPSHOTS", 2)
    monkeypatch.setattr("service.timeline._PIECE_BYTES", 1)
    ids = [f"id {n}" for n in range(5)]
    events.lines(project, LINES)
    whole = events.timeline(project, ids, "plan")
    assert len(whole) > 4
    assert [json.loads(one.properties)["plan"] for one in whole][:2] == ["0", "2"]
    monkeypatch.setattr("service.timeline._MOST_BYTES", 40)
    with pytest.raises(TooExpensive, match="narrow it"):
        events.timeline(project, ids, "plan")


def test_an_event_that_goes_in_between_is_looked_for_again(
    events: Events, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    events.lines(project, LINES[:5])
    fetch = Engine.fetch_now
    lost = 0

    def forgetful(engine: Engine, statement: Any, **named: Any) -> list[Any]:
        nonlocal lost
        rows: list[Any] = fetch(engine, statement, **named)
        if statement.name == "timeline.snapshots" and lost:
            lost -= 1
            return rows[1:]
        return rows

    monkeypatch.setattr("queries.timeline.FEW_EVENTS", 0)
    monkeypatch.setattr(Engine, "fetch_now", forgetful)
    lost = 2
    assert len(events.timeline(project, ["id 1", "id 2"], "n")) == 1
    lost = 9
    with pytest.raises(Busy):
        events.timeline(project, ["id 1", "id 2"], "n")
