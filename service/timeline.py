"""A person's timeline: which events open a point, then what the person was at those."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from queries.events import Range, list_hidden
from queries.timeline import (
    FEW_EVENTS,
    Opening,
    Openings,
    Snapshot,
    find_openings,
    read_snapshots,
)
from service.engine import Engine
from service.errors import Busy, TooExpensive

# All snapshots of an answer; and how many are read at once as long as their size is not known.
_MOST_BYTES = 100_000_000
_FIRST_SNAPSHOTS = 200
_PIECE_BYTES = 20_000_000
_ATTEMPTS = 5
# A part is read a granule of 1,024 events at least, twice, and of a few distinct ids a few of them.
_FEW_ROWS = 200_000
_FEW_IDS = 50


class Point(Struct, frozen=True):
    """A time from which the crucial properties stayed the same.

    Attributes:
        at_us: of the event that opened it, microseconds since 1970.
        properties: what the person was at that event: the JSON text that was stored.
        events: how many there are until the next point, that one included.
    """

    at_us: int
    properties: str
    events: int


def read_timeline(
    engine: Engine, wanted: Range, keys: tuple[str, ...], *, most: int
) -> list[Point]:
    """Return a person's timeline; for a worker thread.

    Args:
        engine: where the events are.
        wanted: which events; whatever is hidden of them is found out here.
        keys: the crucial properties.
        most: points that are returned.

    Raises:
        TooExpensive: there are more points, or their snapshots are too large together.
        Busy: events are being removed or written again all the time.
    """
    wanted = _without_hidden(engine, wanted)
    for _ in range(_ATTEMPTS):
        (found,) = engine.fetch_now(find_openings(wanted, keys, most=most + 1))
        if len(found.openings) > most:
            raise TooExpensive(
                f"The timeline has more than {most} points: narrow it by `date_from` and `date_to`,"
                " or set `limits.timeline_points` higher.",
                attr="date_from",
            )
        shown = _snapshots(engine, wanted, found.openings)
        # An event that opened a point may have been removed, or written again, in between.
        if None not in shown:
            return _points(found, shown)
    raise Busy("The events of this person are being changed. Try again in a second.")


def read_short_timeline(
    engine: Engine, wanted: Range, keys: tuple[str, ...], *, most: int
) -> list[Point] | None:
    """Return a person's timeline, None where it is not known to take little; as `read_timeline`.

    The engine is given a bound of rows, and says from the index that there are more.
    """
    if wanted.owner.count > _FEW_IDS:
        return None
    wanted = _without_hidden(engine, wanted)
    statement = replace(find_openings(wanted, keys, most=most + 1), threads=1)
    try:
        (found,) = engine.fetch_now(statement, most_rows=_FEW_ROWS)
    except TooExpensive:
        return None
    shown = [opening.properties or None for opening in found.openings]
    if found.total > FEW_EVENTS or len(shown) > most or None in shown:
        return None
    return _points(found, shown)


def _without_hidden(engine: Engine, wanted: Range) -> Range:
    if not wanted.owner.hiding:
        return wanted
    hidden = engine.fetch_now(list_hidden(wanted.project, wanted.owner))
    return replace(wanted, hidden=tuple(hidden))


def _points(found: Openings, shown: Sequence[str | None]) -> list[Point]:
    return [
        Point(opening.at_us, properties, events)
        for opening, properties, events in zip(found.openings, shown, found.counts(), strict=True)
        if properties is not None
    ]


def _snapshots(engine: Engine, wanted: Range, openings: Sequence[Opening]) -> list[str | None]:
    """Return what the person was at each opening, read a piece at a time; None where it is gone."""
    shown = {_key(one): one.properties for one in openings if one.properties}
    rest = [one for one in openings if not one.properties]
    size = _checked(sum(map(len, shown.values())))
    start, step = 0, _FIRST_SNAPSHOTS
    while start < len(rest):
        for row in engine.fetch_now(read_snapshots(wanted, rest[start : start + step])):
            shown[_key(row)] = row.properties
            size += len(row.properties)
        _checked(size)
        start += step
        step = max(_FIRST_SNAPSHOTS, _PIECE_BYTES * start // max(size, 1))
    return [shown.get(_key(opening)) for opening in openings]


def _key(one: Opening | Snapshot) -> tuple[int, UUID, int]:
    return one.at_us, one.uuid, one.turn


def _checked(size_bytes: int) -> int:
    if size_bytes > _MOST_BYTES:
        raise TooExpensive(
            f"The points of the timeline hold more than {_MOST_BYTES} bytes of properties:"
            " narrow it by `date_from` and `date_to`.",
            attr="date_from",
        )
    return size_bytes
