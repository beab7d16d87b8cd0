"""A person's properties over time, as its events tell."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from msgspec import Raw, Struct

from queries.events import Range
from queries.timeline_dates import INTERVALS, ArgumentError, Span, decode_span
from queries.timeline_text import Watched, decode_watched
from queries.times import from_us
from service.api.access import READ_PERSONS
from service.api.arguments import refuse_other_forms
from service.api.openapi import READS_PERSONS, Described, answers, operation_id
from service.api.people import PersonId, find_owner
from service.engine import Engine
from service.errors import BadRequest
from service.projects import Project
from service.settings import Settings
from service.timeline import Point, read_short_timeline, read_timeline

_Properties = Annotated[
    str,
    QueryParameter(
        description="Filters as those of the list. They leave out no events: they name the crucial"
        " properties, and only those of type `person` do."
    ),
]
_Events = Annotated[
    str,
    QueryParameter(
        description='Only events of these names: a JSON list, as `[{"id":"$pageview"}]`. The'
        " `properties` of one name crucial properties too."
    ),
]
_Actions = Annotated[str, QueryParameter(description="There are none here: empty or `[]`.")]
_Breakdown = Annotated[
    str, QueryParameter(description="Another crucial property, or a JSON list of some.")
]
_BreakdownType = Annotated[
    str, QueryParameter(description="Only by `person` does `breakdown` name a crucial property.")
]
_DateFrom = Annotated[
    str,
    QueryParameter(
        description="The first event's time at the earliest: `2024-05-31`, `2024-05-31T10:00:00Z`,"
        " `-7d`, `-24h`, `mStart`, `all`. A day begins at midnight, UTC.",
        schema_extra={"default": "-7d"},
    ),
]
_DateTo = Annotated[
    str,
    QueryParameter(
        description="The last event's time at the latest, included; a day with all its hours. The"
        " end of today if absent. The same text as `date_from`: the end of that `interval`."
    ),
]
_Interval = Annotated[
    str,
    QueryParameter(
        description="Of use where both dates are the same.",
        schema_extra={"enum": list(INTERVALS), "default": "day"},
    ),
]
_Display = Annotated[str, QueryParameter(description="Changes nothing.")]


class TimelinePoint(Struct, frozen=True):
    """A time from which on the crucial properties stayed the same.

    `properties` are all of the person's at the event that begins it, `relevant_event_count` the
    events until the next point.
    """

    timestamp: datetime
    properties: Raw
    relevant_event_count: int


class Timeline(Struct, frozen=True):
    """The points in order, what they are told by, and the time they span in offset form."""

    points: list[TimelinePoint]
    crucial_property_keys: list[str]
    effective_date_from: str
    effective_date_to: str


@get(
    "/persons/{id:str}/properties_timeline",
    operation_id=operation_id("persons_properties_timeline_retrieve"),
    operation_class=Described,
    summary="Show how a person's properties changed",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Timeline, 400, 401, 403, 404, 409),
)
async def get_timeline(
    request: Request[Any, Any, Any],
    person_id: PersonId,
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
    properties: _Properties = "",
    events: _Events = "",
    actions: _Actions = "",
    breakdown: _Breakdown = "",
    breakdown_type: _BreakdownType = "",
    date_from: _DateFrom = "",
    date_to: _DateTo = "",
    interval: _Interval = "",
    display: _Display = "",
) -> Response[Timeline]:
    """Show from when to when a person's crucial properties were the same."""
    del display
    refuse_other_forms(request)

    def begin() -> tuple[Watched, Span, Range, list[Point] | None]:
        owner = find_owner(engine, project.id, person_id)
        try:
            watched = decode_watched(
                properties=properties,
                events=events,
                actions=actions,
                breakdown=breakdown,
                breakdown_type=breakdown_type,
            )
            span = decode_span(date_from, date_to, interval, time.time_ns() // 1_000)
        except ArgumentError as error:
            raise BadRequest(str(error), attr=error.attr) from error
        wanted = Range(project.id, owner, span.from_us, span.to_us, watched.names)
        return watched, span, wanted, read_short_timeline(engine, wanted, watched.keys, most=most)

    most = settings.limits.timeline_points
    # A usual person's events are few, and need not wait behind those who count everybody.
    watched, span, wanted, points = await engine.in_thread(begin, is_quick=True)
    if points is None:
        points = await engine.in_thread(
            lambda: read_timeline(engine, wanted, watched.keys, most=most)
        )
    return Response(
        Timeline(
            [_shown(point) for point in points],
            list(watched.keys),
            from_us(span.from_us).isoformat(),
            from_us(span.to_us).isoformat(),
        )
    )


def _shown(point: Point) -> TimelinePoint:
    return TimelinePoint(from_us(point.at_us), Raw(point.properties.encode()), point.events)
