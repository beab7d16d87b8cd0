"""The main job on real input: an open-source project's contributors, names in many scripts.

The file is beside the repository where the project is developed; elsewhere these tests skip.
"""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import Client, make_project

FILE = Path(__file__).parents[2] / "../shared/data/contributors_persons.ndjson.gz"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE.name} beside the repository")

Person = dict[str, Any]


@pytest.fixture(scope="module")
def lines() -> list[Person]:
    with gzip.open(FILE, "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


@pytest.fixture(scope="module")
def contributors(open_client: Client, api_key: str) -> Iterator[str]:
    """The address of a project that holds them, imported over HTTP."""
    address = f"/api/projects/{make_project(open_client, 'Contributors')}"
    open_client.headers["Authorization"] = f"Bearer {api_key}"
    answer = open_client.post(f"{address}/imports", content=FILE.read_bytes())
    assert answer.json()["written"] == 1_091
    again = open_client.post(f"{address}/imports", content=FILE.read_bytes())
    assert (again.json()["written"], again.json()["unchanged"]) == (0, 1_091)
    yield address
    del open_client.headers["Authorization"]


def walk(client: Client, address: str) -> Iterator[Person]:
    page = client.get(address).json()
    while True:
        yield from page["results"]
        if page["next"] is None:
            return
        page = client.get(page["next"]).json()


def test_every_page_by_next_gives_each_person_once(
    open_client: Client, contributors: str, lines: list[Person]
) -> None:
    walked = list(walk(open_client, f"{contributors}/persons?limit=50"))
    assert len(walked) == 1_091
    by_uuid = {person["uuid"]: person for person in walked}
    assert set(by_uuid) == {line["uuid"] for line in lines}
    moments = [person["created_at"] for person in walked]
    assert moments == sorted(moments, reverse=True)
    for line in lines:
        person = by_uuid[line["uuid"]]
        assert person["properties"] == line["properties"]
        assert person["distinct_ids"] == line["distinct_ids"]
        assert person["is_identified"] == line["is_identified"]


def test_names_come_back_byte_for_byte(open_client: Client, contributors: str) -> None:
    with gzip.open(FILE) as source:
        line = next(line for line in source if "Виктория".encode() in line)
    uuid = json.loads(line)["uuid"]
    answer = open_client.get(f"{contributors}/persons/{uuid}").content
    start = line.index(b'"properties": ') + len(b'"properties": ')
    assert line[start : line.rindex(b"}")] in answer


@pytest.mark.parametrize("key", ["tier", "area", "is_bot", "commits"])
def test_values_agree_with_a_count_in_python(
    open_client: Client, contributors: str, lines: list[Person], key: str
) -> None:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    counted = Counter(text(line["properties"][key]) for line in lines if key in line["properties"])
    expected = sorted(counted.items(), key=lambda item: (-item[1], item[0].encode()))[:20]
    answer = open_client.get(f"{contributors}/persons/values?key={key}").json()
    assert [(row["name"], row["count"]) for row in answer["results"]] == expected


def test_csv_read_by_polars_agrees_cell_by_cell(
    open_client: Client, contributors: str, lines: list[Person]
) -> None:
    body = open_client.get(f"{contributors}/persons.csv").content
    table = pl.read_csv(io.BytesIO(body), infer_schema=False)
    assert table.height == 1_091
    assert table.columns == sorted(table.columns)
    rows = {row["uuid"]: row for row in table.iter_rows(named=True)}
    for line in lines:
        row = rows[line["uuid"]]
        expected = dict(_cells("properties", line["properties"]))
        got = {
            column: cell
            for column, cell in row.items()
            if column.startswith("properties.") and cell is not None
        }
        assert got == expected
        ids = [row.get(f"distinct_ids.{n}") for n in range(len(line["distinct_ids"]))]
        assert ids == line["distinct_ids"]


def _cells(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        members: dict[str, Any] = value
        for key, inner in members.items():
            yield from _cells(f"{name}.{key}", inner)
    elif isinstance(value, list):
        items: list[Any] = value
        for n, inner in enumerate(items):
            yield from _cells(f"{name}.{n}", inner)
    elif isinstance(value, bool):
        yield name, str(value)
    elif value is not None and value != "":
        yield name, value if isinstance(value, str) else json.dumps(value)
