"""What a data directory holds on disk, as ClickHouse says: `python -m benchmarks.parts DIR`.

A process of its own, after the service has ended: only one at a time can open the engine. The size
of the directory would say less, for parts that were merged away stay in it for minutes.
"""

from __future__ import annotations

import sys

import msgspec
from msgspec import Struct

from benchmarks.running import Held, Table
from queries.sql import sql
from queries.statement import Statement
from service.engine import Engine
from service.settings import Settings


class _Version(Struct, frozen=True):
    version: str


_TABLES = Statement(
    "benchmarks.tables",
    sql(
        """
        SELECT table AS name, sum(rows) AS rows, count() AS parts, sum(bytes_on_disk) AS bytes
        FROM system.parts
        WHERE active AND database = currentDatabase()
        GROUP BY table
        ORDER BY table
        """
    ),
    Table,
)
_VERSION = Statement("benchmarks.version", sql("SELECT version() AS version"), _Version)


def main() -> None:
    """Print what the directory named on the command line holds, as JSON."""
    engine = Engine(Settings(data=sys.argv[1]))
    engine.open()
    try:
        (version,) = engine.fetch_now(_VERSION)
        held = Held(version.version, engine.fetch_now(_TABLES))
    finally:
        engine.close()
    print(msgspec.json.encode(held).decode())


if __name__ == "__main__":
    main()
