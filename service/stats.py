"""What is there and what it costs: tables, versions, the disk, the slowest statements."""

from __future__ import annotations

from msgspec import Struct

from queries.parts import TableSize, count_versions, describe_machine, list_sizes
from service.engine import Engine
from service.metering import Cost

_SLOWEST = 10


class Slow(Struct, frozen=True):
    """A statement, and what its runs have cost since the start of the service."""

    name: str
    cost: Cost


class Stats(Struct, frozen=True):
    """What is there.

    Attributes:
        engine: ClickHouse's version.
        free_bytes: room on its disks.
        total_bytes: their size.
        tables: what each takes, the largest first.
        superseded: rows of `persons` that a newer version of the same person replaced, and that
            no merge has left out yet.
        slowest: of this process, those first that have taken the most time.
    """

    engine: str
    free_bytes: int
    total_bytes: int
    tables: list[TableSize]
    superseded: int
    slowest: list[Slow]


def stats_now(engine: Engine) -> Stats:
    """Look; reads the keys of all persons."""
    (machine,) = engine.fetch_now(describe_machine())
    (versions,) = engine.fetch_now(count_versions())
    costs = sorted(engine.meter.costs().items(), key=lambda one: -one[1].seconds)
    return Stats(
        machine.version,
        machine.free_bytes,
        machine.total_bytes,
        engine.fetch_now(list_sizes()),
        versions.rows - versions.newest,
        [Slow(name, cost) for name, cost in costs[:_SLOWEST]],
    )
