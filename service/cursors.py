"""Cursors: from which place of a list a page goes on, sealed so that only we can make one.

A cursor holds for one list alone: the project and all that narrows it are in it as a digest. So
what was made for one filter does not lead into the middle of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from uuid import UUID

import msgspec
from msgspec import Struct

from queries.persons import Selection
from queries.places import Place
from service.errors import BadRequest

_VERSION = 1
# Version, direction, microseconds, uuid, offset, digest of the selection; then the seal. These are
# 60 bytes, of which base64 makes 80 characters without a bit to spare: one cursor, one text.
_DIGEST_BYTES = 10
_LAYOUT = struct.Struct(f">BBq16sQ{_DIGEST_BYTES}s")
_SEAL_BYTES = 16
_TEXT = re.compile(r"[A-Za-z0-9_\-]{80}")

_NOT_OURS = (
    "`cursor` is none that this service gave out. Follow `next` or `previous` exactly as given, or"
    " leave `cursor` out to start from the first page."
)
_OTHER_LIST = (
    "`cursor` is of another list: the project, or what narrows it (`properties`, `search`, `email`,"
    " `distinct_id`), is not what it was made for. Follow `next` or `previous` exactly as given,"
    " or leave `cursor` out to start from the first page."
)


class Cursor(Struct, frozen=True):
    """Where a page goes on.

    Attributes:
        place: of a person that is not on the page but next to it.
        is_back: the page is what stands before the place, and not what follows it.
        offset: how many persons stood before the page when this was made; says what the client is
            told, not what is read.
    """

    place: Place
    is_back: bool
    offset: int


class Cursors:
    """Cursors as clients see them: opaque texts of 80 characters, safe in an address."""

    def __init__(self, key: bytes) -> None:
        """Take the key, which is to be the same in all services that share a database."""
        self._key = key

    def seal(self, cursor: Cursor, selection: Selection) -> str:
        """Return the text of a cursor in a list."""
        inner = _LAYOUT.pack(
            _VERSION,
            cursor.is_back,
            cursor.place.created_us,
            cursor.place.uuid.bytes,
            cursor.offset,
            _digest(selection),
        )
        return base64.urlsafe_b64encode(inner + self._sealed(inner)).decode()

    def open(self, text: str, selection: Selection) -> Cursor:
        """Return the cursor of a text.

        Raises:
            BadRequest: it was not made here, or was made for another list.
        """
        inner = self._inner(text)
        version, is_back, created_us, uuid, offset, digest = _LAYOUT.unpack(inner)
        if version != _VERSION:
            raise BadRequest(_NOT_OURS, attr="cursor")
        if digest != _digest(selection):
            raise BadRequest(_OTHER_LIST, attr="cursor")
        return Cursor(Place(created_us, UUID(bytes=uuid)), bool(is_back), offset)

    def _inner(self, text: str) -> bytes:
        """Return what is under the seal, which must be ours."""
        if not _TEXT.fullmatch(text):
            raise BadRequest(_NOT_OURS, attr="cursor")
        whole = base64.urlsafe_b64decode(text)
        inner, seal = whole[: _LAYOUT.size], whole[_LAYOUT.size :]
        if not hmac.compare_digest(seal, self._sealed(inner)):
            raise BadRequest(_NOT_OURS, attr="cursor")
        return inner

    def _sealed(self, inner: bytes) -> bytes:
        return hmac.digest(self._key, inner, "sha256")[:_SEAL_BYTES]


def _digest(selection: Selection) -> bytes:
    """Return what tells one list from another, the same in every process.

    `ascii` names each struct and quotes each text, so two selections never look alike. The time
    until which persons are shown is left out: it goes on from page to page. A version of ours that
    names the parts otherwise ends the walks of the one before: they start again.
    """
    shown = ascii(msgspec.structs.replace(selection, until_us=0))
    return hashlib.blake2b(shown.encode(), digest_size=_DIGEST_BYTES).digest()
