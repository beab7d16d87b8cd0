"""The command line by itself: what needs no service."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest
import rich_click as click

from service.commands.backend import Backend
from service.commands.console import Console, Failure, table
from service.commands.importing import Importing
from service.commands.keys import expires_us
from service.commands.persons import FORMATS
from service.engine import Engine
from service.readers import Format
from service.settings import Settings
from tests.service.running import ROOT, Commands, check_parts

HEAVY = ("chdb", "clickhouse_connect", "granian", "httpx", "litestar", "polars", "pyarrow")
DAY_US = 86_400_000_000
EVENT = '{"event": "seen", "distinct_id": "p0", "timestamp": "2024-05-01T10:00:00Z"}\n'
NOT_ONE = '{"distinct_ids": ["x"], "propertys": {}}\n'
LINES = "".join(f'{{"distinct_ids": ["p{n}"], "properties": {{"n": {n}}}}}\n' for n in range(3))


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Commands(tmp_path_factory.mktemp("cli"))


def test_help_loads_nothing_heavy() -> None:
    names = ", ".join(map(repr, HEAVY))
    code = f"import sys, service.cli; print([n for n in ({names},) if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "words",
    [(), ("project",), ("key", "create"), ("import",), ("export",), ("serve",), ("demo",)],
)
def test_help(commands: Commands, words: tuple[str, ...]) -> None:
    ended = commands.run(*words, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert "--json" in ended.out or words == ("project",)


def test_version(commands: Commands) -> None:
    ended = commands.run("--version")
    assert re.fullmatch(r"personhouse \d+\.\d+\.\d+\n", ended.out)
    for words in (("--version", "--json"), ("--json", "--version")):
        assert commands.run(*words).json() == {"version": ended.out.split()[1]}


def test_config(commands: Commands) -> None:
    file = commands.folder / "some.toml"
    file.write_text('dsn = "http://me:hush@db:8123"\n[clickhouse]\nworkers = 3\n')
    place = {"PERSONHOUSE_CLICKHOUSE__WAITING": "5"}
    ended = commands.run("--config", str(file), "--json", "config", environ=place)
    values = ended.json()
    assert values["dsn"] == "http://me:***@db:8123"
    assert (values["clickhouse"]["workers"], values["clickhouse"]["waiting"]) == (3, 5)
    assert values["data"] == str(commands.data)
    shown = commands.run("--config", str(file), "--dsn", "https://other", "config")
    assert '"dsn": "https://other"' in shown.out


@pytest.mark.parametrize(
    ("words", "kind", "words_of_error"),
    [
        (("nosuch",), "usage_error", "No such command 'nosuch'"),
        (("serve", "--prot", "1"), "usage_error", "--port"),
        (("serve", "--port", "70000"), "usage_error", "70000"),
        (("export", "--project", "0"), "usage_error", "'--project'"),
        (("export", "--project", "1"), "usage_error", "--output FILE"),
        (("key", "create", "--scope", "*"), "usage_error", "--all-projects"),
        (
            ("key", "create", "--scope", "*", "--project", "1", "--all-projects"),
            "usage_error",
            "--all-projects",
        ),
        (
            ("key", "create", "--scope", "*", "--all-projects", "--expires", "soon"),
            "usage_error",
            "90d",
        ),
        (("key", "revoke", "x"), "usage_error", "UUID"),
        (("import", "nosuch.csv", "--project", "1"), "failure", "nosuch.csv"),
        (("--config", "nosuch.toml", "config"), "settings_error", "nosuch.toml"),
        (("--dsn", "mysql://db", "project", "list"), "settings_error", "dsn: "),
        (("--dsn", "http://me:hush@127.0.0.1:9", "project", "list"), "server_error", "me:***@"),
        (("--data", "/proc/nosuch", "project", "list"), "settings_error", "data: /proc/nosuch"),
        (("serve", "--host", "192.0.2.1"), "failure", "192.0.2.1"),
    ],
)
def test_expected_failures(
    commands: Commands, words: tuple[str, ...], kind: str, words_of_error: str
) -> None:
    ended = commands.run(*words, "--json")
    assert ended.code == 2
    error = ended.json()["error"]
    assert set(error) == {"type", "code", "detail", "attr"}
    assert error["type"] == kind
    assert words_of_error in error["detail"]
    assert "hush" not in ended.out + ended.err
    assert "Traceback" not in ended.err


def test_a_failure_is_one_line(commands: Commands) -> None:
    ended = commands.run("config", environ={"PERSONHOUSE_CLICKHOUSE__WORKER": "4"})
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("personhouse: ")
    assert "worker" in ended.err
    assert ended.err.count("\n") == 1


def test_without_a_service_commands_open_the_engine(
    engine: Engine, settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    commands = Commands(tmp_path, data_dir)
    # A new database, in the directory that this process has open.
    place = {"PERSONHOUSE_CLICKHOUSE__DATABASE": f"{settings.clickhouse.database}_commands"}
    if settings.dsn:
        place["PERSONHOUSE_DSN"] = settings.dsn

    pending = commands.json("migrate", "--dry-run", environ=place)
    assert "0001_projects.sql" in pending["pending"]
    assert commands.json("migrate", environ=place) == {"applied": pending["pending"]}
    assert commands.json("migrate", "--dry-run", environ=place) == {"pending": []}
    project = commands.json("project", "create", "First", environ=place)
    assert (project["id"], project["name"]) == (1, "First")
    assert commands.json("project", "list", environ=place) == {"projects": [project]}
    asked = ("key", "create", "--project", "1", "--scope", "person:read")
    made = commands.json(*asked, environ=place)
    assert made.pop("key").startswith("phx_")
    assert commands.json("key", "list", environ=place) == {"keys": [made]}
    revoked = commands.json("key", "revoke", made["id"], environ=place)
    assert {**revoked, "revoked_at": None} == made

    file = tmp_path / "persons.ndjson"
    file.write_text(LINES + NOT_ONE)
    summary = commands.json("import", file.name, "--project", "1", code=1, environ=place)
    assert list(summary) == ["read", "written", "unchanged", "rejected", "skipped", "seconds"]
    assert list(summary.values())[:5] == [4, 3, 0, 1, 0]
    rejected = Path(f"{file}.rejected.ndjson").read_text()
    assert re.fullmatch(r'\{"line":4,"reason":"[^\n]*propertys[^\n]*"\}\n', rejected)
    (tmp_path / "events.ndjson").write_text(EVENT)
    events = ("import", "--events", "events.ndjson", "--project", "1")
    for written in (1, 0):
        assert commands.json(*events, environ=place)["written"] == written
    tree = '[{"key":"n","value":1}]'
    ended = commands.run("export", "--project", "1", "--properties", tree, environ=place)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n") == 2
    assert "p1" in ended.out
    ids = ("--distinct-id", "p0", "--distinct-id", "p2", "--distinct-id", "")
    ended = commands.run("export", "--project", "1", *ids, environ=place)
    assert (ended.code, ended.out.count("\n")) == (0, 3)
    assert "p1" not in ended.out
    check_parts(commands, place)


def test_an_engine_that_is_in_use(tmp_path: Path) -> None:
    status = tmp_path / "data" / "clickhouse" / "status"
    status.parent.mkdir(parents=True)
    # Process 1 is always there, and never ours.
    status.write_text("PID: 1\nStarted at: 2026-01-01 00:00:00\nRevision: 54515\n")
    commands = Commands(tmp_path)
    with status.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (("project", "list"), ("migrate",), ("serve", "--port", "0")):
            error = commands.json(*words, code=2)["error"]
            assert error["code"] == "engine_locked"
            assert "is in use by process 1" in error["detail"]


def test_what_is_locked_is_what_the_engine_locks(engine: Engine, data_dir: Path) -> None:
    if not engine.exclusive:
        pytest.skip("a server")
    status = data_dir / "clickhouse" / "status"
    assert f"PID: {os.getpid()}\n" in status.read_text()
    with status.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words in (("serve",), ("demo", "--persons", "1")):
            error = Commands(tmp_path).json(*words, "--port", str(port), code=2)["error"]
            assert f"port {port} of 127.0.0.1 is taken" in error["detail"]
    # Nothing was made either.
    assert not (tmp_path / "data").exists()


def test_an_import_that_is_stopped(tmp_path: Path) -> None:
    class Stopped:
        def import_file(self, *_: object, **__: object) -> None:
            raise KeyboardInterrupt

    importing = Importing(Console(Settings, dict, as_json=True), 1)
    with pytest.raises(Failure, match="stopped in persons, after 0 lines"):
        importing.run(cast("Backend", Stopped()), tmp_path / "persons", Path("persons"))


def test_formats_are_those_the_readers_know() -> None:
    assert set(FORMATS) == {fmt.value for fmt in Format}


def test_a_time_from_now() -> None:
    now_us = time.time_ns() // 1_000
    for text, ahead_us in (("90d", 90 * DAY_US), ("12h", DAY_US // 2), ("2w", 14 * DAY_US)):
        at = expires_us(text)
        assert at is not None
        assert 0 <= at - now_us - ahead_us < 10_000_000


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("", None),
        ("1970-01-02", DAY_US),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_a_date(text: str, us: int | None) -> None:
    assert expires_us(text) == us


@pytest.mark.parametrize("text", ["soon", "90", "-1d", "1.5d", "d", "2020-13-01", "9999999d"])
def test_neither(text: str) -> None:
    with pytest.raises(click.BadParameter, match="90d"):
        expires_us(text)


def test_a_table_is_aligned() -> None:
    rows: list[Any] = [("1", "a long name"), ("20", "")]
    assert table(("id", "name"), rows) == "id  name\n1   a long name\n20"
    assert table(("id", "name"), []) == "id  name"
