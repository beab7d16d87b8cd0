"""Distinct ids that move: each has one owner at every moment that a reader can look."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from queries.batches import get_owners
from queries.edits import Plan
from queries.identity import person_uuid
from queries.ownership import Known, split
from queries.stored import StoredPerson
from service.counts import Counts
from service.edits import Editor
from service.engine import Engine
from service.errors import BadRequest, NotFound
from service.imports import import_persons
from service.settings import Settings
from tests.engine.racing import (
    ME,
    beside,
    count_of,
    find,
    join,
    merging,
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


def test_each_distinct_id_has_one_owner_at_every_moment(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    ids = [f"id {n}" for n in range(12)]
    insert({"distinct_ids": ids, "created_at": "2024-01-01T00:00:00Z"})
    uuid = person_uuid(project, ids[0])
    looks: list[Counter[str]] = []

    def look() -> None:
        owned = Counter(
            one for row in engine.fetch_now(get_owners(project, ids)) for one in row.asked
        )
        looks.append(owned)
        assert owned == dict.fromkeys(ids, 1)

    def cut(person: StoredPerson, known: Any) -> Any:
        return split(person, None, None, project=project, known=known)

    with beside(look, look, merging(engine)):
        for _ in range(15):
            done = editor.edit(project, uuid, cut, ME)
            assert done.ids == ids[:1]
            rest = [person_uuid(project, one) for one in ids[1:]]
            done = editor.edit(
                project,
                uuid,
                join,
                ME,
                others=rest,
            )
            assert set(done.ids) == set(ids)
    assert len(looks) > 20
    assert count_of(engine, project) == 1


def test_a_merge_that_moves_a_person_shows_it_once_at_every_moment(
    engine: Engine, editor: Editor, project: int, insert: Import
) -> None:
    """The target comes to stand where the oldest of them stood: another place in the list."""
    insert(
        *(
            {"distinct_ids": [f"id {n}"], "created_at": f"20{30 - n}-01-01T00:00:00Z"}
            for n in range(10)
        )
    )
    uuid = person_uuid(project, "id 0")

    def look() -> None:
        (row,) = engine.fetch_now(get_owners(project, ["id 0"]))
        assert row.uuid == uuid

    with beside(look, look, merging(engine)):
        for n in range(1, 10):
            other = person_uuid(project, f"id {n}")
            done = editor.edit(
                project,
                uuid,
                join,
                ME,
                others=[other],
            )
            assert done.created_us == find(editor, project, "id 0").created_us
            time.sleep(0.05)
    assert find(editor, project, "id 0").ids == [f"id {n}" for n in range(10)]
    assert count_of(engine, project) == 1


def test_writers_of_all_kinds_leave_each_id_with_one_owner(
    engine: Engine, editor: Editor, project: int, insert: Import, counts: Counts
) -> None:
    ids = [f"id {n}" for n in range(8)]
    insert(*({"distinct_ids": [one]} for one in ids))
    uuids = [person_uuid(project, one) for one in ids]

    def cut(person: StoredPerson, known: Any) -> Any:
        return split(person, None, None, project=project, known=known)

    def joining(other: UUID) -> Callable[[StoredPerson, Known], Plan]:
        return lambda person, known: join(person, {other: known.get(other)})

    def work(worker: int) -> None:
        for turn in range(12):
            mine, other = uuids[(worker + turn) % 8], uuids[(worker * 3 + turn + 1) % 8]
            try:
                if turn % 3 == 0:
                    editor.edit(project, mine, cut, ME)
                elif mine != other:
                    editor.edit(project, mine, joining(other), ME, others=[other])
            except (NotFound, BadRequest):
                pass

    def look() -> None:
        rows = engine.fetch_now(get_owners(project, ids))
        assert Counter(one for row in rows for one in row.asked) == dict.fromkeys(ids, 1)

    with beside(look, merging(engine)), ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    rows = engine.fetch_now(get_owners(project, ids))
    assert count_of(engine, project) == len(rows)


def test_a_person_of_150_000_ids_is_split_in_seconds(
    engine: Engine, editor: Editor, project: int, insert: Import, settings: Settings
) -> None:
    ids = [f"a rather long distinct id {n}" for n in range(150_000)]
    insert({"distinct_ids": ids, "properties": {"a": 1}})
    uuid = person_uuid(project, ids[0])
    started = time.monotonic()
    done = editor.edit(
        project,
        uuid,
        lambda person, known: split(person, None, None, project=project, known=known),
        ME,
    )
    seconds = time.monotonic() - started
    assert done.ids == ids[:1]
    assert seconds < 20
    for one in (ids[1], ids[-1]):
        (row,) = engine.fetch_now(get_owners(project, [one]))
        assert (row.uuid, row.ids) == (person_uuid(project, one), [one])
    assert count_of(engine, project) == 150_000
