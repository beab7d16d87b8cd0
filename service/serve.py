"""Serve: granian in front, and the engine in its one worker process.

This process opens nothing. It starts the worker afresh (spawn, for a fork of a process with
threads may hang), says when it answers, starts it again should it crash, and takes it down.
"""

from __future__ import annotations

import errno
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from service import handoff
from service.errors import ErrorBody, PersonhouseError
from service.logs import configuration, configure
from service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from granian.server import MPServer
    from litestar import Litestar

# Requests and exports that are under way get this long to finish.
DRAIN_SECONDS = 25

_POLL_SECONDS = 0.05
# A thread that computes is asked to let others on so often. Python's five milliseconds, taken by
# each of several threads that encode large pages, keep who asks for one person 0.2 s.
_TURN_SECONDS = 0.0005


class CannotServe(Exception):
    """The service cannot start, or ended by itself; the text says why and what to do."""


def serve(settings: Settings, on_ready: Callable[[handoff.Service], None]) -> None:
    """Serve until SIGINT or SIGTERM; to be called from the main thread.

    Args:
        settings: what is in force; port 0 is any that is free.
        on_ready: called once, in a thread of its own, when the service answers. What it raises
            ends the service and is raised here.

    Raises:
        CannotServe: the address is taken or not ours, a service runs already, or the worker died.
        PersonhouseError: the engine cannot be opened.
    """
    other = handoff.running(settings)
    if other is not None:
        raise CannotServe(
            f"a service with the data directory {settings.data} runs already, at {other.url}"
            f" (process {other.pid})"
        )
    address, port = free_address(settings.http.host, settings.http.port)
    _Served(settings, address, port, on_ready).run()


class _Served:
    """One run of the service, seen from the process in front."""

    def __init__(
        self,
        settings: Settings,
        address: str,
        port: int,
        on_ready: Callable[[handoff.Service], None],
    ) -> None:
        self._settings = settings
        self._url = f"http://{_reachable(settings.http.host, address)}:{port}"
        self._token = secrets.token_urlsafe(32)
        self._on_ready = on_ready
        self._failure: Exception | None = None
        self._failures, self._failed = multiprocessing.Pipe(duplex=False)
        self._server = _granian(settings, address, port)
        self._server.on_startup(threading.Thread(target=self._watch, daemon=True).start)

    def run(self) -> None:
        load = partial(load_app, self._settings, self._token, self._failed)
        ended = "the service ended by itself; the lines above may tell why"
        try:
            self._server.serve(target_loader=load, wrap_loader=False)
        except SystemExit:
            # granian's way to say that the worker died; also where Ctrl-C reached it first.
            if not self._server.interrupt_signal:
                self._failure = self._failure or self._reported() or CannotServe(ended)
        except (OSError, RuntimeError) as error:
            raise CannotServe(f"cannot listen at {self._url}: {error}") from error
        finally:
            handoff.withdraw(self._settings)
        if self._failure is not None:
            raise self._failure

    def _reported(self) -> Exception | None:
        """What the worker said before it ended."""
        if not self._failures.poll():
            return None
        body: ErrorBody = self._failures.recv()
        return handoff.Answered(503, body)

    def _watch(self) -> None:
        """Wait until the service answers, then say so."""
        try:
            if self._wait():
                self._announce()
        except Exception as error:
            # The main thread raises it, once the worker is down.
            self._failure = error
        if self._failure is not None:
            self._server.interrupt_signal = True
            self._server.main_loop_interrupt.set()

    def _wait(self) -> bool:
        while not self._server.main_loop_interrupt.wait(_POLL_SECONDS):
            self._failure = self._reported()
            if self._failure is not None:
                return False
            if handoff.answers(self._url):
                return True
        return False

    def _announce(self) -> None:
        self._server.respawn_failed_workers = True
        logging.getLogger("_granian").disabled = False
        service = handoff.this_process(self._settings, url=self._url, token=self._token)
        if handoff.is_embedded(self._settings):
            handoff.announce(self._settings, service)
        self._on_ready(service)


def _granian(settings: Settings, address: str, port: int) -> MPServer:
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import MPServer

    multiprocessing.set_start_method("spawn", force=True)
    server = MPServer(
        "personhouse",
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=configuration(settings.log),
        # Those that say nothing, or stay open between two requests, count too.
        backlog=settings.http.connections,
        backpressure=settings.http.connections,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.http.header_seconds * 1_000)),
        workers_kill_timeout=DRAIN_SECONDS,
    )
    # Until the service answers, a worker that ends has said why itself.
    logging.getLogger("_granian").disabled = True
    return server


def load_app(settings: Settings, token: str, failed: Connection) -> Litestar:
    """Open the engine and make the application; runs in the worker.

    Args:
        settings: what is in force.
        token: the key of the service's own commands.
        failed: where to say why it cannot be.
    """
    # Ctrl-C reaches both processes: the one in front takes this one down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.setswitchinterval(_TURN_SECONDS)
    configure(settings.log)
    from service.app import create_app
    from service.engine import Engine
    from service.opening import explained

    try:
        engine = Engine(settings)
        with explained(settings):
            engine.open()
        return create_app(settings, engine, admin_token=token)
    except PersonhouseError as error:
        failed.send(error.body())
    except SettingsError as error:
        failed.send(ErrorBody("server_error", "error", str(error)))
    raise SystemExit(2)


def _end_with_parent() -> None:
    """End in good order when the process in front is gone: nobody else could stop this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def free_address(host: str, port: int) -> tuple[str, int]:
    """Return the numeric address and port to listen at.

    granian would share a port with any other service of its kind, so this looks first.

    Raises:
        CannotServe: the name is not known, the address not this machine's, or the port taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError, OverflowError) as error:
        raise CannotServe(f"cannot listen at {host}: {error}") from error
    family, _, _, _, address = found[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            numeric, free, *_ = probe.getsockname()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotServe(
                    f"port {port} of {host} is taken: choose another one with --port, or stop"
                    " what listens there"
                ) from error
            raise CannotServe(f"cannot listen at {host}:{port}: {error.strerror}") from error
    return str(numeric), int(free)


def _reachable(host: str, address: str) -> str:
    """Return how to write the host in an address that leads here from this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown
