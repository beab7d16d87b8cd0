"""What a process and all its children take: memory, processor time. From /proc, so on Linux."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType

from msgspec import Struct

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# A look takes two milliseconds of a core that the service could have.
_SAMPLE_SECONDS = 0.1
_LOOK_SECONDS = 0.25
# Between two merges of the service's own (service/tidying.py) it rests for up to so long.
_STILL_SECONDS = 30.0
# An idle engine's own threads look around a few times a second. A merge takes a whole core.
_STILL_SHARE = 0.05


class Usage(Struct, frozen=True):
    """Resident memory now, and the processor time since each process began."""

    rss_bytes: int
    cpu_seconds: float


class Settled(Struct, frozen=True):
    """How long it took a process to fall still; `still` False where the patience ended first."""

    seconds: float
    still: bool


def usage(pid: int) -> Usage | None:
    """Add up a process and its children; None where there is no /proc.

    Pages that two processes share count twice, as in `ps`.
    """
    if not (_PROC / "self/stat").exists():
        return None
    family = _family(pid)
    pages = sum(int(stat[21]) for stat in family.values())
    ticks = sum(int(stat[11]) + int(stat[12]) for stat in family.values())
    return Usage(pages * _PAGE_BYTES, ticks / _TICKS)


def proportional(pid: int) -> int | None:
    """Add up the memory of a process and its children, shared pages divided among those who share.

    None where /proc does not tell.
    """
    if not (_PROC / "self/smaps_rollup").exists():
        return None
    total = 0
    for one in _family(pid):
        try:
            rollup = (_PROC / str(one) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
    return 1024 * total


def _family(pid: int) -> dict[int, list[str]]:
    """Return a process and all below it, with what stands after its name in /proc/…/stat."""
    stats: dict[int, list[str]] = {}
    children: dict[int, list[int]] = {}
    for entry in os.listdir(_PROC):
        if not entry.isdigit():
            continue
        try:
            # The command's name, in parentheses, may hold anything: what follows counts.
            stat = (_PROC / entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        stats[int(entry)] = stat
        children.setdefault(int(stat[1]), []).append(int(entry))
    found: dict[int, list[str]] = {}
    wanted = [pid]
    while wanted:
        one = wanted.pop()
        wanted += children.get(one, [])
        if one in stats:
            found[one] = stats[one]
    return found


class Peak:
    """The highest resident memory of a process and its children while the context lasts."""

    def __init__(self, pid: int) -> None:
        self.before_bytes = self.highest_bytes = self.after_bytes = _rss(pid)
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.after_bytes = _rss(self._pid)

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            seen = _rss(self._pid)
            if seen is not None:
                self.highest_bytes = max(seen, self.highest_bytes or 0)


def _rss(pid: int) -> int | None:
    seen = usage(pid)
    return None if seen is None else seen.rss_bytes


def settle(pid: int, most_seconds: float) -> Settled:
    """Wait until a process and its children have hardly used the processor for half a minute.

    No statement can be sent to the service's engine, so this is how its merges are seen to be
    over. Without /proc it waits for four times as long and hopes.
    """
    began = since = time.monotonic()
    at_first = usage(pid)
    if at_first is None:
        time.sleep(min(most_seconds, 4 * _STILL_SECONDS))
        return Settled(time.monotonic() - began, still=False)
    used = at_first.cpu_seconds
    while (now := time.monotonic()) - began < most_seconds:
        if now - since >= _STILL_SECONDS:
            return Settled(now - began, still=True)
        time.sleep(_LOOK_SECONDS)
        seen = usage(pid)
        if seen is not None and seen.cpu_seconds - used > _STILL_SHARE * _STILL_SECONDS:
            since, used = time.monotonic(), seen.cpu_seconds
    return Settled(time.monotonic() - began, still=False)
