"""What the doctor finds, and where settings come from."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.running import Commands


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


@pytest.fixture
def port() -> Iterator[int]:
    """A port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield int(taken.getsockname()[1])


def found(commands: Commands, *words: str, code: int = 1, **environ: str) -> dict[str, Any]:
    """Return what is not good, by name."""
    given = {"PERSONHOUSE_HTTP__PORT": "0", **environ}
    answer = commands.json(*words, "doctor", code=code, environ=given)
    assert answer["well"] == (code == 0)
    return {one["name"]: one for one in answer["checks"] if one["state"] != "good"}


def test_nothing_is_wrong_before_the_first_start(commands: Commands) -> None:
    assert {one["state"] for one in found(commands, code=0).values()} <= {"note"}
    # And nothing was made.
    assert not commands.data.exists()
    text = commands.run("doctor", environ={"PERSONHOUSE_HTTP__PORT": "0"}).out
    assert text.endswith("Nothing is wrong.\n")


def test_a_setting_that_is_misspelt(commands: Commands) -> None:
    wrong = found(commands, PERSONHOUSE_HTTP__PROT="1")
    assert "prot" in wrong["settings"]["found"]


def test_a_port_that_is_taken(commands: Commands, port: int) -> None:
    wrong = found(commands, PERSONHOUSE_HTTP__PORT=str(port))
    assert f"port {port} of 127.0.0.1 is taken" in wrong["address"]["found"]
    assert wrong["address"]["advice"]


def test_an_address_others_reach_without_tls(commands: Commands) -> None:
    note = found(commands, code=0, PERSONHOUSE_HTTP__HOST="0.0.0.0")["address"]
    assert "keys travel as they are" in note["found"]


def test_a_data_directory_that_is_a_file(commands: Commands) -> None:
    commands.data.write_text("")
    assert "is no directory" in found(commands)["data"]["found"]


def test_a_data_directory_that_everybody_enters(commands: Commands) -> None:
    commands.data.mkdir()
    commands.data.chmod(0o755)
    assert "chmod o-rwx" in found(commands, code=0)["data"]["advice"]


def test_a_disk_that_is_nearly_full(commands: Commands) -> None:
    wrong = found(commands, PERSONHOUSE_HEALTH__LEAST_FREE_BYTES=str(10**18))
    assert "bytes free" in wrong["disk"]["found"]


def test_settings_that_fight_one_another(commands: Commands) -> None:
    note = found(commands, code=0, PERSONHOUSE_LIMITS__COUNT_SECONDS="60")["settings"]
    assert "limits.count_seconds (60)" in note["found"]


def test_a_server_that_is_not_there(commands: Commands, port: int) -> None:
    refused = found(commands, "--dsn", "http://u:secret@127.0.0.1:1")["server"]
    assert "127.0.0.1:1 cannot be reached" in refused["found"]
    assert "secret" not in str(refused)
    unknown = found(commands, "--dsn", "http://nobody.invalid:1")["server"]
    assert "nobody knows nobody.invalid" in unknown["found"]


def test_a_server_that_does_not_speak_tls(commands: Commands, wire_dsn: str) -> None:
    secure = wire_dsn.replace("http://", "https://")
    assert "does not speak TLS" in found(commands, "--dsn", secure)["server"]["found"]


def test_a_server_that_is_well(commands: Commands, wire_dsn: str) -> None:
    answer = commands.json("--dsn", wire_dsn, "doctor", environ={"PERSONHOUSE_HTTP__PORT": "0"})
    states = {one["name"]: one["state"] for one in answer["checks"]}
    assert (states["server"], states["engine"], states["tables"]) == ("good", "good", "good")


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_service_that_runs(commands: Commands) -> None:
    with commands.started("serve", "--port", "0"):
        answer = commands.json("doctor")
    told = {one["name"]: one["found"] for one in answer["checks"]}
    assert told["service"].startswith("runs at http://127.0.0.1:")
    assert told["engine"] == "the service is ready"


def test_where_settings_come_from(commands: Commands) -> None:
    file = commands.folder / "ours.toml"
    file.write_text('[clickhouse]\nworkers = 8\nwaiting = 5\n[http]\nhost = "::1"\n')
    environ = {"PERSONHOUSE_CLICKHOUSE__WAITING": "6"}
    words = ("--config", str(file), "--dsn", "http://u:secret@h:1", "config", "show", "--origin")
    shown = commands.json(*words, environ=environ)
    assert shown["clickhouse.workers"] == {"value": 8, "origin": str(file)}
    assert shown["clickhouse.waiting"] == {
        "value": 6,
        "origin": "PERSONHOUSE_CLICKHOUSE__WAITING",
    }
    assert shown["dsn"] == {"value": "http://u:***@h:1", "origin": "--dsn"}
    assert shown["data"]["origin"] == "--data"
    assert shown["rate.limited"] == {"value": False, "origin": "default"}
    text = commands.run(*words, environ=environ).out
    assert "secret" not in text
    assert text.startswith("setting")
    plain = commands.json("config", "show")
    assert plain == commands.json("config")
