"""What is there and what it costs: tables, versions, the disk, the slowest statements."""

from __future__ import annotations

from queries.parts import count_versions, describe_machine, list_sizes
from service.engine import Engine
from service.handoff import Slow, Stats

_SLOWEST = 10


def stats_now(engine: Engine) -> Stats:
    """Look; reads the keys of all persons."""
    (machine,) = engine.fetch_now(describe_machine())
    (versions,) = engine.fetch_now(count_versions())
    costs = sorted(engine.meter.costs().items(), key=lambda one: -one[1].seconds)
    return Stats(
        machine.engine_version,
        machine.free_bytes,
        machine.total_bytes,
        engine.fetch_now(list_sizes()),
        versions.rows - versions.newest,
        [Slow(name, cost) for name, cost in costs[:_SLOWEST]],
    )
