"""A stream of rows that a server fails to complete never looks like one that ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement
from service.engine import Engine
from service.errors import PersonhouseError
from service.settings import ClickHouse, Settings
from tests.wire.process import DoubleProcess

pytestmark = pytest.mark.engine

_ROWS = 1_000_000


class Number(Struct):
    """A row."""

    number: int


@pytest.fixture(scope="module", params=["breaks off", "ends clean"])
def engine_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine on a server that tells of a failure midway in one of two ways."""
    options = ["--clean-ends"] if request.param == "ends clean" else []
    double = DoubleProcess(tmp_path_factory.mktemp("streams"), *options)
    double.start()
    settings = ClickHouse(database="streams", silence_seconds=0)
    engine = Engine(Settings(dsn=double.dsn(), clickhouse=settings))
    engine.open()
    yield engine
    engine.close()
    double.stop()


def _failing(at: int) -> Statement[Number]:
    text = "SELECT number, throwIf(number = {}) AS no FROM numbers({})"
    return Statement(
        "tests.stream", sql(text, bind("UInt64", at), bind("UInt64", _ROWS)), Number, threads=1
    )


@pytest.mark.parametrize("at", [0, 1, _ROWS // 2, _ROWS - 1])
def test_a_failure_midway_is_raised(engine_of: Engine, at: int) -> None:
    seen: list[int] = []
    batches = engine_of.batches_now(_failing(at))
    with pytest.raises(PersonhouseError):
        seen.extend(batch.height for batch in batches)
    assert sum(seen) < _ROWS


def test_a_stream_without_a_failure_is_whole(engine_of: Engine) -> None:
    assert sum(one.height for one in engine_of.batches_now(_failing(_ROWS))) == _ROWS
