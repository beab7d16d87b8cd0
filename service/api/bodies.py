"""A body that is a JSON object."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from litestar import Request

from service.errors import BadRequest, ParseError, UnsupportedMedia

_JSON = "application/json"
_Members = dict[str, msgspec.Raw]


async def decode_object(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Read and decode the body; one that is empty says as much as `{}`, whatever its kind.

    Raises:
        UnsupportedMedia: its content type is not JSON.
        ParseError: it is no JSON.
        BadRequest: it is JSON, but no object.
    """
    return _decoded(await _body(request))


async def decode_members(request: Request[Any, Any, Any]) -> dict[str, bytes]:
    """As `decode_object`, each value the JSON bytes it came as."""
    body = await _body(request)
    _decoded(body)
    return {key: bytes(value) for key, value in msgspec.json.decode(body, type=_Members).items()}


async def _body(request: Request[Any, Any, Any]) -> bytes:
    body = await request.body()
    if not body:
        return b"{}"
    kind = request.content_type[0].lower()
    if kind != _JSON:
        raise UnsupportedMedia(
            f'Unsupported media type "{kind[:100]}" in request. Send JSON, with the content type'
            f" {_JSON}."
        )
    return body


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParseError(f"JSON parse error - {error}") from error
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    return cast("dict[str, Any]", value)
