"""`personhouse backup` and `personhouse restore`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import rich_click as click

from service.commands.backend import backend
from service.commands.console import Console, Failure, json_option, pass_console
from service.handoff import Backup, is_embedded, running

_DISK = "A disk of the server's configuration that DIR is on; its file system if not given."


@click.command("backup")
@click.argument("directory", metavar="DIR")
@click.option("--disk", default="", help=_DISK)
@json_option
@pass_console
def backup(console: Console, directory: str, disk: str) -> None:
    """Save all tables, as of one moment, into DIR, which must not be there yet.

    Everybody may go on reading and writing meanwhile. DIR is the server's where one is used.
    """
    with backend(console.settings) as opened:
        _tell(console, "saved", opened.back_up(_place(console, directory), disk))


@click.command("restore")
@click.argument("directory", metavar="DIR")
@click.option("--disk", default="", help=_DISK)
@json_option
@pass_console
def restore(console: Console, directory: str, disk: str) -> None:
    """Bring back what `backup` saved in DIR, into a database that holds nothing yet.

    Every table is compared with what was saved before anything of it can be seen.
    """
    service = running(console.settings)
    if service is not None:
        raise Failure(f"a service uses that database (process {service.pid}): stop it first")
    from service.backups import restore as bring_back
    from service.opening import explained

    with explained(console.settings):
        done = bring_back(console.settings, _place(console, directory), disk)
    _tell(console, "restored", done)


def _place(console: Console, directory: str) -> str:
    return str(Path(directory).absolute()) if is_embedded(console.settings) else directory


def _tell(console: Console, done: str, it: Backup) -> None:
    persons = sum(one.persons for one in it.projects)
    console.answer(
        msgspec.to_builtins(it),
        f"{done}: {persons:,} persons of {len(it.projects)} projects, {it.tables} tables,"
        f" {it.bytes:,} bytes, in {it.seconds} s; {it.place}",
    )
