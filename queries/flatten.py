"""The dotted flat form of JSON, as CSV has it: `properties.address.city`, `distinct_ids.0`.

A name is the path to a value: keys of objects and indexes of lists, joined by dots. The form is
PostHog's and loses some things, which reading it back cannot restore:

- a key that holds a dot looks like two keys: `{"a.b": 1}` comes back as `{"a": {"b": 1}}`. Where
  `a` has a value of its own, `a.b` can only be such a key, and is read as one;
- null, the empty text and absence are all an empty cell; empty lists and objects have no column;
- the texts `5` and `True` look like a number and a boolean;
- an object whose keys are 0, 1, … n-1 looks like a list.

What holds is that the cells are the same after a way there and back: written, read and written
again, a table of these cells does not change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isinf
from typing import TypeAlias

import msgspec

# A cell can be named with any number of dots; beyond this the rest of a name is one key.
MAX_LEVELS = 100

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMBER_STARTS = frozenset("-0123456789")
_FLAGS = {"True": b"true", "False": b"false"}
# Longer ones do exist in JSON, but not all decoders take them.
_MAX_NUMBER_CHARS = 308
_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")

# Floats arrive as their source text; of integers only -0 would lose anything.
_decode = msgspec.json.Decoder(float_hook=str).decode
_encode = msgspec.json.encode

_Container: TypeAlias = dict[str, "_Json"] | list["_Json"]
_Json: TypeAlias = _Container | str | int | bool | None
_Node: TypeAlias = dict[str, "_Node | bytes"]


def flatten(row: object) -> dict[str, str]:
    """Flatten a row into its cells; anything msgspec can encode, `msgspec.Raw` included.

    Raises:
        RecursionError: nested some hundreds of levels deep.
    """
    cells: dict[str, str] = {}
    flatten_json("", _encode(row), cells)
    return cells


def flatten_json(prefix: str, raw: bytes, into: dict[str, str]) -> None:
    """Flatten JSON bytes into cells named `prefix.key`; numbers keep their source text.

    Raises:
        msgspec.DecodeError: not JSON.
        RecursionError: nested some hundreds of levels deep.
    """
    if b"-0" in raw and _MINUS_ZERO.search(raw):
        value: _Json = json.loads(raw, parse_int=str, parse_float=str)
    else:
        value = _decode(raw)
    if not isinstance(value, dict | list):
        into[prefix] = _cell(value)
        return
    pending: list[tuple[str, _Container]] = [(f"{prefix}." if prefix else "", value)]
    while pending:
        start, node = pending.pop()
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, str):
                into[f"{start}{key}"] = child
            elif isinstance(child, dict | list):
                pending.append((f"{start}{key}.", child))
            else:
                into[f"{start}{key}"] = _cell(child)


def _cell(value: _Json) -> str:
    # Left are texts, numbers' source text, integers, booleans, which str() spells as
    # PostHog does, and null.
    return "" if value is None else str(value)


def unflatten(cells: Mapping[str, str]) -> bytes:
    """Build the compact JSON object whose flat form these cells are; empty cells are absent."""
    return nest((path_of(name), json_of(cell)) for name, cell in cells.items() if cell)


def path_of(name: str) -> list[str]:
    """The keys a column's name stands for."""
    return name.split(".", MAX_LEVELS)


def json_of(cell: str) -> bytes:
    """The JSON a cell stands for: True, False, a number as it is spelt, or else a text.

    Raises:
        UnicodeEncodeError: the cell holds a lone surrogate.
    """
    if cell[:1] in _NUMBER_STARTS:
        is_number = _NUMBER.fullmatch(cell) and len(cell) <= _MAX_NUMBER_CHARS
        return cell.encode() if is_number and not isinf(float(cell)) else _encode(cell)
    return _FLAGS.get(cell) or _encode(cell)


def nest(leaves: Iterable[tuple[Sequence[str], bytes]]) -> bytes:
    """Join paths and the JSON at their ends into one compact JSON object."""
    root: _Node = {}
    for path, value in leaves:
        if len(path) == 1 and path[0] not in root:
            root[path[0]] = value
        else:
            _put(root, path, value)
    return _object(root)


def _put(node: _Node, path: Sequence[str], value: bytes) -> None:
    for level, key in enumerate(path[:-1]):
        child = node.setdefault(key, {})
        if isinstance(child, bytes):
            node[".".join(path[level:])] = value
            return
        node = child
    below = node.pop(path[-1], None)
    node[path[-1]] = value
    if isinstance(below, dict):
        node.update(_dotted(path[-1], below))


def _dotted(start: str, node: _Node) -> _Node:
    """The ends below a node, under keys with dots."""
    ends: _Node = {}
    for key, child in node.items():
        name = f"{start}.{key}"
        if isinstance(child, dict):
            ends.update(_dotted(name, child))
        else:
            ends[name] = child
    return ends


def _object(node: _Node) -> bytes:
    pairs = [
        _encode(key) + b":" + (child if isinstance(child, bytes) else _any(child))
        for key, child in node.items()
    ]
    return b"{" + b",".join(pairs) + b"}"


def _any(node: _Node) -> bytes:
    indexes = [str(n) for n in range(len(node))]
    if node.keys() != set(indexes):
        return _object(node)
    children = (node[index] for index in indexes)
    return b"[" + b",".join(c if isinstance(c, bytes) else _any(c) for c in children) + b"]"
