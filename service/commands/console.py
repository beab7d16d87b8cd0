"""What all commands share: the settings, and how they answer.

A command has one result. With `--json` it is one JSON object on stdout; all that is for people,
progress too, goes to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec
import rich_click as click

from service.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


class Failure(Exception):
    """A command cannot do what was asked; the text says why and what to do."""


class Console:
    """How a command learns its settings, and answers."""

    def __init__(
        self,
        load: Callable[[], Settings],
        origins: Callable[[], dict[str, str]],
        *,
        as_json: bool,
    ) -> None:
        """Take how to read the settings, which a command that needs none does not do.

        Args:
            load: reads them.
            origins: tells where each that is not a default comes from, by its dotted name.
            as_json: whether the answer is one JSON object.
        """
        self._load = load
        self.origins = origins
        self.as_json = as_json

    @cached_property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            SettingsError: one is misspelt or of the wrong type.
        """
        return self._load()

    def answer(self, result: dict[str, Any], text: str) -> None:
        """Print the result: as JSON, or else as `text`."""
        print(msgspec.json.encode(result).decode() if self.as_json else text, flush=True)

    def note(self, text: str) -> None:
        """Tell people something beside the result."""
        print(text, file=sys.stderr, flush=True)


pass_console = click.make_pass_decorator(Console)


def json_option(command: Command) -> Command:
    """Give a command the option `--json`."""

    def ask(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(Console).as_json = True

    option = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=ask,
        help="Print one JSON object on stdout.",
    )
    return option(command)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows under a head, for people and for `cut` alike."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
