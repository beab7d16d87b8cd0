"""A person's properties as filters see them: a text for each key.

PostHog's filters compare texts: 5 and "5" are one value, so are true and "true"; lists and
objects count as their JSON; null is the same as absent; keys are literal and dots do not
traverse. So beside the client's JSON, kept byte for byte, each person row carries a flat object
of texts. ClickHouse's JSON type then holds nothing but strings: no type is inferred, none
conflicts, and what that type loses of real JSON (nulls, empty objects, huge integers, mixed lists,
dotted keys) is not lost here, because it is never shown such values.
"""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct

_object = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])

_QUOTE, _LIST, _OBJECT, _NULL = b'"[{n'

# The properties that `search` finds a person by, beside its uuid and distinct ids.
SEARCHED = ("email", "name", "username")

# Every distinct key is encoded once. A hostile import could bring millions: start over then.
_MEMBERS_KEPT = 20_000
_members: dict[str, bytes] = {}


def column_key(key: str) -> str:
    r"""Encode a property key as a path that is safe as a ClickHouse identifier.

    Letters and digits of any script, `_`, `$` and `-` stand for themselves, all else for the
    percent-encoded bytes of its UTF-8; the empty key is `%`. So there is no dot to traverse, no
    backtick and no backslash for an identifier to trip over, and no two keys share a path.
    """
    if not key:
        return "%"
    return "".join(
        c if c.isalnum() or c in "_$-" else "".join(f"%{b:02X}" for b in c.encode()) for c in key
    )


def property_key(path: str) -> str:
    """Return the property key that `column_key` encoded as `path`."""
    return "" if path == "%" else unquote(path)


def value_text(raw: bytes) -> str | None:
    """Return the text a JSON value counts as, None for null.

    A string counts as its content, a number, true and false as they are written, a list or an
    object as compact JSON with sorted keys.
    """
    match raw[0]:
        case 34:  # a quote
            return msgspec.json.decode(raw, type=str)
        case 110:  # null
            return None
        case 123 | 91:  # an object, a list
            return canonical(raw).decode()
        case _:
            return raw.decode()


def canonical(raw: bytes) -> bytes:
    """Write a JSON value compactly with sorted keys; numbers keep the digits they came with."""
    match raw[0]:
        case 123:
            members = sorted(_object.decode(raw).items())
            pairs = (_string(key) + b":" + canonical(bytes(value)) for key, value in members)
            return b"{" + b",".join(pairs) + b"}"
        case 91:
            return b"[" + b",".join(canonical(bytes(item)) for item in _list.decode(raw)) + b"]"
        case 34:
            return _string(msgspec.json.decode(raw, type=str))
        case _:
            return raw


class Texts(Struct, frozen=True, gc=False):
    """What a person row holds beside its properties.

    `prop` is a flat JSON object of texts, its keys as `column_key` has them; nulls are left out.
    `named` are the texts a search looks at, a line each, as they are written.
    """

    prop: bytes
    named: str


def texts_of(properties: bytes) -> Texts:
    """Take the texts out of a JSON object. Of a key given twice the last one counts.

    Raises:
        msgspec.DecodeError: not a JSON object.
        RecursionError: nested deeper than Python's stack.
    """
    parts: list[bytes] = []
    add, known = parts.append, _members.get
    members = _object.decode(properties)
    for key, raw in members.items():
        token = bytes(raw)
        first = token[0]
        if first == _NULL:
            continue
        member = known(key) or _member(key)
        if first == _QUOTE:
            add(member + token)
        elif first == _OBJECT or first == _LIST:  # noqa: SIM109 - a tuple is slower, and this is hot
            add(member + _string(canonical(token).decode()))
        else:
            add(member + b'"' + token + b'"')
    named = [value_text(bytes(members[key])) or "" for key in SEARCHED if key in members]
    return Texts(b"{" + b",".join(parts) + b"}", "\n".join(named))


def search_text(named: str, uuid: str, distinct_ids: list[str]) -> str:
    """Return the text a search looks through: names, uuid and distinct ids, a line each, folded."""
    return "\n".join((named, uuid, *distinct_ids)).casefold()


def _member(key: str) -> bytes:
    if len(_members) >= _MEMBERS_KEPT:
        _members.clear()
    member = _members[key] = _string(column_key(key)) + b":"
    return member


def _string(text: str) -> bytes:
    return msgspec.json.encode(text)
