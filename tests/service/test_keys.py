"""Keys on the engine: made, found, revoked, expired, and their use noted."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from uuid import uuid4

import polars as pl
import pytest
from msgspec import Struct

from queries.keys import Key
from queries.sql import sql
from queries.statement import Statement
from service.engine import Engine
from service.errors import BadRequest, NotFound
from service.keys import LABEL_CHARS, Keys
from service.projects import Projects
from service.settings import Auth, Settings

Row = TypeVar("Row")
Make = Callable[..., Keys]

HOUR_US = 3_600_000_000
UNKNOWN = "phx_" + "x" * 43


class Clock:
    """A time of day that goes when told to."""

    def __init__(self) -> None:
        self.us = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.us


class Counting(Engine):
    """An engine that counts what it is asked and what it is given."""

    asked = 0
    inserted = 0

    async def fetch(self, statement: Statement[Row]) -> list[Row]:
        self.asked += 1
        return await super().fetch(statement)

    def insert_now(
        self, table: str, rows: pl.DataFrame, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self.inserted += 1
        super().insert_now(table, rows, settings=settings)


@pytest.fixture(scope="module")
def counting(engine: Engine, settings: Settings) -> Iterator[Counting]:
    """Open on the same tables as `engine`."""
    counting = Counting(settings)
    counting.open()
    yield counting
    counting.close()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_keys(counting: Counting, clock: Clock) -> Make:
    """What another process knows of the keys, too: each has a memory of its own."""

    def make(cache_seconds: float = 3600.0) -> Keys:
        return Keys(counting, Auth(cache_seconds=cache_seconds), now_us=clock)

    return make


@pytest.fixture
def keys(make_keys: Make) -> Keys:
    return make_keys()


class _Text(Struct, frozen=True):
    text: str


def stored(engine: Engine) -> str:
    """All that is kept of keys, as one text."""
    everything = sql("SELECT toString(tuple(*)) AS text FROM api_keys")
    return "\n".join(row.text for row in engine.fetch_now(Statement("test", everything, _Text)))


def test_a_secret_is_kept_nowhere(
    engine: Engine, keys: Keys, runner: asyncio.Runner, clock: Clock
) -> None:
    asked = ["person:read", "*", "person:read"]
    key, secret = runner.run(keys.create("ours", asked, [], clock.us + HOUR_US))
    assert re.fullmatch(r"phx_[A-Za-z0-9_-]{43}", secret)
    assert (key.label, key.scopes, key.projects) == ("ours", ["person:read", "*"], [])
    assert key.mask == f"{secret[:8]}..."
    assert (key.created_us, key.expires_us) == (clock.us, clock.us + HOUR_US)
    assert (key.revoked_us, key.used_us) == (None, None)
    kept = stored(engine)
    assert hashlib.sha256(secret.encode()).hexdigest() in kept
    assert secret not in kept
    assert secret[9:] not in kept


def test_a_key_is_found_by_its_secret_alone(keys: Keys, runner: asyncio.Runner) -> None:
    key, secret = runner.run(keys.create("", ["*"], [], None))
    other, _ = runner.run(keys.create("", ["*"], [], None))
    assert runner.run(keys.find(secret)) == key
    assert runner.run(keys.find(UNKNOWN)) is None
    assert other.id in [one.id for one in runner.run(keys.list())]


@pytest.mark.parametrize(
    "text", ["", "phx_", "phc_" + "x" * 43, UNKNOWN + "x", UNKNOWN[:-1] + "é", UNKNOWN + "\n"]
)
def test_what_is_no_secret_is_not_looked_for(
    text: str, keys: Keys, counting: Counting, runner: asyncio.Runner
) -> None:
    before = counting.asked
    assert runner.run(keys.find(text)) is None
    assert counting.asked == before


@pytest.mark.parametrize("known", [True, False])
def test_an_answer_is_remembered(
    known: bool, make_keys: Make, counting: Counting, runner: asyncio.Runner
) -> None:
    _, secret = runner.run(make_keys().create("", ["*"], [], None))
    wanted = secret if known else UNKNOWN
    for cache_seconds, statements in ((3600.0, 1), (0.0, 3)):
        keys = make_keys(cache_seconds)
        before = counting.asked
        for _ in range(3):
            assert (runner.run(keys.find(wanted)) is not None) == known
        assert counting.asked - before == statements


def test_who_asks_at_the_same_time_asks_once(
    make_keys: Make, counting: Counting, runner: asyncio.Runner
) -> None:
    keys = make_keys(0.0)
    key, secret = runner.run(keys.create("", ["*"], [], None))

    async def ask() -> list[Key | None]:
        leaving = asyncio.create_task(keys.find(secret))
        await asyncio.sleep(0)
        others = asyncio.gather(*(keys.find(secret) for _ in range(20)))
        await asyncio.sleep(0)
        # The first to ask leaves: the others have their answer all the same.
        leaving.cancel()
        return await others

    before = counting.asked
    assert runner.run(ask()) == [key] * 20
    assert counting.asked == before + 1


def test_an_expired_key_is_not_found(keys: Keys, runner: asyncio.Runner, clock: Clock) -> None:
    _, secret = runner.run(keys.create("", ["*"], [], clock.us + HOUR_US))
    assert runner.run(keys.find(secret)) is not None
    clock.us += HOUR_US - 1
    assert runner.run(keys.find(secret)) is not None
    clock.us += 1
    assert runner.run(keys.find(secret)) is None


def test_a_revoked_key_is_not_found(make_keys: Make, runner: asyncio.Runner, clock: Clock) -> None:
    here, there, soon = make_keys(), make_keys(), make_keys(0.0)
    key, secret = runner.run(here.create("", ["*"], [], None))
    for keys in (here, there, soon):
        assert runner.run(keys.find(secret)) is not None
    revoked = runner.run(here.revoke(key.id))
    assert revoked.revoked_us == clock.us
    assert runner.run(here.find(secret)) is None
    assert runner.run(soon.find(secret)) is None
    # Another process remembers for auth.cache_seconds, an hour here.
    assert runner.run(there.find(secret)) is not None

    clock.us += HOUR_US
    again = runner.run(there.revoke(key.id))
    assert (again.id, again.revoked_us) == (key.id, revoked.revoked_us)


def test_there_must_be_a_key_to_revoke(keys: Keys, runner: asyncio.Runner) -> None:
    with pytest.raises(NotFound, match="There is no key"):
        runner.run(keys.revoke(uuid4()))


@pytest.mark.parametrize(
    ("parts", "attr", "words"),
    [
        ({"scopes": []}, "scopes", "person:read, person:write, activity_log:read, metrics:read, *"),
        ({"scopes": ["*", "person"]}, "scopes", "`person`; allowed are person:read"),
        ({"projects": [1, 4_000]}, "projects", "no project 4000"),
        ({"expires_us": 1}, "expires", "expired"),
        ({"label": "x" * (LABEL_CHARS + 1)}, "label", "200"),
    ],
)
def test_what_is_refused(
    parts: dict[str, Any],
    attr: str,
    words: str,
    counting: Counting,
    keys: Keys,
    runner: asyncio.Runner,
) -> None:
    runner.run(Projects(counting).create("there"))
    whole: dict[str, Any] = {"label": "", "scopes": ["*"], "projects": [1], "expires_us": None}
    runner.run(keys.create(**whole))
    before = counting.inserted
    with pytest.raises(BadRequest, match=re.escape(words)) as raised:
        runner.run(keys.create(**{**whole, **parts}))
    assert raised.value.attr == attr
    assert counting.inserted == before


def used_us(keys: Keys, runner: asyncio.Runner, key: Key) -> int | None:
    return next(one.used_us for one in runner.run(keys.list()) if one.id == key.id)


def test_use_is_noted_now_and_then(
    keys: Keys, counting: Counting, runner: asyncio.Runner, clock: Clock
) -> None:
    key, secret = runner.run(keys.create("", ["*"], [], None))
    assert used_us(keys, runner, key) is None
    before, first = counting.inserted, clock.us

    async def use() -> None:
        assert await keys.find(secret) is not None

    runner.run(use())
    runner.run(keys.flush())
    assert used_us(keys, runner, key) == first
    for _ in range(3):
        clock.us += 1_000_000
        runner.run(use())
    assert counting.inserted == before + 1
    # At the end what was not due is written as well, once.
    runner.run(keys.flush())
    runner.run(keys.flush())
    assert used_us(keys, runner, key) == first + 3_000_000
    assert counting.inserted == before + 2
    clock.us += 60_000_000
    runner.run(use())
    runner.run(keys.flush())
    assert used_us(keys, runner, key) == first + 63_000_000
    assert counting.inserted == before + 3


def test_a_key_that_is_not_found_is_not_used(
    keys: Keys, counting: Counting, runner: asyncio.Runner
) -> None:
    before = counting.inserted
    runner.run(keys.find(UNKNOWN))
    runner.run(keys.flush())
    assert counting.inserted == before
