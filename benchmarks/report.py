"""What a run found out, as JSON and as Markdown."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from benchmarks.asking import Exported, Timing

_MIB = 1 << 20


class Machine(Struct, frozen=True):
    """Where it ran. `load` is the load average of the last minute, before anything was started."""

    platform: str
    cores: int
    memory_bytes: int
    load: float


class Loaded(Struct, frozen=True):
    """An import of a file, by the real command.

    Attributes:
        lines: in the file.
        bytes: of it.
        seconds: that the import took, as it says itself.
        command_seconds: from starting the command to its end, sending the file included.
        before_bytes, peak_bytes, after_bytes: the service's resident memory.
    """

    lines: int
    bytes: int
    seconds: float
    command_seconds: float
    before_bytes: int | None
    peak_bytes: int | None
    after_bytes: int | None


class Disk(Struct, frozen=True):
    """What is on disk at the end, in parts that count; `parts` and `versions` of persons alone."""

    bytes: int
    bytes_a_person: float
    parts: int
    versions: int


class Report(Struct, frozen=True):
    """One run. Memory is the service's, all its processes together; None where it is not seen."""

    at: str
    machine: Machine
    versions: dict[str, str]
    persons: int
    dirty: bool
    repeat: int
    imports: list[Loaded]
    settled_seconds: float | None
    still: bool
    settled_bytes: int | None
    timings: list[Timing]
    asked_bytes: int | None
    export: Exported | None
    disk: Disk | None


def this_machine() -> Machine:
    """Describe the machine, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    shown = f"{_processor()}, {platform.platform(aliased=True, terse=True)}"
    return Machine(shown.removeprefix(", "), cores or 1, memory, round(os.getloadavg()[0], 2))


def these_versions(clickhouse: str | None) -> dict[str, str]:
    """Return what takes part, by name, in the versions installed."""
    found: dict[str, str] = {}
    for package in ("personhouse", "chdb", "granian", "litestar", "polars", "httpx"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if clickhouse is not None:
        found["clickhouse"] = clickhouse
    return {**found, "python": platform.python_version()}


def now() -> str:
    """Return the time, UTC, to the minute."""
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime())


def markdown(report: Report) -> str:
    """Return the report as tables."""
    state = "dirty" if report.dirty else "clean"
    return "\n".join(
        [
            f"### {report.persons:,} persons, {state}",
            "",
            *_facts(report),
            "",
            "| question | p50 ms | p95 ms | min ms | n | rows |",
            "| --- | --: | --: | --: | --: | --: |",
            *(_row(timing) for timing in report.timings),
        ]
    )


def _facts(report: Report) -> list[str]:
    machine, export = report.machine, report.export
    facts = [
        ("at", report.at),
        (
            "machine",
            f"{machine.cores} cores, {machine.memory_bytes / 2**30:.1f} GiB, {machine.platform};"
            f" load {machine.load} before",
        ),
        ("versions", ", ".join(f"{name} {number}" for name, number in report.versions.items())),
        *(_import(n, one) for n, one in enumerate(report.imports)),
        ("merges", _merges(report)),
        (
            "memory of the service",
            f"{_mib(report.settled_bytes)} before the questions,"
            f" {_mib(report.asked_bytes)} after them",
        ),
        ("disk", _disk(report.disk)),
        (
            "CSV export of all",
            "left out"
            if export is None
            else f"{export.rows / export.seconds:,.0f} rows/s, {export.bytes:,} bytes in"
            f" {export.seconds:.1f} s, first byte after {export.first_byte_ms:,.0f} ms,"
            f" memory grew by {_mib(export.growth_bytes)}",
        ),
    ]
    return ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in facts)]


def _import(n: int, loaded: Loaded) -> tuple[str, str]:
    return (
        "import of newer versions" if n else "import",
        f"{loaded.lines / loaded.seconds:,.0f} rows/s, {loaded.lines:,} lines in"
        f" {loaded.seconds:.1f} s ({loaded.command_seconds:.1f} s with the command around it),"
        f" memory {_mib(loaded.before_bytes)} before, {_mib(loaded.peak_bytes)} at most,"
        f" {_mib(loaded.after_bytes)} after",
    )


def _merges(report: Report) -> str:
    if report.settled_seconds is None:
        return "not waited for"
    end = "over" if report.still else "not known to be over"
    return f"{end} {report.settled_seconds:.1f} s after the import"


def _disk(disk: Disk | None) -> str:
    if disk is None:
        return "unknown"
    return (
        f"{disk.bytes_a_person:,.0f} bytes a person, {disk.bytes / _MIB:,.1f} MiB in all;"
        f" {disk.versions:,} versions at the end, parts: {disk.parts}"
    )


def _row(timing: Timing) -> str:
    rows = "" if timing.rows is None else f"{timing.rows:,}"
    if timing.found is not None:
        rows += f" of {timing.found:,}"
    n = f"{timing.n} ({timing.refused} refused)" if timing.refused else str(timing.n)
    times = (timing.p50_ms, timing.p95_ms, timing.min_ms)
    shown = ("" if ms is None else f"{ms:,.1f}" for ms in times)
    return f"| {' | '.join((timing.name, *shown, n, rows))} |"


def _mib(size: int | None) -> str:
    return "unknown" if size is None else f"{size / _MIB:,.0f} MiB"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
