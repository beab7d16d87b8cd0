"""A server over TLS: whom the service talks to, and what a DSN may say of it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.engine import Engine
from service.engine_target import target
from service.engine_tls import decode_tls
from service.errors import EngineDown
from service.settings import ClickHouse, Settings, SettingsError
from tests.engine.people import command
from tests.wire.process import DoubleProcess

_BUFFER = 65_536


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("http://db", None),
        ("clickhouse://u:p@db:8123/", None),
        ("http://db?secure=false", None),
        ("https://db", {}),
        ("clickhouses://db", {}),
        ("clickhouse://db?secure=true", {}),
        ("https://db?verify=false", {"verify": False}),
        ("https://db?verify=true&secure=true", {"verify": True}),
    ],
)
def test_what_a_dsn_says_of_tls(dsn: str, expected: object) -> None:
    assert decode_tls(urlsplit(dsn)) == expected


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("https://db?sekure=true", "there is no option 'sekure'"),
        ("https://db?verify=no", "verify is true or false"),
        ("https://db?secure=false", "https:// is secure"),
        ("clickhouse://db?secure=1", "secure is true or false"),
        ("https://db?verify=true&verify=false", "there twice"),
        ("https://db?ca_cert=/nowhere.pem", "ca_cert: there is no such file"),
        ("http://db?verify=false", "need https"),
        ("https://db/personhouse", "the database is a setting"),
        (f"https://db?client_cert={__file__}", "go together"),
    ],
)
def test_what_is_not_understood_is_refused(dsn: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        target(dsn, ClickHouse())


class Tls:
    """Ends TLS in front of a server, as a proxy does; asks for a client's certificate if told."""

    def __init__(self, to_port: int, certificate: Path, key: Path, clients: Path | None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        self._to_port, self._context = to_port, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            client = self._context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            return
        server = socket.create_connection(("127.0.0.1", self._to_port))
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()
        client.close()
        server.close()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_BUFFER):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleProcess]:
    one = DoubleProcess(
        tmp_path_factory.mktemp("tls_server"), "--user", "ann", "--password", "p@s/"
    )
    one.start()
    yield one
    one.stop()


def opens(dsn: str) -> None:
    engine = Engine(Settings(dsn=dsn, clickhouse=ClickHouse(database="tls", silence_seconds=0)))
    try:
        engine.open()
        command(engine, "SELECT 1")
    finally:
        engine.close()


@pytest.mark.engine
def test_a_certificate_is_verified(
    double: DoubleProcess, certificate: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    proxy = Tls(double.port, *certificate, clients=None)
    address = f"https://ann:p%40s%2F@127.0.0.1:{proxy.port}"
    try:
        opens(f"{address}?ca_cert={certificate[0]}")
        opens(f"{address}?verify=false")
        with pytest.raises(EngineDown):
            opens(address)
    finally:
        proxy.close()
    shown = capfd.readouterr()
    assert "p@s/" not in shown.out + shown.err


@pytest.mark.engine
def test_a_client_shows_its_own(double: DoubleProcess, certificate: tuple[Path, Path]) -> None:
    proxy = Tls(double.port, *certificate, clients=certificate[0])
    address = f"https://ann:p%40s%2F@127.0.0.1:{proxy.port}?ca_cert={certificate[0]}"
    try:
        opens(f"{address}&client_cert={certificate[0]}&client_cert_key={certificate[1]}")
        with pytest.raises(EngineDown):
            opens(address)
    finally:
        proxy.close()
