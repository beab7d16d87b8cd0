"""Every way to fail, and how the API says it.

PersonhouseError            status, `type`, `code`, `detail`, `attr` of the answer
├── BadRequest         400  an argument is wrong; `attr` names it
│   ├── Required       400  PostHog's own swapped body: `detail` is "required"
│   └── ParseError     400  the body is no JSON
├── NotAuthenticated   401
├── Forbidden          403
├── NotFound           404
├── MethodNotAllowed   405
├── Conflict           409  the answer would not be one thing: an integer id two persons share
├── PreconditionFailed 412  the person is not the one the client saw
├── TooLarge           413
├── UnsupportedMedia   415
├── RangeNotSatisfiable 416
├── RequestTimeout     408  the body did not come in time
├── Throttled          429  the key asks too often; Retry-After is set
├── Unprocessable      422  the Idempotency-Key is that of another request
├── TooExpensive       400  ClickHouse stopped it at a limit of time, memory or rows
├── DiskFull           507
├── Busy               503  every worker is taken; Retry-After is set
├── NotReady           503  the service should get no requests now; the text says why
├── EngineDown         503  ClickHouse cannot be reached; Retry-After is set
├── EngineLocked       503  another process has the embedded engine
└── EngineError        500  ours: ClickHouse refused what we sent
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class ErrorBody(Struct, frozen=True):
    """The one body of every failure, as PostHog has it."""

    type: str
    code: str
    detail: str
    attr: str | None = None


class PersonhouseError(Exception):
    """A failure with an answer. The text is for the client: it holds no data and no SQL."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str] = "error"
    retry_after_seconds: int | None = None

    def __init__(self, detail: str, *, attr: str | None = None, code: str | None = None) -> None:
        """Keep what the answer says; `attr` names the argument, `code` replaces the class's."""
        super().__init__(detail)
        self.detail = detail
        self.attr = attr
        self.answer_code = code or self.code

    def body(self) -> ErrorBody:
        """Return the body of the answer."""
        return ErrorBody(self.type, self.answer_code, self.detail, self.attr)


class BadRequest(PersonhouseError):
    """The client's argument is wrong."""

    status = 400
    type = "validation_error"
    code = "invalid_input"


class Required(BadRequest):
    """A field is missing. Code and detail stand swapped, as PostHog's clients know them."""

    code = "This field is required."

    def __init__(self, attr: str) -> None:
        """Name the missing field."""
        super().__init__("required", attr=attr)


class ParseError(PersonhouseError):
    """The body is no JSON."""

    status = 400
    type = "invalid_request"
    code = "parse_error"


class NotAuthenticated(PersonhouseError):
    """No key, or one that is unknown, expired or revoked."""

    status = 401
    type = "authentication_error"
    code = "not_authenticated"


class Forbidden(PersonhouseError):
    """The key is good but not for this."""

    status = 403
    type = "authentication_error"
    code = "permission_denied"


class NotFound(PersonhouseError):
    """There is no such thing, or not for this key."""

    status = 404
    type = "invalid_request"
    code = "not_found"


class MethodNotAllowed(PersonhouseError):
    """The address knows other verbs only."""

    status = 405
    type = "invalid_request"
    code = "method_not_allowed"


class Conflict(PersonhouseError):
    """The request has no single answer, or the state it was made for is gone."""

    status = 409
    type = "invalid_request"
    code = "conflict"


class PreconditionFailed(PersonhouseError):
    """The thing has changed since the client looked."""

    status = 412
    type = "invalid_request"
    code = "precondition_failed"


class Unprocessable(PersonhouseError):
    """The request contradicts an earlier one."""

    status = 422
    type = "validation_error"
    code = "idempotency_key_reused"


class RequestTimeout(PersonhouseError):
    """The body did not come in time."""

    status = 408
    type = "invalid_request"
    code = "request_timeout"


class Throttled(PersonhouseError):
    """The key asks too often."""

    status = 429
    type = "throttled_error"
    code = "throttled"

    def __init__(self, seconds: int, headers: dict[str, str]) -> None:
        """Say when it may ask again; the headers tell the limit."""
        super().__init__(f"Request was throttled. Expected available in {seconds} seconds.")
        self.retry_after_seconds: int | None = seconds
        self.headers = headers


class TooLarge(PersonhouseError):
    """The body is larger than the limit."""

    status = 413
    type = "invalid_request"
    code = "request_too_large"


class RangeNotSatisfiable(PersonhouseError):
    """The file has none of the bytes that were asked for."""

    status = 416
    type = "invalid_request"
    code = "range_not_satisfiable"


class UnsupportedMedia(PersonhouseError):
    """The body is of a kind this address does not take."""

    status = 415
    type = "invalid_request"
    code = "unsupported_media_type"


