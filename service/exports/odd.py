"""What the engine cannot tell of a person's cells, taken from the properties themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, cast

import msgspec
import polars as pl
from msgspec import Raw

from queries.export_columns import Column, cell_text, inside, token
from queries.export_rows import Form
from queries.identity import first_name
from queries.shown import NAMED
from queries.texts import value_text

_NULL = Raw(b"null")
_UNFIT = re.compile(r'[\x00-\x1f"\\]').search

_OF: dict[Form, Callable[[bytes], str | None]] = {
    Form.CELLS: cell_text,
    Form.TYPED: value_text,
    Form.TOKENS: token,
}


# How the JSON at a key is asked for, `null` where it is not there.
_Asked: TypeAlias = "Callable[[str], bytes]"


class Odd:
    """Puts right the rows that came with their properties.

    Of these, only what the columns are about is decoded.
    """

    def __init__(self, columns: Sequence[Column], form: Form) -> None:
        """Take the columns, which are c0, c1 … of the frames, and what a cell is."""
        self._form = form
        self._shown = _OF[form]
        self._named = [n for n, column in enumerate(columns) if column.name == "name"]
        self._paths = [(n, column) for n, column in enumerate(columns) if column.path is not None]
        keys = dict.fromkeys(key for _, column in self._paths for key in column.prefixes())
        if self._named:
            keys |= dict.fromkeys(NAMED)
        self._decode = _decoder(keys)

    def put_right(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with all cells as they are.

        Raises:
            msgspec.DecodeError: some properties are no JSON object.
        """
        odd = frame["odd"].cast(pl.Binary)
        at = (odd.bin.size() > 0).arg_true()
        if not len(at):
            return frame
        asked = [self._decode(raw) for raw in cast("list[bytes]", odd.gather(at).to_list())]
        changed: list[pl.Series] = []
        for n, column in self._paths:
            cells = [self._cell(one, column) for one in asked]
            changed.append(_scattered(frame[f"c{n}"], at, cells))
        for n in self._named:
            unnamed = cast("list[str]", frame["unnamed"].gather(at).to_list())
            names = [self._name(one, text) for one, text in zip(asked, unnamed, strict=True)]
            changed.append(_scattered(frame[f"c{n}"], at, names))
        return frame.with_columns(changed)

    def _cell(self, asked: _Asked, column: Column) -> str | None:
        *outer_keys, path = column.prefixes()
        found: bytes | None = None
        for key in outer_keys:
            outer = asked(key)
            found = inside(outer, path[len(key) + 1 :])
            if found is not None:
                break
        return self._shown(asked(path) if found is None else found)

    def _name(self, asked: _Asked, unnamed: str) -> str:
        name = first_name(Raw(asked(key)) for key in NAMED) or unnamed
        return msgspec.json.encode(name).decode() if self._form is Form.TOKENS else name


def _scattered(column: pl.Series, at: pl.Series, cells: Sequence[str | None]) -> pl.Series:
    return column.clone().scatter(at, pl.Series(cells, dtype=pl.String))


def _decoder(keys: Iterable[str]) -> Callable[[bytes], _Asked]:
    """Return what decodes the properties at some keys alone."""
    fields = {key: f"f{n}" for n, key in enumerate(keys)}
    if any(_UNFIT(key) for key in fields):
        # No field of a struct can have such a name: all is decoded.
        whole = msgspec.json.Decoder(dict[str, Raw]).decode

        def of_all(properties: bytes) -> _Asked:
            members = whole(properties)
            return lambda key: bytes(members.get(key, _NULL))

        return of_all
    struct = msgspec.defstruct(
        "Asked",
        [(f, Raw, msgspec.field(default=_NULL, name=key)) for key, f in fields.items()],
    )
    some = cast("Callable[[bytes], Any]", msgspec.json.Decoder(struct).decode)

    def of_some(properties: bytes) -> _Asked:
        asked = some(properties)
        return lambda key: bytes(getattr(asked, fields[key]))

    return of_some
