"""Statements that read keys of the API."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement


class Key(Struct, frozen=True):
    """A key of the API without its secret.

    Attributes:
        id: names the key where it is listed and revoked.
        label: what its maker calls it; may be empty.
        mask: the secret's first letters.
        scopes: what it may do.
        projects: ids of those it is for; empty means all, also those made later.
        created_us: microseconds since 1970, as the three that follow.
        expires_us: from then on it is not known; None for never.
        revoked_us: None while it is good.
        used_us: when it was last used, to about a minute; None for never, and where it was not
            asked for.
    """

    id: UUID
    label: str
    mask: str
    scopes: list[str]
    projects: list[int]
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    used_us: int | None


class KeyRow(Struct, frozen=True):
    """A key as it is stored: by the SHA-256 of its secret in hex; the secret itself is nowhere."""

    hash: str
    id: UUID
    label: str
    mask: str
    scopes: list[str]
    projects: list[int]
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    used_us: int | None

    def key(self) -> Key:
        """Return what may be shown."""
        return Key(
            self.id,
            self.label,
            self.mask,
            self.scopes,
            self.projects,
            self.created_us,
            self.expires_us,
            self.revoked_us,
            self.used_us,
        )


# No alias is the name of a column: ClickHouse would take it for the column in WHERE too.
_COLUMNS: LiteralString = """hash, id, label, mask, scopes, projects,
    toUnixTimestamp64Micro(created_at) AS created_us,
    toUnixTimestamp64Micro(expires_at) AS expires_us,
    toUnixTimestamp64Micro(revoked_at) AS revoked_us"""


def list_keys() -> Statement[KeyRow]:
    """Select all keys, the revoked ones too, the oldest first, and when they were last used."""
    return Statement(
        "keys.list",
        sql(
            """
            SELECT {}, nullIf(toUnixTimestamp64Micro(uses.used_at), 0) AS used_us
            FROM api_keys FINAL
            LEFT JOIN (SELECT key_id, used_at FROM api_key_uses FINAL) AS uses ON uses.key_id = id
            ORDER BY created_at, id
            """,
            sql(_COLUMNS),
        ),
        KeyRow,
        threads=1,
    )


def find_key(secret_hash: str) -> Statement[KeyRow]:
    """Select the key whose secret has a hash, revoked or not; one row or none."""
    return Statement(
        "keys.find",
        sql(
            "SELECT {}, NULL AS used_us FROM api_keys FINAL WHERE hash = {}",
            sql(_COLUMNS),
            bind("String", secret_hash),
        ),
        KeyRow,
        threads=1,
    )
