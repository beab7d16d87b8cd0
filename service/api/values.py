"""The values a property takes, for whoever builds a filter."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from queries.filter_text import MAX_KEY
from queries.persons import Selection
from queries.values import ValueRow, list_distinct_ids, list_values
from service.api.access import READ_PERSONS
from service.api.arguments import until_us
from service.api.openapi import READS_PERSONS, AlsoCsv, answers, operation_id
from service.api.tables import csv_table
from service.engine import Engine
from service.errors import BadRequest
from service.projects import Project
from service.settling import Settling

_FRESH = {"Cache-Control": "max-age=10"}


class Values(Struct):
    """The most frequent values, at most 20. They are always counted anew: never `refreshing`."""

    results: list[ValueRow]
    refreshing: bool = False


@get(
    "/persons/values",
    operation_id=operation_id("persons_values_retrieve"),
    operation_class=AlsoCsv,
    summary="List the most frequent values of a property",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Values, 400, 401, 403, 404),
)
async def get_values(
    project: NamedDependency[Project],
    engine: NamedDependency[SkipValidation[Engine]],
    settling: NamedDependency[SkipValidation[Settling]],
    as_csv: NamedDependency[bool],
    key: Annotated[
        str,
        QueryParameter(description="The property, or `distinct_id`. Of none, no values."),
    ] = "",
    value: Annotated[
        str,
        QueryParameter(description="Only values that contain this, case ignored."),
    ] = "",
) -> Response[Values] | Response[str]:
    """List what a property's values are and how many persons have each."""
    if len(key) > MAX_KEY:
        raise BadRequest(f"`key` has at most {MAX_KEY} characters.", attr="key")
    rows = await engine.in_thread(lambda: _rows(engine, settling, project.id, key, value))
    answer = csv_table(rows, "values.csv") if as_csv else Response(Values(rows))
    answer.headers.update(_FRESH)
    return answer


def _rows(engine: Engine, settling: Settling, project: int, key: str, value: str) -> list[ValueRow]:
    """Return the values; none where there is nothing to ask.

    PostHog makes the `$virt` properties up as it goes; no person has one stored.
    """
    if not key or key.startswith("$virt"):
        return []
    if key == "distinct_id":
        return engine.fetch_now(list_distinct_ids(project, value))
    everyone = Selection(project, until_us())
    return settling.read(lambda settled: list_values(everyone, key, value, settled))
