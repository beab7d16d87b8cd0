"""The service as a process, and commands that go through it."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.service.running import SECONDS, Commands, check_parts, pipe

pytestmark = [pytest.mark.slow, pytest.mark.engine]

LINES = "".join(f'{{"distinct_ids": ["p{n}"], "properties": {{"n": {n}}}}}\n' for n in range(3))
EVENTS = "".join(
    f'{{"event": "seen", "distinct_id": "p{n}", "timestamp": "2024-05-0{n + 1}"}}\n'
    for n in range(3)
)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Commands(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="module")
def url(commands: Commands) -> Iterator[str]:
    """Where a service answers, with project 1; afterwards it must end in good order."""
    with commands.started("serve", "--port", "0") as (process, ready):
        assert set(ready) == {"url", "pid"}
        assert ready["pid"] == process.pid
        assert commands.json("project", "create", "First")["id"] == 1
        yield ready["url"]
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        assert pipe(process.stderr).read() == b""
        assert not (commands.data / "service.json").exists()


def get(url: str, key: str, path: str, **arguments: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {key}"}
        return client.get(f"{url}/api/projects/{path}", headers=headers, params=arguments)


def test_projects(commands: Commands, url: str) -> None:
    made = commands.json("project", "create", "Second")
    assert made in commands.json("project", "list")["projects"]
    lines = commands.run("project", "list").out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["id", "name"], ["1", "First"]]


def test_keys(commands: Commands, url: str) -> None:
    ended = commands.run(
        *["key", "create", "--project", "1", "--scope", "person:read", "--label", "ours"]
    )
    key = ended.out.strip()
    assert re.fullmatch(r"phx_[A-Za-z0-9_-]{43}", key)
    assert "cannot be shown again" in ended.err
    assert key not in ended.err
    assert get(url, key, "1/persons").status_code == 200

    (listed,) = commands.json("key", "list")["keys"]
    assert (listed["label"], listed["scopes"], listed["projects"]) == ("ours", ["person:read"], [1])
    assert key not in commands.run("key", "list").out
    revoked = commands.json("key", "revoke", listed["id"])
    assert revoked["revoked_at"] is not None
    # At once, whatever is remembered.
    assert get(url, key, "1/persons").status_code == 401
    assert "revoked" in commands.run("key", "list").out


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        ("project create", "1 to 200 characters"),
        ("key create --all-projects --scope persons:read", "allowed are person:read"),
        ("key create --project 77 --scope *", "no project 77"),
        ("key create --all-projects --scope * --expires 2020-01-01", "expired"),
        ("key revoke 00000000-0000-4000-8000-000000000000", "no key"),
        ("import persons.ndjson --project 77", "Project not found."),
        ("export --project 77 --output all.csv", "Project not found."),
        (
            'export --project 1 --output all.csv --properties [{"key":"n","operator":"is"}]',
            "unknown operator `is`",
        ),
        ("serve --port 0", "runs already"),
    ],
)
def test_what_is_refused(commands: Commands, url: str, words: str, detail: str) -> None:
    (commands.folder / "persons.ndjson").write_text(LINES)
    asked = [*words.split(), *([""] if words == "project create" else [])]
    assert detail in commands.json(*asked, code=2)["error"]["detail"]
    assert not list(commands.folder.glob("all.csv*"))


def test_import_and_export(commands: Commands, url: str) -> None:
    file = commands.folder / "persons.ndjson"
    file.write_text(LINES + "{\n")
    summary = commands.json("import", file.name, "--project", "1", code=1)
    assert list(summary) == ["read", "written", "unchanged", "rejected", "skipped", "seconds"]
    assert (summary["read"], summary["written"], summary["rejected"]) == (4, 3, 1)
    rejects = Path(f"{file}.rejected.ndjson")
    assert msgspec.json.decode(rejects.read_bytes())["line"] == 4

    # What was wrong before is right now: no word of it stays.
    file.write_text(LINES)
    again = commands.json("import", file.name, "--project", "1")
    assert (again["written"], again["unchanged"]) == (0, 3)
    assert not rejects.exists()

    done = commands.json("export", "--project", "1", "--output", "all.csv")
    content = (commands.folder / "all.csv").read_bytes()
    assert (done["output"], done["bytes"]) == ("all.csv", len(content))
    assert content.count(b"\n") == 4
    assert commands.run("export", "--project", "1").out.encode() == content
    found = commands.run("export", "--project", "1", "--distinct-id", "p2").out
    assert found.count("\n") == 2
    ids = ("--distinct-id", "p0", "--distinct-id", "p2")
    assert commands.run("export", "--project", "1", *ids).out.count("\n") == 3
    assert not (commands.folder / "all.csv.part").exists()


def test_an_export_into_parts(commands: Commands, url: str) -> None:
    """As `test_import_and_export` has left them; the service's own job is gone afterwards."""
    check_parts(commands)
    key = commands.json("key", "create", "--label", "p", "--scope", "*", "--project", "1")["key"]
    assert get(url, key, "1/exports").json()["results"] == []


