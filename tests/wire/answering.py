"""How failures and bodies look on the wire."""

from __future__ import annotations

import gzip
from typing import Any, cast

from clickhouse_connect.driver import compression

# Of ClickHouse's own mapping, what a client may meet; all else is 500.
STATUS = {
    6: 400,
    27: 400,
    36: 400,
    38: 400,
    41: 400,
    47: 404,
    60: 404,
    62: 400,
    81: 404,
    115: 404,
    159: 408,
    164: 403,
    516: 403,
}


def exception_text(message: str, tag: str) -> bytes:
    """Return what a server writes into a body that had begun when the statement failed."""
    text = message.encode() + b"\n"
    head = b"__exception__\r\n" + tag.encode()
    tail = tag.encode() + b"\r\n__exception__\r\n"
    return b"%b\r\n%b%d %b" % (head, text, len(text), tail)


def compressed(body: bytes, accepted: str) -> tuple[bytes, str]:
    """Compress a body in the first way of ours that is accepted; returns that too, or ''."""
    ways = [way.strip() for way in accepted.split(",")]
    if not body:
        return body, ""
    if "lz4" in ways:
        lz4 = cast("Any", compression)._require_lz4()
        return cast("bytes", lz4.compress(body)), "lz4"
    if "gzip" in ways:
        return gzip.compress(body), "gzip"
    return body, ""
