"""What every request passes first and every answer last: measured, told, and its headers put on."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from service.api.metrics import Metrics
from service.api.openapi import PATH as SCHEMA_PATH
from service.auth import Access
from service.errors import RequestTimeout
from service.logs import REQUESTS
from service.metering import Tally, begin
from service.rates import Left
from service.settings import Settings

_log = logging.getLogger(REQUESTS)

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Who sends its body more slowly than this, once its seconds are over, is not waited for.
_LEAST_BYTES_PER_SECOND = 16_384
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_CONTENT = b"default-src 'none'; frame-ancestors 'none'"
# The page of the API has its own script and styles within, and shows an icon.
_PAGE = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class Front:
    """The application, told of from outside."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        """Take what answers."""
        self._app = app
        self._metrics = metrics
        self._body_seconds = settings.http.body_seconds
        is_https = settings.http.public_url.startswith("https://")
        # Pages of other origins that may ask must be able to read, too.
        own = _HEADERS[:-1] if settings.http.origins() else _HEADERS
        self._headers = (*own, *([_HTTPS_ONLY] if is_https else []))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, self._headers, _Body(receive, self._body_seconds), send)
        self._metrics.under_way.inc()
        try:
            await self._app(scope, passage.body.receive, passage.send)
        finally:
            self._metrics.under_way.dec()
            self._tell(passage)

    def _tell(self, passage: _Passage) -> None:
        method, route, seconds = passage.method, passage.route(), passage.seconds()
        tally = passage.tally
        self._metrics.note(
            method, route, passage.status, seconds, passage.sent, tally, whole=passage.is_whole
        )
        if not _log.isEnabledFor(logging.INFO):
            return
        told: dict[str, Any] = {
            "event": "request",
            "id": passage.id,
            "method": method[:20],
            "route": route,
            "status": passage.status,
            "project": tally.project or None,
            "key": tally.key_id or None,
            "statements": tally.statements,
            "read_rows": tally.rows,
            "read_bytes": tally.bytes,
            "sent_bytes": passage.sent,
            "engine_ms": round(tally.engine_us / 1_000, 2),
            "ms": round(seconds * 1_000, 2),
        }
        if not passage.is_whole:
            told["broke_off"] = True
        _log.info("request", extra={"told": told})


class _Passage:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, headers: tuple[tuple[bytes, bytes], ...], body: _Body, send: Send
    ) -> None:
        self._began = time.perf_counter()
        self._scope = cast("dict[str, Any]", scope)
        self._headers = headers
        self._send = send
        self.body = body
        self.tally: Tally = begin()
        self.method: str = self._scope["method"]
        self.id = _request_id(self._scope)
        self.status = 0
        self.sent = 0
        self.is_whole = False

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.perf_counter() - self._began

    def route(self) -> str:
        """Return the address as it is declared."""
        return self._scope.get("path_template") or "none"

    async def send(self, message: Message) -> None:
        """Send a part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._more({*dict(message["headers"])})]
        elif message["type"] == "http.response.body":
            self.sent += len(message["body"])
            self.is_whole = not message.get("more_body", False)
        await self._send(message)

    def _more(self, there: set[bytes]) -> list[tuple[bytes, bytes]]:
        path: str = self._scope["path"]
        is_page = path.startswith(SCHEMA_PATH)
        more = [
            (b"x-request-id", self.id.encode()),
            *self._headers,
            (b"content-security-policy", _PAGE if is_page else _NO_CONTENT),
        ]
        if path.startswith("/api/") and b"cache-control" not in there:
            more.append((b"cache-control", b"no-store"))
        state: dict[str, Any] = self._scope.get("state") or {}
        left: Left | None = state.get("left")
        if left is not None and b"ratelimit-limit" not in there:
            more += [(k.lower().encode(), v.encode()) for k, v in left.headers().items()]
        access: Access | None = state.get("access")
        if access is not None:
            more += self._costs()
        return more

    def _costs(self) -> list[tuple[bytes, bytes]]:
        """Return what the answer has cost so far; of a stream, until it began."""
        tally = self.tally
        timing = f"engine;dur={tally.engine_us / 1e3:.1f}, total;dur={self.seconds() * 1e3:.1f}"
        summary = (
            f'{{"statements":{tally.statements},"read_rows":{tally.rows},'
            f'"read_bytes":{tally.bytes}}}'
        )
        return [
            (b"server-timing", timing.encode()),
            (b"x-personhouse-summary", summary.encode()),
        ]


class _Body:
    """A request's body, which must keep coming."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._until = time.monotonic() + seconds
        self._is_over = False

    async def receive(self) -> HTTPReceiveMessage:
        """Return the next part.

        Raises:
            RequestTimeout: it did not come in time.
        """
        if self._is_over:
            return cast("HTTPReceiveMessage", await self._receive())
        try:
            async with asyncio.timeout(max(self._until - time.monotonic(), 0.001)):
                message = cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError:
            self._is_over = True
            raise RequestTimeout("The body did not come in time.") from None
        if message["type"] == "http.request":
            self._until += len(message["body"]) / _LEAST_BYTES_PER_SECOND
            self._is_over = not message.get("more_body", False)
        else:
            self._is_over = True
        return message


def _request_id(scope: dict[str, Any]) -> str:
    """Return the client's own id of the request, or a new one."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)
