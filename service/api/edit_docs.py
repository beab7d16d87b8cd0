"""What the OpenAPI document says of edits: their headers, and bodies that handlers decode."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

from service.api.openapi import Described

EDITED = (400, 401, 403, 404, 409, 412, 413, 415, 422, 507)

_TEXT = Schema(type=OpenAPIType.STRING)
_TEXTS = Schema(type=OpenAPIType.ARRAY, items=_TEXT)
_HEADERS = {
    "If-Match": "The ETag of the person as the client knows it: 412 where it has changed since.",
    "Idempotency-Key": "Up to 255 characters that name the request. Who repeats it with the same"
    " key within 24 hours gets the same answer, and it has one effect.",
}


def header(name: str) -> Parameter:
    """Describe one of the headers that edits take."""
    return Parameter(name=name, param_in="header", description=_HEADERS[name], schema=_TEXT)


def edits(fields: dict[str, Schema], *required: str) -> type[Operation]:
    """Describe operations that edit persons.

    Args:
        fields: of the body.
        required: the names of those that must be there.
    """
    body = Schema(type=OpenAPIType.OBJECT, properties={**fields}, required=list(required) or None)

    @dataclass
    class Edits(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.parameters = [*(self.parameters or ()), *map(header, _HEADERS)]
            if fields:
                kinds = {"application/json": OpenAPIMediaType(schema=body)}
                self.request_body = RequestBody(kinds, required=bool(required))

    return Edits


UPDATES = edits(
    {"properties": Schema(type=OpenAPIType.OBJECT, description="Those to set.")}, "properties"
)
SETS_ONE = edits(
    {
        "key": Schema(type=OpenAPIType.STRING, description="The property."),
        "value": Schema(description="Its value: any JSON, null too."),
    }
)
UNSETS = edits({"$unset": Schema(one_of=[_TEXT, _TEXTS], description="A key, or several.")})
SPLITS = edits(
    {
        "main_distinct_id": Schema(
            type=OpenAPIType.STRING,
            description="The one that stays; the first if absent. All others move.",
        ),
        "distinct_ids_to_split": Schema(
            type=OpenAPIType.ARRAY, items=_TEXT, description="Exactly these move."
        ),
    }
)
MERGES = edits(
    {
        "ids": Schema(
            type=OpenAPIType.ARRAY,
            items=Schema(one_of=[Schema(type=OpenAPIType.INTEGER), _TEXT]),
            description="Integer ids or uuids of the others; at most 1,000.",
        ),
        "distinct_ids": Schema(
            type=OpenAPIType.ARRAY,
            items=_TEXT,
            description="Or a distinct id of each; at most 1,000.",
        ),
    }
)
