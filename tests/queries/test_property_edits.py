"""Properties set and taken out, byte for byte, whatever the others look like."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from queries.import_values import MAX_PROPERTIES_BYTES, Unfit
from queries.property_edits import (
    Edited,
    Touched,
    given_properties,
    given_property,
    merged_properties,
    set_properties,
    unset_properties,
)
from tests import awkward

OBJECTS = awkward.objects()


def members(raw: bytes) -> dict[str, bytes]:
    """The members of an object by Python's own decoder; each value as it stands in the source."""
    text = raw.decode()
    scan = json.JSONDecoder().raw_decode
    found: dict[str, bytes] = {}
    at = text.index("{") + 1
    while text[at := _past(text, at, " \t\n\r,")] != "}":
        key, at = scan(text, at)
        start = _past(text, _past(text, at, " \t\n\r") + 1, " \t\n\r")
        _, at = scan(text, start)
        found[key] = text[start:at].encode()
    return found


def _past(text: str, at: int, spaces: str) -> int:
    while text[at] in spaces:
        at += 1
    return at


def edited(result: Edited | None) -> bytes:
    assert result is not None
    return result.properties


@pytest.mark.parametrize("stored", OBJECTS)
def test_setting_a_key_leaves_the_others_byte_for_byte(stored: bytes) -> None:
    before = members(stored)
    after = members(edited(set_properties(stored, {"new key": b"[1.0]"})))
    assert list(after.items()) == [*before.items(), ("new key", b"[1.0]")]


@pytest.mark.parametrize("stored", OBJECTS)
def test_an_object_set_on_a_person_is_there_byte_for_byte(stored: bytes) -> None:
    given = given_properties(stored)
    assert given == members(stored)
    once = set_properties(b'{"kept":1e2}', given)
    assert members(edited(once) if once else b'{"kept":1e2}') == {"kept": b"1e2", **given}
    assert set_properties(stored, given) is None


@pytest.mark.parametrize("stored", OBJECTS)
def test_what_was_set_can_be_taken_out_again(stored: bytes) -> None:
    more = edited(set_properties(stored, {"new key": b"null"}))
    less = edited(unset_properties(more, ["new key", "absent", "new key"]))
    assert list(members(less).items()) == list(members(stored).items())
    assert unset_properties(stored, ["new key"]) is None


@pytest.mark.parametrize("stored", [one for one in OBJECTS if one not in (b"{}", b"{ }")])
def test_each_key_can_be_taken_out(stored: bytes) -> None:
    for key in list(members(stored))[:20]:
        rest = {name: value for name, value in members(stored).items() if name != key}
        assert members(edited(unset_properties(stored, [key]))) == rest


@pytest.mark.parametrize("value", awkward.VALUES)
@pytest.mark.parametrize("key", ["email", "", "\n", "b\\`s", "🦜"])
def test_one_property(key: str, value: str) -> None:
    given = given_property(key, value.encode())
    assert given == {key: value.encode()}
    result = set_properties(b'{"a":1}', given)
    assert members(edited(result)) == {"a": b"1", key: value.encode()}


def test_keys_keep_their_places() -> None:
    result = set_properties(b'{"b":1,"a":2}', {"c": b"3", "a": b"4", "b": b"1"})
    assert result == Edited(
        b'{"b":1,"a":4,"c":3}', [Touched("c", None, b"3"), Touched("a", b"2", b"4")]
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a":1,"b":[2]}', '{ "b" : [ 2 ], "a" : 1 }'),
        ('"ä"', '"\\u00e4"'),
        ('"/"', '"\\/"'),
        ("[1, 2]", "[1,2]"),
    ],
)
def test_the_same_json_is_no_change(before: str, after: str) -> None:
    assert set_properties(f'{{"k":{before}}}'.encode(), {"k": after.encode()}) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("1", "1.0"), ("1", "true"), ("1", '"1"'), ("null", '"null"'), ("0", "-0")),
        *(("1e2", "100"), ("[1,2]", "[2,1]"), ("{}", "[]"), ('""', "null"), ("[]", "null")),
    ],
)
def test_another_spelling_of_a_number_or_another_type_is_a_change(before: str, after: str) -> None:
    result = set_properties(f'{{"k":{before}}}'.encode(), {"k": after.encode()})
    assert result == Edited(
        f'{{"k":{after}}}'.encode(), [Touched("k", before.encode(), after.encode())]
    )


def test_null_is_a_value() -> None:
    assert edited(set_properties(b"{}", {"a": b"null"})) == b'{"a":null}'
    assert set_properties(b'{"a":null}', {"a": b"null"}) is None
    assert unset_properties(b'{"a":null}', ["a"]) == Edited(b"{}", [Touched("a", b"null", None)])


def test_nothing_given_changes_nothing() -> None:
    assert set_properties(b"{}", {}) is None
    assert unset_properties(b'{"a":1}', []) is None


def test_of_a_key_there_twice_the_last_value_stays() -> None:
    assert edited(set_properties(b'{"a":1,"b":2,"a":3}', {"c": b"4"})) == b'{"a":3,"b":2,"c":4}'
    assert edited(unset_properties(b'{"a":1,"b":2,"a":3}', ["a"])) == b'{"b":2}'


@pytest.mark.parametrize(
    ("target", "others", "merged"),
    [
        ('{"a":1}', ['{"a":2,"b":3}', '{"b":4,"c":5.0}'], '{"a":1,"b":4,"c":5.0}'),
        ('{"a":null}', ['{"a":2}'], '{"a":null}'),
        ('{ "a" : 1 }', ["{}"], '{ "a" : 1 }'),
        ("{}", ['{"a":[ ]}'], '{"a":[ ]}'),
    ],
)
def test_the_target_wins_and_of_the_others_the_last(
    target: str, others: list[str], merged: str
) -> None:
    result = merged_properties(target.encode(), [one.encode() for one in others])
    assert result == merged.encode()


REFUSED: list[tuple[bytes, str]] = [
    (b"[]", "must be an object"),
    (b"null", "must be an object"),
    (b'{"a":1', "not JSON"),
    (b'{"a":NaN}', "not JSON"),
    (b'{"a":1e400}', "out of range"),
    (b'{"a":"\xff"}', "not UTF-8"),
    (b'{"a":' * 201 + b"1" + b"}" * 201, "deeper than 200 levels"),
    (b'{"a":"' + b"x" * MAX_PROPERTIES_BYTES + b'"}', "at most 524288 are kept"),
]


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_what_cannot_be_kept_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        given_properties(raw)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *((b"", "not JSON"), (b"1,2", "not JSON"), (b'1,"b":2', "not JSON")),
        *((b"nope", "not JSON"), (b"1e400", "out of range")),
    ],
)
def test_a_property_has_one_value(value: bytes, reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        given_property("a", value)


def test_values_are_plain_bytes_with_nothing_behind_them() -> None:
    decoded: dict[str, Any] = dict(given_properties(b'{"a":{"b":[1,2]}}'))
    assert type(decoded["a"]) is bytes
    assert msgspec.json.decode(decoded["a"]) == {"b": [1, 2]}
