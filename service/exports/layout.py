"""Lines of CSV with many columns, of which most lines fill the same few.

Those are the usual columns; what lies between two of them is a gap. A line costs what it holds:
the usual cells are written next to each other, then the gaps put in, which are ready commas.
Cells are quoted where RFC 4180 asks for it, and a line ends in CRLF.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect
from collections.abc import Iterable, Mapping
from itertools import chain, pairwise

# Stands for a gap while a line is written: no text that came as UTF-8 has a lone surrogate.
_GAP = "\udc01"
_BETWEEN = f",{_GAP},".encode(errors="surrogatepass")

_needs_quotes = re.compile(rb'[",\r\n]').search


class _Echo:
    """What a writer writes to, so that it returns the line."""

    def write(self, line: str) -> str:
        return line


_write = csv.writer(_Echo()).writerow


class Layout:
    """Where each column of a line is.

    Attributes:
        commas: what stands between each usual column and the next, if nothing is filled there.
        place: where in a row a usual column has its cell.
        blank: a row of empty cells; fill a copy.
    """

    def __init__(self, usual: Iterable[int]) -> None:
        """Take the usual columns, counted from 0; the first and the last must be among them."""
        columns = sorted(usual)
        self.commas = [b"," * (after - at) for at, after in pairwise(columns)]
        self.place: dict[int, int] = {}
        self.blank: list[object] = []
        self._gaps: list[bytes] = []
        self._gap_after: list[int] = []
        for at, commas in zip(columns, [*self.commas, b""], strict=True):
            self.place[at] = len(self.blank)
            self.blank.append("")
            if len(commas) > 1:
                self.blank.append(_GAP)
                self._gaps.append(commas)
                self._gap_after.append(at)
        self._whole = b"%b" + b"".join(gap + b"%b" for gap in self._gaps)

    def line(self, row: list[object], others: Mapping[int, str]) -> bytes:
        """Write a line, its end included.

        Args:
            row: `blank` with the usual cells filled: texts, integers, booleans, None.
            others: cells of columns that are not usual.
        """
        written: str = _write(row)
        pieces = written.encode(errors="surrogatepass").split(_BETWEEN)
        if not others:
            return self._whole % tuple(pieces)
        gaps = self._gaps.copy()
        filled: dict[int, list[int]] = {}
        for at in sorted(others):
            filled.setdefault(bisect(self._gap_after, at) - 1, []).append(at)
        for gap, columns in filled.items():
            gaps[gap] = self._filled(gap, columns, others)
        return b"".join(chain.from_iterable(zip(pieces, [*gaps, b""], strict=True)))

    def _filled(self, gap: int, columns: list[int], others: Mapping[int, str]) -> bytes:
        commas, last = self._gaps[gap], self._gap_after[gap]
        end = last + len(commas)
        parts: list[bytes] = []
        for at in columns:
            parts += (commas[: at - last], _quoted(others[at].encode()))
            last = at
        parts.append(commas[: end - last])
        return b"".join(parts)


def header(columns: Iterable[str]) -> bytes:
    """Write the line of names, its end included."""
    return str(_write(columns)).encode()


def _quoted(cell: bytes) -> bytes:
    if _needs_quotes(cell) is None:
        return cell
    return b'"' + cell.replace(b'"', b'""') + b'"'
