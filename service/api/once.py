"""Writes that may be repeated: the same Idempotency-Key, the same answer, and one effect."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from litestar import Request, Response

from queries.idempotency import request_hash
from service.api.access import access_of, project_entered
from service.errors import BadRequest
from service.idempotency import Answer, Answers, Repeatable

Work: TypeAlias = Callable[[int], Awaitable[Answer]]
"""What a request does. It is given the mark to leave in what it writes, 0 for none."""

KEY_HEADER = "Idempotency-Key"
_REPLAYED = {"Idempotent-Replayed": "true"}
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


async def once(request: Request[Any, Any, Any], work: Work) -> Response[bytes]:
    """Do a request's work and answer; what was answered under its key before is answered again.

    Of two at the same time the second waits. The answer is kept before it is given, for 24 hours,
    if it is a success: so `work` raises what is none. A crash in between is what the mark is for:
    a write whose mark is in the lineage already was made.

    Args:
        request: it; `If-Match` and other headers do not make it another one.
        work: decodes, looks and writes.

    Raises:
        BadRequest: the Idempotency-Key is no key.
        Unprocessable: it was used for another request.
    """
    key = _decode_key(request)
    if not key:
        return _response(await work(0))
    answers: Answers = request.app.state.answers
    named = Repeatable(project_entered(request).id, access_of(request).key_id, key)
    query = request.scope["query_string"].decode("latin-1")
    asked = request_hash(request.method, f"{request.url.path}?{query}", await request.body())
    async with answers.alone(named):
        answer = await answers.find(named, asked)
        if answer is not None:
            response = _response(answer)
            response.headers.update(_REPLAYED)
            return response
        answer = await work(named.mark())
        await answers.keep(named, asked, answer)
    return _response(answer)


def _decode_key(request: Request[Any, Any, Any]) -> str:
    key = ", ".join(request.headers.getall(KEY_HEADER, []))
    if KEY_HEADER.lower() in request.headers and not _KEY.fullmatch(key):
        raise BadRequest(
            f"`{KEY_HEADER}` takes 1 to 255 printable ASCII characters.", attr=KEY_HEADER
        )
    return key


def _response(answer: Answer) -> Response[bytes]:
    headers = {"ETag": answer.etag} if answer.etag else {}
    return Response(
        answer.body, status_code=answer.status, media_type="application/json", headers=headers
    )
