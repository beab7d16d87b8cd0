"""What a running import has to tell, on its way from its thread to the response."""

from __future__ import annotations

import queue
import threading
import time

import msgspec
from msgspec import Struct

from queries.imports import Reject
from service.errors import ErrorBody
from service.import_runs import Progress, Summary

LINES_HELD = 50_000
_LOOK_SECONDS = 0.25
# A response that was never begun cannot say that it left.
_PATIENCE_SECONDS = 300.0


class Abandoned(Exception):
    """Nobody listens any more: raised in the import's thread, to end it."""


class Report:
    """Filled by an import in its thread, emptied by a response in the event loop.

    A response that takes lines has every reject told, and holds the import up rather than keep
    more than `LINES_HELD`; one that takes nothing for five minutes has left. A response that
    takes no lines keeps the first rejects for its end.
    """

    def __init__(self, kept: int | None) -> None:
        """Keep up to `kept` rejects; with None, hand out lines."""
        self.rejects: list[Reject] = []
        self._kept = kept
        self._lines: queue.Queue[bytes] = queue.Queue(LINES_HELD)
        self._progress = b""
        self._left = threading.Event()
        self._taken = time.monotonic()

    def note(self, progress: Progress) -> None:
        """Take how far the import is; called in its thread, and raises to stop it."""
        if self._left.is_set():
            raise Abandoned
        # The import goes on with the same struct, so it is written down now.
        self._progress = line_of(progress=progress)

    def reject(self, reject: Reject) -> None:
        """Take a line that was not imported; called in the import's thread."""
        if self._kept is None:
            self._put(line_of(reject=reject))
        elif len(self.rejects) < self._kept:
            self.rejects.append(reject)

    def _put(self, line: bytes) -> None:
        while not self._left.is_set():
            try:
                return self._lines.put(line, timeout=_LOOK_SECONDS)
            except queue.Full:
                if time.monotonic() - self._taken > _PATIENCE_SECONDS:
                    break
        raise Abandoned

    def take(self) -> bytes:
        """Return all lines since the last time: rejects, then the newest progress if it is new."""
        self._taken = time.monotonic()
        lines: list[bytes] = []
        while not self._lines.empty():
            lines.append(self._lines.get_nowait())
        progress, self._progress = self._progress, b""
        return b"".join([*lines, progress])

    def leave(self) -> None:
        """Say that nobody listens any more; harmless when the import has ended."""
        self._left.set()


def line_of(
    *,
    progress: Progress | None = None,
    reject: Reject | None = None,
    summary: Summary | None = None,
    error: ErrorBody | None = None,
) -> bytes:
    """Return an event as a line of NDJSON: an object whose one member is named after it."""
    events: dict[str, Struct | None] = {
        "progress": progress,
        "reject": reject,
        "summary": summary,
        "error": error,
    }
    event = {name: value for name, value in events.items() if value is not None}
    return msgspec.json.encode(event) + b"\n"
