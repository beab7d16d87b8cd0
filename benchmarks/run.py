"""Measure a service from nothing: `python -m benchmarks.run`; see README.md beside this file.

Generates persons, starts a service in a directory of its own, imports them by the real command,
asks the questions, exports everything, and prints what came out. No time is too long for it; an
answer that is wrong ends it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import IO

import msgspec
from msgspec import Struct

from benchmarks.answers import Wrong
from benchmarks.asking import ask_all, connected, export_all
from benchmarks.processes import Peak, settle, usage
from benchmarks.questions import questions
from benchmarks.report import (
    Disk,
    Loaded,
    Report,
    markdown,
    now,
    these_versions,
    this_machine,
)
from benchmarks.running import (
    ROOT,
    Failed,
    Held,
    Service,
    ask_parts,
    import_file,
    prepare,
    serving,
    unlock,
)
from benchmarks.truth import Truth, lines

_SETTLE_SECONDS = 1_800.0
_LEAST_PERSONS = 1_000
_DRAWS = 12
# The only one in the data of a run.
_PROJECT = 1
# The generated persons' times end here, and the service hides who is from the future.
_LAST_CREATED = 1_790_812_800
_began = time.monotonic()


class Options(Struct, frozen=True):
    """What to measure."""

    persons: int
    dirty: bool
    settle: bool
    repeat: int
    output: Path
    keep: Path | None
    again: Path | None
    export: bool


def main() -> None:
    """Measure as the command line says: 0 is good, 1 a wrong answer or a failure."""
    options = _options()
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _stop)
    try:
        with _folder(options) as folder:
            report = _measure(options, folder)
    except KeyboardInterrupt:
        sys.exit(130)
    except (Wrong, Failed) as error:
        sys.exit(f"benchmarks: {type(error).__name__}: {error}")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    _note(f"the same as JSON: {options.output}")
    print(markdown(report))


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--dirty", action="store_true", help="import newer versions of 7.5 %% too")
    parser.add_argument("--no-settle", action="store_true", help="do not wait for merges")
    parser.add_argument("--repeat", type=int, default=30, help="times to ask (%(default)s)")
    parser.add_argument("--output", type=Path, help="JSON; benchmarks/results/… if not given")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in DIR and leave it there")
    parser.add_argument("--again", type=Path, metavar="DIR", help="ask what --keep DIR has left")
    parser.add_argument("--no-export", action="store_true", help="leave the export of all out")
    given = parser.parse_args()
    if given.repeat < 1:
        parser.error("--repeat must be 1 at least")
    least = max(_LEAST_PERSONS, _DRAWS * (given.repeat + 1))
    if given.persons < least:
        parser.error(f"--persons must be {least} at least for so many repetitions")
    if time.time() < _LAST_CREATED:
        parser.error("this machine's clock is before October 2026: some persons would be hidden")
    state = "dirty" if given.dirty else "clean"
    name = f"{version('personhouse')}-{given.persons}-{state}.json"
    output = given.output or ROOT / "benchmarks/results" / name
    return Options(
        given.persons,
        given.dirty,
        not given.no_settle,
        given.repeat,
        output,
        given.keep,
        given.again,
        not given.no_export,
    )


@contextmanager
def _folder(options: Options) -> Generator[Path]:
    """Make the directory for everything; it goes at the end unless it is to be kept.

    Raises:
        Failed: the one to keep has something in it, or the one to ask again nothing.
    """
    keep = options.keep
    if options.again is not None:
        if not (options.again / "data").is_dir():
            raise Failed(f"{options.again} was left by no --keep")
        yield options.again.resolve()
        return
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise Failed(f"{keep} is not empty")
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="personhouse-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(options: Options, folder: Path) -> Report:
    machine, at = this_machine(), now()
    truth = Truth()
    asked = questions(
        truth, persons=options.persons, dirty=options.dirty, rounds=options.repeat + 1
    )
    sources = _prepare(options, folder, truth)
    data = folder / "data"
    settled = None
    with serving(data, folder / "serve.log") as service:
        project, key = prepare(data) if options.again is None else unlock(data, _PROJECT)
        imports = [_load(service, data, project, *source, options) for source in sources]
        if options.settle:
            settled = settle(service.pid, _SETTLE_SECONDS)
            _note(f"waited {settled.seconds:.1f} s for merges")
        settled_bytes = _rss(service)
        with connected(service, project, key) as client:
            timings = ask_all(client, asked, options.repeat, _note)
            asked_bytes = _rss(service)
            exported = None
            if options.export:
                exported = export_all(client, service, options.persons)
                _note("exported everything")
    held = ask_parts(data)
    if held is None:
        _note("what is on disk could not be read")
    return Report(
        at,
        machine,
        these_versions(None if held is None else held.clickhouse),
        options.persons,
        options.dirty,
        options.repeat,
        imports,
        None if settled is None else settled.seconds,
        settled is not None and settled.still,
        settled_bytes,
        timings,
        asked_bytes,
        exported,
        None if held is None else _disk(held, options.persons),
    )


def _prepare(options: Options, folder: Path, truth: Truth) -> list[tuple[Path, int]]:
    """Make what is to be imported and find out the truth, unless an earlier run left both."""
    known = folder / "truth.json"
    if options.again is not None and known.exists():
        truth.load(known)
        return []
    sources = _write_lines(options, folder, truth)
    _note(f"{options.persons:,} persons are generated")
    if options.again is None and options.keep is None:
        return sources
    truth.save(known)
    return sources if options.again is None else []


def _write_lines(options: Options, folder: Path, truth: Truth) -> list[tuple[Path, int]]:
    """Write the files to import and tell the truth of each line; returns files and line counts."""
    first, second = folder / "persons.ndjson", folder / "newer.ndjson"
    newer_lines = 0
    with ExitStack() as files:
        persons: IO[bytes] = files.enter_context(first.open("wb"))
        newer_persons: IO[bytes] = files.enter_context(second.open("wb"))
        for line, newer in lines(options.persons, dirty=options.dirty):
            persons.write(line + b"\n")
            if newer is not None:
                newer_persons.write(newer + b"\n")
                newer_lines += 1
            truth.add(newer or line)
    if not options.dirty:
        second.unlink()
        return [(first, options.persons)]
    return [(first, options.persons), (second, newer_lines)]


def _load(
    service: Service, data: Path, project: int, source: Path, count: int, options: Options
) -> Loaded:
    """Import a file, every line of which must be written.

    Raises:
        Wrong: not all of them were.
    """
    size = source.stat().st_size
    started = time.monotonic()
    with Peak(service.pid) as peak:
        done = import_file(data, project, source)
    command_seconds = time.monotonic() - started
    if (done.read, done.written) != (count, count):
        raise Wrong(f"import of {count} lines: {done}")
    if options.keep is None:
        # Ten million lines are 8 GB, and the questions need none of them.
        source.unlink()
    _note(f"imported {count:,} lines")
    return Loaded(
        count,
        size,
        done.seconds,
        round(command_seconds, 3),
        peak.before_bytes,
        peak.highest_bytes,
        peak.after_bytes,
    )


def _disk(held: Held, persons: int) -> Disk:
    size = sum(table.bytes for table in held.tables)
    main_table = next(table for table in held.tables if table.name == "persons")
    return Disk(size, round(size / persons, 1), main_table.parts, main_table.rows)


def _rss(service: Service) -> int | None:
    seen = usage(service.pid)
    return None if seen is None else seen.rss_bytes


def _stop(number: int, _: FrameType | None) -> None:
    """End as Ctrl-C does, so that what was started is taken down; asked again, go on with that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _note(text: str) -> None:
    print(f"{time.monotonic() - _began:7.1f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
