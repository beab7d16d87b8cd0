"""How fast this machine moves bytes: what no system can be faster than."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from msgspec import Struct

_BYTES = 512 << 20
_BLOCK = 4 << 20
_TIMES = 5


class Bandwidth(Struct, frozen=True):
    """Bytes a second, by one thread: from memory, and from the disk past its cache (or 0)."""

    memory: float
    disk: float


def measure(folder: Path) -> Bandwidth:
    """Measure both; a file of half a gigabyte is written to the directory meanwhile."""
    array = np.ones(_BYTES // 8, dtype=np.int64)
    best = min(_seconds_to_sum(array) for _ in range(_TIMES))
    return Bandwidth(_BYTES / best, _disk(folder / "bandwidth.tmp"))


def _seconds_to_sum(array: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    began = time.perf_counter()
    array.max()
    return time.perf_counter() - began


def _disk(file: Path) -> float:
    if not hasattr(os, "posix_fadvise"):
        return 0.0
    try:
        with file.open("wb") as out:
            for _ in range(_BYTES // _BLOCK):
                out.write(os.urandom(1 << 10) * (_BLOCK >> 10))
            out.flush()
            os.fsync(out.fileno())
        with file.open("rb", buffering=0) as written:
            os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            began = time.perf_counter()
            while written.read(_BLOCK):
                pass
            return _BYTES / (time.perf_counter() - began)
    finally:
        file.unlink(missing_ok=True)
