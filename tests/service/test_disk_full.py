"""A disk that is full: writes answer 507 and write nothing, reads go on, room is all that helps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.service.running import Commands

pytestmark = [pytest.mark.slow, pytest.mark.engine]

MEBIBYTES = 96
PERSONS = 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m", "tmpfs", str(disk)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


class Filler:
    """A file that takes all the room there is, or gives it back."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "filler"

    def fill(self) -> None:
        with self._file.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(65_536)) == 65_536:
                pass
        disk = os.statvfs(self._file)
        assert disk.f_bavail * disk.f_frsize < 65_536

    def free(self) -> None:
        self._file.unlink()


@pytest.mark.parametrize("cycles", [2, pytest.param(100, marks=pytest.mark.fuzz)])
def test_writes_answer_507_reads_go_on_and_room_is_enough(small_disk: Path, cycles: int) -> None:
    commands = Commands(small_disk.parent, small_disk / "data")
    commands.json("project", "create", "Full")
    key = commands.json("key", "create", "--project", "1", "--scope", "person:write")["key"]
    file = small_disk.parent / "persons.ndjson"
    people = [{"distinct_id": f"p{n}", "properties": {"n": 0}} for n in range(PERSONS)]
    file.write_bytes(b"\n".join(map(msgspec.json.encode, people)))
    commands.json("import", str(file), "--project", "1")
    filler = Filler(small_disk)
    with _service(commands, key) as client:
        expected = _people(client)
        for cycle in range(1, cycles + 1):
            filler.fill()
            _refuses(client, expected)
            filler.free()
            expected = _takes(client, cycle)
    with _service(commands, key) as client:
        assert _people(client) == expected


@contextmanager
def _service(commands: Commands, key: str) -> Generator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with (
        commands.started("serve", "--port", "0") as (_, ready),
        httpx.Client(
            base_url=f"{ready['url']}/api/projects/1/persons",
            headers=headers,
            timeout=60,
            trust_env=False,
        ) as client,
    ):
        yield client


def _people(client: httpx.Client) -> dict[str, Any]:
    """Return what `n` is of each person, by uuid."""
    answer = client.get("", params={"limit": PERSONS})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["count"] == len(body["results"]) == PERSONS
    return {person["uuid"]: person["properties"]["n"] for person in body["results"]}


def _write(client: httpx.Client, uuid: str, value: int) -> httpx.Response:
    return client.patch(f"/{uuid}/", json={"properties": {"n": value}})


def _refuses(client: httpx.Client, expected: dict[str, Any]) -> None:
    refused = 0
    for uuid in expected:
        answer = _write(client, uuid, -1)
        if answer.status_code == 200:
            expected[uuid] = -1
            continue
        assert answer.status_code == 507, answer.text
        assert answer.json()["code"] == "disk_full"
        refused += 1
    assert refused > PERSONS // 2
    assert _people(client) == expected


def _takes(client: httpx.Client, value: int) -> dict[str, Any]:
    expected = _people(client)
    for uuid in expected:
        answer = _write(client, uuid, value)
        assert answer.status_code == 200, answer.text
        expected[uuid] = value
    assert _people(client) == expected
    return expected
