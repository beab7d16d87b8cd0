"""What a service tells of a running import, line by line."""

from __future__ import annotations

from msgspec import Struct

from queries.imports import Reject
from service.errors import ErrorBody
from service.imports import Progress, Summary


class Event(Struct):
    """A line of it: one of these is there."""

    progress: Progress | None = None
    reject: Reject | None = None
    summary: Summary | None = None
    error: ErrorBody | None = None
