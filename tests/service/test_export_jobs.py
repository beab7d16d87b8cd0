"""Exports into files: resumed to the byte, of one moment, cancelled, verified."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from queries.export_jobs import Copy, list_copies
from queries.upserts import Upsert
from service.engine import Engine
from service.errors import NotFound
from service.exports.jobs import Job, JobStore, Order
from service.exports.manifest import NAME, Unsound, verify
from service.exports.parts import Stopped
from service.exports.running import Runner, run_job
from tests.engine.people import FOREVER_US, insert, person
from tests.service.exported import new_project, newest_first

PEOPLE = 1_000


def crowd() -> list[Upsert]:
    return [
        person(n, json.dumps({"a": f"x{n}", "n": n, "l": [n % 3]}), ids=[f"i{n}"])
        for n in range(1, PEOPLE + 1)
    ]


@pytest.fixture
def project(engine: Engine) -> int:
    project = new_project()
    insert(engine, project, crowd(), version=1)
    return project


def order(fmt: str, properties: str = "") -> Order:
    return Order(fmt, FOREVER_US, part_rows=300, properties=properties)


def begun(engine: Engine, project: int, folder: Path, wanted: Order) -> Job:
    return JobStore(engine).create(project, wanted, folder, "")


def nothing(_: int) -> None:
    """Take no notice of rows."""


def contents(job: Job) -> dict[str, bytes]:
    files = {file.name: file.read_bytes() for file in Path(job.directory).iterdir()}
    del files[NAME]
    return files


def copies(engine: Engine) -> list[Copy]:
    return engine.fetch_now(list_copies())


FORMATS = ["csv", "csv.gz", "ndjson", "ndjson.zst", "parquet", "arrow"]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("stops", [1, 2, 4])
def test_a_resumed_job_is_the_same_to_the_byte(
    engine: Engine, project: int, tmp_path: Path, fmt: str, stops: int
) -> None:
    undisturbed = run_job(engine, begun(engine, project, tmp_path, order(fmt)), nothing)
    job = begun(engine, project, tmp_path, order(fmt))
    store = JobStore(engine)
    calls = 0

    def stop(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == stops:
            raise Stopped

    with pytest.raises(Stopped):
        run_job(engine, job, stop)
    half = store.get(project, job.id)
    assert half.rows == 300 * (stops - 1)
    whole_before = {
        done.part.name: Path(half.directory, done.part.name).stat().st_mtime_ns
        for done in half.parts
    }
    # What is written meanwhile is of another moment.
    insert(engine, project, [person(1, '{"a":"changed"}', base=1)], version=2)
    insert(engine, project, [person(2, base=1)], version=2, deleted=True)
    insert(engine, project, [person(PEOPLE + 7)], version=2)
    done = run_job(engine, half, nothing)
    for name, before in whole_before.items():
        assert Path(done.directory, name).stat().st_mtime_ns == before, "it was written again"
    assert (done.state, done.rows, len(done.parts)) == ("done", PEOPLE, 4)
    assert contents(done) == contents(undisturbed)
    assert verify(Path(done.directory)).rows == PEOPLE
    assert copies(engine) == []


def test_a_job_holds_everybody_once_in_the_order_of_the_list(
    engine: Engine, project: int, tmp_path: Path
) -> None:
    job = run_job(engine, begun(engine, project, tmp_path, order("parquet")), nothing)
    frames = [pl.read_parquet(file) for file in sorted(Path(job.directory).glob("part-*"))]
    assert [frame.height for frame in frames] == [300, 300, 300, 100]
    uuids = pl.concat(frames)["uuid"].to_list()
    assert uuids == [str(one.uuid) for one in newest_first(crowd())]


def test_a_selection_is_of_one_moment_too(engine: Engine, project: int, tmp_path: Path) -> None:
    wanted = order("ndjson", properties='[{"key":"n","value":"500","operator":"gt"}]')
    job = run_job(engine, begun(engine, project, tmp_path, wanted), nothing)
    manifest = verify(Path(job.directory))
    assert (manifest.rows, job.rows) == (PEOPLE - 500, PEOPLE - 500)
    assert manifest.filter == {"properties": wanted.properties}
    lines = b"".join(body for _, body in sorted(contents(job).items())).splitlines()
    assert {json.loads(line)["properties"]["n"] for line in lines} == set(range(501, PEOPLE + 1))


def test_every_part_of_a_csv_has_the_columns_of_all(
    engine: Engine, project: int, tmp_path: Path
) -> None:
    insert(engine, project, [person(5_000, '{"rare":1}', created_us=1)], version=1)
    job = run_job(engine, begun(engine, project, tmp_path, order("csv")), nothing)
    heads = {body.partition(b"\r\n")[0] for body in contents(job).values()}
    (head,) = heads
    assert b"properties.rare" in head
    assert verify(Path(job.directory)).columns == head.decode().split(",")


@pytest.mark.parametrize("fmt", ["csv", "ndjson", "parquet"])
def test_of_nobody_there_is_one_empty_part(engine: Engine, tmp_path: Path, fmt: str) -> None:
    job = run_job(engine, begun(engine, new_project(), tmp_path, order(fmt)), nothing)
    assert (job.state, job.rows, len(job.parts)) == ("done", 0, 1)
    assert verify(Path(job.directory)).rows == 0


def test_what_verify_finds(engine: Engine, project: int, tmp_path: Path) -> None:
    folder = Path(
        run_job(engine, begun(engine, project, tmp_path, order("csv")), nothing).directory
    )
    part = folder / "part-00002.csv"
    whole = part.read_bytes()
    manifest = (folder / NAME).read_bytes()
    for at in (0, len(whole) // 2, len(whole) - 1):
        part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Unsound, match=r"part-00002\.csv was changed"):
            verify(folder)
    part.write_bytes(whole[:-1])
    with pytest.raises(Unsound, match=r"part-00002\.csv has"):
        verify(folder)
    part.unlink()
    with pytest.raises(Unsound, match="is missing"):
        verify(folder)
    part.write_bytes(whole)
    (folder / "more.csv").write_bytes(b"")
    with pytest.raises(Unsound, match=r"more\.csv is no part"):
        verify(folder)
    (folder / "more.csv").unlink()
    (folder / NAME).write_bytes(manifest.replace(b'"project": ', b'"project": 1'))
    with pytest.raises(Unsound, match="was changed"):
        verify(folder)
    (folder / NAME).write_bytes(manifest[:-20])
    with pytest.raises(Unsound, match="damaged"):
        verify(folder)
    (folder / NAME).unlink()
    with pytest.raises(Unsound, match="not complete"):
        verify(folder)
    (folder / NAME).write_bytes(manifest)
    assert verify(folder).rows == PEOPLE


def test_a_runner_goes_on_with_what_another_left(
    engine: Engine, project: int, tmp_path: Path
) -> None:
    first = Runner(engine, tmp_path)
    job = first.create(project, order("ndjson"))

    def stop(_: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run_job(engine, job, stop)
    assert [copy.name for copy in copies(engine)] == [f"export_{job.id.hex}"]
    second = Runner(engine, tmp_path)
    second.start()
    try:
        waited(second, project, job.id)
    finally:
        second.stop()
    done = second.store.get(project, job.id)
    assert (done.state, done.rows) == ("done", PEOPLE)
    assert verify(Path(done.directory)).rows == PEOPLE


def waited(runner: Runner, project: int, id: UUID) -> None:
    while runner.store.get(project, id).is_open:
        pass


def test_a_job_that_is_removed_leaves_nothing(engine: Engine, project: int, tmp_path: Path) -> None:
    runner = Runner(engine, tmp_path)
    waiting = runner.create(project, order("csv"))
    runner.remove(waiting)
    done = run_job(engine, runner.create(project, order("csv")), nothing)
    runner.remove(done)
    for job in (waiting, done):
        assert not Path(job.directory).exists()
        with pytest.raises(NotFound):
            runner.store.get(project, job.id)
    assert runner.store.of(project) == []
    assert copies(engine) == []


def test_a_job_that_fails_says_why(engine: Engine, project: int, tmp_path: Path) -> None:
    runner = Runner(engine, tmp_path)
    job = runner.create(project, order("csv"))
    Path(job.directory).write_bytes(b"in the way")
    runner.start()
    try:
        waited(runner, project, job.id)
    finally:
        runner.stop()
    failed = runner.store.get(project, job.id)
    assert (failed.state, bool(failed.error)) == ("failed", True)
    assert copies(engine) == []
