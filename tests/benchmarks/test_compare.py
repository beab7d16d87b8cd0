"""What became slower or faster, and what is noise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.compare import compare, main, shown
from benchmarks.results_file import Report, write
from benchmarks.targets import HTTP, OURS, POSTHOG
from tests.benchmarks.reports import report, timing, usual

_LIST, _GET = "list, first page", "get by uuid"


def _run(ours: list[float], peer: float = 100.0, *, get: float = 10.0) -> Report:
    return report(
        [
            timing(OURS, _LIST, *ours),
            timing(OURS, _GET, get, get, get),
            timing(POSTHOG, _LIST, peer, peer, peer),
        ]
    )


def test_the_same_run_has_not_changed() -> None:
    found = compare(usual(), usual())
    assert (found.machine, found.changes, found.compared) == (1.0, [], 6)
    assert "Nothing has changed beyond noise." in shown(found)


def test_what_takes_much_longer_is_slower() -> None:
    found = compare(_run([9, 10, 10, 11, 30]), _run([19, 20, 20, 21, 22]))
    assert [(one.system, one.question, one.ratio) for one in found.slower()] == [(OURS, _LIST, 2.0)]
    assert found.faster() == []
    assert "slower: personhouse, list, first page: 10.0 to 20.0 ms, 2.00 times" in shown(found)


def test_what_takes_much_less_is_faster() -> None:
    found = compare(_run([20, 20, 20]), _run([10, 10, 10]))
    assert [one.question for one in found.faster()] == [_LIST]
    assert found.slower() == []


def test_a_little_is_noise() -> None:
    assert compare(_run([10, 10, 10]), _run([12, 12, 12])).changes == []


def test_times_that_overlap_are_noise() -> None:
    wide = [5.0, 8.0, 10.0, 30.0, 40.0]
    assert compare(_run(wide), _run([7, 14, 15, 16, 40])).changes == []


def test_a_slower_machine_is_taken_out() -> None:
    found = compare(_run([10, 10, 10], 100.0), _run([20, 20, 20], 200.0, get=20))
    assert (found.machine, found.changes) == (2.0, [])
    found = compare(_run([10, 10, 10], 100.0), _run([10, 10, 10], 200.0, get=20))
    assert [one.ratio for one in found.faster()] == [0.5]


def test_without_peers_the_machine_is_the_same() -> None:
    old, new = (report([timing(HTTP, _LIST, ms, ms, ms)]) for ms in (10.0, 20.0))
    found = compare(old, new)
    assert found.machine == 1.0
    assert [one.ratio for one in found.slower()] == [2.0]


def test_a_question_of_one_run_alone_is_left_out() -> None:
    assert compare(report([]), usual()).compared == 0


@pytest.mark.parametrize(
    ("new", "code"),
    [(usual(), 0), (usual(ours=50.0), 1), (usual(ours=5.0), 0), (usual(persons=2_000), 2)],
    ids=["same", "slower", "faster", "another size"],
)
def test_the_command_ends_with_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: Report, code: int
) -> None:
    paths = tmp_path / "old.json", tmp_path / "new.json"
    write(usual(), paths[0])
    write(new, paths[1])
    monkeypatch.setattr(sys, "argv", ["compare", *map(str, paths)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
