"""Every format, read back by readers that are not ours: polars, the csv module, json."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from queries.export_columns import WHOLE
from queries.upserts import Upsert
from service.engine import Engine
from service.exports.asked import Ask, Compression, Format, decode_ask
from tests.awkward import KEYS, VALUES, objects
from tests.engine.people import insert, person
from tests.service.exported import cells_of, export, new_project, newest_first, read, select

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def written(engine: Engine, people: list[Upsert], suffix: str, **given: str) -> bytes:
    project = new_project()
    insert(engine, project, people, version=1)
    return export(engine, select(project), ask=decode_ask(suffix, **given))


def awkward() -> list[Upsert]:
    people = [person(n, text.decode(), ids=[f"id,{n}"]) for n, text in enumerate(objects(), 1)]
    pairs = [(key, value) for key in KEYS for value in VALUES]
    start = len(people) + 1
    for n, (key, value) in enumerate(pairs, start):
        people.append(person(n, f"{{{json.dumps(key)}:{value}}}", ids=[f'"{n}"', f"b{n}"]))
    return people


def moment(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_tables_hold_what_was_written(engine: Engine, suffix: str) -> None:
    people = awkward()
    people[0].last_seen_us = 1_600_000_000_123_456
    body = io.BytesIO(written(engine, people, suffix))
    frame = pl.read_parquet(body) if suffix == "parquet" else pl.read_ipc_stream(body)
    assert frame.schema == {
        "id": pl.Int64,
        "uuid": pl.String,
        "name": pl.String,
        "distinct_ids": pl.List(pl.String),
        "properties": pl.String,
        "created_at": pl.Datetime("us", "UTC"),
        "is_identified": pl.Boolean,
        "last_seen_at": pl.Datetime("us", "UTC"),
    }
    for row, one in zip(frame.iter_rows(named=True), newest_first(people), strict=True):
        cells = cells_of(one)
        assert row == {
            "id": int(cells["id"]),
            "uuid": str(one.uuid),
            "name": cells["name"],
            "distinct_ids": list(one.ids),
            "properties": one.properties.decode(),
            "created_at": moment(one.created_us),
            "is_identified": one.is_identified,
            "last_seen_at": None if one.last_seen_us is None else moment(one.last_seen_us),
        }


def test_lines_of_json_hold_what_was_written(engine: Engine) -> None:
    people = awkward()
    body = written(engine, people, "ndjson")
    lines = body.decode().split("\n")
    assert lines.pop() == ""
    for line, one in zip(lines, newest_first(people), strict=True):
        row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        assert list(row) == list(WHOLE)
        whole = json.loads(line)
        cells = cells_of(one)
        assert (whole["name"], whole["uuid"]) == (cells["name"], cells["uuid"])
        assert whole["distinct_ids"] == list(one.ids)
        # The same text, but for line breaks between its tokens.
        stored = one.properties.decode()
        assert bytes(row["properties"]).decode() == stored.translate({10: " ", 13: " "})


def raw_of(one: Upsert, key: str) -> Any:
    return json.loads(one.properties, parse_float=str, parse_int=str).get(key)


def test_a_column_of_a_property_holds_its_cells(engine: Engine) -> None:
    """A plain value's cell is that of the CSV with all columns; a list or an object is JSON."""
    people = awkward()
    names = list(dict.fromkeys([*KEYS, "email"]))
    sink = io.StringIO()
    csv.writer(sink, lineterminator="", quoting=csv.QUOTE_ALL).writerow(
        ["uuid", *(f"properties.{key}" for key in names)]
    )
    rows = read(written(engine, people, "csv", columns=sink.getvalue()))
    assert len(rows) == len(people)
    for row, one in zip(rows, newest_first(people), strict=True):
        cells = cells_of(one)
        for key in names:
            value, cell = raw_of(one, key), row[f"properties.{key}"]
            if isinstance(value, list | dict):
                assert json.loads(cell, parse_float=str, parse_int=str) == value
            else:
                assert cell == cells.get(f"properties.{key}", "")


