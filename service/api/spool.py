"""Bodies kept on disk until they are complete."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from service.errors import DiskFull, TooLarge
from service.settings import Settings

_CHUNK_BYTES = 1_048_576
_STALE_SECONDS = 86_400


def folder(settings: Settings) -> Path:
    """Return where bodies are kept."""
    return Path(settings.data) / "spool"


def sweep(settings: Settings) -> None:
    """Delete what a process that was killed has left: files nobody touched for a day."""
    for path in folder(settings).glob("import-*"):
        if path.stat().st_mtime < time.time() - _STALE_SECONDS:
            path.unlink(missing_ok=True)


async def spool(body: AsyncIterator[bytes], settings: Settings) -> Path:
    """Write a body to a file of its own, which is the caller's to delete.

    Memory stays at about a megabyte. If it fails, or the client leaves, no file stays.

    Raises:
        TooLarge: it has more than `limits.import_bytes`, which 0 makes unlimited.
        DiskFull: there is no room for it.
    """
    path = await asyncio.to_thread(_create, folder(settings))
    try:
        await _write(body, path, settings.limits.import_bytes)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("The disk is full: nothing was imported.") from error
        raise
    return path


def _create(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="import-", dir=where)
    os.close(descriptor)
    return Path(name)


async def _write(body: AsyncIterator[bytes], path: Path, most: int) -> None:
    size = 0
    held = bytearray()
    async for chunk in body:
        size += len(chunk)
        if most and size > most:
            raise TooLarge(f"The body has more than the {most} bytes allowed for an import.")
        held += chunk
        if len(held) >= _CHUNK_BYTES:
            await asyncio.to_thread(_append, path, bytes(held))
            held.clear()
    await asyncio.to_thread(_append, path, bytes(held))


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab") as file:
        file.write(chunk)
