"""Requests with an Idempotency-Key: the answers that were given, and marks of what was done.

An answer is stored before it is given. A crash after the write and before that leaves no answer,
but the write carries the request's mark in its lineage, so a repeat finds that it was done.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement

# A repeat within this time is answered as before; ClickHouse drops what is twice as old.
KEPT_US = 24 * 3600 * 1_000_000


class AnswerRow(Struct, frozen=True):
    """The answer to a request, and what was asked as a SHA-256 in hex. `etag` may be empty."""

    request_hash: str
    status: int
    etag: str
    body: str


def find_answer(project: int, key_id: str, key: str, now_us: int) -> Statement[AnswerRow]:
    """Select the answer to a request of the last 24 hours; one row or none.

    Args:
        project: whose persons it was about.
        key_id: of the API's key that asked.
        key: the Idempotency-Key.
        now_us: microseconds since 1970.
    """
    return Statement(
        "idempotency.find",
        sql(
            """
            SELECT request_hash, status, etag, body
            FROM idempotency FINAL
            WHERE team_id = {} AND key_id = {} AND key = {}
                AND created_at > fromUnixTimestamp64Micro({}, 'UTC')
            """,
            bind("UInt32", project),
            bind("String", key_id),
            bind("String", key),
            bind("Int64", now_us - KEPT_US),
        ),
        AnswerRow,
        threads=1,
    )


def request_hash(verb: str, path: str, body: bytes) -> str:
    """Return the SHA-256 in hex of what a request asks for; `path` with its query string."""
    asked = hashlib.sha256()
    for part in (verb.encode(), path.encode(), body):
        asked.update(b"%d:" % len(part))
        asked.update(part)
    return asked.hexdigest()


def mark_of(project: int, key_id: str, key: str) -> int:
    """Return the mark of a request, never 0: 64 bits that stand in the lineage of what it wrote."""
    named = b"".join(b"%d:%b" % (len(part), part) for part in (key_id.encode(), key.encode()))
    digest = hashlib.sha256(b"%d:%b" % (project, named)).digest()
    return int.from_bytes(digest[:8]) or 1
