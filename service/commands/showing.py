"""`personhouse config`: what is in force, and what says so."""

from __future__ import annotations

from typing import Any

import msgspec
import rich_click as click

from service.commands.console import Console, json_option, pass_console, table
from service.settings import flat, shown


@click.group("config", invoke_without_command=True)
@json_option
@pass_console
@click.pass_context
def config(context: click.Context, console: Console) -> None:
    """Print the settings in force, secrets masked; `config show --origin` says where from."""
    if context.invoked_subcommand is None:
        _print(console)


@config.command("show")
@click.option("--origin", is_flag=True, help="Say what sets each: a file, a variable, an option.")
@json_option
@pass_console
def show(console: Console, origin: bool) -> None:
    """Print the settings in force, secrets masked."""
    if not origin:
        _print(console)
        return
    origins = console.origins()
    settings: dict[str, Any] = {
        name: {"value": value, "origin": origins.get(name, "default")}
        for name, value in flat(shown(console.settings)).items()
    }
    rows = [
        (name, msgspec.json.encode(one["value"]).decode(), one["origin"])
        for name, one in settings.items()
    ]
    console.answer(settings, table(("setting", "value", "from"), rows))


def _print(console: Console) -> None:
    values = shown(console.settings)
    text = msgspec.json.format(msgspec.json.encode(values).decode(), indent=2)
    console.answer(values, text)
