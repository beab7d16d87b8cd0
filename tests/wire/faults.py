"""A TCP proxy that does to a connection what networks and servers do on bad days."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Literal

Fault = Literal["none", "refuse", "reset", "black hole", "lag", "slow", "cut", "error"]

_RESET = struct.pack("ii", 1, 0)
_BUFFER = 65_536
_ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: 15\r\n"
    b"Connection: close\r\n\r\n<h1>sorry</h1>\n"
)


class Proxy:
    """Listens at a port of its own and passes on to another, as long as nothing is wrong."""

    def __init__(self, to_port: int) -> None:
        """Start to listen.

        Args:
            to_port: on the loopback interface.
        """
        self._to_port = to_port
        self._fault: Fault = "none"
        self._cut_after = 0
        self._lag_seconds = 0.0
        self._connections: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    @contextmanager
    def fault(
        self, fault: Fault, *, cut_after: int = 0, lag_seconds: float = 0.0
    ) -> Generator[None]:
        """Have a fault while the context lasts.

        Args:
            fault: what is wrong.
            cut_after: bytes of each answer that get through before the cut.
            lag_seconds: before each piece of an answer.
        """
        self._cut_after, self._lag_seconds = cut_after, lag_seconds
        self._fault = fault
        if fault in ("refuse", "reset"):
            if fault == "refuse":
                self._stop_listening()
            self._drop_all()
        try:
            yield
        finally:
            self._fault = "none"
            # What is in a black hole stays there, as with a network that lost the connection.
            if fault == "refuse":
                self._listener = self._listen(self.port)

    def close(self) -> None:
        """End it."""
        self._stop_listening()
        self._drop_all()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _drop_all(self) -> None:
        for one in list(self._connections):
            _reset(one)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self._fault in ("refuse", "reset"):
                _reset(client)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._to_port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = {client, server}
        self._connections |= pair
        back = threading.Thread(target=self._answer, args=(server, client), daemon=True)
        back.start()
        with suppress(OSError):
            while piece := client.recv(_BUFFER):
                if self._fault == "black hole":
                    continue
                if self._fault == "error":
                    client.sendall(_ERROR)
                    break
                server.sendall(piece)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        back.join()
        self._connections -= pair
        client.close()
        server.close()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while piece := server.recv(_BUFFER):
                match self._fault:
                    case "black hole":
                        continue
                    case "cut":
                        client.sendall(piece[: max(0, self._cut_after - sent)])
                        sent += len(piece)
                        if sent >= self._cut_after:
                            break
                    case "slow":
                        for start in range(0, len(piece), 100):
                            time.sleep(0.1)
                            client.sendall(piece[start : start + 100])
                    case _:
                        time.sleep(self._lag_seconds if self._fault == "lag" else 0.0)
                        client.sendall(piece)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)
