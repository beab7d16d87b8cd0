"""Import files read into batches: JSON formats told apart, compression undone, damage reported."""

from __future__ import annotations

import gzip
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.readers import Format, UnreadableSource, read
from service.readers.documents import is_document, split_document
from service.readers.lines import split_lines
from tests.service.reading import Reading

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Write = Callable[[bytes], Path]

REAL = Path(__file__).parents[3] / "shared/data/contributors_persons.ndjson.gz"
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
BOM = b"\xef\xbb\xbf"
UUID = "b8c3e778-c1ea-5503-9f33-596db7513f5a"


def lines(count: int, start: int = 0) -> bytes:
    return b"".join(
        b'{"distinct_ids":["p%d"],"properties":{"n":%d}}\n' % (n, n)
        for n in range(start, start + count)
    )


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(data: bytes, name: str = "persons") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return to_file


def test_lines_and_batches(write: Write) -> None:
    path = write(lines(2) + b"\r\n  \n\nnonsense\n" + lines(3, 2) + b'{"type":"STATE"}')
    reading = Reading(path, Format.NDJSON, batch_rows=3)
    assert [len(batch.records) for batch in reading.batches] == [2, 3, 0]
    assert reading.lines == [1, 2, 7, 8, 9]
    assert reading.ids == ["p0", "p1", "p2", "p3", "p4"]
    assert list(reading.rejects) == [6]
    assert reading.rejects[6].startswith("not JSON")
    assert reading.skipped == 1
    assert reading.batches[-1].bytes_read == path.stat().st_size


