"""Exports as the API answers them: which format, which compression, what is refused."""

from __future__ import annotations

import gzip
import io
import json

import polars as pl
import pytest

from tests.conftest import Client, InsertPersons, make_project

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


@pytest.fixture(scope="module")
def three(project: int, insert_persons: InsertPersons) -> int:
    insert_persons(
        project,
        *(
            {
                "distinct_ids": [name],
                "created_at": f"2024-01-0{day}T00:00:00Z",
                "properties": {"plan": plan},
            }
            for day, name, plan in ((1, "a", "pro"), (2, "b", "free"), (3, "c", "pro"))
        ),
    )
    return project


def names(kind: str, body: bytes) -> list[str]:
    match kind:
        case "csv":
            return pl.read_csv(io.BytesIO(body))["name"].to_list()
        case "ndjson":
            return [json.loads(line)["name"] for line in body.splitlines()]
        case "parquet":
            return pl.read_parquet(io.BytesIO(body))["name"].to_list()
        case _:
            return pl.read_ipc_stream(io.BytesIO(body))["name"].to_list()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("by", ["suffix", "format", "accept"])
def test_one_address_gives_every_format(client: Client, three: int, kind: str, by: str) -> None:
    base = f"/api/projects/{three}/persons"
    address = {"suffix": f"{base}.{kind}", "format": f"{base}?format={kind}"}.get(by, base)
    accept = TYPES[kind].partition(";")[0] if by == "accept" else "*/*"
    answer = client.get(address, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[kind]
    assert answer.headers["content-disposition"] == f'attachment; filename="persons.{kind}"'
    assert answer.headers["x-total-count"] == "3"
    assert names(kind, answer.content) == ["c", "b", "a"]


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_narrowed_as_the_list_is(client: Client, three: int, kind: str) -> None:
    query = {"properties": '{"plan":"pro"}', "format": kind, "limit": "1"}
    answer = client.get(f"/api/projects/{three}/persons", params=query)
    assert answer.headers["x-total-count"] == "2"
    assert names(kind, answer.content) == ["c", "a"]


def test_columns_are_chosen_and_ordered(client: Client, three: int) -> None:
    query = {"columns": "properties.plan,name,email"}
    answer = client.get(f"/api/projects/{three}/persons.csv", params=query)
    assert answer.text == "properties.plan,name,email\r\npro,c,\r\nfree,b,\r\npro,a,\r\n"


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_file_that_is_compressed(client: Client, three: int, kind: str) -> None:
    answer = client.get(f"/api/projects/{three}/persons.{kind}.gz")
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["content-disposition"] == f'attachment; filename="persons.{kind}.gz"'
    assert "content-encoding" not in answer.headers
    assert names(kind, gzip.decompress(answer.content)) == ["c", "b", "a"]
    zst = client.get(f"/api/projects/{three}/persons?format={kind}.zst")
    assert zst.headers["content-type"] == "application/zstd"
    assert zst.content.startswith(b"\x28\xb5\x2f\xfd")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.9", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("br", None),
        ("", None),
    ],
)
def test_what_is_compressed_on_the_way(
    client: Client, three: int, accepted: str, coding: str | None
) -> None:
    address = f"/api/projects/{three}/persons.csv"
    with client.stream("GET", address, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        raw = b"".join(answer.iter_raw())
    starts = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5", None: b"cr"}
    assert raw[:2] == starts[coding]


def test_what_is_compressed_already_is_left(client: Client, three: int) -> None:
    address = f"/api/projects/{three}/persons.parquet"
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.content[:4] == b"PAR1"


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        (".csv?columns=nothing", "columns"),
        (".csv?columns=id,id", "columns"),
        (".csv?columns=id&columns=name", "columns"),
        (".csv?distinct_ids=all", "distinct_ids"),
        (".csv?distinct_ids=first&columns=id", "distinct_ids"),
        (".parquet?distinct_ids=columns", "distinct_ids"),
        (".csv?safe=yes", "safe"),
        (".ndjson?safe=1", "safe"),
        (".csv?format=ndjson", "format"),
        ("?columns=id", "columns"),
        ("?distinct_ids=first", "distinct_ids"),
        ("?safe=1", "safe"),
    ],
)
def test_what_is_wrong_is_named(client: Client, three: int, query: str, attr: str) -> None:
    answer = client.get(f"/api/projects/{three}/persons{query}")
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_there_is_no_other_format(client: Client, three: int) -> None:
    for address in ("persons.xlsx", "persons.parquet.gz", "persons?format=xlsx"):
        answer = client.get(f"/api/projects/{three}/{address}")
        assert answer.status_code in (400, 404), address


def test_of_nobody(client: Client, open_client: Client) -> None:
    project = make_project(open_client, "nobody at all")
    for kind in TYPES:
        answer = client.get(f"/api/projects/{project}/persons.{kind}")
        assert (answer.status_code, answer.headers["x-total-count"]) == (200, "0")
        assert kind in ("csv", "ndjson") or names(kind, answer.content) == []
