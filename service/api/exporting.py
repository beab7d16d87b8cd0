"""Exports over HTTP: which format a client wants, and an answer that never ends well by mistake."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter
from litestar.response.streaming import ASGIStreamingResponse, Stream
from litestar.types import Message, Receive, Send
from msgspec.structs import replace

from queries.export_source import Source
from queries.lines import Ids
from queries.persons import Selection
from service.engine import Engine
from service.errors import BadRequest, NotFound
from service.exports.asked import (
    COMPRESSED_TYPES,
    JSON,
    MEDIA_TYPES,
    SUFFIXES,
    TEXTS,
    Compression,
    decode_ask,
)
from service.exports.known import Known
from service.exports.stream import Export, open_export
from service.settings import Settings

Columns = Annotated[
    str,
    QueryParameter(
        description="Of an export: the columns and their order, with commas between, as"
        " `email,name,properties.plan`. A name that holds a comma stands in double quotes.",
    ),
]
IdsAs = Annotated[
    str,
    QueryParameter(
        description="Of an export: the distinct ids in a column each (CSV alone), joined in one, or"
        " the first alone.",
        schema_extra={"enum": list(Ids)},
    ),
]
Safe = Annotated[
    str,
    QueryParameter(
        description="Of a CSV: `1` puts an apostrophe before what spreadsheets take for formulas."
    ),
]
Wanted = Annotated[
    str,
    QueryParameter(
        description="What the answer is. Wins over the header `Accept`.",
        schema_extra={"enum": [JSON, *SUFFIXES], "default": JSON},
    ),
]

_BY_TYPE = {"application/json": JSON, **{kind: str(fmt) for fmt, kind in MEDIA_TYPES.items()}}
_CODING = re.compile(r"\s*([A-Za-z0-9*-]+)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")


class Asking:
    """The arguments of an export, as they came."""

    def __init__(self, columns: str, distinct_ids: str, safe: str) -> None:
        """Take them; empty ones ask nothing."""
        self._given = {"columns": columns, "distinct_ids": distinct_ids, "safe": safe}

    def refuse(self) -> None:
        """Refuse them where there is no export.

        Raises:
            BadRequest: one is given.
        """
        for name, text in self._given.items():
            if text:
                raise BadRequest(
                    f"`{name}` is for exports: ask for one, as `format=csv`.", attr=name
                )

    async def answer(
        self,
        request: Request[Any, Any, Any],
        settings: Settings,
        engine: Engine,
        known: Known,
        selection: Selection,
        suffix: str,
    ) -> ExportStream:
        """Begin an export; what is wrong with it can still be said.

        Raises:
            BadRequest: an argument is wrong.
            PersonhouseError: what `open_export` raises.
        """
        ask = decode_ask(suffix, **self._given)
        headers = {
            "Content-Disposition": f'attachment; filename="persons.{ask.suffix}"',
            "Vary": "Accept, Accept-Encoding",
        }
        kind = COMPRESSED_TYPES.get(ask.compression, MEDIA_TYPES[ask.fmt])
        if ask.fmt in TEXTS and not ask.compression:
            coding = accepted_coding(request.headers.get("accept-encoding", ""))
            ask = replace(ask, compression=coding)
            headers |= {"Content-Encoding": str(coding)} if coding else {}
        export = await open_export(engine, ask, Source(selection), known)
        headers["X-Total-Count"] = str(export.total)
        return ExportStream(export, kind, headers, settings.exports.stall_seconds)


def wanted(request: Request[Any, Any, Any], format: str) -> str:
    """Return what a request wants: `json`, or one of `SUFFIXES`.

    Raises:
        NotFound: a format we do not have; 404 is what PostHog says to that.
    """
    if not format:
        return _BY_TYPE[request.accept.best_match(list(_BY_TYPE)) or "application/json"]
    if format != JSON and format not in SUFFIXES:
        raise NotFound("Not found.")
    return format


def accepted_coding(header: str) -> Compression:
    """Return the compression that a header `Accept-Encoding` likes best; of equals the smallest."""
    best: tuple[float, Compression] = (0.0, Compression.NONE)
    for part in header.split(","):
        match = _CODING.fullmatch(part)
        if match is None or match[1].lower() not in (Compression.GZIP, Compression.ZSTD):
            continue
        # Of the two names the later one in the alphabet is the better compression.
        best = max(best, (float(match[2] or 1), Compression(match[1].lower())))
    return best[1] if best[0] > 0 else Compression.NONE


class ExportStream(Stream):
    """The answer that an export is.

    Whoever is gone is no longer written for, and who does not read for a while is cut off.
    """

    def __init__(
        self, export: Export, media_type: str, headers: Mapping[str, str], stall_seconds: float
    ) -> None:
        """Take an export that has begun."""
        super().__init__(export.chunks(), media_type=media_type, headers=dict(headers))
        self._export = export
        self._stall_seconds = stall_seconds

    def to_asgi_response(
        self,
        app: Any,  # noqa: ANN401 - as the parent has it
        request: Request[Any, Any, Any],
        *,
        headers: dict[str, str] | None = None,
        status_code: int | None = None,
        **others: Any,  # noqa: ANN401 - none of them is ours
    ) -> ASGIStreamingResponse:
        """Return what is sent."""
        del app, request, others
        return _Answer(
            self._export,
            self._stall_seconds,
            headers={**(headers or {}), **self.headers},
            iterator=self.iterator,
            media_type=self.media_type,
            status_code=self.status_code or status_code,
        )


class _Answer(ASGIStreamingResponse):
    """Sends an export."""

    def __init__(self, export: Export, stall_seconds: float, **others: Any) -> None:  # noqa: ANN401
        super().__init__(**others)
        self._export = export
        self._stall_seconds = stall_seconds

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send it to its end, or break off; either way nothing is left running."""

        async def patient(message: Message) -> None:
            async with asyncio.timeout(self._stall_seconds):
                await send(message)

        try:
            await super().send_body(patient, receive)
        finally:
            await self._export.close()
