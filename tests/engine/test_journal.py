"""The journal: what an edit notes is safe at once, and in its table for the next statement."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import msgspec
import polars as pl
import pytest

from queries.activity import count_activity
from service.activity import write_entries
from service.engine import Engine
from service.errors import DiskFull, PersonhouseError
from service.journal import Journal
from service.settings import Settings
from tests.engine.test_activity import entry

pytestmark = pytest.mark.engine

# Writes entries of the log into the data directory it is told, and dies.
_DIES = """
import os, sys
from service.activity import write_entries
from service.engine import Engine
from service.settings import Settings
from tests.engine.test_activity import entry
engine = Engine(Settings(data=sys.argv[1]))
engine.open()
for n in range(3):
    write_entries(engine, [entry(1, n)])
os.kill(os.getpid(), 9)
"""


def entries(engine: Engine) -> int:
    (row,) = engine.fetch_now(count_activity(1))
    return row.entries


def left(data: Path) -> list[Path]:
    return sorted((data / "clickhouse" / "journal" / "personhouse").iterdir())


def test_the_next_statement_sees_what_was_noted(tmp_path: Path) -> None:
    engine = Engine(Settings(data=str(tmp_path)))
    engine.open()
    try:
        for n in range(3):
            write_entries(engine, [entry(1, n)])
            assert entries(engine) == n + 1
    finally:
        engine.close()
    assert left(tmp_path) == []


def test_what_was_noted_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", _DIES, str(tmp_path)], check=False)
    assert died.returncode == -9
    (file,) = left(tmp_path)
    # A second file, cut off in its second record, and a third of which only the head was written.
    data = file.read_bytes()
    end = len(data) // 3
    file.with_name("journal-000000000007").write_bytes(data[: end + end // 2])
    file.with_name("journal-000000000008").write_bytes(data[:5])
    engine = Engine(Settings(data=str(tmp_path)))
    engine.open()
    try:
        assert entries(engine) == 3
        assert left(tmp_path) == []
        write_entries(engine, [entry(1, 3)])
        assert entries(engine) == 4
    finally:
        engine.close()


def test_a_second_engine_of_the_same_process_writes_at_once(tmp_path: Path) -> None:
    first, second = (Engine(Settings(data=str(tmp_path))) for _ in range(2))
    first.open()
    second.open()
    try:
        write_entries(first, [entry(1, 0)])
        write_entries(second, [entry(1, 1)])
        assert entries(first) == 2
    finally:
        second.close()
        first.close()
    assert left(tmp_path) == []


def test_rows_whose_insert_fails_wait_on_and_are_not_lost(tmp_path: Path) -> None:
    inserted: list[tuple[str, pl.DataFrame]] = []
    full = threading.Event()

    def insert(table: str, rows: pl.DataFrame) -> None:
        if full.is_set():
            raise DiskFull("full")
        inserted.append((table, rows))

    full.set()
    journal = Journal(tmp_path, insert)
    assert journal.open()
    journal.add("activity", pl.DataFrame({"n": [1]}))
    with pytest.raises(PersonhouseError):
        journal.flush()
    journal.add("history", pl.DataFrame({"n": [2]}))
    journal.close()
    assert len(list(tmp_path.iterdir())) > 0
    assert inserted == []

    full.clear()
    again = Journal(tmp_path, insert)
    assert again.open()
    again.close()
    assert sorted((table, rows["n"].to_list()) for table, rows in inserted) == [
        ("activity", [1]),
        ("history", [2]),
    ]
    assert list(tmp_path.iterdir()) == []


def test_rows_of_many_threads_are_inserted_once_each_and_together(tmp_path: Path) -> None:
    inserted: list[pl.DataFrame] = []
    journal = Journal(tmp_path, lambda _, rows: inserted.append(rows))
    assert journal.open()

    def add(first: int) -> None:
        for n in range(50):
            journal.add("activity", pl.DataFrame({"n": [first + n]}))
            if n % 10 == 0:
                journal.flush()

    threads = [threading.Thread(target=add, args=(1_000 * k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.flush()
    numbers = sorted(n for rows in inserted for n in rows["n"])
    assert numbers == sorted(1_000 * k + n for k in range(8) for n in range(50))
    assert len(inserted) < 400
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_the_entry_of_a_version_voided_at_once_is_void(tmp_path: Path) -> None:
    engine = Engine(Settings(data=str(tmp_path)))
    engine.open()
    try:
        made = entry(1, 0, UUID(int=9))
        write_entries(engine, [made])
        write_entries(engine, [msgspec.structs.replace(made, is_void=1, version=2)])
        assert entries(engine) == 0
    finally:
        engine.close()
