"""What a request asks for, as ClickHouse's HTTP interface takes it apart."""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl

from clickhouse_connect.driver import compression
from msgspec import Struct, field

# Of the protocol, and no settings of the engine.
_NO_SETTINGS = {
    "buffer_size",
    "client_protocol_version",
    "compress",
    "database",
    "decompress",
    "default_format",
    "password",
    "query",
    "query_id",
    "quota_key",
    "role",
    "session_check",
    "session_id",
    "session_timeout",
    "stacktrace",
    "user",
    "wait_end_of_query",
}
_INSERT = re.compile(
    rb"\s*INSERT\s+INTO\s+[^\s(]+\s*(?:\([^)]*\)\s*)?(?:SETTINGS\s[^()]*?)?\bFORMAT\s+(\w+)\s*?(?:\n|\s|$)",
    re.IGNORECASE,
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)(?:\s+SETTINGS\s.*)?\s*;?\s*$", re.IGNORECASE | re.DOTALL)
_PARAMETER = "param_"
# As a server has it, which no request can change.
_MAX_FIELD_BYTES = 131_072


class Headers(Protocol):
    """The headers of a request."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header, or what is to stand for it."""
        ...


class BadRequest(Exception):
    """The request is none that the interface takes."""


class Asked(Struct):
    """A statement and all that came with it.

    Attributes:
        text: the statement, of an INSERT without its data.
        data: of an INSERT, None where it brings none.
        data_format: of the data.
        format: of the answer.
        arguments: of the address, those of the protocol too.
        parameters: values bound in the statement, by name, escaped as in TSV.
        settings: of the engine.
    """

    text: bytes
    data: bytes | None
    data_format: str
    format: str
    arguments: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    settings: dict[str, str] = field(default_factory=dict[str, str])

    def waits(self) -> bool:
        """Say whether the answer is to begin when the statement has ended."""
        return self.arguments.get("wait_end_of_query") == "1"


def credentials(headers: Headers, arguments: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the user and password of a request, None where it has none."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password
    user = headers.get("X-ClickHouse-User", "")
    if user:
        return user, headers.get("X-ClickHouse-Key", "")
    if "user" in arguments:
        return arguments["user"], arguments.get("password", "")
    return None


def arguments_of(query_string: str) -> dict[str, str]:
    """Return the arguments of an address; the last one counts."""
    return dict(parse_qsl(query_string, keep_blank_values=True))


def asked(arguments: dict[str, str], headers: Headers, body: bytes) -> Asked:
    """Take a request apart.

    Raises:
        BadRequest: the body is not what its headers say.
    """
    body = _decompressed(body, headers.get("Content-Encoding", ""))
    given = dict(arguments)
    content_type = headers.get("Content-Type", "")
    if content_type.startswith("multipart/form-data"):
        given.update(_form(body, content_type))
        body = b""
    text = given.get("query", "").encode()
    if text and body:
        text += b"\n"
    text += body
    data, data_format = None, ""
    insert = _INSERT.match(text)
    if insert and insert[1].lower() != b"values":
        data, data_format = text[insert.end() :], insert[1].decode()
        text = text[: insert.start(1)].rstrip()[: -len(b"FORMAT")]
    # Only the end can name a format; megabytes of it are not looked at.
    named = _FORMAT.search(text[-500:].decode(errors="replace")) if data is None else None
    default = headers.get("X-ClickHouse-Format", "") or given.get("default_format", "TabSeparated")
    return Asked(
        text,
        data,
        data_format,
        named[1] if named else default,
        given,
        {
            name.removeprefix(_PARAMETER): value
            for name, value in given.items()
            if name.startswith(_PARAMETER)
        },
        {
            name: value
            for name, value in given.items()
            if name not in _NO_SETTINGS and not name.startswith(_PARAMETER)
        },
    )


def _decompressed(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "" | "identity":
            return body
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
        case "lz4":
            lz4 = cast("Any", compression)._lz4_decompressor()
            return cast("bytes", lz4.decompress(body))
        case "zstd":
            return cast("bytes", cast("Any", compression)._zstd_decompress(body))
        case _:
            raise BadRequest(f"Unknown compression method: {encoding}")


def _form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str):
        raise BadRequest("a form without a boundary")
    found: dict[str, str] = {}
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
        name = named.get_param("name", header="Content-Disposition")
        value = value.removesuffix(b"\r\n")
        if len(value) > _MAX_FIELD_BYTES:
            raise BadRequest("Field value too long")
        found[str(name)] = value.decode()
    return found
