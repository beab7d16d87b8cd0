"""Keys of the API: made, revoked, found by their secret, and when they were used."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
import polars as pl

from queries.keys import Key as Key
from queries.keys import KeyRow, find_key, list_keys
from queries.projects import list_projects
from queries.times import from_us
from service.engine import Engine
from service.errors import BadRequest, NotFound, PersonhouseError
from service.settings import Auth

SCOPES = ("person:read", "person:write", "activity_log:read", "metrics:read", "*")
LABEL_CHARS = 200
_MASK_CHARS = 8
_SECRET = re.compile(r"phx_[A-Za-z0-9_-]{43}")
_REMEMBERED = 10_000

_INSTANT = pl.Datetime("us", "UTC")
_KEYS_SCHEMA = pl.Schema(
    {
        "hash": pl.String(),
        "id": pl.String(),
        "label": pl.String(),
        "mask": pl.String(),
        "scopes": pl.List(pl.String()),
        "projects": pl.List(pl.UInt32()),
        "created_at": _INSTANT,
        "expires_at": _INSTANT,
        "revoked_at": _INSTANT,
        "version": pl.UInt64(),
    }
)
_USES_SCHEMA = pl.Schema({"key_id": pl.String(), "used_at": _INSTANT})


def wall_us() -> int:
    """Return the time of day in microseconds since 1970."""
    return time.time_ns() // 1000


class Keys:
    """The keys of one database.

    What was asked of ClickHouse is remembered for `auth.cache_seconds`: so long a key that
    another process revoked still opens. What this process does itself counts at once.
    """

    def __init__(self, engine: Engine, auth: Auth, *, now_us: Callable[[], int] = wall_us) -> None:
        """Take the engine, which need not be open yet, and the clock that expiry goes by."""
        self._engine = engine
        self._auth = auth
        self._now_us = now_us
        self._answers: dict[str, tuple[float, KeyRow | None]] = {}
        self._asking: dict[str, asyncio.Task[KeyRow | None]] = {}
        self._used: dict[UUID, int] = {}
        self._noted: dict[UUID, int] = {}
        self._noting: asyncio.Task[None] | None = None

    async def create(
        self, label: str, scopes: Sequence[str], projects: Sequence[int], expires_us: int | None
    ) -> tuple[Key, str]:
        """Make a key and return it with its secret, which is shown this once.

        Args:
            label: what to call it, at most 200 characters.
            scopes: of `SCOPES`, at least one.
            projects: ids of those it is for, empty for all.
            expires_us: microseconds since 1970; None for never.

        Raises:
            BadRequest: a scope is not known, a project not there, the time past, the label long.
        """
        await self._check(label, scopes, projects, expires_us)
        secret = f"phx_{secrets.token_urlsafe(32)}"
        row = KeyRow(
            _hash(secret),
            uuid4(),
            label,
            f"{secret[:_MASK_CHARS]}...",
            list(dict.fromkeys(scopes)),
            sorted(set(projects)),
            self._now_us(),
            expires_us,
            None,
            None,
        )
        await self._put(row, version=row.created_us)
        return row.key(), secret

    async def list(self) -> list[Key]:
        """Return all keys, the revoked ones too, the oldest first."""
        return [row.key() for row in await self._engine.fetch(list_keys())]

    async def revoke(self, id: UUID) -> Key:
        """Revoke a key for good; one that is revoked already stays as it is.

        Raises:
            NotFound: there is no such key.
        """
        for row in await self._engine.fetch(list_keys()):
            if row.id != id:
                continue
            if row.revoked_us is None:
                now = self._now_us()
                row = msgspec.structs.replace(row, revoked_us=now)
                await self._put(row, version=max(now, row.created_us + 1))
            return row.key()
        raise NotFound(f"There is no key {id}.")

    async def find(self, secret: str) -> Key | None:
        """Return the key with a secret; None if there is none or it expired or was revoked."""
        # What no secret looks like need not be looked for.
        if _SECRET.fullmatch(secret) is None:
            return None
        wanted = _hash(secret)
        until, row = self._answers.get(wanted, (0.0, None))
        if until <= time.monotonic():
            row = await self._ask_once(wanted)
        if row is None or not hmac.compare_digest(row.hash, wanted):
            return None
        now = self._now_us()
        if row.revoked_us is not None or (row.expires_us is not None and row.expires_us <= now):
            return None
        self._note(row.id, now)
        return row.key()

    async def flush(self) -> None:
        """Write what is not written yet of when keys were used; for the end of the service."""
        if self._noting is not None:
            await asyncio.gather(self._noting, return_exceptions=True)
        await self._write_uses()

    async def _check(
        self, label: str, scopes: Sequence[str], projects: Sequence[int], expires_us: int | None
    ) -> None:
        allowed = ", ".join(SCOPES)
        if not scopes:
            raise BadRequest(f"A key needs a scope: {allowed}.", attr="scopes")
        for scope in scopes:
            if scope not in SCOPES:
                raise BadRequest(f"Unknown scope `{scope}`; allowed are {allowed}.", attr="scopes")
        if len(label) > LABEL_CHARS:
            raise BadRequest(f"A label has at most {LABEL_CHARS} characters.", attr="label")
        if expires_us is not None and expires_us <= self._now_us():
            raise BadRequest("The key would have expired already.", attr="expires")
        if projects:
            there = {project.id for project in await self._engine.fetch(list_projects())}
            for project in projects:
                if project not in there:
                    raise BadRequest(f"There is no project {project}.", attr="projects")

    async def _put(self, row: KeyRow, *, version: int) -> None:
        """Write a version of a key; what was known of it is no longer true."""
        values = {
            "hash": row.hash,
            "id": str(row.id),
            "label": row.label,
            "mask": row.mask,
            "scopes": row.scopes,
            "projects": row.projects,
            "created_at": from_us(row.created_us),
            "expires_at": _moment(row.expires_us),
            "revoked_at": _moment(row.revoked_us),
            "version": version,
        }
        frame = pl.DataFrame([values], schema=_KEYS_SCHEMA)
        await self._engine.in_thread(
            lambda: self._engine.insert_now("api_keys", frame), is_quick=True
        )
        self._answers.pop(row.hash, None)
        self._asking.pop(row.hash, None)

    async def _ask_once(self, wanted: str) -> KeyRow | None:
        """Ask ClickHouse, once for all who want to know at the same time."""
        task = self._asking.get(wanted)
        if task is None:
            task = asyncio.create_task(self._ask(wanted))
            self._asking[wanted] = task
        # One that leaves must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, wanted: str) -> KeyRow | None:
        me = asyncio.current_task()
        try:
            rows = await self._engine.fetch(find_key(wanted))
            row = rows[0] if rows else None
            # Not if the key was changed meanwhile: the answer may be of before.
            if self._asking.get(wanted) is me:
                self._remember(wanted, row)
            return row
        finally:
            if self._asking.get(wanted) is me:
                del self._asking[wanted]

    def _remember(self, wanted: str, row: KeyRow | None) -> None:
        self._answers.pop(wanted, None)
        if len(self._answers) >= _REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._answers[wanted] = (time.monotonic() + self._auth.cache_seconds, row)

    def _note(self, id: UUID, now: int) -> None:
        """Remember a use, and now and then write it, beside the request."""
        self._used[id] = now
        due = self._noted.get(id, 0) + self._auth.note_use_seconds * 1e6
        if now >= due and (self._noting is None or self._noting.done()):
            self._noting = asyncio.create_task(self._write_uses())

    async def _write_uses(self) -> None:
        uses = {id: at for id, at in self._used.items() if at > self._noted.get(id, 0)}
        if not uses:
            return
        rows = [{"key_id": str(id), "used_at": from_us(at)} for id, at in uses.items()]
        frame = pl.DataFrame(rows, schema=_USES_SCHEMA)
        # The next use tries again: no request fails, nor does the service's end, for a note.
        with suppress(PersonhouseError):
            await self._engine.in_thread(
                lambda: self._engine.insert_now("api_key_uses", frame), is_quick=True
            )
            self._noted.update(uses)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _moment(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
