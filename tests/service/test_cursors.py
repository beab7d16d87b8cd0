"""Cursors: what opens one, and walks by `next` and `previous`."""

from __future__ import annotations

import base64
import hmac
import string
from uuid import UUID

import msgspec
import pytest

from queries.filter_text import decode_filter
from queries.persons import Selection
from queries.places import Place
from service.cursors import Cursor, Cursors
from service.errors import BadRequest

KEY = b"k" * 32
CURSORS = Cursors(KEY)
EVERYONE = Selection(1, 1_700_000_000_000_000)
NARROW = Selection(
    *(1, 1_700_000_000_000_000, decode_filter('[{"key":"a","value":"b"}]')),
    search="ann",
    email="ann@example.org",
    distinct_ids=("ann", "anna"),
)
PLACE = Place(1_700_000_000_000_001, UUID("0a1b2c3d-c1ea-5503-9f33-596db7513f5a"))
SEALED = CURSORS.seal(Cursor(PLACE, False, 100), EVERYONE)


@pytest.mark.parametrize("selection", [EVERYONE, NARROW], ids=["everyone", "narrow"])
@pytest.mark.parametrize("is_back", [False, True])
@pytest.mark.parametrize("created_us", [0, -1, 2**62, PLACE.created_us])
@pytest.mark.parametrize("offset", [0, 7, 2**63])
def test_what_was_sealed_is_opened(
    selection: Selection, is_back: bool, created_us: int, offset: int
) -> None:
    cursor = Cursor(Place(created_us, PLACE.uuid), is_back, offset)
    text = CURSORS.seal(cursor, selection)
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert CURSORS.open(text, selection) == cursor


def test_every_service_with_the_key_opens_it_at_any_time() -> None:
    later = msgspec.structs.replace(EVERYONE, until_us=EVERYONE.until_us + 1)
    assert Cursors(KEY).open(SEALED, later) == Cursor(PLACE, False, 100)


def refusal(text: str, selection: Selection = EVERYONE, cursors: Cursors = CURSORS) -> str:
    with pytest.raises(BadRequest) as refused:
        cursors.open(text, selection)
    body = refused.value.body()
    assert (body.type, body.attr) == ("validation_error", "cursor")
    assert "`next`" in body.detail
    assert "leave `cursor` out" in body.detail
    return body.detail


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_a_changed_character_is_refused(at: int) -> None:
    for other in ("A", "B", "+", "=", "é"):
        if SEALED[at] != other:
            assert "gave out" in refusal(SEALED[:at] + other + SEALED[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        *("x", "null", "0", SEALED[:-1], SEALED[:-4], SEALED + "A", SEALED * 2),
        *(SEALED + "\n", " " + SEALED, "A" * 80, "é" * 80, "٣" * 80),
    ],
    ids=ascii,
)
def test_another_text_is_refused(text: str) -> None:
    assert "gave out" in refusal(text)


def test_another_key_does_not_open_it() -> None:
    assert "gave out" in refusal(SEALED, cursors=Cursors(b"K" * 32))


def test_another_version_does_not_open_it() -> None:
    inner = b"\x02" + base64.urlsafe_b64decode(SEALED)[1:44]
    sealed = inner + hmac.digest(KEY, inner, "sha256")[:16]
    assert "gave out" in refusal(base64.urlsafe_b64encode(sealed).decode())


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(EVERYONE, project=2),
        msgspec.structs.replace(EVERYONE, search="ann"),
        msgspec.structs.replace(EVERYONE, email="ann"),
        msgspec.structs.replace(EVERYONE, distinct_ids=("ann",)),
        msgspec.structs.replace(EVERYONE, filter=decode_filter('{"a":"b"}')),
    ],
    ids=["project", "search", "email", "distinct_ids", "filter"],
)
def test_another_list_does_not_open_it(other: Selection) -> None:
    assert "another list" in refusal(SEALED, other)
    assert "another list" in refusal(CURSORS.seal(Cursor(PLACE, False, 1), other), EVERYONE)


def test_lists_that_look_alike_are_not_one() -> None:
    tests = '[{"key":"a","value":"1"},{"key":"b","value":"1"}]'
    filters = [
        *(f'{{"type":"AND","values":{tests}}}', f'{{"type":"OR","values":{tests}}}'),
        '[{"key":"a","value":"1"}]',
        '[{"key":"a","value":["1","2"]}]',
        '[{"key":"a","value":"1","operator":"is_not"}]',
        '[{"key":"a","value":"1","operator":"gt"}]',
        '[{"key":"a","value":"1\',\'2"}]',
        '[{"key":"a","value":"\\u2028"}]',
        '[{"key":"a","value":"\\\\u2028"}]',
    ]
    lists = [
        *(Selection(1, 0, decode_filter(text)) for text in filters),
        Selection(1, 0, search="a", email="b"),
        Selection(1, 0, search="b", email="a"),
        Selection(1, 0, search="a', email='b"),
        Selection(1, 0, distinct_ids=("a", "b")),
        Selection(1, 0, distinct_ids=("a', 'b",)),
    ]
    digests = {
        base64.urlsafe_b64decode(CURSORS.seal(Cursor(PLACE, False, 0), one))[:44] for one in lists
    }
    assert len(digests) == len(lists)
