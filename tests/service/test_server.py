"""Where a server is at hand, every test that uses `engine` runs on it too (conftest.py)."""

from __future__ import annotations

import pytest

from service.engine import Engine
from service.settings import ClickHouse, Settings


@pytest.mark.server
def test_tables_are_made_once(server_dsn: str) -> None:
    settings = Settings(dsn=server_dsn, clickhouse=ClickHouse(database="opened_twice"))
    first, second = Engine(settings), Engine(settings)
    try:
        first.open()
        assert second.open() == []
        assert not second.exclusive
    finally:
        first.close()
        second.close()
