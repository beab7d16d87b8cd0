"""Turns among processes on one server: who writes many persons, and who has to wait for that."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queries.edits import Plan, update
from queries.history import Source
from queries.identity import person_uuid
from queries.ownership import merge
from queries.stored import LINEAGE, StoredPerson
from queries.upserts import draft
from service.counts import Counts
from service.edits import Editor, Terms
from service.engine import Engine
from service.history import write_notes
from service.imports import import_persons
from service.lineage import is_written, was_made
from service.person_rows import person_rows
from service.server_turns import ServerTurns
from tests.engine.racing import ME, find, logged, properties, setting
from tests.engine.removing import Shared

# Through HTTP too, in each run of the tests.
pytestmark = pytest.mark.wire

_projects = itertools.count(500)


class Process:
    """What one process has of its own, on an engine that another writes to as well."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        shared: Any = Shared(engine)
        self.engine: Engine = shared
        self.counts = Counts(self.engine)
        self.editor = Editor(self.engine, self.counts)
        self.turns = ServerTurns(self.engine)
        self._folder = folder

    def bring(self, project: int, *lines: dict[str, Any]) -> None:
        """Import lines."""
        file = self._folder / f"turns-{project}-{id(self)}.ndjson"
        file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        assert import_persons(self.engine, project, file, counts=self.counts).rejected == 0


Make = Callable[[], Process]


@pytest.fixture
def make(engine: Engine, data_dir: Path) -> Make:
    return lambda: Process(engine, data_dir)


@pytest.fixture
def project() -> int:
    return next(_projects)


def test_who_looks_waits_until_a_turn_is_over(make: Make, project: int) -> None:
    one, other = make().turns, make().turns
    assert other.look(project).turn == 0
    held = one.take(project)
    assert held.number == 1
    over = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        looking = threads.submit(lambda: (other.look(project), over.is_set())[1])
        over.set()
        one.give(project, held)
        assert looking.result()
    assert other.look(project).turn == 1
    assert one.look(project + 1_000).turn == 0


def test_of_many_who_want_a_turn_each_gets_one_of_its_own(make: Make, project: int) -> None:
    numbers: list[int] = []
    holders: set[int] = set()

    def take(turns: ServerTurns) -> None:
        for _ in range(5):
            held = turns.take(project)
            numbers.append(held.number)
            holders.add(held.holder)
            turns.give(project, held)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(take, [make().turns for _ in range(4)]))
    assert numbers == list(range(1, 21))
    assert len(holders) == 20


def test_what_is_written_after_the_time_is_up_is_dropped(make: Make, project: int) -> None:
    late, next_one = make(), make()
    late.bring(project, {"distinct_ids": ["one"], "properties": {"a": 1}})
    turns = ServerTurns(late.engine, turn_seconds=0.3)
    held = turns.take(project)
    person = find(late.editor, project, "one")
    row = draft(person)
    row.properties = b'{"a":2}'
    # It falls asleep here; the other ends its turn when the time is up.
    assert next_one.turns.look(project).turn == held.number
    rows = person_rows(project, [row], held.now_us, above=held.above)
    late.engine.insert_now("persons", rows.persons, settings=held.settings)
    assert properties(find(late.editor, project, "one")) == {"a": 1}
    turns.give(project, held)
    assert next_one.turns.take(project).number == held.number + 1


def test_an_edit_whose_person_an_import_rewrote_meanwhile_is_decided_anew(
    make: Make, project: int
) -> None:
    one, other = make(), make()
    line = {"distinct_ids": ["one"], "properties": {"a": 1}}
    one.bring(project, line)
    decided: list[str] = []

    def decide(person: StoredPerson, _: object) -> Plan:
        decided.append(person.properties)
        if len(decided) == 1:
            other.bring(project, {**line, "properties": {"a": 2}})
        return update(person, {"b": b"1"})

    done = one.editor.edit(project, person_uuid(project, "one"), decide, ME)
    assert decided == ['{"a":1}', '{"a":2}']
    assert properties(done) == properties(find(other.editor, project, "one")) == {"a": 2, "b": 1}
    assert logged(one.engine, project) == 1


def test_an_edit_of_who_is_merged_meanwhile_is_decided_anew(make: Make, project: int) -> None:
    """The token of a merge speaks for its target alone."""
    one, other = make(), make()
    for name in ("p", "q"):
        one.bring(project, {"distinct_ids": [name], "properties": {name: 1}})
    target, gone = (person_uuid(project, name) for name in ("p", "q"))
    edited = threading.Event()

    def join(person: StoredPerson, known: Any) -> Plan:
        if not edited.is_set():
            edited.set()
            other.editor.edit(project, gone, setting(late=1), ME)
        found = known[gone]
        assert found is not None
        return merge(person, [found])

    done = one.editor.edit(project, target, join, ME, others=[gone])
    assert properties(done) == {"p": 1, "q": 1, "late": 1}
    assert find(one.editor, project, "q").is_deleted


def test_a_write_is_found_though_the_lineage_forgot_it(make: Make, project: int) -> None:
    process = make()
    process.bring(project, {"distinct_ids": ["one"]})
    uuid = person_uuid(project, "one")
    first = find(process.editor, project, "one")
    process.editor.edit(project, uuid, setting(a=0), ME, terms=Terms(mark=77))
    early = find(process.editor, project, "one")
    vain = _note_in_vain(process, project, early)
    for n in range(2 * LINEAGE):
        process.editor.edit(project, uuid, setting(a=n + 1), ME)
    now = find(process.editor, project, "one")
    engine = process.engine
    assert not now.follows(early.write_id)
    assert is_written(engine, project, now, early.write_id, first.write_id, first.version)
    assert is_written(engine, project, now, now.write_id, 1, 1)
    assert not is_written(engine, project, now, vain, early.write_id, early.version)
    assert was_made(engine, project, now, 77)
    assert not was_made(engine, project, now, 78)
    process.editor.edit(project, uuid, setting(a=0), ME, terms=Terms(mark=77))
    assert find(process.editor, project, "one") == now


def _note_in_vain(process: Process, project: int, person: StoredPerson) -> int:
    """Note a write, as who then fails; returns its `write_id`, with the mark 78."""
    row = draft(person)
    row.properties, row.mark = b'{"vain":1}', 78
    rows = person_rows(project, [row], person.version + 1)
    write_notes(process.engine, project, [row], rows.persons, [Source("updated")])
    return int(rows.persons["write_id"][0])
