"""Made-up results."""

from __future__ import annotations

from benchmarks.asking import Timing, Written
from benchmarks.bandwidth import Bandwidth
from benchmarks.peers.system import Facts, Loaded
from benchmarks.results_file import Machine, Report, SystemReport
from benchmarks.targets import HTTP, OURS, POSTGRES, POSTHOG

KINDS = {"list, first page": "page", "get by uuid": "point", "count of all": "count"}


def timing(system: str, question: str, *times: float) -> Timing:
    """A timing of these milliseconds, in order."""
    ordered = sorted(times)
    middle = ordered[len(times) // 2]
    return Timing(
        question, KINDS[question], system, middle, ordered[-1], 0.0, len(times), list(times)
    )


def report(timings: list[Timing], *, persons: int = 100_000, load: float = 0.5) -> Report:
    """A run with these times; ours is loaded slower than PostgreSQL and exports faster."""
    facts = Facts("1", "As it is.", "CREATE TABLE t (a Int8)", "a=1")
    return Report(
        at="2026-11-24T12:00Z",
        version="9.9.9",
        command="python -m benchmarks.run",
        machine=Machine("a machine", 2, 1 << 34, 0.5),
        versions={"chdb": "4"},
        bandwidth=Bandwidth(2e10, 1e9),
        persons=persons,
        repeat=5,
        systems=[
            SystemReport(HTTP, "", facts, Loaded(persons, 10.0, 100 * persons, load), 1 << 30),
            SystemReport(POSTGRES, "", facts, Loaded(persons, 5.0, 100 * persons, load), None),
            SystemReport("duckdb", "duckdb is not installed"),
        ],
        scanned=dict.fromkeys(KINDS, 2e6),
        timings=timings,
        exports=[
            Written(HTTP, "csv", persons, 1.0, 1_000),
            Written(POSTGRES, "csv", persons, 2.0, 1_000),
        ],
        statements=[],
    )


def usual(*, ours: float = 10.0, persons: int = 100_000) -> Report:
    """Ours takes so long for everything, PostHog's model 100 ms, PostgreSQL 2 ms."""
    return report(
        [
            timing(system, question, 0.9 * ms, ms, ms, ms, 1.1 * ms)
            for question in KINDS
            for system, ms in ((OURS, ours), (HTTP, ours), (POSTHOG, 100.0), (POSTGRES, 2.0))
        ],
        persons=persons,
    )
