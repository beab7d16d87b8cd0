"""What a person was: its changes one by one, and its properties at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType
from litestar.params import QueryParameter, SkipValidation
from msgspec import Raw, Struct
from msgspec.structs import asdict, replace

from queries.batches import get_owners
from queries.events import IDS_CARRIED, Owner, Range, Told, find_last_told, list_hidden
from queries.history import NotedRow
from queries.stored import StoredPerson, by_uuid, select_persons
from queries.times import from_us
from service.api.access import READ_PERSONS
from service.api.addresses import address_of, with_parameters
from service.api.answers import Person, shown
from service.api.arguments import decode_flag, decode_time, decode_whole
from service.api.openapi import READS_PERSONS, Described, answers, operation_id
from service.api.people import PersonId, locate
from service.edits import as_row
from service.engine import Engine
from service.errors import BadRequest, NotFound, TooExpensive
from service.history import History, Past
from service.projects import Project
from service.settings import Settings

CHANGES = 100
MAX_CHANGES = 1_000
# Of events, in looking for the last one that said something.
_FEW_ROWS = 200_000
# Of the year 1900: no event is older.
_FIRST_US = -2_208_988_800_000_000
_CURSOR = re.compile(r"([0-9]{1,16})\.([0-9]{1,20})\.([0-9]{1,7})", re.ASCII)

_Limit = Annotated[
    str,
    QueryParameter(
        description="Changes a page.",
        schema_extra={
            "type": OpenAPIType.INTEGER,
            "minimum": 1,
            "maximum": MAX_CHANGES,
            "default": CHANGES,
        },
    ),
]
_Key = Annotated[str, QueryParameter(description="Only changes of this property.")]
_Cursor = Annotated[str, QueryParameter(description="Where the page goes on: as `next` has it.")]
_Timestamp = Annotated[
    str, QueryParameter(description="ISO 8601, UTC where it has no zone; or Unix time.")
]
AsOf = Annotated[
    str,
    QueryParameter(
        description="A time, as ISO 8601 or Unix time: with the properties the person had then."
    ),
]
_DistinctId = Annotated[str, QueryParameter(description="Of the person. Or `person_id`.")]
_PersonUuid = Annotated[str, QueryParameter(description="Its integer id or uuid.")]
_SetOnce = Annotated[
    str,
    QueryParameter(
        description="Makes no difference: what was written is known, not what was asked for.",
        schema_extra={"type": OpenAPIType.BOOLEAN, "default": True},
    ),
]


class Changed(Struct, frozen=True):
    """A property that a write changed.

    Attributes:
        timestamp: of the write.
        source: what was done, as the activity log has it, or `imported`.
        key_id: of the API's key that wrote; null for an import, or another command of the service.
        property: its key.
        was_set: it was there before; then `old_value` is what it was, else null.
        is_set: it was there afterwards; then `new_value` is what it was, else null.
    """

    timestamp: datetime
    source: str
    key_id: str | None
    key_label: str | None
    property: str
    was_set: bool
    old_value: Raw
    is_set: bool
    new_value: Raw


class Changes(Struct, frozen=True):
    """A page of changes, newest first."""

    results: list[Changed]
    next: str | None


class Known(Struct, frozen=True):
    """What an answer about the past rests on.

    Attributes:
        queried_timestamp: what was asked.
        source: `history` where the properties are what was written here; `events` where that was
            later, and they are what the last event until then said; `unknown` where neither is.
        known_from: since when the properties are known; of an event, its time.
        is_known: there is a source. If not, the time asked for is before `known_from`, and the
            properties are the first that are known.
    """

    queried_timestamp: datetime
    source: Literal["history", "events", "unknown"]
    known_from: datetime
    is_known: bool


class PastPerson(Person, gc=False):
    """A person with its properties at a time, and the name they give; all else is as now."""

    point_in_time_metadata: Known


class _From(Struct, frozen=True):
    """Where a page of changes goes on: at a write, after so many of its changes."""

    version: int
    write_id: int
    done: int


@get(
    "/persons/{id:str}/history",
    operation_id=operation_id("persons_history_retrieve"),
    operation_class=Described,
    summary="List what changed of a person's properties, newest first",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(Changes, 400, 401, 403, 404, 409),
)
async def get_history(
    request: Request[Any, Any, Any],
    person_id: PersonId,
    settings: NamedDependency[SkipValidation[Settings]],
    engine: NamedDependency[SkipValidation[Engine]],
    history: NamedDependency[SkipValidation[History]],
    project: NamedDependency[Project],
    key: _Key = "",
    limit: _Limit = "",
    cursor: _Cursor = "",
) -> Response[Changes]:
    """List each property that a write set, changed or took out, and who wrote."""
    most = decode_whole("limit", limit, default=CHANGES, least=1, most=MAX_CHANGES)
    start = _decode_cursor(cursor)

    def work() -> tuple[list[Changed], _From | None]:
        person = _find(engine, project.id, locate(engine, project.id, person_id))
        at = start or _From(person.version, person.write_id, 0)
        return _page(history, project.id, person.uuid, at, key, most)

    changed, rest = await engine.in_thread(work, is_quick=True)
    following = None
    if rest is not None:
        address = address_of(request, settings.http.public_url)
        text = f"{rest.version}.{rest.write_id}.{rest.done}"
        following = with_parameters(address, {"cursor": text, "limit": str(most)})
    return Response(Changes(changed, following))


def _page(
    history: History, project: int, person: UUID, start: _From, key: str, most: int
) -> tuple[list[Changed], _From | None]:
    """Return a page of changes, and where the next one begins; for a worker thread."""
    changed: list[Changed] = []
    for row in history.back_from(project, person, start.write_id, start.version):
        done = start.done if row.write_id == start.write_id else 0
        for number in range(done, len(row.keys)):
            if key and row.keys[number] != key:
                continue
            if len(changed) == most:
                return changed, _From(row.version, row.write_id, number)
            changed.append(_changed(row, number))
    return changed, None


def _changed(row: NotedRow, number: int) -> Changed:
    before, after = row.before[number], row.after[number]
    return Changed(
        from_us(row.version),
        row.source,
        row.key_id or None,
        row.key_label if row.key_id else None,
        row.keys[number],
        bool(before),
        Raw(before.encode() or b"null"),
        bool(after),
        Raw(after.encode() or b"null"),
    )


def _decode_cursor(text: str) -> _From | None:
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None or int(found[2]) >= 1 << 64:
        raise BadRequest(
            "`cursor` is none that this service gave out. Follow `next` exactly as given, or leave"
            " `cursor` out to start with the newest change.",
            attr="cursor",
        )
    return _From(int(found[1]), int(found[2]), int(found[3]))


@get(
    "/persons/properties_at_time",
    operation_id=operation_id("persons_properties_at_time_retrieve"),
    operation_class=Described,
    summary="Get a person with its properties at a time",
    opt=READ_PERSONS,
    security=READS_PERSONS,
    responses=answers(PastPerson, 400, 401, 403, 404, 409),
)
async def get_properties_at_time(
    request: Request[Any, Any, Any],
    engine: NamedDependency[SkipValidation[Engine]],
    history: NamedDependency[SkipValidation[History]],
    project: NamedDependency[Project],
    timestamp: _Timestamp = "",
    distinct_id: _DistinctId = "",
    person_id: _PersonUuid = "",
    include_set_once: _SetOnce = "",
) -> Response[PastPerson]:
    """Get a person by one of its distinct ids or by its id, as it is now but for its properties."""
    if not timestamp:
        raise BadRequest("This field is required.", code="required", attr="timestamp")
    at_us = decode_time("timestamp", timestamp)
    decode_flag("include_set_once", include_set_once)
    if bool(distinct_id) == bool(person_id) or len(set(_distinct_ids(request))) > 1:
        raise BadRequest("Give one `distinct_id` or one `person_id`.", attr="distinct_id")

    def work(most_rows: int) -> PastPerson:
        if person_id:
            uuid = locate(engine, project.id, person_id)
        else:
            rows = engine.fetch_now(get_owners(project.id, [distinct_id]))
            if not rows:
                raise NotFound("Not found.")
            uuid = rows[0].uuid
        return past_person(engine, history, project.id, uuid, at_us, most_rows=most_rows)

    return Response(await _quick_if_few(engine, work))


def _distinct_ids(request: Request[Any, Any, Any]) -> list[str]:
    return request.query_params.getall("distinct_id", [])


async def past_of(
    engine: Engine, history: History, project: int, text: str, as_of: str
) -> PastPerson:
    """Return the person an id in the address names, with its properties at a time.

    Raises:
        BadRequest: `as_of` is no time, or the id none.
        NotFound: nobody alive has it.
    """
    at_us = decode_time("as_of", as_of)

    def work(most_rows: int) -> PastPerson:
        uuid = locate(engine, project, text)
        return past_person(engine, history, project, uuid, at_us, most_rows=most_rows)

    return await _quick_if_few(engine, work)


async def _quick_if_few(engine: Engine, work: Callable[[int], PastPerson]) -> PastPerson:
    """Run work that may read so many events among what is quick; if that is too few, anew."""
    try:
        return await engine.in_thread(lambda: work(_FEW_ROWS), is_quick=True)
    except TooExpensive:
        return await engine.in_thread(lambda: work(0))


def past_person(
    engine: Engine, history: History, project: int, uuid: UUID, at_us: int, *, most_rows: int = 0
) -> PastPerson:
    """Return a person with its properties at a time; for a worker thread.

    Raises:
        NotFound: nobody alive has the uuid.
        TooExpensive: more events than `most_rows` would have to be read.
    """
    person = _find(engine, project, uuid)
    past = history.properties_at(project, person, at_us)
    source: Literal["history", "events", "unknown"] = "history"
    if past.known_from_us > at_us:
        told = _last_told(engine, project, person, at_us, most_rows)
        source = "unknown" if told is None else "events"
        if told is not None:
            past = Past(told.properties.encode(), told.at_us)
    then = replace(as_row(person), properties=past.properties.decode())
    known = Known(from_us(at_us), source, from_us(past.known_from_us), source != "unknown")
    return PastPerson(**asdict(shown(then)), point_in_time_metadata=known)


def _last_told(
    engine: Engine, project: int, person: StoredPerson, at_us: int, most_rows: int
) -> Told | None:
    """Return what the last event until a time said of a person, None where none said anything."""
    count = len(person.ids)
    owner = Owner(person.uuid, person.ids if count <= IDS_CARRIED else [], count, 0)
    wanted = Range(project, owner, _FIRST_US, at_us)
    hidden = engine.fetch_now(list_hidden(project, owner))
    statement = find_last_told(replace(wanted, hidden=tuple(hidden)))
    if most_rows:
        statement = replace(statement, threads=1)
    rows = engine.fetch_now(statement, most_rows=most_rows)
    return rows[0] if rows else None


def _find(engine: Engine, project: int, uuid: UUID) -> StoredPerson:
    """Return who has a uuid now.

    Raises:
        NotFound: nobody alive has.
    """
    person = by_uuid(engine.fetch_now(select_persons(project, [uuid]))).get(uuid)
    if person is None or person.is_deleted:
        raise NotFound("Not found.")
    return person
