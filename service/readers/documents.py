"""JSON that is not a record a line: a list of records, or pages with `results`.

The text is walked once, bracket by bracket, so that of a file of any size one record is held at
a time. Only brackets and strings are understood here: whether a record is sound JSON is seen by
whoever decodes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from service.readers.lines import MAX_RECORD_BYTES
from service.readers.sources import UnreadableSource

_Record: TypeAlias = tuple[int, bytes | None]

_SPACE = b", \t\r\n"
# All that is neither a bracket nor a string that is not whole.
_BETWEEN = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_INSIDE = re.compile(rb'["\\]')
_RESULTS = re.compile(rb'(?<!\\)"results"\s*:\s*\Z')
_PAGE = re.compile(
    rb'\s*+\{(?:\s*+"[^"\\]*+"\s*+:\s*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*+|[^"\[\]{},]++),)*+'
    rb'\s*+"results"\s*+:\s*+\['
)


def is_document(head: bytes) -> bool:
    """Tell whether a file that starts so is a list or pages, and not a record a line."""
    return head.lstrip()[:1] == b"[" or _PAGE.match(head) is not None


def split_document(chunks: Iterable[bytes], limit: int = MAX_RECORD_BYTES) -> Iterator[_Record]:
    """Yield the line where each record starts, from 1, and its bytes; None if they are too many.

    Raises:
        UnreadableSource: the brackets do not match, or an object has no list `results`.
    """
    walk = _Walk(limit)
    for chunk in chunks:
        yield from walk.through(chunk)
    walk.end()


class _Walk:
    """Where in the text we are.

    Of `text`, `start` is where the record being read begins, or else the end of the last
    bracket; `at` is how far we have looked. `level` counts the open brackets. Records are what
    opens at `list_level`, which is None outside of a list of records. One that is too long is
    dropped as it comes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.text = b""
        self.start = 0
        self.at = 0
        self.line = 1
        self.is_in_string = False
        self.level = 0
        self.list_level: int | None = None
        self.has_results = False
        self.is_in_record = False
        self.is_too_long = False
        self.record_line = 1

    def through(self, chunk: bytes) -> Iterator[_Record]:
        """Go on through the next part of the text, and yield the records that end in it."""
        self.text = self.text[self.start :] + chunk
        self.at -= self.start
        self.start = 0
        while self.at < len(self.text):
            if self.is_in_string:
                self._pass_string()
                continue
            between = _BETWEEN.match(self.text, self.at)
            # It matches anything, if only nothing.
            assert between is not None
            self.at = between.end() + 1
            match self.text[between.end() : self.at]:
                case b"{" | b"[" as bracket:
                    yield from self._opened(bracket)
                case b"}" | b"]":
                    yield from self._closed()
                case b'"':
                    self.is_in_string = True
                case _:
                    self.at = len(self.text)
        if len(self.text) - self.start > self.limit:
            self._drop()

    def _pass_string(self) -> None:
        """Go on to the end of a string that began in an earlier part, or of the text."""
        while found := _INSIDE.search(self.text, self.at):
            self.at = found.end()
            if found.group() == b'"':
                self.is_in_string = False
                return
            # Whatever is escaped; it may come with the next part.
            self.at += 1
        self.at = max(self.at, len(self.text))

    def end(self) -> None:
        """Raise `UnreadableSource` unless the text may end here."""
        if self.level or self.is_in_string:
            raise UnreadableSource("the file ends within a list or an object of JSON")
        self._expect_nothing(self._taken(len(self.text)))

    def _opened(self, bracket: bytes) -> Iterator[_Record]:
        if not self.is_in_record:
            before = self._taken(self.at - 1)
            if self.level == self.list_level:
                yield from self._between(before)
                self.is_in_record = True
                self.record_line = self.line
            else:
                self.start = self.at
                self._enter(bracket, before)
        self.level += 1

    def _enter(self, bracket: bytes, before: bytes) -> None:
        """Note a bracket that opens outside of a list of records: it may be such a list."""
        is_list = bracket == b"["
        if self.level == 0:
            self._expect_nothing(before)
            self.has_results = is_list
            self.list_level = 1 if is_list else None
        elif self.level == 1 and is_list and _RESULTS.search(before):
            self.has_results = True
            self.list_level = 2

    def _closed(self) -> Iterator[_Record]:
        self.level -= 1
        if self.is_in_record:
            if self.level == self.list_level:
                record = self._taken(self.at)
                is_too_long = self.is_too_long or len(record) > self.limit
                yield self.record_line, None if is_too_long else record
                self.is_in_record = self.is_too_long = False
            return
        before = self._taken(self.at)[:-1]
        if self.list_level is not None and self.level < self.list_level:
            yield from self._between(before)
            self.list_level = None
        if self.level < 0:
            raise UnreadableSource(f"line {self.line}: a bracket closes that was not opened")
        if self.level == 0 and not self.has_results:
            raise UnreadableSource(
                f"an object that ends in line {self.line} has no list `results`;"
                " expected are one record a line, a list of records, or pages with `results`"
            )

    def _between(self, text: bytes) -> Iterator[_Record]:
        """What stands between records should be a comma; else it is a record that is no object."""
        stray = text.lstrip(_SPACE)
        if stray:
            yield self.line - stray.count(b"\n"), stray.rstrip(_SPACE)

    def _expect_nothing(self, text: bytes) -> None:
        if text.strip():
            raise UnreadableSource(f"line {self.line}: text outside of any list or object")

    def _drop(self) -> None:
        """Let go of a record that is too long; what else there is never gets so long."""
        if not self.is_in_record:
            raise UnreadableSource(f"line {self.line}: no record in {self.limit} bytes")
        self.is_too_long = True
        self._taken(len(self.text))

    def _taken(self, end: int) -> bytes:
        part = self.text[self.start : end]
        self.start = end
        self.line += part.count(b"\n")
        return part
