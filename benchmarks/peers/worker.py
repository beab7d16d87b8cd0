"""A system in a process of its own, and the one who asks it, over a pipe of JSON lines.

Times are taken here, around the system alone: the pipe is in none of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from benchmarks.asks import Answer, Ask
from benchmarks.data import Files
from benchmarks.peers.system import ExportFormat, Facts, Loaded, Missing, System
from benchmarks.processes import proportional
from benchmarks.running import ROOT, Failed, environ

T = TypeVar("T")

SYSTEMS = {
    "engine": "benchmarks.peers.engine:PersonhouseEngine",
    "http": "benchmarks.peers.http:PersonhouseHttp",
    "posthog": "benchmarks.peers.posthog:PostHog",
    "postgres": "benchmarks.peers.postgres:Postgres",
    "duckdb": "benchmarks.peers.duckdb:DuckDb",
}
"""By the name of the directory. The first is what the others are compared with."""
_STOP_SECONDS = 120


class Load(Struct, frozen=True, tag=True):
    """Load these files."""

    files: Files


class Open(Struct, frozen=True, tag=True):
    """Open what was loaded; answered with `Opened`."""


class AskOne(Struct, frozen=True, tag=True):
    """Ask this, once; answered with `Asked`."""

    ask: Ask
    variant: str
    is_shown: bool = False


class Export(Struct, frozen=True, tag=True):
    """Write a file; answered with `Exported`."""

    form: ExportFormat
    target: str


Order: TypeAlias = Load | Open | AskOne | Export


class Opened(Struct, frozen=True):
    """An open system; `memory_bytes` as it is then."""

    variants: tuple[str, ...]
    facts: Facts


class Asked(Struct, frozen=True):
    """An answer, how long it took, and where asked for the statement; None is not to be asked."""

    ms: float
    answer: Answer | None
    statement: str = ""


class Exported(Struct, frozen=True):
    """A file that was written; no rows where the system writes none of the kind."""

    rows: int | None
    seconds: float
    bytes: int


class _Said(Struct):
    """What the worker says to an order: one of the three."""

    done: msgspec.Raw = msgspec.Raw(b"null")
    missing: str = ""
    failed: str = ""


class Worker:
    """A system in a process of its own. Use as a context: the process ends with it."""

    def __init__(self, name: str, folder: Path) -> None:
        """Start the process.

        Args:
            name: of `SYSTEMS`.
            folder: of the run; the system's own is in it.
        """
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / f"{name}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.worker", name, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
            env=environ(),
            # Ctrl-C is for the benchmark, which then ends this in good order.
            start_new_session=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._log.close()

    def load(self, files: Files) -> Loaded:
        """Load the files.

        Raises:
            Missing: the system is not there.
            Failed: it broke off; so do all other methods.
        """
        return self._order(Load(files), Loaded)

    def open(self) -> Opened:
        """Open what was loaded; raises `Missing` as well."""
        return self._order(Open(), Opened)

    def ask(self, ask: Ask, variant: str, *, is_shown: bool = False) -> Asked:
        """Ask something."""
        return self._order(AskOne(ask, variant, is_shown), Asked)

    def export(self, form: ExportFormat, target: Path) -> Exported:
        """Write everybody to a file."""
        return self._order(Export(form, str(target)), Exported)

    def memory_bytes(self) -> int | None:
        """Return the memory of the system's processes, what they share counted once."""
        pid = self.folder / "pid"
        return proportional(int(pid.read_text())) if pid.exists() else None

    def _order(self, order: Order, kind: type[T]) -> T:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise Failed(f"{self.name} broke off: see {self._log.name}")
        said = msgspec.json.decode(line, type=_Said)
        if said.missing:
            raise Missing(said.missing)
        if said.failed:
            raise Failed(f"{self.name}: {said.failed}")
        return msgspec.json.decode(said.done, type=kind)


def main() -> None:
    """Carry out the orders that come as lines, until there are no more."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    # What a library prints must not stand between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    system: System | None = None
    try:
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=Order)
            try:
                if system is None:
                    system = _system(name)(folder)
                said: dict[str, Any] = {"done": _carried_out(system, folder, order)}
            except Missing as error:
                said = {"missing": str(error)}
            except Exception as error:
                said = {"failed": f"{type(error).__name__}: {error} ({order})"[:4_000]}
            out.write(msgspec.json.encode(said).decode() + "\n")
            out.flush()
    finally:
        if system is not None:
            system.close()


def _system(name: str) -> type[System]:
    module, _, kind = SYSTEMS[name].partition(":")
    found: type[System] = getattr(import_module(module), kind)
    return found


def _carried_out(system: System, folder: Path, order: Order) -> Loaded | Opened | Asked | Exported:
    match order:
        case Load():
            load = os.getloadavg()[0]
            return msgspec.structs.replace(system.load(order.files), load=load)
        case Open():
            system.open()
            (folder / "pid").write_text(str(system.pid()))
            return Opened(system.variants, system.facts())
        case AskOne():
            return _asked(system, order)
        case Export():
            began = time.perf_counter()
            target = Path(order.target)
            rows = system.export(order.form, target)
            seconds = time.perf_counter() - began
            return Exported(rows, seconds, target.stat().st_size if rows is not None else 0)


def _asked(system: System, order: AskOne) -> Asked:
    if not system.can(order.ask, order.variant):
        return Asked(0.0, None)
    run = system.prepare(order.ask, order.variant)
    began = time.perf_counter()
    raw = run()
    ms = 1_000 * (time.perf_counter() - began)
    shown = system.statement(order.ask, order.variant) if order.is_shown else ""
    return Asked(round(ms, 4), system.read(order.ask, raw), shown)


if __name__ == "__main__":
    main()
