"""Walks by cursors while others write: nobody twice, nobody left out, every page full."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from queries.filter_text import decode_filter
from queries.persons import PersonRow, Selection
from queries.upserts import Upsert
from service.api.paging import Window, neighbours, read_window
from service.cursors import Cursors
from service.engine import Engine
from service.settling import Settling
from tests.engine.people import FOREVER_US, START_US, command, insert, person

PROJECT = 1
CURSORS = Cursors(b"k" * 32)
_draw = random.Random(11)
# Both are all over the list, with many ties in time.
STAYING = [_draw.getrandbits(128) for _ in range(120)]
COMING_AND_GOING = [_draw.getrandbits(128) for _ in range(80)]
# Persons who stay pass these at all times.
SELECTIONS = [
    Selection(PROJECT, FOREVER_US),
    Selection(PROJECT, FOREVER_US, decode_filter('{"plan":"pro"}')),
    Selection(PROJECT, FOREVER_US, search="stays"),
]


def _written(draw: random.Random, number: int, *, stays: bool) -> Upsert:
    plan = "pro" if stays else draw.choice(["pro", "free"])
    email = "stays@example.org" if stays else draw.choice(["stays@example.org", "goes@example.org"])
    properties = f'{{"plan":"{plan}","email":"{email}","n":{draw.randrange(10**6)}}}'
    return person(number, properties, base=1, created_us=START_US + number % 40)


class _Writer:
    """Writes new versions of those who stay, and lets the others come and go."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._draw = random.Random(5)
        self._version = 2
        self._stopping = threading.Event()
        self.writes = 0

    def write(self) -> None:
        draw = self._draw
        changed = [_written(draw, n, stays=True) for n in draw.sample(STAYING, 30)]
        some = draw.sample(COMING_AND_GOING, 40)
        coming = [_written(draw, n, stays=False) for n in some[:20]]
        going = [_written(draw, n, stays=False) for n in some[20:]]
        self._version += 1
        insert(self._engine, PROJECT, changed + coming, version=self._version)
        insert(self._engine, PROJECT, going, version=self._version, deleted=True)
        self.writes += 1

    def write_on(self) -> None:
        while not self._stopping.is_set():
            self.write()
            if self.writes % 50 == 0:
                command(self._engine, "OPTIMIZE TABLE persons FINAL")
            time.sleep(0.01)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Write in another thread; at the end raise what went wrong there."""
        self._stopping.clear()
        with ThreadPoolExecutor(1, "writer") as thread:
            done: Future[None] = thread.submit(self.write_on)
            try:
                yield
            finally:
                self._stopping.set()
            done.result()


@pytest.fixture(scope="module")
def writer(engine: Engine) -> _Writer:
    draw = random.Random(3)
    insert(engine, PROJECT, [_written(draw, n, stays=True) for n in STAYING], version=1)
    return _Writer(engine)


def _walk(
    engine: Engine, settling: Settling, selection: Selection, limit: int, *, is_back: bool
) -> tuple[list[PersonRow], list[int]]:
    """Those met, in the order of the list, and how many were on each page of a walk.

    A walk back begins at the end of a walk forward, and does not meet the last page again.
    """
    met: list[PersonRow] = []
    sizes: list[int] = []
    address: str | None = "http://h/"
    on_the_way_back = False
    last: list[PersonRow] = []
    while address is not None:
        asked = parse_qs(urlsplit(address).query)
        texts = asked.get("cursor")
        cursor = CURSORS.open(texts[0], selection) if texts else None
        window = Window(limit, int(asked.get("offset", ["0"])[0]), cursor)
        found = read_window(engine, settling, selection, window)
        following, previous = neighbours(
            window, found.ends, address, lambda beside: CURSORS.seal(beside, selection)
        )
        sizes.append(len(found.rows))
        met = [*found.rows, *met] if on_the_way_back else [*met, *found.rows]
        address = previous if on_the_way_back else following
        if address is None and is_back and not on_the_way_back:
            on_the_way_back, address = True, previous
            last, met, sizes = found.rows, [], []
    return [*met, *last], sizes


def _order(row: PersonRow) -> tuple[int, str, str]:
    """As ClickHouse has it: of a UUID the second half comes first."""
    text = row.uuid.hex
    return row.created_us, text[16:], text[:16]


@pytest.mark.parametrize("walks", [20, pytest.param(1_000, marks=pytest.mark.fuzz)])
def test_a_walk_meets_everyone_who_stays_once(engine: Engine, writer: _Writer, walks: int) -> None:
    draw = random.Random(walks)
    staying = {UUID(int=n) for n in STAYING}
    writes = writer.writes
    settling = Settling(engine, least_rows=0)
    with writer.writing():
        for n in range(walks):
            is_back = n % 3 == 2
            limit = draw.choice([30, 50, 90])
            if n % 4 == 0:
                settling.settle()
            selection = draw.choice(SELECTIONS)
            met, sizes = _walk(engine, settling, selection, limit, is_back=is_back)
            order = [_order(row) for row in met]
            assert order == sorted(set(order), reverse=True), "twice, or out of order"
            assert staying <= {row.uuid for row in met}, "left out"
            assert sizes[:-1] == [limit] * (len(sizes) - 1), "a page is short"
    assert writer.writes > writes + walks // 10
