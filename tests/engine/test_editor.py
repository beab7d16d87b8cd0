"""Edits at the same time, of one process or of several: nothing is lost."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queries.edits import delete, unset, update
from queries.identity import person_uuid
from queries.ownership import split
from service.counts import Counts
from service.edits import Decide, Editor, Terms
from service.engine import Engine
from service.errors import Conflict, DiskFull, NotFound, PreconditionFailed
from service.imports import import_persons
from tests.engine.racing import (
    ME,
    beside,
    count_of,
    find,
    logged,
    merging,
    properties,
    setting,
)

_projects = itertools.count(100)


@pytest.fixture(scope="module")
def counts(engine: Engine) -> Counts:
    return Counts(engine)


@pytest.fixture(scope="module")
def editor(engine: Engine, counts: Counts) -> Editor:
    return Editor(engine, counts)


@pytest.fixture
def project() -> int:
    """A project without persons."""
    return next(_projects)


Import = Callable[..., None]


@pytest.fixture
def insert(engine: Engine, counts: Counts, project: int, data_dir: Path) -> Import:
    def write(*lines: dict[str, Any]) -> None:
        file = data_dir / f"edited-{project}.ndjson"
        file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        import_persons(engine, project, file, counts=counts)

    return write


def test_64_writers_of_different_keys_lose_none(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    insert({"distinct_ids": ["one"], "properties": {"first": 1}})
    uuid = person_uuid(project, "one")

    def write(n: int) -> None:
        for turn in range(3):
            done = editor.edit(project, uuid, setting(**{f"k{n}": turn}), ME)
            assert properties(done)[f"k{n}"] == turn

    with beside(merging(engine)), ThreadPoolExecutor(64) as threads:
        list(threads.map(write, range(64)))
    expected = {"first": 1, **{f"k{n}": 2 for n in range(64)}}
    assert properties(find(editor, project, "one")) == expected
    assert logged(engine, project) == 64 * 3


# In each round all lose but one, so it takes time by the square of the writers.
@pytest.mark.parametrize(("writers", "times"), [(10, 5)])
def test_a_counter_that_asks_for_its_version_is_exact(
    engine: Engine, editor: Editor, project: int, insert: Import, writers: int, times: int
) -> None:
    insert({"distinct_ids": ["one"], "properties": {"n": 0}})
    uuid = person_uuid(project, "one")
    lost: Counter[str] = Counter()

    def increment(_: int) -> None:
        for _ in range(times):
            while True:
                seen = find(editor, project, "one")
                more = setting(n=properties(seen)["n"] + 1)
                try:
                    editor.edit(project, uuid, more, ME, terms=Terms(seen.version))
                except PreconditionFailed:
                    lost["lost"] += 1
                    continue
                break

    with ThreadPoolExecutor(writers) as threads:
        list(threads.map(increment, range(writers)))
    assert properties(find(editor, project, "one")) == {"n": writers * times}
    assert lost["lost"] > 0
    assert logged(engine, project) == writers * times


def test_edits_beside_imports_of_the_same_persons_lose_nothing(
    engine: Engine, editor: Editor, project: int, insert: Import, counts: Counts
) -> None:
    """An import states what a person is; where its row is older it only adds distinct ids."""
    people = range(20)

    def row(n: int, distinct_id: str, version: int) -> dict[str, Any]:
        return {
            "distinct_id": distinct_id,
            "person_id": str(person_uuid(project, f"p{n}")),
            "person_version": version,
            "properties": {"n": n, "version": version},
        }

    insert(*(row(n, f"p{n}", 2) for n in people))
    turns = itertools.count()

    def bring_ids() -> None:
        turn = next(turns)
        insert(*(row(n, f"p{n} {turn}", 1) for n in people))

    def edit(n: int) -> None:
        for turn in range(15):
            done = setting(**{f"e{turn}": turn})
            editor.edit(project, person_uuid(project, f"p{n}"), done, ME)

    with beside(bring_ids), ThreadPoolExecutor(8) as threads:
        list(threads.map(edit, people))
    ids = range(next(turns))
    for n in people:
        person = find(editor, project, f"p{n}")
        edited = {f"e{turn}": turn for turn in range(15)}
        assert properties(person) == {"n": n, "version": 2, **edited}
        assert set(person.ids) == {f"p{n}", *(f"p{n} {turn}" for turn in ids)}
    assert count_of(engine, project) == 20


def test_an_edit_that_changes_nothing_writes_nothing_and_logs_nothing(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    insert({"distinct_ids": ["one"], "properties": {"a": 1}})
    before, inserts = find(editor, project, "one"), engine.inserts
    decisions: list[Decide] = [
        setting(a=1),
        setting(),
        lambda person, _: unset(person, ["b"]),
        lambda person, known: split(person, None, None, project=project, known=known),
    ]
    for decide in decisions:
        assert editor.edit(project, before.uuid, decide, ME) == before
    assert engine.inserts == inserts
    assert logged(engine, project) == 0


def test_who_is_deleted_is_not_edited_and_may_come_back(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    insert({"distinct_ids": ["one"], "properties": {"a": 1}})
    uuid = person_uuid(project, "one")
    gone = editor.edit(project, uuid, lambda person, _: delete(person), ME)
    assert (gone.is_deleted, gone.ids) == (True, [])
    with pytest.raises(NotFound):
        editor.edit(project, uuid, setting(a=1), ME)
    insert({"distinct_ids": ["one"], "properties": {"b": 1}})
    done = editor.edit(project, uuid, setting(c=1), ME)
    assert properties(done) == {"b": 1, "c": 1}
    assert count_of(engine, project) == 1


def test_a_marked_edit_is_made_once_though_others_follow(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    insert({"distinct_ids": ["one"], "properties": {}})
    uuid, terms = person_uuid(project, "one"), Terms(mark=77)
    editor.edit(project, uuid, setting(a=1), ME, terms=terms)
    for n in range(40):
        editor.edit(project, uuid, setting(a=n + 2), ME)
    again = editor.edit(project, uuid, setting(a=1), ME, terms=terms)
    assert properties(again) == {"a": 41}
    assert logged(engine, project) == 41


def test_a_write_that_fails_is_not_in_the_log_and_the_next_one_counts(
    engine: Engine, project: int, insert: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts(engine)
    editor = Editor(engine, counts)
    insert({"distinct_ids": ["one"], "properties": {}})
    uuid = person_uuid(project, "one")
    insert_now = engine.insert_now

    def fail(table: str, rows: Any, **more: Any) -> None:
        if table == "persons":
            raise DiskFull("full")
        insert_now(table, rows, **more)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "insert_now", fail)
        with pytest.raises(DiskFull):
            editor.edit(project, uuid, setting(a=1), ME)
    assert logged(engine, project) == 0
    assert properties(find(editor, project, "one")) == {}
    assert properties(editor.edit(project, uuid, setting(a=2), ME)) == {"a": 2}


class _Shared:
    """An engine that others write to as well, as far as the editor can tell."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.exclusive = False
        # Its own turns: those of another process are no business of ours.
        self.turns = type(engine.turns)()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def test_processes_that_share_a_server_lose_nothing(
    engine: Engine, project: int, insert: Import
) -> None:
    """Each has turns of its own, so only the token keeps them apart."""
    insert({"distinct_ids": ["one"], "properties": {"n": 0}})
    uuid = person_uuid(project, "one")
    shared: list[Any] = [_Shared(engine) for _ in range(3)]
    editors = [Editor(one, Counts(engine)) for one in shared]
    contended: Counter[int] = Counter()

    def write(process: int) -> None:
        for n in range(15):
            while True:
                try:
                    editors[process].edit(
                        project,
                        uuid,
                        lambda person, _: update(
                            person,
                            {
                                "n": b"%d" % (properties(person)["n"] + 1),
                                f"p{process} {n}": b"1",  # noqa: B023
                            },
                        ),
                        ME,
                    )
                except Conflict:
                    contended[process] += 1
                    continue
                break

    with beside(merging(engine)), ThreadPoolExecutor(3) as threads:
        list(threads.map(write, range(3)))
    found = properties(find(editors[0], project, "one"))
    assert found.pop("n") == 45
    assert set(found) == {f"p{process} {n}" for process in range(3) for n in range(15)}
    assert logged(engine, project) == 45
