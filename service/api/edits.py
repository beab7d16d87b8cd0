"""Edits of one person: properties set and taken out, distinct ids split off, persons merged.

None is answered before it is durable, and the next read sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, patch, post, put
from litestar.params import QueryParameter
from msgspec import Struct

from queries.stored import StoredPerson
from service.api.access import WRITE_PERSONS, author_of, project_entered
from service.api.answers import Person, shown
from service.api.bodies import decode_members
from service.api.conditions import etag_of, terms_of
from service.api.edit_bodies import (
    Members,
    decode_property,
    decode_split,
    decode_unset,
    decode_update,
)
from service.api.edit_docs import EDITED, MERGES, SETS_ONE, SPLITS, UNSETS, UPDATES
from service.api.merging import decode_merge
from service.api.once import once
from service.api.openapi import WRITES_PERSONS, answers, operation_id
from service.api.people import PersonId, find_person, locate
from service.edits import Decide, Editor, as_row
from service.engine import Engine
from service.errors import NotFound, PersonhouseError
from service.idempotency import Answer

_Request = Request[Any, Any, Any]

_IN_BODY = "Only where the body has none."
_Key = Annotated[str | None, QueryParameter(description=f"The property. {_IN_BODY}")]
_Value = Annotated[str | None, QueryParameter(description=f"Its value, a text. {_IN_BODY}")]
_Unset = Annotated[
    str | None, QueryParameter(name="$unset", description=f"The property to take out. {_IN_BODY}")
]
_Main = Annotated[str | None, QueryParameter(description=f"The distinct id that stays. {_IN_BODY}")]


class Done(Struct):
    """That it was done, or that there was nothing to do."""

    success: bool = True


_DONE = Answer(200, msgspec.json.encode(Done()))


@patch(
    "/persons/{id:str}",
    operation_id=operation_id("persons_partial_update"),
    operation_class=UPDATES,
    summary="Set properties of a person",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Person, *EDITED),
)
async def patch_person(request: _Request, person_id: PersonId) -> Response[bytes]:
    """Set the given properties; the others stay, and nested objects are replaced whole."""
    return await _edit(request, person_id, decode_update, _person)


@put(
    "/persons/{id:str}",
    operation_id=operation_id("persons_update"),
    operation_class=UPDATES,
    summary="Set properties of a person, as PATCH does",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Person, *EDITED),
)
async def put_person(request: _Request, person_id: PersonId) -> Response[bytes]:
    """Set the given properties; the others stay, as PostHog has it for this verb too."""
    return await _edit(request, person_id, decode_update, _person)


@post(
    "/persons/{id:str}/update_property",
    status_code=200,
    operation_id=operation_id("persons_update_property_create"),
    operation_class=SETS_ONE,
    summary="Set one property of a person",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Person, *EDITED),
)
async def update_property(
    request: _Request, person_id: PersonId, key: _Key = None, value: _Value = None
) -> Response[bytes]:
    """Set a property to any JSON value."""
    return await _edit(
        request, person_id, lambda members: decode_property(members, key, value), _person
    )


@post(
    "/persons/{id:str}/delete_property",
    status_code=200,
    operation_id=operation_id("persons_delete_property_create"),
    operation_class=UNSETS,
    summary="Take properties out of a person",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Done, *EDITED),
)
async def delete_property(
    request: _Request, person_id: PersonId, unset: _Unset = None
) -> Response[bytes]:
    """Take out one property or many; what the person does not have is out already."""
    return await _edit(request, person_id, lambda members: decode_unset(members, unset), _done)


@post(
    "/persons/{id:str}/split",
    status_code=200,
    operation_id=operation_id("persons_split_create"),
    operation_class=SPLITS,
    summary="Move distinct ids of a person to persons of their own",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Done, *EDITED),
)
async def split_person(
    request: _Request, person_id: PersonId, main_distinct_id: _Main = None
) -> Response[bytes]:
    """Move each distinct id but one, or those named, to a new person, all at one moment."""
    engine: Engine = request.app.state.engine
    project = project_entered(request).id
    return await _edit(
        request,
        person_id,
        lambda members: decode_split(members, main_distinct_id, engine, project),
        _done,
    )


@post(
    "/persons/{id:str}/merge",
    status_code=200,
    operation_id=operation_id("persons_merge_create"),
    operation_class=MERGES,
    summary="Merge other persons into a person",
    opt=WRITE_PERSONS,
    security=WRITES_PERSONS,
    responses=answers(Person, *EDITED),
)
async def merge_persons(request: _Request, person_id: PersonId) -> Response[bytes]:
    """Move all distinct ids of others here, and the properties that are lacking; delete them."""
    engine: Engine = request.app.state.engine
    project = project_entered(request).id
    return await _edit(
        request, person_id, lambda members: decode_merge(members, engine, project), _person
    )


async def _edit(
    request: _Request,
    id: str,
    decode: Callable[[Members], Decide],
    answer: Callable[[StoredPerson], Answer],
) -> Response[bytes]:
    """Make an edit and answer it.

    Args:
        request: whose headers and body say what is wanted.
        id: of the person, as it stands in the address.
        decode: makes of the body's fields what decides the edit.
        answer: makes the answer of the person as it is then; in a worker thread.
    """
    engine: Engine = request.app.state.engine
    editor: Editor = request.app.state.editor
    project, author = project_entered(request).id, author_of(request)

    async def work(mark: int) -> Answer:
        try:
            terms = terms_of(request, mark)
            decide = decode(await decode_members(request))
        except PersonhouseError:
            # Who is not there is a 404, whatever else is wrong.
            await find_person(engine, project, id)
            raise

        def edit() -> Answer:
            uuid = locate(engine, project, id)
            return answer(editor.edit(project, uuid, decide, author, terms=terms))

        return await engine.in_edit_thread(edit)

    return await once(request, work)


def _person(person: StoredPerson) -> Answer:
    if person.is_deleted:
        # The request is a repeat, and the person was deleted since.
        raise NotFound("Not found.")
    body = msgspec.json.encode(shown(as_row(person)))
    return Answer(200, body, etag_of(person.version))


def _done(_: StoredPerson) -> Answer:
    return _DONE