TEXT = BOM + lines(30_000)


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        gzip.compress(TEXT, 1),
        zstd.compress(TEXT),
        gzip.compress(TEXT[:400]) + gzip.compress(TEXT[400:], 1) + b"\0" * 9,
        zstd.compress(TEXT[:400]) + SKIPPABLE_FRAME + zstd.compress(TEXT[400:]),
        SKIPPABLE_FRAME + zstd.compress(TEXT),
    ],
    ids=["plain", "gzip", "zstd", "gzip members", "zstd frames", "skippable frame first"],
)
def test_compression(write: Write, data: bytes) -> None:
    path = write(data)
    reading = Reading(path, batch_rows=20_000)
    assert reading.ids == [f"p{n}" for n in range(30_000)]
    size = path.stat().st_size
    first, last = (batch.bytes_read for batch in reading.batches)
    assert 0 < first <= last == size


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_what_is_before_a_cut_is_read(write: Write, compress: Callable[[bytes], bytes]) -> None:
    whole = compress(lines(50_000))
    reading = Reading(write(whole[: len(whole) // 2]), batch_rows=1_000)
    assert "is cut off" in reading.failure
    assert len(reading.ids) > 10_000
    assert reading.ids == [f"p{n}" for n in range(len(reading.ids))]
    assert reading.rejects == {}
    # Within the first bytes: the whole head comes with the failure.
    assert "is cut off" in Reading(write(compress(lines(5))[:-3])).failure
    assert "is cut off" in Reading(write(whole[:7])).failure


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_damage(write: Write, compress: Callable[[bytes], bytes]) -> None:
    reading = Reading(write(compress(lines(5)) + b"and what is this"))
    assert "is damaged somewhere before byte" in reading.failure
    assert len(reading.ids) == 5
    assert "is damaged" in Reading(write(compress(b"")[:4] + b"\xff" * 50)).failure


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty; accepted are NDJSON and CSV in UTF-8"),
        (BOM, "the file is empty"),
        (b" \n\n", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (zstd.compress(b""), "the file is empty"),
        (b"PK\x03\x04xxx", "the file is a zip archive, or a spreadsheet; accepted are"),
        (b"BZh91AY", "the file is bzip2"),
        ('{"a":1}'.encode("utf-16"), "the file is text in UTF-16"),
        (gzip.compress(b"BZh91AY", mtime=0), "the file is bzip2"),
        (b"\x93NUMPY\x01\x00 and more", "the first line is no header of CSV"),
        (b"hello\n", "the header of CSV cannot be used: column 1 is 'hello'"),
    ],
)
def test_what_cannot_be_read(write: Write, data: bytes, why: str) -> None:
    reading = Reading(write(data))
    assert why in reading.failure
    assert reading.batches == []


def test_no_file(tmp_path: Path) -> None:
    assert Reading(tmp_path / "none").failure == "cannot open none: No such file or directory"
    assert Reading(tmp_path).failure.endswith("Is a directory")


def test_a_suffix_decides_where_the_content_does_not(tmp_path: Path) -> None:
    path = tmp_path / "persons.ndjson.gz"
    path.write_bytes(gzip.compress(b"nonsense\n" + lines(1)))
    reading = Reading(path)
    assert reading.ids == ["p0"]
    assert list(reading.rejects) == [1]


def records(*values: object) -> bytes:
    return b"\n".join(json.dumps(value).encode() for value in values)


POSTHOG: dict[str, object] = {
    "team_id": 1,
    "distinct_id": "a",
    "person_id": UUID,
    "properties": '{"n":1}',
}
MIXPANEL: dict[str, object] = {"$distinct_id": 5, "$properties": {"$email": "a@b.c"}}


def test_a_batch_export(write: Write) -> None:
    reading = Reading(write(records(POSTHOG, {**POSTHOG, "is_deleted": 1}, {**POSTHOG, "n": 1})))
    assert [person.properties for person in reading.persons] == [b'{"n":1}']
    assert reading.skipped == 1
    assert "unknown key 'n'" in reading.rejects[3]


def test_mixpanel(write: Write) -> None:
    reading = Reading(write(records(MIXPANEL, {"$distinct_id": 6}, POSTHOG)))
    assert [p.properties for p in reading.persons] == [b'{"email":"a@b.c"}', b"{}"]
    # The first record whose keys tell decides for all.
    assert "unknown key 'team_id'" in reading.rejects[3]


def test_airbyte(write: Write) -> None:
    person: dict[str, object] = {"uuid": UUID, "distinct_ids": ["a"]}
    record = {"type": "RECORD", "record": {"stream": "persons", "data": person}}
    reading = Reading(write(records({"type": "LOG"}, record, {"type": "STATE"})))
    assert (reading.ids, reading.skipped) == (["a"], 2)


def test_an_explicit_format_wins(write: Write) -> None:
    path = write(json.dumps(POSTHOG).encode())
    assert Reading(path, Format.POSTHOG).ids == ["a"]
    assert "unknown key 'team_id'" in Reading(path, Format.NDJSON).rejects[1]
    assert "unknown key 'team_id'" in Reading(path, Format.MIXPANEL).rejects[1]
    assert "the file is not Parquet" in Reading(path, Format.PARQUET).failure
    assert "header of CSV" in Reading(path, Format.CSV).failure


PAGE: dict[str, object] = {
    "count": 2,
    "next": 'http://x/?a=[{"}',
    "previous": None,
    "results": [POSTHOG, POSTHOG],
}


@pytest.mark.parametrize("indent", [None, 2])
def test_lists_and_pages(write: Write, indent: int | None) -> None:
    documents: tuple[object, ...] = (
        [POSTHOG, POSTHOG],
        PAGE,
        {"status": "ok", "results": [MIXPANEL, MIXPANEL]},
    )
    for document in documents:
        text = json.dumps(document, indent=indent).encode() + b"\n"
        # As many pages as there were requests, one after the other.
        reading = Reading(write(text * 3))
        assert len(reading.persons) == 6, reading.failure
        assert reading.failure == ""
        assert len(set(reading.lines)) == (6 if indent else 3)


def test_records_in_a_list(write: Write) -> None:
    good = lines(1).strip()
    text = b'[\n%s,\n{"propertis":1}, 5, "x]",\n null,[1],\n{"a":01}\n,%s\n]' % (good, good)
    reading = Reading(write(text))
    assert (reading.lines, reading.failure) == ([2, 6], "")
    assert list(reading.rejects) == [3, 4, 5]
    assert len(reading.batches[0].rejects) == 4


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[" + lines(1), "the file ends within a list"),
        (b'[{"distinct_ids":["p0"]}, {"', "the file ends within a list"),
        (b'[{"distinct_ids":["p0"]}] x', "line 1: text outside of any list"),
        (b'[{"distinct_ids":["p0"]}]\n]', "line 2: a bracket closes that was not opened"),
        (b'[{"distinct_ids":["p0"]}] , []', "line 1: text outside of any list"),
        (b'[{"distinct_ids":["p0"]}]{"a":[1]}', "an object that ends in line 1 has no list"),
    ],
)
def test_broken_documents(write: Write, text: bytes, why: str) -> None:
    reading = Reading(write(text))
    assert why in reading.failure
    assert reading.ids == ["p0"]


def test_a_long_line_is_dropped_as_it_comes() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a\nb"
        for _ in range(1_000):
            yield b"x" * 10_000
        yield b"\nc\n" + b"y" * 10_001
        yield b"z"

    tracemalloc.start()
    try:
        found = list(split_lines(chunks(), limit=10_000))
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert found == [(1, b"a"), (2, None), (3, b"c"), (4, None)]


def test_a_line_too_long_is_rejected(write: Write) -> None:
    long = b'{"distinct_ids":["a"],"properties":{"a":"' + b"x" * 8_388_608 + b'"}}\n'
    for compress in (bytes, gzip.compress):
        reading = Reading(write(compress(lines(1) + long + lines(1))))
        assert (reading.lines, reading.rejects) == ([1, 3], {2: "longer than 8388608 bytes"})
        reading = Reading(write(compress(b"[" + lines(1) + b"," + long + b"," + lines(1) + b"]")))
        assert (reading.lines, reading.rejects) == ([1, 3], {2: "longer than 8388608 bytes"})


def test_no_end_of_a_list_in_sight() -> None:
    with pytest.raises(UnreadableSource, match="line 1: no record in 100 bytes"):
        list(split_document([b"[" + b" " * 101], limit=100))


def test_large_persons_make_small_batches(write: Write) -> None:
    person = b'{"distinct_ids":["a"],"properties":{"a":"' + b"x" * 500_000 + b'"}}\n'
    sizes = [len(batch.records) for batch in read(write(gzip.compress(person * 300, 1)))]
    assert sizes == [135, 135, 30]


def chunked(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.binary(max_size=8).map(lambda b: b.replace(b"\n", b"")), max_size=6),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_lines_wherever_the_chunks_end(texts: list[bytes], cuts: list[int]) -> None:
    found = split_lines(chunked(b"".join(t + b"\n" for t in texts), cuts), limit=5)
    assert [text for _, text in found] == [t if len(t) <= 5 else None for t in texts]


VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text('"\\[]{},é\n', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(st.text('"\\[a', max_size=2), VALUES, max_size=3), max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=RECORDS,
    beside=st.dictionaries(st.sampled_from(["count", 'results"', "x"]), VALUES),
    indent=st.sampled_from([None, 1]),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_records_wherever_the_chunks_end(
    records: list[object], beside: dict[str, object], indent: int | None, cuts: list[int]
) -> None:
    for document in (records, {**beside, "results": records}, {"results": records, **beside}):
        text = json.dumps(document, indent=indent).encode()
        found = [record for _, record in split_document(chunked(text, cuts))]
        assert [msgspec.json.decode(record or b"") for record in found] == records


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (b" [", True),
        (b'{"results":[', True),
        (b'{"page":0,"a\\"":null}', False),
        (b'{"page":0,"next":"a\\"[{","n": 1.5 ,\n "results" : [', True),
        (b'{"uuid":"x","distinct_ids":["a"],"results":[', False),
        (b'{"uuid":"x","properties":{"results":[', False),
        (b'{"results":{}', False),
        # None of these takes more than one look at each byte.
        (b'{"a":"' + b"\\\\" * 500_000, False),
        (b'{"a":' + b" " * 1_000_000, False),
        (b"{" + b'"a":1,' * 150_000, False),
    ],
)
def test_documents_by_their_first_bytes(head: bytes, is_one: bool) -> None:
    assert is_document(head) is is_one


@pytest.mark.skipif(not REAL.exists(), reason="the real data is not there")
def test_real_data() -> None:
    reading = Reading(REAL, batch_rows=500)
    assert [len(batch.records) for batch in reading.batches] == [500, 500, 91]
    assert reading.rejects == {}
    assert reading.batches[-1].bytes_read == REAL.stat().st_size
    with gzip.open(REAL) as file:
        for text, person in zip(file, reading.persons, strict=True):
            source = json.loads(text)
            assert str(person.uuid) == source["uuid"]
            assert list(person.distinct_ids) == source["distinct_ids"]
            assert person.properties in text
            assert json.loads(person.properties) == source["properties"]
            assert person.is_identified is source["is_identified"]
            assert person.created_at is not None
            assert person.created_at.isoformat() == source["created_at"]
