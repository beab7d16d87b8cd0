"""Every failure in the one body, `{type, code, detail, attr}`: ours, Litestar's, and mistakes."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.types import ExceptionHandlersMap

from service.errors import (
    BadRequest,
    EngineError,
    ErrorBody,
    Forbidden,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    ParseError,
    PersonhouseError,
    RequestTimeout,
    Throttled,
    TooExpensive,
    TooLarge,
    UnsupportedMedia,
)
from service.logs import detail_of

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

_CRASH = ErrorBody("server_error", "error", "A server error occurred.")
# What Litestar raises when a client leaves in the middle of its own body.
_LEFT = "client disconnected prematurely"
_PLAIN: dict[int, tuple[type[PersonhouseError], str]] = {
    401: (NotAuthenticated, "Authentication credentials were not provided."),
    403: (Forbidden, "You do not have permission to perform this action."),
    404: (NotFound, "Endpoint not found."),
    413: (TooLarge, "The body is larger than this address takes."),
    415: (UnsupportedMedia, "Unsupported media type in request."),
}


def answer_ours(request: AnyRequest, error: PersonhouseError) -> Response[ErrorBody]:
    """Answer one of our errors; what ClickHouse said of it goes to the log alone."""
    if error.status == 500:
        _log.error("%s %s failed", request.method, _route(request), exc_info=error)
    elif error.status > 500 or isinstance(error, TooExpensive):
        _log.warning("%s %s: %s", request.method, _route(request), detail_of(error))
    return Response(error.body(), status_code=error.status, headers=_headers(error))


def _route(request: AnyRequest) -> str:
    """Return the address as it is declared: what stands in the one asked for is the client's."""
    return request.scope.get("path_template") or "no such address"


def _headers(error: PersonhouseError) -> dict[str, str]:
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, Throttled):
        return {**error.headers, "Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, RequestTimeout):
        # What comes of the body yet is nobody's.
        return {"Connection": "close"}
    if error.retry_after_seconds is not None:
        return {"Retry-After": str(error.retry_after_seconds)}
    return {}


def answer_litestar(request: AnyRequest, error: HTTPException) -> Response[ErrorBody]:
    """Answer one of Litestar's: no such address, a wrong verb, a body too large or no JSON."""
    if error.status_code >= 500:
        return answer_crash(request, error)
    response = answer_ours(request, _ours(request, error))
    response.headers.update(error.headers or {})
    return response


def _ours(request: AnyRequest, error: HTTPException) -> PersonhouseError:
    if error.status_code == 405:
        return MethodNotAllowed(f'Method "{request.method}" not allowed.')
    if error.status_code in _PLAIN:
        kind, detail = _PLAIN[error.status_code]
        return kind(detail)
    if isinstance(error.__cause__, SerializationException):
        return ParseError(f"JSON parse error - {error.detail}")
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        # One problem at a time, as PostHog.
        first: dict[str, str] = error.extra[0]
        return BadRequest(first.get("message", error.detail), attr=first.get("key"))
    return BadRequest(error.detail)


def answer_too_deep(request: AnyRequest, error: RecursionError) -> Response[ErrorBody]:
    """Answer a body nested deeper than can be decoded; without a body the mistake is ours."""
    if request.method == "GET":
        return answer_crash(request, error)
    return answer_ours(request, ParseError("JSON parse error - nested too deeply."))


def answer_not_utf8(request: AnyRequest, error: UnicodeDecodeError) -> Response[ErrorBody]:
    """Answer a body that is no UTF-8."""
    if request.method == "GET":
        return answer_crash(request, error)
    return answer_ours(request, ParseError("JSON parse error - the body is not UTF-8."))


def answer_crash(request: AnyRequest, error: Exception) -> Response[ErrorBody]:
    """Answer what nobody thought of, and log it with its traceback."""
    if isinstance(error, HTTPException) and error.detail == _LEFT:
        _log.info("%s %s: %s", request.method, _route(request), _LEFT)
    else:
        _log.error("%s %s failed", request.method, _route(request), exc_info=error)
    return Response(_CRASH, status_code=500)


def body_of(error: BaseException) -> ErrorBody:
    """Return the body of an error that comes too late for a status, and log what is our fault."""
    if isinstance(error, PersonhouseError) and not isinstance(error, EngineError):
        if error.status >= 500:
            _log.warning("an import failed: %s", detail_of(error))
        return error.body()
    _log.error("an import failed", exc_info=error)
    return _CRASH


HANDLERS: ExceptionHandlersMap = {
    PersonhouseError: answer_ours,
    HTTPException: answer_litestar,
    RecursionError: answer_too_deep,
    UnicodeDecodeError: answer_not_utf8,
    Exception: answer_crash,
}
