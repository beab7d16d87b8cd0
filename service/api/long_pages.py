"""Pages of more than a thousand persons: the engine writes them, one page at a time.

Python does little for them but pass them on, as all others wait while it does. They are sent in
pieces, and held until they are sent: a page of 50,000 persons has some 50 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
from litestar.response import Stream

from queries.identity import stored_name
from queries.long_pages import WrittenRow, write_persons
from queries.persons import Selection
from queries.places import Place
from service.api.answers import Page
from service.api.paging import Ends, Where, Window, where_of
from service.engine import Engine
from service.errors import Busy

_LONG = 1_000
_WAITING = 16
_PIECE_ROWS = 500
_ROWS_AT_ONCE = 4_000


def is_long(window: Window) -> bool:
    """Say whether a page is one for `LongPages`."""
    return window.limit > _LONG


class LongPages:
    """Reads them."""

    def __init__(self, engine: Engine, *, patience_seconds: float) -> None:
        """Take the engine, and how long a page waits for those before it."""
        self._engine = engine
        self._patience_seconds = patience_seconds
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def read(self, selection: Selection, window: Window) -> tuple[Ends, list[bytes]]:
        """Read a page, and return its rows as pieces of JSON, a comma between any two.

        Raises:
            Busy: too many are waiting, or its turn did not come in time.
            PersonhouseError: what `Engine.fetch` raises.
        """
        if self._waiting >= _WAITING:
            raise Busy("The service is busy with long pages. Try again in a second.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy("The service is busy with long pages. Try again in a second.") from None
        finally:
            self._waiting -= 1
        try:
            return await self._engine.in_thread(lambda: self._read_now(selection, window))
        finally:
            self._turn.release()

    def _read_now(self, selection: Selection, window: Window) -> tuple[Ends, list[bytes]]:
        """Read some rows at a time, as somebody does who walks: all wait while many are moved."""
        where = where_of(window)
        pieces: list[bytes] = []
        count, more = 0, True
        nearest: Place | None = None
        farthest: Place | None = None
        while more and count < window.limit:
            asked = min(window.limit - count, _ROWS_AT_ONCE)
            statement = write_persons(selection, limit=asked + 1, **where)
            rows = self._engine.fetch_now(statement)
            more = len(rows) > asked
            del rows[asked:]
            if not rows:
                break
            count += len(rows)
            nearest = nearest or Place(rows[0].created_us, rows[0].uuid)
            farthest = Place(rows[-1].created_us, rows[-1].uuid)
            if window.is_back:
                where = Where(before=farthest)
                pieces = _pieces(rows[::-1]) + pieces
            else:
                where = Where(after=farthest)
                pieces += _pieces(rows)
        newest, oldest = (farthest, nearest) if window.is_back else (nearest, farthest)
        return Ends(count, newest, oldest, more), pieces


def stream(page: Page, pieces: list[bytes]) -> Stream:
    """Return the answer that a page is with these pieces as its results."""
    # `results`, empty, is the last of its members.
    head = msgspec.json.encode(page).removesuffix(b"]}")
    return Stream(lambda: _whole(head, pieces), media_type="application/json")


def _whole(head: bytes, pieces: list[bytes]) -> Iterator[bytes]:
    yield head
    for n, piece in enumerate(pieces):
        yield b"," + piece if n else piece
    yield b"]}"


def _pieces(rows: list[WrittenRow]) -> list[bytes]:
    return [
        ",".join(map(_written, rows[n : n + _PIECE_ROWS])).encode()
        for n in range(0, len(rows), _PIECE_ROWS)
    ]


def _written(row: WrittenRow) -> str:
    name = stored_name(row.odd.encode()) if row.odd else ""
    return f"{row.head}{msgspec.json.encode(name).decode() if name else row.name}{row.tail}"
