"""The double answers as ClickHouse's HTTP interface does, as far as the client can tell."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from tests.wire.asking import asked
from tests.wire.process import DoubleProcess

pytestmark = [pytest.mark.engine]


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleProcess]:
    one = DoubleProcess(
        tmp_path_factory.mktemp("double") / "clickhouse",
        *("--user", "ann", "--password", "secret", "--clean-ends"),
    )
    one.start()
    yield one
    one.stop()


def connect(double: DoubleProcess, **more: Any) -> Client:
    given: dict[str, Any] = {
        "username": "ann",
        "password": "secret",
        "autogenerate_session_id": False,
        **more,
    }
    return get_client(host="127.0.0.1", port=double.port, **given)


@pytest.fixture(scope="module")
def client(double: DoubleProcess) -> Client:
    return connect(double)


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_rows_go_in_and_come_back(double: DoubleProcess, compress: bool | str) -> None:
    client = connect(double, compress=compress)
    table = f"rows_{compress}"
    client.command(f"CREATE TABLE {table} (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    rows = [[n, f"{n}\t'\\\n\0"] for n in range(1_000)]
    summary = client.insert(table, rows, column_names=["n", "s"])
    assert summary.written_rows == 1_000
    found = client.query(f"SELECT * FROM {table} ORDER BY n").result_rows
    assert [list(row) for row in found] == rows


def test_long_parameters_come_in_a_form(client: Client) -> None:
    words = ["it's", "a\tb", "\\N", "é"] * 2_000
    found = client.query("SELECT {words:Array(String)} AS w", {"words": words}).result_rows
    assert found == [(words,)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT * FROM nowhere", 60),
        ("SELEC 1", 62),
        ("SELECT 1 SETTINGS no_such = 1", 115),
        ("SELECT sleep(2) SETTINGS max_execution_time = 1", 159),
    ],
)
def test_failures_have_their_numbers(client: Client, text: str, code: int) -> None:
    with pytest.raises(DatabaseError) as failure:
        client.query(text)
    assert failure.value.code == code


def test_a_failure_midway_is_told_at_the_end(client: Client) -> None:
    text = "SELECT number, throwIf(number = 500000) FROM numbers(1000000)"
    with (
        pytest.raises(StreamFailureError, match="throwIf"),
        client.query_column_block_stream(text) as blocks,
    ):
        for _ in blocks:
            pass


@pytest.mark.parametrize("password", ["", "wrong"])
def test_who_is_not_let_in(double: DoubleProcess, password: str) -> None:
    with pytest.raises(DatabaseError) as failure:
        connect(double, password=password)
    assert failure.value.code == 516


def test_statements_run_at_the_same_time(double: DoubleProcess) -> None:
    clients = [connect(double) for _ in range(6)]
    began = time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(_sleep, clients))
    assert time.monotonic() - began < 5


def _sleep(client: Client) -> None:
    client.command("SELECT sleep(1)")


def test_a_session_keeps_its_tables(double: DoubleProcess) -> None:
    client = connect(double, session_id="mine")
    client.command("CREATE TEMPORARY TABLE kept (n UInt8)")
    client.insert("kept", [[7]], column_names=["n"])
    assert client.command("SELECT n FROM kept") == 7
    with pytest.raises(DatabaseError):
        connect(double).command("SELECT n FROM kept")


def test_a_token_lets_one_insert_in(client: Client) -> None:
    client.command(
        "CREATE TABLE once (n UInt64) ENGINE = MergeTree ORDER BY n"
        " SETTINGS non_replicated_deduplication_window = 10"
    )
    for n in range(3):
        settings = {"insert_deduplication_token": "one"}
        client.insert("once", [[n]], column_names=["n"], settings=settings)
    assert client.query("SELECT n FROM once").result_rows == [(0,)]


_LONG = "SELECT count() FROM numbers_mt(1000000000000) WHERE sipHash64(number) = 1"


def test_a_statement_is_killed_by_its_id(double: DoubleProcess, client: Client) -> None:
    failures: list[DatabaseError] = []

    def run() -> None:
        try:
            connect(double).query(_LONG, transport_settings={}, settings={"query_id": "slow-one"})
        except DatabaseError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        client.command("KILL QUERY WHERE query_id = 'slow-one' ASYNC")
        thread.join(0.05)
    assert [one.code for one in failures] == [394]


def test_a_statement_ends_when_its_client_is_gone(double: DoubleProcess, client: Client) -> None:
    query = urlencode({"query": f"{_LONG} AND 'gone' != ''"})
    url = f"http://127.0.0.1:{double.port}/?{query}&user=ann&password=secret"
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(url, timeout=0.3)
    running = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%gone%'"
    until = time.monotonic() + 20
    while client.command(f"{running} AND query NOT LIKE '%processes%'"):
        assert time.monotonic() < until


@pytest.mark.parametrize(
    ("text", "statement", "data", "data_format"),
    [
        (b"INSERT INTO t (`a`, b) FORMAT Native\n\x01\x02", b"INSERT INTO t (`a`, b)", 2, "Native"),
        (b"insert into t format CSV 1,2", b"insert into t", 3, "CSV"),
        (b"INSERT INTO t VALUES (1)", b"INSERT INTO t VALUES (1)", None, ""),
        (b"SELECT 'INSERT INTO t FORMAT CSV'", b"SELECT 'INSERT INTO t FORMAT CSV'", None, ""),
    ],
)
def test_data_is_told_from_its_statement(
    text: bytes, statement: bytes, data: int | None, data_format: str
) -> None:
    found = asked({}, {}, text)
    assert (found.text.rstrip(), found.data_format) == (statement, data_format)
    assert (None if found.data is None else len(found.data)) == data
