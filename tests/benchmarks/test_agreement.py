"""Every system that is there answers as plain Python does; the others say why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.answers import Wrong
from benchmarks.asking import Asking, agree, ask_all, write_all
from benchmarks.asks import Count
from benchmarks.data import Files
from benchmarks.peers.system import Missing
from benchmarks.peers.worker import SYSTEMS, Worker
from benchmarks.questions import Question, questions
from benchmarks.truth import Truth

pytestmark = [pytest.mark.engine, pytest.mark.slow]

_PERSONS = 1_000
_ROUNDS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmark")


@pytest.fixture(scope="module")
def asked(folder: Path) -> list[Question]:
    truth = Truth()
    made = questions(truth, persons=_PERSONS, rounds=_ROUNDS)
    Files(str(folder), _PERSONS).write(truth)
    return made


# One of them has the other's data, and so comes after it.
@pytest.mark.parametrize("name", sorted(SYSTEMS, key=lambda one: one != "http"))
def test_a_system_answers_as_plain_python_does(
    folder: Path, asked: list[Question], name: str
) -> None:
    try:
        with Worker(name, folder) as worker:
            worker.load(Files(str(folder), _PERSONS))
    except Missing as error:
        pytest.skip(str(error))
    with Worker(name, folder) as worker:
        systems = [Asking(variant, worker) for variant in worker.open().variants]
        agree(systems, asked, print)
        timings = ask_all(systems, asked, _ROUNDS - 1, print, seconds=60.0)
        assert len({one.question for one in timings}) == len(asked)
        assert {one.n for one in timings} == {_ROUNDS - 1}
        exports = write_all(systems, folder, print)
        assert {one.form for one in exports} >= {"csv"}
        assert (worker.memory_bytes() or 1) > 0


def test_a_wrong_answer_ends_it(folder: Path, asked: list[Question]) -> None:
    other = next(one for one in asked if isinstance(one.ask(0), Count))

    def check(n: int, found: object) -> None:
        raise Wrong("count")

    wrong = Question(other.name, other.kind, other.ask, check, other.scanned)
    with Worker("engine", folder) as worker:
        worker.open()
        with pytest.raises(Wrong, match="personhouse, count of all: count"):
            agree([Asking("personhouse", worker)], [wrong], print)
