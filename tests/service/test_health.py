"""/livez and /readyz."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from litestar.testing import TestClient

from queries.sql import sql
from queries.statement import Statement
from service.app import create_app
from service.engine import Engine
from service.settings import Health, Settings
from tests.conftest import Client


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/livez/"])
def test_both_are_fine_without_a_key(open_client: Client, path: str) -> None:
    answer = open_client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.fixture
def jammed(settings: Settings, engine: Engine) -> Iterator[Client]:
    """An application whose engine takes no more statements."""
    clickhouse = msgspec.structs.replace(settings.clickhouse, workers=1, waiting=-1)
    own = Engine(msgspec.structs.replace(settings, clickhouse=clickhouse))
    with TestClient(create_app(settings, own)) as client:
        yield client


def test_without_an_engine_it_lives_but_is_not_ready(jammed: Client) -> None:
    assert jammed.get("/livez").status_code == 200
    answer = jammed.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "1"


def test_it_is_not_ready_where_the_disk_is_nearly_full(settings: Settings, engine: Engine) -> None:
    picky = msgspec.structs.replace(settings, health=Health(least_free_bytes=10**18))
    with TestClient(create_app(picky, engine, owns_engine=False)) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.json()["detail"].startswith("disk: ")
    assert answer.headers["retry-after"] == "5"


def test_it_is_not_ready_where_migrations_are_missing(
    settings: Settings, engine: Engine, open_client: Client
) -> None:
    engine.command_now(
        Statement(
            "tests.forget",
            sql("DELETE FROM schema_migrations WHERE number = 22"),
            type(None),
        )
    )
    answer = open_client.get("/readyz")
    assert answer.json()["detail"].startswith("migrations: 1 not applied")
    again = Engine(settings)
    again.open()
    again.close()
    assert open_client.get("/readyz").json() == {
        "status": "ok",
        "engine": "ok",
        "migrations": "ok",
        "disk": "ok",
    }


def test_the_engine_is_opened_at_the_start_and_closed_at_the_end(
    settings: Settings, engine: Engine
) -> None:
    own = Engine(settings)
    app = create_app(settings, own)
    assert not own.is_open
    with TestClient(app) as client:
        assert own.is_open
        assert client.get("/readyz").status_code == 200
    assert not own.is_open
    assert engine.is_open


def test_each_application_is_its_own(settings: Settings, engine: Engine) -> None:
    first = create_app(settings, engine, owns_engine=False)
    second = create_app(settings, engine, owns_engine=False)
    assert first.state.counts is not second.state.counts
    for app in (first, second, first):
        with TestClient(app) as client:
            assert client.get("/readyz").status_code == 200
