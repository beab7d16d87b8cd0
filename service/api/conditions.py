"""ETags of persons, and requests that are to be met only while a person has the one they name."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

from service.edits import Terms
from service.errors import BadRequest

HEADER = "If-Match"
_TAG = re.compile(r'\s*"([1-9][0-9]{0,19})"\s*')


def etag_of(version: int) -> str:
    """Return the ETag of a person with a version."""
    return f'"{version}"'


def terms_of(request: Request[Any, Any, Any], mark: int = 0) -> Terms:
    """Decode under what conditions a request's edit is made.

    Args:
        request: it.
        mark: what it leaves in the lineage.

    Raises:
        BadRequest: `If-Match` is not the ETag of a person, nor `*`.
    """
    if HEADER.lower() not in request.headers:
        return Terms(mark=mark)
    text = ", ".join(request.headers.getall(HEADER))
    if text.strip() == "*":
        return Terms(mark=mark)
    tag = _TAG.fullmatch(text)
    if tag is None:
        raise BadRequest(
            f"`{HEADER}` takes the ETag of a person with its quotes, as an answer has it, or `*`;"
            f" not {text[:60]!r}.",
            attr=HEADER,
        )
    return Terms(int(tag[1]), mark)