def test_import_of_several_files(commands: Commands, url: str) -> None:
    for name in ("a", "b"):
        (commands.folder / name).write_text(f'{{"distinct_ids": ["{name}"]}}\nnone\n')
    asked = ("import", "a", "b", "-", "--project", "1", "--rejects", "all.rejected")
    total = commands.json(*asked, code=1, stdin=b'{"distinct_ids": ["c"]}\n[]\n')
    assert (total["read"], total["written"], total["rejected"]) == (6, 3, 3)
    lines = (commands.folder / "all.rejected").read_bytes().splitlines()
    decoded = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines]
    assert [(line["file"], line["line"]) for line in decoded] == [("a", 2), ("b", 2), ("stdin", 2)]
    assert list((commands.data / "spool").iterdir()) == []


def test_import_of_events(commands: Commands, url: str) -> None:
    (commands.folder / "events.ndjson").write_text(EVENTS + "none\n")
    asked = ("import", "--events", "events.ndjson", "--project", "1")
    done = commands.json(*asked, code=1)
    assert (done["read"], done["written"], done["rejected"]) == (4, 3, 1)
    ended = commands.run(*asked)
    assert "0 events written, 3 unchanged, 1 rejected" in ended.out
    error = commands.json(*asked, "--format", "csv", code=2)["error"]
    assert (error["type"], "--format" in error["detail"]) == ("usage_error", True)


def test_a_file_that_cannot_be_read(commands: Commands, url: str) -> None:
    (commands.folder / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    error = commands.json("import", "broken.gz", "--project", "1", code=2)["error"]
    assert "cannot be imported" in error["detail"]


def test_nobody_else_has_the_token(commands: Commands, url: str) -> None:
    token = msgspec.json.decode((commands.data / "service.json").read_bytes())["token"]
    assert get(url, token, "1/persons").status_code == 200
    assert get(url, token[:-1], "1/persons").status_code == 401


def test_a_service_survives_its_worker_and_no_worker_its_service(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with commands.started("serve", "--port", "0") as (process, ready):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("needs /proc")
        names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in _pids(children)}
        (first,) = [pid for pid, name in names.items() if b"spawn_main" in name]
        os.kill(int(first), signal.SIGKILL)
        until(lambda: first not in _pids(children) and _is_alive(ready["url"]))
        assert commands.json("project", "list") == {"projects": []}

        process.kill()
        process.wait(SECONDS)
        # Its file is still there, and good for nothing; nobody has the engine any more.
        assert (commands.data / "service.json").exists()
        until(lambda: _is_free(commands.data / "clickhouse" / "status"))
        # The engine is closed before the last connections are.
        until(lambda: not _is_alive(ready["url"]))


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline


def _is_free(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        # Who closes the engine in good order takes its lock away.
        return True
    except BlockingIOError:
        return False
    return True


def _pids(children: Path) -> list[str]:
    return children.read_text().split()


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_demo(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with commands.started("demo", "--persons", "300", "--port", "0") as (process, first):
        assert first["persons"] == 300
        page, values, search = map(ask_as_curl, first["curl"])
        assert 0 < page["count"] < 300
        assert {person["properties"]["plan"] for person in page["results"]} == {"enterprise"}
        assert sum(value["count"] for value in values["results"]) == 300
        assert "count" in search
        # While it runs, another start only shows where.
        assert commands.json("demo", "--persons", "300") == {**first, "pid": process.pid}
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    with commands.started("demo", "--persons", "300", "--port", "0") as (_, second):
        assert (second["key"], second["project"]) == (first["key"], first["project"])
        assert ask_as_curl(second["curl"][0])["results"] == page["results"]


def ask_as_curl(line: str) -> dict[str, Any]:
    """Ask what a line for the shell asks, as curl would."""
    words = shlex.split(line)
    assert words[:4] == ["curl", "-sS", "-G", "-H"]
    name, _, value = words[4].partition(": ")
    pairs = {word.partition("=")[0]: word.partition("=")[2] for word in words[7::2]}
    assert set(words[6::2]) <= {"--data-urlencode"}
    answer = httpx.get(words[5], params=pairs, headers={name: value}, trust_env=False)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=dict[str, Any])
