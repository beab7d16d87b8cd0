"""Counts kept up by whoever writes are those that a statement counts."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest

from queries.filter_text import decode_filter
from queries.persons import Selection
from queries.settled import count_persons
from service.counts import Counts
from service.engine import Engine
from service.import_runs import Progress
from tests.engine.importing import Importer, Line
from tests.engine.people import count, insert, person

DAY_US = 86_400_000_000
_projects = itertools.count(1)


class CutOffError(Exception):
    """The process ended here."""


@pytest.fixture
def importer(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Importer:
    """An importer with counts that know nothing yet."""
    return Importer(engine, tmp_path_factory.mktemp("imports"))


@pytest.fixture
def project() -> int:
    """The number of an empty project."""
    return next(_projects)


def shown(project: int) -> Selection:
    """What a list shows: nobody from more than a day ahead."""
    return Selection(project, time.time_ns() // 1_000 + DAY_US)


def counted(engine: Engine, project: int) -> int:
    (row,) = engine.fetch_now(count_persons(shown(project)))
    return row.persons


def agreed(importer: Importer, project: int) -> int:
    """The count, which is that of a statement and stays so when asked again."""
    first, second = (count(importer.counts, shown(project)) for _ in range(2))
    assert first == second == counted(importer.engine, project)
    return first


def people(start: int, stop: int, **members: object) -> list[Line]:
    return [{"distinct_ids": [f"id {n}"], **members} for n in range(start, stop)]


def test_before_and_after_imports(importer: Importer, project: int) -> None:
    assert agreed(importer, project) == 0
    importer.lines(project, people(0, 25), batch_rows=10)
    assert agreed(importer, project) == 25
    importer.lines(project, people(0, 25), batch_rows=10)
    assert agreed(importer, project) == 25
    importer.lines(project, people(20, 40, properties={"n": 1}), batch_rows=10)
    assert agreed(importer, project) == 40


def test_first_asked_after_an_import(importer: Importer, project: int) -> None:
    importer.lines(project, people(0, 25))
    assert agreed(importer, project) == 25


@pytest.mark.parametrize("is_known", [True, False], ids=["known-before", "first-asked-then"])
def test_during_an_import(importer: Importer, project: int, is_known: bool) -> None:
    if is_known:
        assert agreed(importer, project) == 0
    seen: list[int] = []

    def ask(done: Progress) -> None:
        # The last batch is being written: it is in the number or it is not.
        seen.append(count(importer.counts, shown(project)))
        assert done.written - 10 <= seen[-1] <= done.written

    importer.write(people(0, 100))
    importer.run(project, ask, 10)
    assert len(seen) == 10
    assert seen == sorted(seen)
    assert agreed(importer, project) == 100


def test_after_an_import_that_was_cut_off(importer: Importer, project: int) -> None:
    def cut_off(done: Progress) -> None:
        if done.written > 10:
            raise CutOffError

    assert agreed(importer, project) == 0
    importer.write(people(0, 50))
    with pytest.raises(CutOffError):
        importer.run(project, cut_off, 10)
    assert agreed(importer, project) == 20
    importer.run(project, batch_rows=10)
    assert agreed(importer, project) == 50


def test_a_person_of_three_days_ahead_is_hidden(importer: Importer, project: int) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    importer.lines(project, people(0, 5))
    assert agreed(importer, project) == 5
    importer.lines(project, people(5, 6, created_at=ahead))
    assert agreed(importer, project) == 5
    importer.lines(project, people(6, 8))
    assert agreed(importer, project) == 7
    importer.counts = Counts(importer.engine)
    assert agreed(importer, project) == 7


def write_and_fail(importer: Importer, project: int) -> None:
    with importer.counts.write(project) as written:
        insert(importer.engine, project, [person(99)], version=1)
        written.created = 1
        raise CutOffError


def test_a_write_that_failed_is_counted_anew(importer: Importer, project: int) -> None:
    importer.lines(project, people(0, 3))
    assert agreed(importer, project) == 3
    with pytest.raises(CutOffError):
        write_and_fail(importer, project)
    assert agreed(importer, project) == 4


def test_a_deletion_counts_one_less(importer: Importer, project: int) -> None:
    insert(importer.engine, project, [person(n) for n in range(3)], version=1)
    assert agreed(importer, project) == 3
    with importer.counts.write(project) as written:
        insert(importer.engine, project, [person(1, base=1)], version=2, deleted=True)
        written.created = -1
    assert agreed(importer, project) == 2


def test_a_narrowed_selection_is_counted_by_a_statement(importer: Importer, project: int) -> None:
    importer.lines(project, [*people(0, 3, properties={"a": 1}), *people(3, 8)])
    narrowed = Selection(project, shown(project).until_us, decode_filter('{"a":1}'))
    assert count(importer.counts, narrowed) == 3
    assert agreed(importer, project) == 8


def test_projects_are_counted_apart(importer: Importer, project: int) -> None:
    other = next(_projects)
    importer.lines(project, people(0, 3))
    importer.lines(other, people(0, 4))
    assert (agreed(importer, project), agreed(importer, other)) == (3, 4)


class _Interrupted(Counts):
    """Counts of which each statement is followed by a write, as while an import runs."""

    def __init__(self, engine: Engine, project: int) -> None:
        super().__init__(engine)
        self.statements = 0
        self.others_write = True
        self._engine_, self._project_ = engine, project

    async def _counted(self, selection: Selection) -> int:
        self.statements += 1
        number = await super()._counted(selection)
        if self.others_write:
            with self.write(self._project_) as written:
                insert(self._engine_, self._project_, [person(self.statements)], version=1)
                written.created = 1
        return number


@pytest.mark.embedded("on a server nothing is kept")
def test_a_write_between_the_counts_does_not_end_the_keeping(engine: Engine, project: int) -> None:
    counts = _Interrupted(engine, project)
    count(counts, shown(project))
    counts.others_write = False
    assert count(counts, shown(project)) == counted(engine, project) == 2
    asked = counts.statements
    assert count(counts, shown(project)) == 2
    assert counts.statements == asked, "it was counted again"
