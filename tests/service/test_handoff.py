"""The file by which commands find the service, and the address it listens at."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from service import handoff
from service.serve import CannotServe, free_address
from service.settings import ClickHouse, Settings


class _Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where something answers as a service does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Alive)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path / "new" / "data"))


@pytest.fixture
def announced(settings: Settings, url: str) -> handoff.Service:
    service = handoff.this_process(settings, url=url, token="secret")
    handoff.announce(settings, service)
    return service


def test_a_service_is_found(settings: Settings, announced: handoff.Service, url: str) -> None:
    assert handoff.running(settings) == announced
    assert (announced.url, announced.pid, announced.token) == (url, os.getpid(), "secret")


def test_its_owner_alone_can_read_it(settings: Settings, announced: handoff.Service) -> None:
    file = handoff.place(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["service.json"]
    # Also where a file that others can read is in its place.
    file.chmod(0o644)
    handoff.announce(settings, announced)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_is_withdrawn(settings: Settings, announced: handoff.Service) -> None:
    handoff.withdraw(settings)
    assert handoff.running(settings) is None
    assert not handoff.place(settings).exists()
    handoff.withdraw(settings)


def rewrite(settings: Settings, service: handoff.Service, **changed: object) -> None:
    handoff.announce(settings, msgspec.structs.replace(service, **changed))


def test_anothers_file_is_not_withdrawn(settings: Settings, announced: handoff.Service) -> None:
    rewrite(settings, announced, pid=os.getppid())
    handoff.withdraw(settings)
    assert handoff.place(settings).exists()


def test_a_file_of_a_process_that_is_gone(settings: Settings, announced: handoff.Service) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    for pid in (gone.pid, 2**60):
        rewrite(settings, announced, pid=pid)
        assert handoff.running(settings) is None


def test_a_service_that_does_not_answer(settings: Settings, announced: handoff.Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", announced.url + "/nothing"):
        rewrite(settings, announced, url=url)
        assert handoff.running(settings) is None


def test_a_service_on_another_database(settings: Settings, announced: handoff.Service) -> None:
    other = msgspec.structs.replace(settings, clickhouse=ClickHouse(database="other"))
    assert handoff.running(other) is None
    assert handoff.running(msgspec.structs.replace(settings, dsn="http://localhost:1")) is None
    assert handoff.running(settings) == announced


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"url":"http://127.0.0.1"}', b"\xff"])
def test_a_file_that_is_none_of_ours(settings: Settings, content: bytes) -> None:
    handoff.write_private(handoff.place(settings), content)
    assert handoff.running(settings) is None
    handoff.withdraw(settings)


def test_a_free_port(settings: Settings) -> None:
    address, port = free_address("127.0.0.1", 0)
    assert address == "127.0.0.1"
    assert port > 0
    assert free_address("localhost", port)[1] == port


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(CannotServe, match=f"port {port} of {host} is taken"):
                free_address(host, port)


@pytest.mark.parametrize("host", ["no.such.invalid", "192.0.2.1", "a b", "x" * 70])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(CannotServe, match="cannot listen at"):
        free_address(host, 8000)
