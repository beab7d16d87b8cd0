"""Chunks of bytes cut into lines, none of which is held beyond a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_RECORD_BYTES = 8_388_608
TOO_LONG = f"longer than {MAX_RECORD_BYTES} bytes"


def split_lines(
    chunks: Iterable[bytes], limit: int = MAX_RECORD_BYTES
) -> Iterator[tuple[int, bytes | None]]:
    r"""Yield each line's number, from 1, and its bytes without `\n`; None if it is too long.

    Where the chunks end with an exception, a line they leave unfinished is not given.
    """
    number = 1
    start = b""
    is_dropping = False
    for chunk in chunks:
        lines = chunk.split(b"\n")
        if is_dropping:
            if len(lines) == 1:
                continue
            lines[0] = b""
        elif start:
            lines[0] = start + lines[0]
        start = lines.pop()
        for line in lines:
            yield number, None if is_dropping or len(line) > limit else line
            is_dropping = False
            number += 1
        if len(start) > limit:
            start = b""
            is_dropping = True
    if is_dropping:
        yield number, None
    elif start:
        yield number, start
