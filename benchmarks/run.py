"""Measure personhouse and its peers: `python -m benchmarks.run`; see README.md beside this file.

Generates persons, loads them into every system there is, sees that all answer rightly, asks them in
turns for their times, and writes what came out. An answer that is wrong ends it.
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

import msgspec
from msgspec import Struct

from benchmarks import report
from benchmarks.answers import Wrong
from benchmarks.asking import Asking, agree, ask_all, write_all
from benchmarks.bandwidth import measure
from benchmarks.data import Files
from benchmarks.peers.system import Loaded, Missing
from benchmarks.peers.worker import SYSTEMS, Worker
from benchmarks.questions import Question, questions
from benchmarks.results_file import (
    Report,
    SystemReport,
    now,
    these_versions,
    this_machine,
    write,
)
from benchmarks.running import ROOT, Failed
from benchmarks.truth import Truth

RESULTS = ROOT / "benchmarks/results"
_SCALES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
_ROUNDS = 31
_LEAST_PERSONS = 2_000
# Who shares another's data is loaded after it.
_LOADED = ("http", "engine", "posthog", "postgres", "duckdb")
# The generated persons' times end here, and the service hides who is from the future.
_LAST_CREATED = 1_790_812_800
_began = time.monotonic()


class Options(Struct, frozen=True):
    """What to measure; see `_options`."""

    persons: int
    systems: tuple[str, ...] = tuple(SYSTEMS)
    repeat: int = _ROUNDS - 1
    seconds: float = 10.0
    output: Path = RESULTS
    keep: Path | None = None
    is_load_only: bool = False
    has_exports: bool = True
    has_pause: bool = False
    note: str = ""


def main() -> None:
    """Measure as the command line says: 0 is good, 1 a wrong answer or a failure."""
    options = _options()
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _stop)
    try:
        with _folder(options.keep) as folder:
            found = run(options, folder)
    except KeyboardInterrupt:
        sys.exit(130)
    except (Wrong, Failed) as error:
        sys.exit(f"benchmarks: {type(error).__name__}: {error}")
    if found is not None:
        write(found, options.output / f"{found.persons}.json")
        report.write(options.output)
        _note(f"written: {options.output}")
        print(report.summary(found))


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--scale", choices=_SCALES, help="100k if not given")
    parser.add_argument("--persons", type=int, help="how many, instead")
    parser.add_argument("--systems", help=f"only these: {','.join(SYSTEMS)}")
    parser.add_argument(
        "--repeat", type=int, default=_ROUNDS - 1, help="times to ask (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="then a question is asked no more (%(default)s)"
    )
    parser.add_argument(
        "--output", type=Path, help="directory; benchmarks/results/<version> if not given"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="load into DIR, or ask what is there"
    )
    parser.add_argument(
        "--load-only", action="store_true", help="with --keep: load, and ask nothing"
    )
    parser.add_argument("--no-exports", action="store_true", help="leave the exports out")
    parser.add_argument(
        "--pause", action="store_true", help="wait for a line of input before any time is taken"
    )
    parser.add_argument("--note", default="", help="what the report is to say as well")
    given = parser.parse_args()
    if not 1 <= given.repeat < _ROUNDS:
        parser.error(f"--repeat must be 1 at least, and {_ROUNDS - 1} at most")
    persons = given.persons or _SCALES[given.scale or "100k"]
    if persons < _LEAST_PERSONS:
        parser.error(f"--persons must be {_LEAST_PERSONS} at least")
    if time.time() < _LAST_CREATED:
        parser.error("this machine's clock is before October 2026: some persons would be hidden")
    if given.load_only and given.keep is None:
        parser.error("--load-only needs --keep")
    systems = tuple(given.systems.split(",")) if given.systems else tuple(SYSTEMS)
    if unknown := set(systems) - set(SYSTEMS):
        parser.error(f"--systems: there is no {', '.join(sorted(unknown))}")
    return Options(
        persons,
        systems,
        given.repeat,
        given.seconds,
        given.output or RESULTS / version("personhouse"),
        given.keep,
        given.load_only,
        not given.no_exports,
        given.pause,
        given.note,
    )


@contextmanager
def _folder(keep: Path | None) -> Generator[Path]:
    """Make the directory for everything; it goes at the end unless it is to be kept."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="personhouse-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(options: Options, folder: Path) -> Report | None:
    """Load what is not there yet, and ask; None where nothing is to be asked.

    Raises:
        Wrong: an answer is not right.
        Failed: a system broke off.
    """
    truth = Truth()
    asked = questions(truth, persons=options.persons, rounds=_ROUNDS)
    files = _prepare(folder, options.persons, truth)
    loaded = _load_all(options, folder, files)
    if options.is_load_only:
        return None
    with ExitStack() as stack:
        reports: list[SystemReport] = []
        systems: list[Asking] = []
        workers: list[Worker] = []
        for name in options.systems:
            known = loaded[name]
            if isinstance(known, str):
                reports.append(SystemReport(name, known))
                continue
            worker = stack.enter_context(Worker(name, folder))
            opened = worker.open()
            _note(f"{name} is open")
            workers.append(worker)
            systems += [Asking(variant, worker) for variant in opened.variants]
            reports.append(SystemReport(opened.variants[0], "", opened.facts, known))
        statements = agree(systems, asked, _note)
        if options.has_pause:
            _note("ready: a line, please")
            sys.stdin.readline()
        machine, bandwidth = this_machine(), measure(folder)
        timings = ask_all(systems, asked, options.repeat, _note, seconds=options.seconds)
        memory = {worker.name: worker.memory_bytes() for worker in workers}
        exports = write_all(systems, folder, _note) if options.has_exports else []
    names = {one.system: one.worker.name for one in systems}
    return Report(
        now(),
        version("personhouse"),
        f"python -m benchmarks.run --persons {options.persons} --repeat {options.repeat}"
        f" --seconds {options.seconds:g}",
        machine,
        these_versions(),
        bandwidth,
        options.persons,
        options.repeat,
        [
            msgspec.structs.replace(one, memory_bytes=memory.get(names.get(one.name, "")))
            for one in reports
        ],
        {question.name: _scanned(question) for question in asked},
        timings,
        exports,
        statements,
        options.note,
    )


