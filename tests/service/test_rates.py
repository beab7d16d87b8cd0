"""How often a key may ask, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from litestar.testing import TestClient

from service.app import create_app
from service.engine import Engine
from service.errors import Throttled
from service.rates import Left, Rates
from service.settings import Rate, Settings
from tests.conftest import Client, MakeKey


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nothing_is_limited_unless_it_is_said(clock: Clock) -> None:
    rates = Rates(Rate(), clock)
    assert {rates.take("key", writes=False) for _ in range(1_000)} == {None}


def test_the_commands_of_the_service_are_not_limited(clock: Clock) -> None:
    rates = Rates(Rate(limited=True, reads_per_minute=1), clock)
    assert {rates.take("", writes=False) for _ in range(10)} == {None}


def test_who_waits_as_long_as_told_is_let_in(clock: Clock) -> None:
    rates = Rates(Rate(limited=True), clock)
    for n in range(240):
        assert rates.take("key", writes=False) == Left(240, 239 - n, -(-(n + 1) // 4))
    for _ in range(3):
        # A refusal costs nothing.
        with pytest.raises(Throttled) as refused:
            rates.take("key", writes=False)
        assert refused.value.retry_after_seconds == 1
    clock.now += 1
    assert rates.take("key", writes=False) == Left(240, 3, 60)


@pytest.mark.parametrize("limit", [1, 7, 60, 61, 1_000])
def test_retry_after_is_enough_and_hardly_more(clock: Clock, limit: int) -> None:
    rates = Rates(Rate(limited=True, reads_per_minute=limit), clock)
    for _ in range(limit):
        rates.take("key", writes=False)
    for _ in range(20):
        with pytest.raises(Throttled) as refused:
            rates.take("key", writes=False)
        seconds = refused.value.retry_after_seconds
        assert seconds in (1, -(-60 // limit), 60 // limit)
        clock.now += seconds
        rates.take("key", writes=False)
        for _ in range(limit):
            try:
                rates.take("key", writes=False)
            except Throttled:
                break


def test_keys_reads_and_writes_are_counted_apart(clock: Clock) -> None:
    rates = Rates(Rate(limited=True, reads_per_minute=1, writes_per_minute=2), clock)
    for key in ("a", "b"):
        assert rates.take(key, writes=False) == Left(1, 0, 60)
        assert rates.take(key, writes=True) == Left(2, 1, 30)
        with pytest.raises(Throttled):
            rates.take(key, writes=False)


@pytest.fixture(scope="module")
def limited(settings: Settings, engine: Engine) -> Iterator[Client]:
    few = Rate(limited=True, reads_per_minute=3, writes_per_minute=1)
    with TestClient(
        create_app(msgspec.structs.replace(settings, rate=few), engine, owns_engine=False)
    ) as client:
        yield client


def test_over_http(limited: Client, project: int, make_key: MakeKey) -> None:
    limited.headers["Authorization"] = f"Bearer {make_key('*')}"
    paths = (f"/api/projects/{project}/persons", "/api/projects", f"/api/projects/{project}")
    for n, path in enumerate(paths):
        answer = limited.get(path)
        assert answer.status_code == 200
        assert answer.headers["ratelimit-limit"] == "3"
        assert answer.headers["ratelimit-remaining"] == str(2 - n)
        assert answer.headers["ratelimit-policy"] == "3;w=60"
    # A mistake counts too, and as what it is: a write that finds nobody.
    nobody = f"/api/projects/{project}/persons/1"
    assert limited.patch(nobody, json={"properties": {}}).status_code == 404
    for answer in (limited.get(paths[0]), limited.delete(nobody)):
        assert answer.status_code == 429
        assert answer.json()["code"] == "throttled"
        seconds = answer.headers["retry-after"]
        assert f"available in {seconds} seconds" in answer.json()["detail"]
        assert 15 <= int(seconds) <= 60
        assert answer.headers["ratelimit-remaining"] == "0"
        assert int(answer.headers["ratelimit-reset"]) <= 60
    # Who may not come in at all takes nobody's turns.
    other = {"Authorization": f"Bearer {make_key('person:read')}"}
    assert limited.get(paths[0], headers=other).headers["ratelimit-remaining"] == "2"
    assert "ratelimit-limit" not in limited.get("/livez").headers
