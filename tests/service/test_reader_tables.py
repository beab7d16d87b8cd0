"""CSV and Parquet read into persons: exact cells, bad rows, and a way there and back."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from queries.flatten import flatten
from queries.imports import PersonInput
from service.readers import Format
from tests.service.reading import Reading

Write = Callable[[bytes | str], Path]

U1 = "b8c3e778-c1ea-5503-9f33-596db7513f5a"
MORNING = dt.datetime(2020, 1, 1, 8, 30, tzinfo=dt.UTC)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(data: bytes | str) -> Path:
        path = tmp_path / "persons"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return to_file


def exported(persons: Iterable[PersonInput]) -> str:
    """Write persons as the CSV form of the list does: sorted union of columns, CRLF."""
    rows = [
        flatten(
            {
                "uuid": person.uuid,
                "distinct_ids": person.distinct_ids,
                "properties": Raw(person.properties),
                "created_at": person.created_at,
                "is_identified": person.is_identified,
                "last_seen_at": person.last_seen_at,
                "name": "any",
                "id": 42,
                "type": "person",
            }
        )
        for person in persons
    ]
    out = io.StringIO()
    columns = sorted({name for row in rows for name in row})
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_csv(write: Write) -> None:
    reading = Reading(
        write(
            "\ufeffcreated_at,distinct_ids.0,distinct_ids.1,properties.a,properties.t.0,uuid\r\n"
            f'2020-01-01T08:30:00Z,a,b,"x, ""y""\r\nz",True,{U1}\r\n'
            "\r\n"
            "2020-01-01 08:30:00+00:00,5,,1.0,,\n"
        )
    )
    assert reading.failure == ""
    assert reading.lines == [2, 5]
    assert reading.persons == [
        PersonInput(
            UUID(U1), ("a", "b"), b'{"a":"x, \\"y\\"\\r\\nz","t":[true]}', MORNING, None, None, None
        ),
        PersonInput(None, ("5",), b'{"a":1.0}', MORNING, None, None, None),
    ]


def test_bad_rows_do_not_stop_the_rest(write: Write) -> None:
    rows = (
        b"uuid,distinct_ids.0,properties.a\n"
        b",a,1\n"
        b",b\n"  # 3: too few
        b",c,1,2\n"  # 4: too many
        b',"d"x,1\n'  # 5: not CSV
        b",e,\xff\n"  # 6: not UTF-8
        b'no,"f\n1",1\n'  # 7 and 8: no UUID
        b",,1\n"  # 9: nobody
        b",g,1\n"
        b",h," + b"x" * 8_388_608 + b"\n"  # 11: too long
        b",i," + b"x" * 1_048_577 + b"\n"  # 12: a cell too large
        b",j," + b"x" * 600_000 + b"\n"  # 13: properties too large
        b",k,1\n"
        b',l,"1\n'  # 15 and 16: never closed
        b",m,1\n"
    )
    for text in (rows, rows.replace(b"\n", b"\r\n")):
        reading = Reading(write(text))
        assert reading.failure == ""
        assert reading.ids == ["a", "g", "k"]
        assert reading.lines == [2, 10, 14]
        assert list(reading.rejects) == [3, 4, 5, 6, 7, 9, 11, 12, 13, 15]
        whys = list(reading.rejects.values())
        for why, words in zip(
            whys,
            (
                "the row has 2 cells, the header 3",
                "the row has 4 cells, the header 3",
                "not CSV: ',' expected",
                "not CSV: not UTF-8",
                "`uuid` must be a UUID, not 'no'",
                "neither a UUID nor a distinct id",
                "not CSV: longer than 8388608 bytes",
                "not CSV: field larger than field limit (1048576)",
                "at most 524288 are kept",
                "not CSV, up to line 16: unexpected end of data",
            ),
            strict=True,
        ):
            assert words in why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("uuid;distinct_ids.0\n", "column 1 is 'uuid;distinct_ids.0'; known are uuid, id,"),
        ('"uuid"x,id\n', "the first line is no header of CSV: ',' expected"),
        ("uuid,plan\n", "column 2 is 'plan'"),
        (b"uuid,\xff\n", "the first line is no header of CSV: not UTF-8"),
        ("uuid\rx\r", "the first line is no header of CSV: new-line character"),
    ],
)
def test_headers_that_cannot_be_used(write: Write, text: str | bytes, why: str) -> None:
    reading = Reading(write(text))
    assert why in reading.failure
    assert reading.batches == []


def test_blank_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "persons"
    path.write_bytes(b"\n" * 100_000 + b"x")
    assert "column 1 is 'x'" in Reading(path).failure
    path.write_bytes(b"uuid\n")
    assert Reading(path).failure == ""
    assert Reading(path, Format.CSV).batches == []


def test_a_batch_export_in_csv(write: Write) -> None:
    path = write(f'person_id,distinct_id,properties,person_version\n{U1},a,"{{""n"":1.0}}",3\n')
    person = PersonInput(UUID(U1), ("a",), b'{"n":1.0}', None, None, None, 3)
    assert Reading(path).persons == [person]
    assert Reading(path, Format.POSTHOG).persons == [person]


def test_a_cut_within_csv(write: Write) -> None:
    whole = gzip.compress(b"uuid,properties.a\n" + f"{U1},x\n".encode() * 99_999)
    reading = Reading(write(whole[:-20]))
    assert "is cut off" in reading.failure
    assert len(reading.persons) > 90_000
    assert reading.rejects == {}


# Awkward for CSV, for the dotted form, or for the meaning of cells.
TEXTS = st.text(',"\r\n .0é\x00=', max_size=4) | st.sampled_from(["True", "null", "1.0", "007"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PERSONS = st.builds(
    PersonInput,
    st.uuids(),
    st.lists(TEXTS.filter(bool), unique=True, max_size=2).map(tuple),
    st.dictionaries(TEXTS, VALUES, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.none() | st.just(MORNING),
    st.booleans(),
    st.none() | st.just(MORNING),
    st.none(),
)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(persons=st.lists(PERSONS, min_size=1, max_size=3))
def test_an_export_imported_and_exported_again(write: Write, persons: list[PersonInput]) -> None:
    """It is the same, byte for byte; but columns without any value are gone after the first time.

    An empty cell is absent, so that nothing of a null or an empty text is left.
    """
    once = Reading(write(exported(persons)))
    assert (once.failure, once.rejects) == ("", {})
    assert len(once.persons) == len(persons)
    text = exported(once.persons)
    assert [(p.uuid, p.distinct_ids, p.created_at) for p in once.persons] == [
        (p.uuid, p.distinct_ids, p.created_at) for p in persons
    ]
    again = Reading(write(text))
    assert again.persons == once.persons
    assert exported(again.persons) == text
    cells = csv.reader(io.StringIO(exported(persons), newline=""))
    columns = [column for column in zip(*cells, strict=True) if any(column[1:])]
    kept = csv.reader(io.StringIO(text, newline=""))
    assert columns == [column for column in zip(*kept, strict=True) if any(column[1:])]


NATURAL = pl.DataFrame(
    {
        "uuid": [U1, None, "no", None],
        "distinct_ids": [["a", "b"], ["c"], ["d"], []],
        "properties": ['{"n":1.0}', None, "{}", "{}"],
        "created_at": [MORNING, None, MORNING, MORNING],
        "is_identified": [True, None, False, False],
    }
)


def parquet(tmp_path: Path, frame: pl.DataFrame) -> Path:
    path = tmp_path / "persons"
    frame.write_parquet(path)
    return path


def test_parquet(tmp_path: Path) -> None:
    path = parquet(tmp_path, NATURAL)
    reading = Reading(path)
    assert reading.persons == [
        PersonInput(UUID(U1), ("a", "b"), b'{"n":1.0}', MORNING, True, None, None),
        PersonInput(None, ("c",), b"{}", None, None, None, None),
    ]
    assert reading.lines == [1, 2]
    assert reading.rejects == {
        3: "`uuid` must be a UUID, not 'no'",
        4: "there is neither a UUID nor a distinct id to know the person by",
    }
    assert reading.batches[0].bytes_read == path.stat().st_size
    assert Reading(path, Format.PARQUET).persons == reading.persons


def test_parquet_with_typed_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "uuid": [UUID(U1).bytes],
            "distinct_ids.0": ["a"],
            "properties.n": [1.0],
            "properties.at": [MORNING.replace(tzinfo=None)],
            "properties.t": [["x"]],
            "created_at": ["2020-01-01 08:30:00"],
            "last_seen_at": [dt.date(2020, 1, 1)],
        }
    )
    [person] = Reading(parquet(tmp_path, frame)).persons
    assert person == PersonInput(
        UUID(U1),
        ("a",),
        b'{"n":1.0,"at":"2020-01-01T08:30:00","t":["x"]}',
        MORNING,
        None,
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        None,
    )


def test_parquet_of_structs(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"uuid": [U1, U1], "properties": [{"a": 1, "b": {"c": None}}, {"a": None, "b": None}]}
    )
    reading = Reading(parquet(tmp_path, frame))
    assert [person.properties for person in reading.persons] == [b'{"a":1,"b":{}}', b"{}"]


def test_a_batch_export_in_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "team_id": [1, 1],
            "distinct_id": ["a", "b"],
            "person_id": [U1, U1],
            "properties": ['{"n":1}', "{}"],
            "person_version": [3, 4],
            "person_distinct_id_version": [0, 0],
            "created_at": [MORNING, MORNING],
            "is_deleted": [False, True],
        }
    )
    path = parquet(tmp_path, frame)
    for fmt in (None, Format.POSTHOG):
        reading = Reading(path, fmt)
        assert reading.persons == [
            PersonInput(UUID(U1), ("a",), b'{"n":1}', MORNING, None, None, 3)
        ]
        assert reading.skipped == 1


def test_parquet_in_slices(tmp_path: Path) -> None:
    ids = [[f"p{n}"] for n in range(25_000)]
    reading = Reading(parquet(tmp_path, pl.DataFrame({"distinct_ids": ids})), batch_rows=10_000)
    assert reading.ids == [f"p{n}" for n in range(25_000)]
    assert reading.lines == list(range(1, 25_001))
    assert [len(batch.records) for batch in reading.batches] == [10_000, 10_000, 5_000]
    sizes = [batch.bytes_read for batch in reading.batches]
    assert sizes == sorted(sizes)


def test_bad_parquet(tmp_path: Path) -> None:
    path = parquet(tmp_path, NATURAL)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert "Parquet is damaged" in Reading(path).failure
    path.write_bytes(gzip.compress(whole))
    assert Reading(path).failure == "Parquet within gzip or zstd: decompress the file first"
    path.write_bytes(whole)
    assert Reading(path, Format.CSV).failure == "the file is Parquet, not csv"
    path = parquet(tmp_path, NATURAL.with_columns(plan=pl.lit("pro")))
    assert "column 6 is 'plan'" in Reading(path).failure
    parquet(tmp_path, NATURAL.clear())
    assert Reading(path).batches == []


def test_damage_within_parquet(tmp_path: Path) -> None:
    ids = [[f"p{n}"] for n in range(20_000)]
    path = tmp_path / "persons"
    pl.DataFrame({"distinct_ids": ids}).write_parquet(path, row_group_size=1_000)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 5_000] = bytes(5_000)
    path.write_bytes(whole)
    reading = Reading(path)
    assert "Parquet is damaged" in reading.failure
    assert 0 < len(reading.ids) < 20_000
    assert reading.ids == [f"p{n}" for n in range(len(reading.ids))]
