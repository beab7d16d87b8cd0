"""`personhouse serve`, and what `demo` shares with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import rich_click as click

from service.commands.console import Console, Failure, json_option, pass_console
from service.handoff import Service
from service.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def address_options(command: Command) -> Command:
    """Give a command the options `--host` and `--port`."""
    host = click.option("--host", help="Where to listen; 127.0.0.1 if nothing says otherwise.")
    port = click.option(
        "--port",
        type=click.IntRange(0, 65_535),
        help="At which port; 8000 if nothing says otherwise, 0 for any that is free.",
    )
    return host(port(command))


def with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with the address that the options ask for."""
    http = settings.http
    asked = msgspec.structs.replace(
        http,
        host=http.host if host is None else host,
        port=http.port if port is None else port,
    )
    return msgspec.structs.replace(settings, http=asked)


@click.command("serve")
@address_options
@json_option
@pass_console
def serve(console: Console, host: str | None, port: int | None) -> None:
    """Serve the API until it is stopped, by Ctrl-C or SIGTERM.

    Every request needs a key, wherever it listens.
    """

    def tell(service: Service) -> None:
        line = f"personhouse serves at {service.url} (process {service.pid})"
        if console.as_json:
            console.answer({"url": service.url, "pid": service.pid}, line)
        else:
            console.note(line)

    serve_until_stopped(console, with_address(console.settings, host, port), tell)


def serve_until_stopped(
    console: Console, settings: Settings, on_ready: Callable[[Service], None]
) -> None:
    """Serve; `on_ready` is called in a thread of its own when the service answers.

    Raises:
        Failure: it cannot start, or ended by itself.
    """
    from service.serve import CannotServe
    from service.serve import serve as run

    try:
        run(settings, on_ready)
    except CannotServe as error:
        raise Failure(str(error)) from error
