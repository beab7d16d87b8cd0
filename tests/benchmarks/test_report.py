"""What a report says, and where."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import report as reports
from benchmarks.plots import plot_peers, plot_sizes
from benchmarks.results_file import read, write
from benchmarks.targets import POSTGRES, targets
from tests.benchmarks.reports import report, timing, usual


def test_missed_targets_come_first() -> None:
    text = reports.markdown(usual(ours=30.0), [])
    assert text.splitlines()[0] == "# 100,000 persons, personhouse 9.9.9"
    assert text.splitlines()[2] == "**3 of 5 targets are missed:**"
    assert "get by uuid (30 ms, theirs 2)" in text
    assert "Met: ahead of posthog in every question; export CSV, over HTTP, faster than" in text


def test_a_target_is_met_where_it_is() -> None:
    found = {target.text: target.missed for target in targets(usual(ours=1.0), [])}
    assert found["ahead of posthog in every question"] == []
    assert found["within 10 times PostgreSQL's time in point reads"] == []
    assert found["load faster than PostgreSQL"] == ["10,000 persons/s, theirs 20,000"]
    assert found["export CSV, over HTTP, faster than PostgreSQL"] == []


def test_loads_on_a_busy_machine_are_not_compared() -> None:
    for load in (-1.0, 100.0):
        one = report([timing(POSTGRES, "count of all", 1.0)], load=load)
        found = [target.text for target in targets(one, [])]
        assert "load faster than PostgreSQL" not in found
        assert "export CSV, over HTTP, faster than PostgreSQL" in found


def test_growth_is_looked_at_across_sizes() -> None:
    small, large = usual(ours=1.0), usual(ours=2.0, persons=1_000_000)
    found = {target.text: target.missed for target in targets(large, [small])}
    flat = found[
        "point reads and pages at most 1.5 times as long from 100,000 to 1,000,000 persons"
    ]
    assert flat == [
        f"{system}: {question} (2.0 times)"
        for system in ("personhouse", "personhouse, HTTP")
        for question in ("list, first page", "get by uuid")
    ]
    assert found["scans at most linear from 100,000 to 1,000,000 persons"] == []


@pytest.mark.parametrize(("ours", "missed"), [(4.0, False), (6.0, True)])
def test_many_persons_are_to_be_many_times_as_fast(ours: float, missed: bool) -> None:
    found = {target.text: target.missed for target in targets(usual(ours=ours, persons=10**7), [])}
    assert bool(found["20 times as fast as posthog in lists, filters and counts"]) is missed


def test_the_tables_say_times_ratios_and_the_limit() -> None:
    text = reports.markdown(usual(), [])
    row = next(line for line in text.splitlines() if line.startswith("| count of all | 10.0"))
    times = "10.0 | 10.0 (1*) | 100 (10*) | 2 (0.2*)".replace("*", "\N{MULTIPLICATION SIGN}")
    assert row == f"| count of all | {times} | 0.1 | 100 |"
    assert "| personhouse, HTTP | 10,000 | 100 | 1,024 | 100,000 | \N{EN DASH} |" in text
    assert "**duckdb** took no part: duckdb is not installed" in text


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(usual(), tmp_path / "new" / "100000.json")
    assert read(tmp_path / "new" / "100000.json") == usual()


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_pictures_are_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    both = [usual(), usual(persons=1_000_000)]
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for one in both:
            write(one, tmp_path / name / f"{one.persons}.json")
        reports.write(tmp_path / name)
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {"peers-100000.svg", "sizes.svg", "100000.md", "1000000.md"} < names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_without_matplotlib_there_are_no_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert not plot_peers(usual(), tmp_path / "peers.svg")
    assert not plot_sizes([usual()], tmp_path / "sizes.svg")
    assert list(tmp_path.iterdir()) == []
