"""Backups while others write, brought back elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from service import generator
from tests.service.running import ROOT, SECONDS, Commands

pytestmark = [pytest.mark.slow, pytest.mark.engine]

PERSONS = 20_000
WRITERS = 4


def run(data: Path, *words: str, code: int = 0) -> Any:
    """Run a command in a process of its own: an engine's directory belongs to one."""
    environ = {name: os.environ[name] for name in os.environ if name[:12] != "PERSONHOUSE_"}
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "--data", str(data), *words, "--json"],
        capture_output=True,
        cwd=data.parent,
        env={**environ, "PYTHONPATH": str(ROOT)},
        timeout=SECONDS * 5,
        check=False,
    )
    assert done.returncode == code, done
    return msgspec.json.decode(done.stdout)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folder, with a backup `saved` made under writes in it, and what was said of it."""
    folder = tmp_path_factory.mktemp("backups")
    commands = Commands(folder)
    file = folder / "persons.ndjson"
    file.write_bytes(b"\n".join(generator.persons(PERSONS, seed=7)))
    with commands.started("serve", "--port", "0") as (_, ready):
        for name in ("First", "Second"):
            commands.json("project", "create", name)
        made = commands.json("key", "create", "--all-projects", "--scope", "*")
        commands.json("import", file.name, "--project", "1")
        stop = threading.Event()
        acknowledged = [0] * WRITERS
        writers = [
            threading.Thread(target=write, args=(ready["url"], made["key"], n, acknowledged, stop))
            for n in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        while min(acknowledged) < 3:
            assert all(writer.is_alive() for writer in writers)
        before = list(acknowledged)
        said = commands.json("backup", "saved")
        stop.set()
        for writer in writers:
            writer.join()
        assert min(acknowledged) > min(before)
        again = commands.json("backup", "saved", code=2)
        assert "cannot be made" in again["error"]["detail"]
    yield folder, {**said, "before": before, "after": acknowledged, "key": made["key"]}
    shutil.rmtree(folder)


def write(url: str, key: str, n: int, acknowledged: list[int], stop: threading.Event) -> None:
    """Import a person at a time into project 2, and change one of project 1 each time."""
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=SECONDS
    ) as client:
        one = client.get("/api/projects/1/persons", params={"limit": 1, "offset": n}).json()
        uuid = one["results"][0]["uuid"]
        while not stop.is_set():
            count = acknowledged[n]
            line = msgspec.json.encode({"distinct_ids": [f"w{n}-{count}"]})
            assert client.post("/api/projects/2/imports", content=line).status_code == 200
            body = {"properties": {f"w{n}": count}}
            changed = client.patch(f"/api/projects/1/persons/{uuid}", json=body)
            assert changed.status_code == 200, changed.text
            acknowledged[n] += 1


def test_a_backup_comes_back_elsewhere(saved: tuple[Path, dict[str, Any]]) -> None:
    folder, said = saved
    (folder / "elsewhere").mkdir()
    commands = Commands(folder / "elsewhere")
    done = run(commands.data, "restore", str(folder / "saved"))
    assert done["projects"] == said["projects"]
    assert [one["project"] for one in done["projects"]] == [1, 2]
    assert done["projects"][0]["persons"] == PERSONS
    assert (folder / "saved").stat().st_mode & 0o077 == 0
    with commands.started("serve", "--port", "0") as (_, ready):
        headers = {"Authorization": f"Bearer {said['key']}"}
        with httpx.Client(base_url=ready["url"], headers=headers, trust_env=False) as client:
            # All that was acknowledged before, of each writer no more than the first so many.
            found = client.get("/api/projects/2/persons", params={"limit": 10_000}).json()
            ids = {one["distinct_ids"][0] for one in found["results"]}
            assert found["count"] == done["projects"][1]["persons"] == len(ids)
            for n in range(WRITERS):
                mine = sorted(int(id.partition("-")[2]) for id in ids if id.startswith(f"w{n}-"))
                assert mine == list(range(len(mine)))
                assert said["before"][n] <= len(mine) <= said["after"][n] + 1
                page = {"limit": 1, "offset": n}
                one = client.get("/api/projects/1/persons", params=page).json()["results"][0]
                value = one["properties"][f"w{n}"]
                assert said["before"][n] - 1 <= value <= said["after"][n]
                log = client.get(f"/api/projects/1/persons/{one['uuid']}/activity").json()
                assert log["results"], "what was in the journal is in the backup"
                # It is written to as any other.
                body = {"properties": {"restored": True}}
                path = f"/api/projects/1/persons/{one['uuid']}"
                assert client.patch(path, json=body).status_code == 200
    refused = run(commands.data, "restore", str(folder / "saved"), code=2)
    assert "there is something in the database" in refused["error"]["detail"]


def test_what_is_no_backup_or_was_changed_is_refused(saved: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = saved
    (folder / "refused").mkdir()
    data = folder / "refused" / "data"
    error = run(data, "restore", str(folder / "nowhere"), code=2)["error"]
    assert "is no backup" in error["detail"]
    broken = folder / "broken"
    shutil.copytree(folder / "saved", broken)
    largest = max(broken.rglob("data.bin"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    largest.write_bytes(content)
    assert run(data, "restore", str(broken), code=2)["error"]["detail"]
    # Nothing of it is there, and the good one can be restored yet.
    assert run(data, "project", "list") == {"projects": []}
    assert run(data, "restore", str(folder / "saved"))["tables"] > 10


def test_stats(saved: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = saved
    (folder / "stats").mkdir()
    data = folder / "stats" / "data"
    run(data, "restore", str(folder / "saved"))
    found = run(data, "stats")
    sizes = {table["name"]: table for table in found["tables"]}
    assert sizes["persons"]["rows"] >= PERSONS
    assert found["superseded"] >= WRITERS
    assert {one["name"] for one in found["slowest"]} > {"parts.versions"}
    assert 0 < found["free_bytes"] <= found["total_bytes"]