def test_paths_lead_into_lists_and_objects(engine: Engine) -> None:
    texts = [
        *('{"a":{"b":"in"},"a.b":"dotted"}', '{"a.b":"dotted"}', '{"a":["x",{"b":1.50}]}'),
        *('{"a":"{\\"b\\":1}"}', '{"a":{"b":true}}', '{"a":{"b":"true"}}', "{}"),
        '{"a":{"b":{"z":1,"y":[]}}}',
    ]
    people = [person(n, text, created_us=10**9 - n) for n, text in enumerate(texts, 1)]
    columns = "properties.a.b,properties.a.1.b"
    rows = read(written(engine, people, "csv", columns=columns))
    assert [row["properties.a.b"] for row in rows] == [
        *("in", "dotted", "", "", "True", "true", "", '{"y":[],"z":1}'),
    ]
    assert [row["properties.a.1.b"] for row in rows] == ["", "", "1.50", *[""] * 5]
    body = written(engine, people, "parquet", columns=columns)
    assert pl.read_parquet(io.BytesIO(body))["properties.a.b"].to_list() == [
        *("in", "dotted", None, None, "true", "true", None, '{"y":[],"z":1}'),
    ]
    lines = written(engine, people, "ndjson", columns=columns).decode().splitlines()
    assert [json.loads(line)["properties.a.b"] for line in lines] == [
        *("in", "dotted", None, None, True, "true", None, {"y": [], "z": 1}),
    ]
    assert lines[2] == '{"properties.a.b":null,"properties.a.1.b":1.50}'


def test_json_keeps_types_and_digits(engine: Engine) -> None:
    texts = ("1", "1.0", '"1"', "123456789012345678901234567890", "1e400", "-0", "null", "false")
    people = [person(n, f'{{"v":{text}}}', created_us=10**9 - n) for n, text in enumerate(texts, 1)]
    body = written(engine, people, "ndjson", columns="properties.v").decode()
    assert body == "".join(f'{{"properties.v":{text}}}\n' for text in texts)


def test_names_are_right_in_every_format(engine: Engine) -> None:
    texts = (
        *('{"email":"e","name":"n"}', '{"email":0,"name":false}', '{"email":"0"}', "{}"),
        *('{"email":[],"name":{},"username":""}', '{"email":["a", 1]}', '{"name":"[]"}'),
        *('{"email":-0.0,"name":"-0.0"}', '{"email":"","name":null,"username":"u\\n\\"\\/é"}'),
    )
    ids = [[], ["i"], ["019e8412-0499-7f6a-9a5a-8168a923e5bc", "i"]]
    people = [person(n, text, ids=ids[n % 3]) for n, text in enumerate(texts * 3, 1)]
    wanted = [cells_of(one)["name"] for one in newest_first(people)]
    columns = {"columns": "name"}
    rows = read(written(engine, people, "csv", **columns))
    assert [row["name"] for row in rows] == wanted
    frame = pl.read_parquet(io.BytesIO(written(engine, people, "parquet", **columns)))
    assert frame["name"].to_list() == wanted
    lines = written(engine, people, "ndjson", **columns).splitlines()
    assert [json.loads(line)["name"] for line in lines] == wanted


def test_distinct_ids_as_asked(engine: Engine) -> None:
    made_up = "019e8412-0499-7f6a-9a5a-8168a923e5bc"
    ids = [[made_up, 'a,"b"\n/'], [], ["x", "y", made_up]]
    people = [person(n, ids=some, created_us=10**9 - n) for n, some in enumerate(ids, 1)]
    ordered = [['a,"b"\n/', made_up], [], ["x", "y", made_up]]
    joined = read(written(engine, people, "csv", distinct_ids="joined"))
    assert [json.loads(row["distinct_ids"]) for row in joined] == ordered
    first = read(written(engine, people, "csv", distinct_ids="first"))
    assert [row["distinct_ids.0"] for row in first] == ['a,"b"\n/', "", "x"]
    assert [name for name in first[0] if name.startswith("distinct")] == ["distinct_ids.0"]
    named = read(written(engine, people, "csv", columns="distinct_ids.1,distinct_ids"))
    assert [row["distinct_ids.1"] for row in named] == [made_up, "", "y"]
    assert [json.loads(row["distinct_ids"]) for row in named] == ordered
    frame = pl.read_parquet(io.BytesIO(written(engine, people, "parquet", distinct_ids="joined")))
    assert [json.loads(text) for text in frame["distinct_ids"]] == ordered
    lines = written(engine, people, "ndjson", distinct_ids="first").splitlines()
    assert [json.loads(line)["distinct_ids.0"] for line in lines] == ['a,"b"\n/', None, "x"]


def test_one_person_with_150000_distinct_ids_and_5000_keys(engine: Engine) -> None:
    ids = [f"id {n}" for n in range(150_000)]
    keys = json.dumps({f"k{n}": n for n in range(5_000)})
    people = [person(1, keys, ids=ids), person(2, '{"k7":"x"}', ids=["a"])]
    frame = pl.read_parquet(io.BytesIO(written(engine, people, "parquet")))
    assert sorted(frame["distinct_ids"].list.len()) == [1, 150_000]
    rows = read(written(engine, people, "csv", distinct_ids="first"))
    assert sorted(row["properties.k7"] for row in rows) == ["7", "x"]
    assert len(rows[0]) > 5_000
    lines = written(engine, people, "ndjson").splitlines()
    assert max(len(json.loads(line)["distinct_ids"]) for line in lines) == 150_000


