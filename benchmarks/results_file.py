"""What a run found out, as it is kept: JSON."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.asking import Statement, Timing, Written
from benchmarks.bandwidth import Bandwidth
from benchmarks.peers.system import CORES, MEMORY_BYTES, Facts, Loaded


class Machine(Struct, frozen=True):
    """Where it ran. `load` is the load average of the last minute, before anything was asked."""

    platform: str
    cores: int
    memory_bytes: int
    load: float


class SystemReport(Struct, frozen=True):
    """A system of the run.

    Attributes:
        name: the first of its variants.
        missing: why it took no part; empty where it did.
        memory_bytes: of its processes, after the questions.
    """

    name: str
    missing: str = ""
    facts: Facts | None = None
    loaded: Loaded | None = None
    memory_bytes: int | None = None


class Report(Struct, frozen=True):
    """One run.

    Attributes:
        scanned: the bytes that each question must look at, at least.
        note: what whoever measured has to say.
    """

    at: str
    version: str
    command: str
    machine: Machine
    versions: dict[str, str]
    bandwidth: Bandwidth
    persons: int
    repeat: int
    systems: list[SystemReport]
    scanned: dict[str, float]
    timings: list[Timing]
    exports: list[Written]
    statements: list[Statement]
    note: str = ""

    def medians(self, system: str) -> dict[str, float]:
        """Return a system's medians in milliseconds, by question."""
        return {one.question: one.p50_ms for one in self.timings if one.system == system}

    def asked(self) -> list[str]:
        """Return the names of those who were asked, in order."""
        return list(dict.fromkeys(one.system for one in self.timings))

    def questions(self) -> dict[str, str]:
        """Return the kinds of the questions, by name, in order."""
        return {one.question: one.kind for one in self.timings}


def read(path: Path) -> Report:
    """Read a report."""
    return msgspec.json.decode(path.read_bytes(), type=Report)


def write(report: Report, path: Path) -> None:
    """Write a report, and the directory it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def this_machine() -> Machine:
    """Describe the machine, without its name."""
    shown = f"{_processor()}, {platform.platform(aliased=True, terse=True)}"
    load = round(os.getloadavg()[0], 2)
    return Machine(shown.removeprefix(", "), CORES, MEMORY_BYTES, load)


def these_versions() -> dict[str, str]:
    """Return what takes part, by name, in the versions installed."""
    found: dict[str, str] = {}
    for package in ("chdb", "granian", "litestar", "polars", "httpx", "psycopg", "duckdb"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, "python": platform.python_version()}


def now() -> str:
    """Return the time, UTC, to the minute."""
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
