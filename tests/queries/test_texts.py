"""The text a JSON value counts as (CONTRACT 4.2), and keys as paths of a column."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries import texts
from queries.texts import (
    Texts,
    canonical,
    column_key,
    property_key,
    search_text,
    texts_of,
    value_text,
)
from tests import oracle
from tests.awkward import KEYS, VALUES, objects

CHARACTERS = st.characters(codec="utf-8")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("email", "email"),
        ("$os", "$os"),
        ("a_b-c", "a_b-c"),
        ("ключ", "ключ"),
        ("", "%"),
        ("%", "%25"),
        ("a.b", "a%2Eb"),
        ("sp ace", "sp%20ace"),
        ("b`t", "b%60t"),
        ("b\\s", "b%5Cs"),
        ("%41", "%2541"),
        ("\u2028", "%E2%80%A8"),
        ("\0", "%00"),
    ],
)
def test_key_becomes_a_path_safe_as_an_identifier(key: str, path: str) -> None:
    assert column_key(key) == path
    assert property_key(path) == key


@settings(deadline=None)
@given(st.text(CHARACTERS))
def test_a_path_leads_back_to_its_key(key: str) -> None:
    assert property_key(column_key(key)) == key


@settings(deadline=None)
@given(st.text(CHARACTERS))
def test_a_path_has_no_character_with_a_meaning(key: str) -> None:
    path = column_key(key)
    assert re.search(r"[.`\\\"'\s{}:\[\]]", path) is None
    assert path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5", "5"),
        ('"5"', "5"),
        ("5.0", "5.0"),
        ("1e3", "1e3"),
        ("-0", "-0"),
        ("1180591620717411303424", "1180591620717411303424"),
        ("true", "true"),
        ('"true"', "true"),
        ("false", "false"),
        ('""', ""),
        ('"null"', "null"),
        ("null", None),
        ('"a\\u00e4\\n\\"\\\\"', 'aä\n"\\'),
        ('[ 1 , "x" ]', '[1,"x"]'),
        ('{"b": 1, "a": [null, 1.0]}', '{"a":[null,1.0],"b":1}'),
    ],
)
def test_value_text_is_json_without_outer_quotes(value: str, text: str | None) -> None:
    assert value_text(value.encode()) == text


@pytest.mark.parametrize("value", VALUES)
def test_value_text_is_what_the_oracle_says(value: str) -> None:
    assert value_text(value.encode()) == oracle.text_of(
        json.loads(value, parse_int=oracle.Number, parse_float=oracle.Number)
    )


@pytest.mark.parametrize(
    ("given_json", "written"),
    [
        (b'{ "b" : 1 , "a" : { } }', b'{"a":{},"b":1}'),
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b'["\\u00e4", "\\/", "\\u0001"]', '["ä","/","\\u0001"]'.encode()),
        (b"[1.0, 1E5, -0]", b"[1.0,1E5,-0]"),
        (b'{"\\u0062":1,"a":2}', b'{"a":2,"b":1}'),
        (b"[]", b"[]"),
        (b"null", b"null"),
    ],
)
def test_canonical_is_compact_sorted_and_keeps_digits(given_json: bytes, written: bytes) -> None:
    assert canonical(given_json) == written
    assert canonical(written) == written


def test_texts_of_leaves_null_out() -> None:
    assert texts_of(b'{"a":null,"b":1,"c":[null]}').prop == b'{"b":"1","c":"[null]"}'


def test_texts_of_keeps_a_string_as_it_is_written() -> None:
    assert texts_of(b'{"a":"\\u00e4\\n"}').prop == b'{"a":"\\u00e4\\n"}'


def test_texts_of_takes_the_last_of_a_key_given_twice() -> None:
    assert texts_of(b'{"a":1,"a":2}').prop == b'{"a":"2"}'
    assert texts_of(b'{"a":1,"a":null}').prop == b"{}"


def test_texts_of_writes_keys_as_paths() -> None:
    assert texts_of(b'{"a.b":1,"":2}').prop == b'{"a%2Eb":"1","%":"2"}'


@pytest.mark.parametrize("properties", objects(), ids=range(len(objects())))
def test_texts_of_is_flat_json_of_texts(properties: bytes) -> None:
    flat = json.loads(texts_of(properties).prop)
    person = json.loads(properties, parse_int=oracle.Number, parse_float=oracle.Number)
    assert {property_key(path): text for path, text in flat.items()} == {
        key: oracle.text_of(value) for key, value in person.items() if value is not None
    }


def test_named_are_the_searched_properties_a_line_each() -> None:
    found = texts_of(b'{"username":7,"other":"x","email":"A@b.c","name":["N"]}')
    assert found.named == 'A@b.c\n["N"]\n7'


def test_named_of_null_is_an_empty_line() -> None:
    assert texts_of(b'{"email":null}') == Texts(b"{}", "")


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b"null", b'{"a":}', b'{"a":1', b"{}x"])
def test_texts_of_wants_a_json_object(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        texts_of(text)


def test_texts_of_takes_sixty_levels_and_refuses_what_is_deeper_than_the_stack() -> None:
    deep = b'{"a":' * 60 + b"1" + b"}" * 60
    assert json.loads(texts_of(deep).prop) == {"a": deep[5:-1].decode()}
    with pytest.raises((RecursionError, msgspec.DecodeError)):
        texts_of(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


def test_encoded_keys_are_forgotten_before_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: dict[str, bytes] = {}
    monkeypatch.setattr(texts, "_members", known)
    monkeypatch.setattr(texts, "_MEMBERS_KEPT", 3)
    expected = b'{"a":"1","b":"2","c":"3","d%2E":"4"}'
    for _ in range(2):
        assert texts_of(b'{"a":1,"b":2,"c":3,"d.":4}').prop == expected
        assert 0 < len(known) <= 3


def test_search_text_is_folded_a_line_each() -> None:
    assert search_text("Ann Straße\nANN", "uuid-1", ["ID 1", "x"]) == (
        "ann strasse\nann\nuuid-1\nid 1\nx"
    )
    assert search_text("", "u", []) == "\nu"


@pytest.mark.parametrize("key", KEYS)
def test_awkward_keys_have_paths_of_their_own(key: str) -> None:
    others = [column_key(other) for other in KEYS if other != key]
    assert column_key(key) not in others