@pytest.mark.parametrize("columns", ["", "uuid,name,distinct_ids.0,properties.v,properties.o.w"])
@pytest.mark.parametrize("by_engine", [False, True])
def test_in_safe_mode_no_cell_begins_a_formula(
    engine: Engine, columns: str, by_engine: bool
) -> None:
    starts = [*FORMULAS, "x"]
    values = [f"{start}1+{n}" for n, start in enumerate(starts)]
    people: list[Upsert] = []
    for n, text in enumerate(values, 1):
        properties: dict[str, object] = {"v": text, "email": text}
        if not by_engine:
            properties |= {"o": {"w": text}, "n": -n, "f": -1.5}
        people.append(person(n, json.dumps(properties), ids=[text], created_us=10**9 - n))
    exact = read(written(engine, people, "csv", columns=columns))
    safe = read(written(engine, people, "csv", columns=columns, safe="1"))
    assert [row["properties.v"] for row in exact] == values
    for row, plain in zip(safe, exact, strict=True):
        assert not any(cell.startswith(FORMULAS) for cell in row.values())
        for name, cell in plain.items():
            assert row[name] == (f"'{cell}" if cell.startswith(FORMULAS) else cell)


def test_one_column_alone_has_a_line_for_everybody(engine: Engine) -> None:
    people = [person(1, '{"v":""}'), person(2, '{"v":"x"}'), person(3)]
    body = written(engine, people, "csv", columns="properties.v")
    assert sorted(body.split(b"\r\n")) == [b"", b'""', b'""', b"properties.v", b"x"]


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet", "arrow"])
def test_of_nobody_a_file_is_whole_and_empty(engine: Engine, suffix: str) -> None:
    ask = decode_ask(suffix, columns="id,name")
    body = io.BytesIO(export(engine, select(new_project()), ask=ask))
    match suffix:
        case "csv":
            assert body.getvalue() == b"id,name\r\n"
        case "ndjson":
            assert body.getvalue() == b""
        case "parquet":
            assert pl.read_parquet(body).schema == {"id": pl.Int64, "name": pl.String}
        case _:
            assert pl.read_ipc_stream(body).schema == {"id": pl.Int64, "name": pl.String}


def test_parquet_has_row_groups_and_zstd(engine: Engine, tmp_path: Path) -> None:
    import pyarrow.parquet

    project = new_project()
    people = [person(n, json.dumps({"v": "x" * 6_000})) for n in range(1, 10_001)]
    for n in range(0, 10_000, 2_500):
        insert(engine, project, people[n : n + 2_500], version=1)
    file = tmp_path / "persons.parquet"
    file.write_bytes(export(engine, select(project), ask=Ask(Format.PARQUET)))
    meta = pyarrow.parquet.read_metadata(file)
    assert (meta.num_rows, meta.num_row_groups > 1) == (10_000, True)
    assert meta.row_group(0).column(4).compression == "ZSTD"
    assert pl.scan_parquet(file).select("uuid").collect().n_unique() == 10_000


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])
@pytest.mark.parametrize("fmt", [Format.CSV, Format.NDJSON])
def test_compressed_files_hold_the_same(
    engine: Engine, fmt: Format, compression: Compression, tmp_path: Path
) -> None:
    from service.readers.sources import open_source

    project = new_project()
    insert(engine, project, [person(n, '{"a":"x"}') for n in range(1, 400)], version=1)
    file = tmp_path / "persons"
    file.write_bytes(export(engine, select(project), ask=Ask(fmt, compression)))
    with open_source(file) as opened:
        assert opened.is_compressed
        assert b"".join(opened.chunks()) == export(engine, select(project), ask=Ask(fmt))


@pytest.mark.skipif(find_spec("duckdb") is None, reason="duckdb is not installed")
def test_duckdb_reads_the_same(engine: Engine, tmp_path: Path) -> None:
    duckdb: Any = import_module("duckdb")
    people = awkward()
    for suffix in ("parquet", "csv"):
        file = tmp_path / f"persons.{suffix}"
        file.write_bytes(written(engine, people, suffix, columns="uuid,properties"))
        found = duckdb.sql(f"SELECT uuid, properties FROM '{file}'").fetchall()
        assert found == [(str(p.uuid), p.properties.decode()) for p in newest_first(people)]