class TooExpensive(PersonhouseError):
    """ClickHouse stopped the statement at a limit."""

    status = 400
    type = "validation_error"
    code = "too_expensive"


class DiskFull(PersonhouseError):
    """There is no room to write; reads go on."""

    status = 507
    type = "server_error"
    code = "disk_full"


class Busy(PersonhouseError):
    """Every worker is taken and the queue is full."""

    status = 503
    type = "server_error"
    code = "busy"
    retry_after_seconds = 1


class NotReady(PersonhouseError):
    """The service should get no requests now."""

    status = 503
    type = "server_error"
    code = "not_ready"
    retry_after_seconds = 5


class EngineDown(PersonhouseError):
    """ClickHouse cannot be reached."""

    status = 503
    type = "server_error"
    code = "engine_down"
    retry_after_seconds = 5


class EngineLocked(PersonhouseError):
    """Another process has opened the embedded engine's directory."""

    status = 503
    type = "server_error"
    code = "engine_locked"
    retry_after_seconds = 5


class EngineError(PersonhouseError):
    """ClickHouse refused what we sent: our mistake."""


# By number: an error's message quotes what a client wrote, and ends where that has a NUL, so the
# name at its end may be gone, or be a name that the client wrote. Tests hold the names to them.
_CANNOT_COMPILE_REGEXP = 427
BY_CODE: dict[int, tuple[str, type[PersonhouseError]]] = {
    159: ("TIMEOUT_EXCEEDED", TooExpensive),
    160: ("TOO_SLOW", TooExpensive),
    241: ("MEMORY_LIMIT_EXCEEDED", TooExpensive),
    158: ("TOO_MANY_ROWS", TooExpensive),
    307: ("TOO_MANY_BYTES", TooExpensive),
    396: ("TOO_MANY_ROWS_OR_BYTES", TooExpensive),
    306: ("TOO_DEEP_RECURSION", TooExpensive),
    168: ("TOO_BIG_AST", TooExpensive),
    394: ("QUERY_WAS_CANCELLED", EngineDown),
    202: ("TOO_MANY_SIMULTANEOUS_QUERIES", Busy),
    252: ("TOO_MANY_PARTS", Busy),
    243: ("NOT_ENOUGH_SPACE", DiskFull),
    210: ("NETWORK_ERROR", EngineDown),
    209: ("SOCKET_TIMEOUT", EngineDown),
    279: ("ALL_CONNECTION_TRIES_FAILED", EngineDown),
    242: ("TABLE_IS_READ_ONLY", EngineDown),
    # Of a cluster: a replica or Keeper is away, so it may or may not be written.
    225: ("NO_ZOOKEEPER", EngineDown),
    285: ("TOO_FEW_LIVE_REPLICAS", EngineDown),
    286: ("UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", EngineDown),
    319: ("UNKNOWN_STATUS_OF_INSERT", EngineDown),
    369: ("ALL_REPLICAS_ARE_STALE", EngineDown),
    999: ("KEEPER_EXCEPTION", EngineDown),
    _CANNOT_COMPILE_REGEXP: ("CANNOT_COMPILE_REGEXP", BadRequest),
}

_LACKS: dict[str, type[PersonhouseError]] = {
    "No space left on device": DiskFull,
    "Too many open files": EngineDown,
}

_TEXTS: dict[type[PersonhouseError], str] = {
    TooExpensive: "The query was stopped at a limit of time, memory or rows. Ask for less: a"
    " narrower filter, a smaller page, or an export.",
    Busy: "The service is busy. Try again in a second.",
    EngineDown: "The database did not answer. Try again in a few seconds.",
    DiskFull: "The disk is full: nothing was written. Reads go on.",
    EngineError: "A server error occurred.",
}


def engine_failure(code: int | None, message: str) -> PersonhouseError:
    """Return our error for one of ClickHouse's, told apart by its number.

    Args:
        code: as 159 for TIMEOUT_EXCEEDED; None where the driver failed before ClickHouse answered.
        message: only looked at for the operating system's words for what it lacks, which
            ClickHouse reports under numbers that cover other faults too.
    """
    if code == _CANNOT_COMPILE_REGEXP:
        # RE2's syntax is known to ClickHouse alone, and only filters bring patterns.
        return BadRequest("Invalid regular expression", attr="properties")
    kind: type[PersonhouseError] = EngineDown
    if code is not None:
        _, kind = BY_CODE.get(code, ("", EngineError))
    if kind in (EngineDown, EngineError):
        kind = next((lack for words, lack in _LACKS.items() if words in message), kind)
    return kind(_TEXTS[kind])
