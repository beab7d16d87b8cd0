"""The page of the API: all it needs comes from us."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Client


@pytest.mark.parametrize("path", ["/schema", "/schema/", "/schema/swagger"])
def test_the_page_loads_nothing_from_elsewhere(open_client: Client, path: str) -> None:
    answer = open_client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert len(loaded) == 4
    assert all(address.startswith("/schema/files/") for address in loaded)
    head = answer.text.partition("</head>")[0]
    assert "//" not in head
    assert "cdn" not in answer.text.lower()


def test_its_files_are_there(open_client: Client) -> None:
    page = open_client.get("/schema").text
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        answer = open_client.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) > 500
        kind = answer.headers["content-type"]
        assert kind.startswith(("text/css", "text/javascript", "application/javascript", "image/"))


def test_nothing_else_is_served_with_them(open_client: Client) -> None:
    for path in ("nope.js", "../__init__.py", "%2e%2e/__init__.py", "..%2f__init__.py", ""):
        answer = open_client.get(f"/schema/files/{path}")
        assert answer.status_code == 404, path
