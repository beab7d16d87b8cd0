"""Secrets that all services on one database share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from queries.sql import sql
from queries.statement import Statement
from service.engine import Engine
from service.shared_secrets import shared_secret


def test_a_secret_is_made_once_and_stays(engine: Engine) -> None:
    made = shared_secret(engine, "stays")
    assert len(made) == 32
    assert shared_secret(engine, "stays") == made
    assert shared_secret(engine, "other") != made


def test_services_that_start_at_once_agree(engine: Engine) -> None:
    services = 8
    for name in ("a", "b", "c", "d", "e"):
        ready = Barrier(services)

        def start(name: str = name, ready: Barrier = ready) -> bytes:
            ready.wait()
            return shared_secret(engine, name)

        with ThreadPoolExecutor(services) as threads:
            started = [threads.submit(start) for _ in range(services)]
        assert len({one.result() for one in started}) == 1


def test_the_highest_version_is_in_force(engine: Engine) -> None:
    shared_secret(engine, "renewed")
    insert = sql("INSERT INTO secrets VALUES ('renewed', repeat('0f', 32), 2)")
    engine.command_now(Statement("tests.insert", insert, type(None)))
    assert shared_secret(engine, "renewed") == b"\x0f" * 32
