"""Writes one part of an export into a file: whole and durable, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from queries.export_source import Source
from queries.places import Place
from service.engine import Engine
from service.errors import DiskFull, EngineError
from service.exports.asked import Ask
from service.exports.encoders import compressor
from service.exports.manifest import Part, sync_directory
from service.exports.writers import Writer


class Stopped(Exception):
    """Somebody wants no more of it."""


class Written(Struct, frozen=True):
    """A part, and the place of its last person."""

    part: Part
    last: Place | None


def write_part(
    engine: Engine,
    ask: Ask,
    out: Writer | None,
    source: Source,
    file: Path,
    on_rows: Callable[[int], None],
) -> Written:
    """Read a part of a copy and write it.

    The same source gives the same bytes every time.

    Args:
        engine: where the copy is.
        ask: what is written.
        out: what writes it; for this part alone. None writes an empty file.
        source: the part.
        file: whose place it takes when it is whole.
        on_rows: told of rows as they are written; what it raises ends the part.

    Raises:
        DiskFull: there is no room.
        PersonhouseError: what `Engine.batches_now` raises.
    """
    half = file.with_name(f"{file.name}.part")
    digest, size, rows = hashlib.sha256(), 0, 0
    last: Place | None = None
    small = compressor(ask.compression)
    try:
        with half.open("wb") as sink:

            def put(piece: bytes) -> None:
                nonlocal size
                sink.write(piece)
                digest.update(piece)
                size += len(piece)

            frames = () if out is None else engine.batches_now(out.statement(source))
            for frame in frames:
                for piece in out.write(frame) if out is not None else ():
                    put(bytes(small.compress(piece)))
                rows += frame.height
                created_us, uuid = frame.select("created_us", "person").row(-1)
                last = Place(created_us, UUID(uuid))
                on_rows(frame.height)
            put(bytes(small.compress(b"" if out is None else out.end())))
            put(bytes(small.flush()))
            sink.flush()
            os.fsync(sink.fileno())
        half.replace(file)
        sync_directory(file.parent)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull("The disk is full: the export cannot be written.") from error
        raise EngineError(f"The export cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return Written(Part(file.name, rows, size, digest.hexdigest()), last)
