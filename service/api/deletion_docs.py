"""What the OpenAPI document says of deletions: bodies, which the handlers decode themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

from service.api.edit_docs import header
from service.api.openapi import Described

_TEXT = Schema(type=OpenAPIType.STRING)
_FLAG = Schema(type=OpenAPIType.BOOLEAN, default=False)


def _takes(fields: Mapping[str, Schema], *, in_query: tuple[str, ...] = ()) -> type[Operation]:
    """Describe operations that may be repeated, with a body.

    Args:
        fields: of the body.
        in_query: those of them that the address may have where the body has none.
    """
    body = Schema(type=OpenAPIType.OBJECT, properties={**fields})

    @dataclass
    class Takes(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.parameters = [
                *(self.parameters or ()),
                *(
                    Parameter(
                        name=name,
                        param_in="query",
                        description="Only where the body has none.",
                        schema=fields[name],
                    )
                    for name in in_query
                ),
                header("Idempotency-Key"),
            ]
            kinds = {"application/json": OpenAPIMediaType(schema=body)}
            self.request_body = RequestBody(kinds)

    return Takes


_DELETES = {
    "ids": Schema(
        type=OpenAPIType.ARRAY,
        items=Schema(one_of=[Schema(type=OpenAPIType.INTEGER), _TEXT]),
        description="Integer ids or uuids, at most as many as the setting"
        " `limits.bulk_delete_ids` says, by default 1,000.",
    ),
    "distinct_ids": Schema(
        type=OpenAPIType.ARRAY, items=_TEXT, description="Or distinct ids, as many."
    ),
    "delete_events": _FLAG,
    "delete_recordings": _FLAG,
    "keep_person": _FLAG,
}
BULK_DELETES = _takes(_DELETES, in_query=tuple(_DELETES))
RESETS = _takes({"distinct_id": _TEXT}, in_query=("distinct_id",))