def _scanned(question: Question) -> float:
    return round(question.scanned())


def _prepare(folder: Path, persons: int, truth: Truth) -> Files:
    """Make what is to be loaded and find out the truth, unless an earlier run left both."""
    files, known = Files(str(folder), persons), folder / f"truth-{persons}.json"
    if not known.exists():
        if files.are_there():
            raise Failed(f"{folder} holds another run's files")
        files.write(truth)
        truth.save(known)
        _note(f"{persons:,} persons are generated")
    else:
        truth.load(known)
    return files


def _load_all(options: Options, folder: Path, files: Files) -> dict[str, Loaded | str]:
    """Load every system that is not loaded; returns what that took, or why it takes no part."""
    found: dict[str, Loaded | str] = {}
    for name in _LOADED:
        # The one has the other's data.
        if name not in options.systems and not (name == "http" and "engine" in options.systems):
            continue
        done = folder / f"{name}.loaded.json"
        if done.exists():
            found[name] = msgspec.json.decode(done.read_bytes(), type=Loaded)
            continue
        if (folder / name).exists() and name != "engine":
            # It was cut off.
            shutil.rmtree(folder / name)
        try:
            with Worker(name, folder) as worker:
                found[name] = one = worker.load(files)
        except Missing as error:
            found[name] = str(error)
            _note(f"{name} takes no part: {error}")
            continue
        done.write_bytes(msgspec.json.encode(one))
        _note(f"{name} is loaded")
    return found


def _stop(number: int, _: FrameType | None) -> None:
    """End as Ctrl-C does, so that what was started is taken down; asked again, go on with that."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _note(text: str) -> None:
    print(f"[{time.monotonic() - _began:7.1f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
