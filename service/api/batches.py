"""Many persons in one request, by their distinct ids or uuids.

PostHog answers the first 200 ids of a request and ignores the others without a word. No client is
known that sends more, and one that did would take persons for missing: so here more are refused.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from queries.batches import get_many, get_owners
from queries.import_values import MAX_DISTINCT_ID_CHARS
from queries.persons import PersonRow
from service.api.access import READ_PERSONS
from service.api.answers import ListedPerson, listed
from service.api.bodies import decode_object
from service.api.openapi import READS_PERSONS, answers, operation_id, takes_ids
from service.engine import Engine
from service.errors import BadRequest
from service.projects import Project
from service.settings import Settings

_IDS_SHOWN = 10


class Batch(Struct):
    """The persons found, by the id each was asked for; an id that nobody has is absent.

    A person asked for by two of its ids is there twice. It has at most 10 distinct ids.
    """

    results: dict[str, ListedPerson]


@post(
    "/persons/batch_by_distinct_ids",
    status_code=200,
    operation_id=operation_id("persons_batch_by_distinct_ids_create"),
    operation_class=takes_ids("distinct_ids"),
    summary="Get many persons by distinct ids",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Batch, 400, 401, 403, 404, 413, 415),
)
async def get_by_distinct_ids(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
) -> Response[Batch]:
    """Get the persons who have these distinct ids now."""
    ids = await _decode_ids(request, "distinct_ids", settings)
    # What is too long to be kept is nobody's.
    kept = [id for id in ids if len(id) <= MAX_DISTINCT_ID_CHARS]

    def work() -> dict[str, ListedPerson]:
        found: dict[str, ListedPerson] = {}
        for row in engine.fetch_now(get_owners(project.id, kept)) if kept else ():
            found |= dict.fromkeys(row.asked, _shown(row))
        return {id: found[id] for id in ids if id in found}

    return Response(Batch(await engine.in_thread(work, is_quick=True)))


@post(
    "/persons/batch_by_uuids",
    status_code=200,
    operation_id=operation_id("persons_batch_by_uuids_create"),
    operation_class=takes_ids("uuids"),
    summary="Get many persons by uuids",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Batch, 400, 401, 403, 404, 413, 415),
)
async def get_by_uuids(
    request: Request[Any, Any, Any],
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    project: NamedDependency[Project],
) -> Response[Batch]:
    """Get the persons with these uuids, under the uuids in lower case with dashes."""
    texts = await _decode_ids(request, "uuids", settings)
    uuids = list(dict.fromkeys(_decode_uuid(n, text) for n, text in enumerate(texts)))

    def work() -> dict[str, ListedPerson]:
        rows = engine.fetch_now(get_many(project.id, uuids)) if uuids else ()
        found = {row.uuid: _shown(row) for row in rows}
        return {str(uuid): found[uuid] for uuid in uuids if uuid in found}

    return Response(Batch(await engine.in_thread(work, is_quick=True)))


async def _decode_ids(request: Request[Any, Any, Any], field: str, settings: Settings) -> list[str]:
    """Decode the ids that are asked for; none where the field is absent or no list, as PostHog.

    Raises:
        BadRequest: they are too many, or one of them is no text.
    """
    ids: Any = (await decode_object(request)).get(field)
    if not isinstance(ids, list):
        return []
    asked: list[object] = ids
    most = settings.limits.batch_ids
    if len(asked) > most:
        raise BadRequest(
            f"`{field}` has {len(asked)} ids, and a request may have {most}: send them in several,"
            " or set `limits.batch_ids` higher.",
            attr=field,
        )
    texts = [id for id in asked if isinstance(id, str)]
    if len(texts) < len(asked):
        first = next(n for n, id in enumerate(asked) if not isinstance(id, str))
        raise BadRequest(f"`{field}[{first}]` is no text.", attr=field)
    return texts


def _decode_uuid(place: int, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadRequest(f"`uuids[{place}]` is no UUID: {text[:40]!r}.", attr="uuids") from None


def _shown(row: PersonRow) -> ListedPerson:
    person = listed(row)
    person.distinct_ids = person.distinct_ids[:_IDS_SHOWN]
    return person
