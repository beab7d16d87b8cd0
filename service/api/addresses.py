"""The addresses of other pages: absolute, on the host the client used, all else kept as sent."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote_plus

from litestar import Request

_HOST = re.compile(r"[A-Za-z0-9._\-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_AS_SENT = string.ascii_letters + string.digits + string.punctuation


def address_of(request: Request[Any, Any, Any], public_url: str) -> str:
    """Return a request's own absolute address, path and query as the client wrote them.

    Args:
        request: it.
        public_url: where clients reach the service; empty to take it from the headers, those of
            a proxy first.
    """
    scope = request.scope
    # Litestar has normalised `path`. Some servers put the query at the end of `raw_path`.
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    path = quote(raw.partition(b"?")[0], safe=_AS_SENT)
    query = quote(scope["query_string"], safe=_AS_SENT)
    origin = public_url.rstrip("/") or _origin(scope["scheme"], request.headers)
    return f"{origin}{path}?{query}" if query else f"{origin}{path}"


def _origin(scheme: str, headers: Mapping[str, str]) -> str:
    proto = _first(headers, "x-forwarded-proto").lower()
    hosts = (_first(headers, "x-forwarded-host"), headers.get("host", ""))
    host = next((host for host in hosts if _HOST.fullmatch(host)), "localhost")
    return f"{proto if proto in ('http', 'https') else scheme}://{host}"


def _first(headers: Mapping[str, str], name: str) -> str:
    """Each proxy appends its own; the first is what the client used."""
    return headers.get(name, "").partition(",")[0].strip()


def with_parameters(address: str, wanted: Mapping[str, str | None]) -> str:
    """Return an address with parameters replaced where they stand, or appended.

    Args:
        address: it.
        wanted: each value by its name, both as they may stand in an address; None takes the
            parameter out.
    """
    path, _, query = address.partition("?")
    parts = query.split("&") if query else []
    for name, value in wanted.items():
        named = [unquote_plus(part.partition("=")[0]) == name for part in parts]
        new = [] if value is None else [f"{name}={value}"]
        kept = [new if is_it else [part] for part, is_it in zip(parts, named, strict=True)]
        parts = list(chain(*kept, [] if any(named) else new))
    return f"{path}?{'&'.join(parts)}" if parts else path
