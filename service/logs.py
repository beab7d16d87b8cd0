"""What the service says on stderr: a line for each request, and for what went wrong.

No line holds a key, a property or a distinct id. What other programs said of a failure may quote
them, ClickHouse not least: so of an error only its kind, its number and where it came from are
told. At the level `debug` its words are too.
"""

from __future__ import annotations

import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from service.errors import PersonhouseError
from service.settings import Log

REQUESTS = "personhouse.requests"
"""The logger of requests, whose records have what is told of one as `told`."""

_FRAMES = 12
_ENCODER = msgspec.json.Encoder()
# Others' loggers that say what ours say better, or say it past us.
_QUIET = {"clickhouse_connect": "CRITICAL", "urllib3": "ERROR", "httpx": "WARNING"}


def configuration(log: Log) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; granian's too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": _FORMATTERS[log.format], "words": log.level == "debug"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": log.level.upper()} for name in ("personhouse", "service")},
            **{name: {"level": level} for name, level in _QUIET.items()},
            "_granian": {"handlers": ["stderr"], "propagate": False},
        },
    }


def configure(log: Log) -> None:
    """Have this process's log written so."""
    logging.config.dictConfig(configuration(log))


def cause_of(error: BaseException) -> str:
    """Return what may be told of an error and what it came from: kinds and ClickHouse's numbers."""
    named: list[str] = []
    at: BaseException | None = error
    while at is not None and len(named) < 5:
        code = getattr(at, "code", None)
        number = f" {code}" if isinstance(code, int) else ""
        named.append(f"{type(at).__name__}{number}")
        at = at.__cause__
    return " from ".join(named)


class _Lines(logging.Formatter):
    """What both formats have in common."""

    def __init__(self, *, words: bool) -> None:
        super().__init__()
        self._words = words

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what a record tells, in order."""
        when = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z",
            "level": record.levelname.lower(),
        }
        request: dict[str, Any] | None = getattr(record, "told", None)
        if request is not None:
            return {**told, **request}
        told |= {"event": record.name.rpartition(".")[2], "message": record.getMessage()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            told |= {"cause": cause_of(error), "at": _frames(error)}
            if self._words:
                told["words"] = [str(one) for one in _chain(error)]
        return told


class JsonLines(_Lines):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return _ENCODER.encode(self.told(record)).decode()


class TextLines(_Lines):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = self.told(record)
        head = " ".join(
            ("personhouse:", told.pop("time"), told.pop("level"), told.pop("message", ""))
        )
        told.pop("event", None)
        shown = (f"{name}={value}" for name, value in told.items() if value not in ("", None))
        return " ".join((head.rstrip(), *shown))


_FORMATTERS = {"json": JsonLines, "text": TextLines}


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(chain) < 5:
        chain.append(at)
        at = at.__cause__
    return chain


def _frames(error: BaseException) -> list[str]:
    """Return where an error came from, the last call first."""
    origin = _chain(error)[-1]
    frames = traceback.extract_tb(origin.__traceback__)
    return [
        f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in reversed(frames[-_FRAMES:])
    ]


def detail_of(error: BaseException) -> str:
    """Return what may be told of an error in the middle of a line.

    The text of one of ours is for clients, and holds no data.
    """
    kind = cause_of(error)
    return f"{error} ({kind})" if isinstance(error, PersonhouseError) else kind
