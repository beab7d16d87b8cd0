"""The addresses of the next and the previous page."""

from __future__ import annotations

import pytest

from service.api.addresses import with_parameters


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h/p", "http://h/p?offset=7"),
        ("http://h/p/?", "http://h/p/?offset=7"),
        ("http://h/p?limit=2", "http://h/p?limit=2&offset=7"),
        ("http://h/p?offset=100&limit=2", "http://h/p?offset=7&limit=2"),
        ("http://h/p?a=1&offset=&b=2", "http://h/p?a=1&offset=7&b=2"),
        ("http://h/p?off%73et=1", "http://h/p?offset=7"),
        ("http://h/p?offset=1&offset=2", "http://h/p?offset=7&offset=7"),
        (
            "http://h/p?properties=%5B%7B%22key%22%3A%22a+b%22%7D%5D&search=%C3%A4&x",
            "http://h/p?properties=%5B%7B%22key%22%3A%22a+b%22%7D%5D&search=%C3%A4&x&offset=7",
        ),
        ("http://h/p?search=offset=3", "http://h/p?search=offset=3&offset=7"),
    ],
)
def test_offset_is_replaced_in_place_or_appended(address: str, expected: str) -> None:
    assert with_parameters(address, {"offset": "7"}) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h/p", "http://h/p?offset=7&cursor=x_-"),
        ("http://h/p?cursor=old&a=1", "http://h/p?cursor=x_-&a=1&offset=7"),
        ("http://h/p?offset=1&cursor=old&a", "http://h/p?offset=7&cursor=x_-&a"),
    ],
)
def test_each_parameter_has_its_place(address: str, expected: str) -> None:
    assert with_parameters(address, {"offset": "7", "cursor": "x_-"}) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h/p", "http://h/p"),
        ("http://h/p?cursor=old", "http://h/p"),
        ("http://h/p?a&cursor=old&b&%63ursor", "http://h/p?a&b"),
        ("http://h/p?mycursor=1", "http://h/p?mycursor=1"),
    ],
)
def test_a_parameter_can_be_taken_out(address: str, expected: str) -> None:
    assert with_parameters(address, {"cursor": None}) == expected
