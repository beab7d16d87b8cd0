"""Each golden statement is SQL that the engine takes, on the tables as they are."""

from __future__ import annotations

from typing import Any

import pytest

from queries.statement import Statement
from service.engine import Engine
from tests.engine.people import command
from tests.queries.test_statement import GOLDEN, STATEMENTS, golden_text

# They tell something of all there is, were it nothing.
TOTALS = ("timeline.openings", "turns.get", "parts.versions", "parts.machine")


@pytest.fixture(scope="module")
def staged(engine: Engine) -> Engine:
    """The tables of a batch, which an import makes for itself."""
    command(engine, "CREATE TABLE staged_ids (distinct_id String) ENGINE = Memory")
    command(engine, "CREATE TABLE staged_uuids (number UInt64, id UUID) ENGINE = Memory")
    command(
        engine,
        "CREATE TABLE staged (distinct_id String, timestamp DateTime64(6, 'UTC'), uuid UUID)"
        " ENGINE = Memory",
    )
    return engine


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden_sql_runs(staged: Engine, name: str) -> None:
    statement: Statement[Any] = STATEMENTS[name]
    assert golden_text(statement) == (GOLDEN / f"{name}.sql").read_text()
    rows = staged.fetch_now(statement)
    if statement.name == "parts.sizes":
        assert "persons" not in {row.name for row in rows}, "no person was written"
    else:
        assert len(rows) == (1 if ".count" in statement.name or statement.name in TOTALS else 0)
    assert list(staged.batches_now(statement)) is not None
