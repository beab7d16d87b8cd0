"""The manifest of an export into files: what is in it, and the proof that a set is whole.

`manifest.json` is written last, when all parts are: a directory without it is not a whole export.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

NAME = "manifest.json"
VERSION = 1
_CHUNK_BYTES = 1_048_576


class Unsound(Exception):
    """A directory is no whole, untouched export; the text says why."""


class Part(Struct, frozen=True):
    """A file of an export.

    Attributes:
        name: of the file.
        rows: persons in it.
        bytes: its size.
        sha256: of its bytes, in hex.
    """

    name: str
    rows: int
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What an export is.

    Attributes:
        version: of this form.
        id: of the job.
        project: whose persons.
        snapshot: the moment they are of, ISO 8601.
        format: as `parquet`, `csv.gz`.
        columns: their names, in order; none for those of the format.
        filter: which persons, as the arguments of the request.
        rows: persons in all parts.
        bytes: of all parts.
        parts: in the order of the list of persons.
        digest: SHA-256 of this manifest with an empty digest.
    """

    version: int
    id: str
    project: int
    snapshot: str
    format: str
    columns: list[str]
    filter: dict[str, str | list[str]]
    rows: int
    bytes: int
    parts: list[Part]
    digest: str = ""

    def signed(self) -> Manifest:
        """Return it with its digest."""
        bare = msgspec.structs.replace(self, digest="")
        digest = hashlib.sha256(msgspec.json.encode(bare)).hexdigest()
        return msgspec.structs.replace(self, digest=digest)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write it: whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(manifest.signed()), indent=2) + b"\n"
    write_whole(directory / NAME, text)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, durably."""
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    part.replace(file)
    sync_directory(file.parent)


def sync_directory(directory: Path) -> None:
    """Make durable which files a directory has."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def verify(directory: Path) -> Manifest:
    """Return the manifest of a directory that holds a whole export, every byte as it was written.

    Raises:
        Unsound: it does not.
    """
    try:
        manifest = msgspec.json.decode((directory / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise Unsound(f"there is no {NAME}: the export is not complete") from None
    except msgspec.MsgspecError as error:
        raise Unsound(f"{NAME} is damaged: {error}") from error
    if manifest.version != VERSION:
        raise Unsound(f"{NAME} is of version {manifest.version}, which is not known here")
    if manifest.signed().digest != manifest.digest:
        raise Unsound(f"{NAME} was changed: its digest is another one")
    for part in manifest.parts:
        _verify_part(directory / part.name, part)
    known = {NAME, *(part.name for part in manifest.parts)}
    strays = sorted(file.name for file in directory.iterdir() if file.name not in known)
    if strays:
        raise Unsound(f"{strays[0]} is no part of the export")
    for what, said, summed in (
        ("rows", manifest.rows, sum(part.rows for part in manifest.parts)),
        ("bytes", manifest.bytes, sum(part.bytes for part in manifest.parts)),
    ):
        if said != summed:
            raise Unsound(f"the parts have {summed:,} {what} together, and not {said:,}")
    return manifest


def _verify_part(file: Path, part: Part) -> None:
    if not file.is_file():
        raise Unsound(f"{part.name} is missing")
    size = file.stat().st_size
    if size != part.bytes:
        raise Unsound(f"{part.name} has {size:,} bytes, and not {part.bytes:,}")
    if digest_of(file) != part.sha256:
        raise Unsound(f"{part.name} was changed: its SHA-256 is another one")
