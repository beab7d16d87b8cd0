"""A person's timeline: which events open a point, then what the person was at those."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from queries.events import Range, list_hidden
from queries.timeline import Openings, Snapshot, find_openings, read_snapshots
from service.engine import Engine
from service.errors import Busy, TooExpensive

# All snapshots of an answer; and how many are read at once as long as their size is not known.
_MOST_BYTES = 100_000_000
_FIRST_SNAPSHOTS = 200
_PIECE_BYTES = 20_000_000
_ATTEMPTS = 5


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
    if wanted.owner.hiding:
        hidden = engine.fetch_now(list_hidden(wanted.project, wanted.owner))
        wanted = replace(wanted, hidden=tuple(hidden))
    for _ in range(_ATTEMPTS):
        (openings,) = engine.fetch_now(find_openings(wanted, keys, most=most + 1))
        if len(openings.places) > most:
            raise TooExpensive(
                f"The timeline has more than {most} points: narrow it by `date_from` and `date_to`,"
                " or set `limits.timeline_points` higher.",
                attr="date_from",
            )
        shown = _snapshots(engine, wanted, openings)
        points = [
            Point(at_us, shown[key], events)
            for at_us, key, events in zip(
                openings.times_us, _keys(openings), openings.counts(), strict=True
            )
            if key in shown
        ]
        # An event that opened a point may have been removed, or written again, in between.
        if len(points) == len(openings.places):
            return points
    raise Busy("The events of this person are being changed. Try again in a second.")


_Key = tuple[int, UUID, int]


def _keys(openings: Openings) -> Iterator[_Key]:
    return zip(openings.times_us, openings.uuids, openings.turns, strict=True)


def _snapshots(engine: Engine, wanted: Range, openings: Openings) -> dict[_Key, str]:
    """Return what the person was at each opening, a piece at a time."""
    shown: dict[_Key, str] = {}
    start, size, step = 0, 0, _FIRST_SNAPSHOTS
    while start < len(openings.places):
        piece = _piece(openings, start, start + step)
        rows: list[Snapshot] = engine.fetch_now(read_snapshots(wanted, piece))
        for row in rows:
            shown[row.at_us, row.uuid, row.arrived] = row.properties
            size += len(row.properties)
        if size > _MOST_BYTES:
            raise TooExpensive(
                f"The points of the timeline hold more than {_MOST_BYTES} bytes of properties:"
                " narrow it by `date_from` and `date_to`.",
                attr="date_from",
            )
        start += step
        step = max(_FIRST_SNAPSHOTS, _PIECE_BYTES * start // max(size, 1))
    return shown


def _piece(openings: Openings, start: int, end: int) -> Openings:
    return Openings(
        openings.total,
        openings.places[start:end],
        openings.times_us[start:end],
        openings.uuids[start:end],
        openings.turns[start:end],
    )
