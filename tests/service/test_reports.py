"""What an import tells while it runs, and bodies on their way to disk."""

from __future__ import annotations

import asyncio
import errno
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queries.imports import Reject
from service.api import reports
from service.api.reports import Abandoned, Report, line_of
from service.api.spool import folder, spool
from service.errors import DiskFull, ErrorBody
from service.import_runs import Progress, Summary
from service.settings import Settings


def test_a_line_is_named_after_its_event() -> None:
    summary = Summary(1, 1, 0, 0, 0, 0.5)
    error = ErrorBody("server_error", "error", "x")
    assert json.loads(line_of(summary=summary))["summary"]["read"] == 1
    assert json.loads(line_of(error=error)) == {
        "error": {"type": "server_error", "code": "error", "detail": "x", "attr": None}
    }
    assert line_of(reject=Reject(3, "why")) == b'{"reject":{"line":3,"reason":"why"}}\n'


def test_all_rejects_are_told_but_only_the_newest_progress() -> None:
    report, progress = Report(None), Progress()
    for n in (1, 2):
        report.reject(Reject(n, "why"))
        progress.read = n
        report.note(progress)
    progress.read = 99
    told = [json.loads(line) for line in report.take().splitlines()]
    assert [event["reject"]["line"] for event in told[:2]] == [1, 2]
    assert [event["progress"]["read"] for event in told[2:]] == [2]
    assert report.take() == b""


def test_without_lines_the_first_rejects_are_kept() -> None:
    report = Report(2)
    for n in range(5):
        report.reject(Reject(n, "why"))
    assert [reject.line for reject in report.rejects] == [0, 1]
    assert report.take() == b""


def test_who_left_is_told_no_more() -> None:
    report = Report(None)
    report.leave()
    with pytest.raises(Abandoned):
        report.reject(Reject(1, "why"))
    with pytest.raises(Abandoned):
        report.note(Progress())


def test_an_import_waits_for_a_slow_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "LINES_HELD", 2)
    report = Report(None)

    def tell() -> None:
        for n in range(5):
            report.reject(Reject(n, "why"))

    thread = threading.Thread(target=tell)
    thread.start()
    told = b""
    while told.count(b"\n") < 5:
        taken = report.take()
        assert taken.count(b"\n") <= 3
        told += taken
    thread.join()


def test_a_response_that_takes_nothing_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "LINES_HELD", 1)
    monkeypatch.setattr(reports, "_PATIENCE_SECONDS", 0.0)
    report = Report(None)
    report.reject(Reject(1, "why"))
    with pytest.raises(Abandoned):
        report.reject(Reject(2, "why"))


async def _pieces(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def test_a_body_is_kept_as_it_came(tmp_path: Path) -> None:
    pieces = [bytes([n]) * 700_000 for n in range(5)]
    path = asyncio.run(spool(_pieces(*pieces), Settings(data=str(tmp_path))))
    assert path.read_bytes() == b"".join(pieces)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ConnectionError("left"), ConnectionError),
        (OSError(errno.ENOSPC, "full"), DiskFull),
        (OSError(errno.EDQUOT, "full"), DiskFull),
        (OSError(errno.EIO, "broken"), OSError),
    ],
)
def test_of_a_body_that_is_cut_off_nothing_stays(
    tmp_path: Path, error: Exception, raised: type[Exception]
) -> None:
    settings = Settings(data=str(tmp_path))
    with pytest.raises(raised):
        asyncio.run(spool(_pieces(b"x" * 3_000_000, error), settings))
    assert list(folder(settings).iterdir()) == []
