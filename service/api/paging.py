"""Which page of a list is asked for, what is on it, and the addresses of the pages beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypedDict
from uuid import UUID

from msgspec import Struct

from queries.persons import PersonRow, Selection
from queries.places import Place
from service.api.addresses import with_parameters
from service.api.arguments import PAGE_ROWS, decode_whole
from service.cursors import Cursor
from service.engine import Engine
from service.errors import BadRequest
from service.pages import read_page
from service.settings import Limits
from service.settling import Settling

_MAX_OFFSET = 2**63 - 1
_QUICK_ROWS = 10_000


class Window(Struct, frozen=True):
    """A page of a list: at most `limit` rows, next to the cursor's place.

    Without a cursor they are the rows after the first `offset`; with one, `offset` only says how
    many stood before the page when the cursor was made.
    """

    limit: int
    offset: int
    cursor: Cursor | None = None

    @property
    def is_back(self) -> bool:
        """Whether the page is what stands before a place, as a client sees that goes back."""
        return self.cursor is not None and self.cursor.is_back


class Placed(Protocol):
    """A row of the list: it says where it stands."""

    @property
    def uuid(self) -> UUID: ...
    @property
    def created_us(self) -> int: ...


class Ends(Struct, frozen=True):
    """What the addresses beside a page are made of.

    Attributes:
        count: how many rows are on it.
        first: the newest of them; None where there is none.
        last: the oldest.
        more: whether more lie beyond them in the way of reading.
    """

    count: int
    first: Placed | None
    last: Placed | None
    more: bool


class Found(Struct, frozen=True):
    """The rows of a page, newest first, and whether more lie beyond them in the way of reading."""

    rows: list[PersonRow]
    more: bool

    @property
    def ends(self) -> Ends:
        """What the addresses beside it are made of."""
        first, last = (self.rows[0], self.rows[-1]) if self.rows else (None, None)
        return Ends(len(self.rows), first, last, self.more)


def decode_window(limit: str, offset: str, cursor: Cursor | None, limits: Limits) -> Window:
    """Decode which page is asked for; nothing or 0 is the default of 100 rows from the first.

    An `offset` that is not the cursor's own was written by a client that counts for itself: it is
    what that client wants, and the cursor is a remnant of the address it started from.

    Args:
        limit: as sent.
        offset: as sent.
        cursor: the one sent, None if none was.
        limits: the largest `limit`, and the largest `offset` without a cursor.

    Raises:
        BadRequest: one is no whole number, or too large.
    """
    most = limits.page_rows
    rows = decode_whole("limit", limit, most=most) or min(PAGE_ROWS, most)
    start = decode_whole("offset", offset, most=_MAX_OFFSET)
    if cursor is not None and (not offset or start == cursor.offset):
        return Window(rows, cursor.offset, cursor)
    if start > limits.max_offset:
        raise BadRequest(
            f"`offset` goes up to {limits.max_offset}, as all that it leaves out is read. Follow"
            " `next` exactly as given: its `cursor` goes on from any depth.",
            attr="offset",
        )
    return Window(rows, start)


def is_quick(selection: Selection, window: Window) -> bool:
    """Say whether a page surely reads few rows: how many a filter reads, only reading tells."""
    rows = window.limit if window.cursor else window.limit + window.offset
    narrow = selection.is_everyone() or bool(selection.distinct_ids)
    return narrow and rows <= _QUICK_ROWS


def read_window(engine: Engine, settling: Settling, selection: Selection, window: Window) -> Found:
    """Read a page; for a worker thread."""
    rows = read_page(
        engine, selection, limit=window.limit + 1, settling=settling, **where_of(window)
    )
    shown = rows[-window.limit :] if window.is_back else rows[: window.limit]
    return Found(shown, len(rows) > len(shown))


class Where(TypedDict, total=False):
    """Where to read from: the arguments of that name of what reads a page."""

    offset: int
    after: Place
    before: Place


def where_of(window: Window) -> Where:
    """Return where a page begins, or where it ends if it is read backwards."""
    if window.cursor is None:
        return Where(offset=window.offset)
    place = window.cursor.place
    return Where(before=place) if window.is_back else Where(after=place)


def neighbours(
    window: Window, ends: Ends, address: str, seal: Callable[[Cursor], str]
) -> tuple[str | None, str | None]:
    """Return the addresses of the next and of the previous page, None where there is none.

    Both have an `offset`, for clients that count, and a `cursor` wherever there is a row for it to
    start from.

    Args:
        window: the page asked for.
        ends: of what is on it.
        address: the one it was asked by.
        seal: makes a cursor's text.
    """

    def to(row: Placed, *, is_back: bool, offset: int) -> str:
        cursor = Cursor(Place(row.created_us, row.uuid), is_back, offset)
        return with_parameters(address, {"offset": str(offset), "cursor": seal(cursor)})

    if ends.first is None or ends.last is None:
        return _beside_nothing(window, address)
    # Where nothing stands before the page we know better than when its cursor was made.
    start = 0 if window.is_back and not ends.more else window.offset
    following = previous = None
    # Who goes back comes from a page that follows.
    if window.is_back or ends.more:
        following = to(ends.last, is_back=False, offset=start + ends.count)
    if ends.more if window.is_back else window.offset:
        previous = to(ends.first, is_back=True, offset=max(0, start - window.limit))
    return following, previous


def _beside_nothing(window: Window, address: str) -> tuple[str | None, str | None]:
    """Return the neighbours of a page without rows: it lies beyond an end, or they were deleted."""
    if window.is_back:
        return with_parameters(address, {"offset": "0", "cursor": None}), None
    if not window.offset:
        return None, None
    offset = max(0, window.offset - window.limit)
    return None, with_parameters(address, {"offset": str(offset), "cursor": None})
