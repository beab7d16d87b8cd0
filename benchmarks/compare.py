"""What became slower or faster: `python -m benchmarks.compare OLD.json NEW.json`.

A time has changed where both the medians differ by a quarter and the middle halves of the times do
not overlap. What the peers' times tell of the machine is taken out first: where all of them take a
tenth longer, so may we.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from msgspec import Struct

from benchmarks.asking import Timing
from benchmarks.results_file import Report, read
from benchmarks.targets import HTTP, OURS

_BEYOND = 1.25
_OURS = (OURS, HTTP)


class Change(Struct, frozen=True):
    """A time that is another now; `ratio` is above 1 where it is longer, the machine taken out."""

    system: str
    question: str
    old_ms: float
    new_ms: float
    ratio: float


class Comparison(Struct, frozen=True):
    """Two runs: how the machine changed, as the peers tell, and what changed beyond that."""

    machine: float
    changes: list[Change]
    compared: int

    def slower(self) -> list[Change]:
        """Return what takes longer, the worst first."""
        found = [one for one in self.changes if one.ratio > 1]
        return sorted(found, key=lambda one: -one.ratio)

    def faster(self) -> list[Change]:
        """Return what takes less time, the best first."""
        return sorted((one for one in self.changes if one.ratio < 1), key=lambda one: one.ratio)


def main() -> None:
    """Print what changed: 0 is good, 1 if something of ours became slower, 2 cannot be compared."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    given = parser.parse_args()
    old, new = read(given.old), read(given.new)
    if old.persons != new.persons:
        print(f"{old.persons:,} persons and {new.persons:,} cannot be compared", file=sys.stderr)
        sys.exit(2)
    found = compare(old, new)
    print(shown(found))
    sys.exit(1 if found.slower() else 0)


def compare(old: Report, new: Report) -> Comparison:
    """Compare two runs of as many persons; ours alone can have changed."""
    before = {(one.system, one.question): one for one in old.timings}
    pairs = [
        (before[one.system, one.question], one)
        for one in new.timings
        if (one.system, one.question) in before
    ]
    peers = [b.p50_ms / a.p50_ms for a, b in pairs if a.system not in _OURS and a.p50_ms]
    machine = statistics.median(peers) if peers else 1.0
    ours = [(a, b) for a, b in pairs if a.system in _OURS and a.p50_ms]
    changes = [
        Change(a.system, a.question, a.p50_ms, b.p50_ms, b.p50_ms / a.p50_ms / machine)
        for a, b in ours
        if _differ(a, b, machine)
    ]
    return Comparison(machine, changes, len(ours))


def shown(found: Comparison) -> str:
    """Return a comparison as text."""
    lines = [
        f"{found.compared} times compared; the peers take {found.machine:.2f} times as long as"
        " before, which is taken out."
    ]
    for name, changes in (("slower", found.slower()), ("faster", found.faster())):
        lines += [
            f"{name}: {one.system}, {one.question}: {one.old_ms:.1f} to {one.new_ms:.1f} ms,"
            f" {one.ratio:.2f} times"
            for one in changes
        ]
    if not found.changes:
        lines.append("Nothing has changed beyond noise.")
    return "\n".join(lines)


def _differ(old: Timing, new: Timing, machine: float) -> bool:
    ratio = new.p50_ms / old.p50_ms / machine
    if 1 / _BEYOND <= ratio <= _BEYOND:
        return False
    old_low, old_high = _middle(old, machine)
    new_low, new_high = _middle(new, 1.0)
    return new_low > old_high or new_high < old_low


def _middle(timing: Timing, factor: float) -> tuple[float, float]:
    """Return the quartiles."""
    ordered = sorted(timing.all_ms)
    quarter = len(ordered) // 4
    return ordered[quarter] * factor, ordered[-1 - quarter] * factor


if __name__ == "__main__":
    main()
